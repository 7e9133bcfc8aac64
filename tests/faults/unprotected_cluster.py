"""Every fault of clusters with its protection switched off: its test must fail, and this says how.

`python -m tests.faults.unprotected_cluster [PATCH]...` takes minutes a protection.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

from tests.faults.cluster_patches import PATCHES
from tests.faults.cluster_patching import UNPROTECTED
from tests.stiltune_process import ROOT

__all__ = ["PROTECTIONS", "Protection"]


class Protection(NamedTuple):
    """What protects (a place in the code), the patch that takes it away, and what then fails."""

    patch: str
    place: str
    test: str


PROTECTIONS = (
    Protection("no_second_attempt", "search/searchers.py:AgendaSearcher._died",
               "test_node_killed.py::test_its_trial_goes_on_elsewhere_from_the_last_train_state[1]"),
    Protection("no_train_state", "trainables/train_state.py:load_state",
               "test_node_killed.py::test_its_trial_goes_on_elsewhere_from_the_last_train_state[1]"),
    Protection("lost_is_failed", "trainables/executors.py:_lost_a_worker",
               "test_node_killed.py::test_its_trial_goes_on_elsewhere_from_the_last_train_state[2]"),
    Protection("waiting_offers", "search/tracking.py:Tracker.offer",
               "test_tracking_outage.py"),
    Protection("no_retry", "search/tracking_process.py:send", "test_tracking_outage.py"),
    Protection("no_look", "search/tracking_writer.py:Writer._find_runs",
               "test_tracking_outage.py"),
    Protection("one_directory", "search/storage.py:new_search",
               "test_two_searches.py::test_on_one_machine_they_share_the_work_and_nothing_else"),
    Protection("no_turns", "search/tracking_writer.py:connect",
               "test_two_searches.py::test_on_one_machine_they_share_the_work_and_nothing_else"),
    Protection("no_lease", "trainables/lease.py:_BoardLeases.hold",
               "test_two_searches.py::test_on_one_cluster_they_share_the_work_and_nothing_else"),
    Protection("no_second_place", "search/storage.py:relocated",
               "test_moved_storage.py"),
    Protection("own_jobs_alone", "search/submission.py:submit_resume", "test_head_killed.py"),
)


def main(wanted: list[str]) -> int:
    """Run the tests without their protections; return how many passed all the same."""
    held = 0
    for each in PROTECTIONS:
        if wanted and each.patch not in wanted:
            continue
        assert each.patch in PATCHES
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "--tb=short",
             f"tests/faults/{each.test}"],
            cwd=ROOT, env=os.environ | {UNPROTECTED: each.patch}, capture_output=True, text=True,
            check=False)
        failed = done.returncode == 1  # 0: passed; others: pytest itself
        held += not failed
        print(  # noqa: T201
              f"{'fails, as it must' if failed else 'DOES NOT FAIL':18} without {each.place}\n"
              f"    {each.test}\n    {_why(done.stdout)}", flush=True)
    return held


def _why(output: str) -> str:
    """Return the first line of what a failed assertion said."""
    lines = [line for line in output.splitlines() if line.startswith("E  ")]
    return (lines or output.strip().splitlines() or ["it printed nothing"])[0][:200]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
