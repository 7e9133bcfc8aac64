"""Each fault's test run with its protection switched off: it must fail, and this prints how.

    python -m tests.faults.unprotected
    python -m tests.faults.unprotected --only disk --patience 300

The product has no such switches: `switched_off.py` and `cluster_patches.py` patch the started
processes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from tests.faults.patching import CHILD, PATCHES
from tests.stiltune_process import ROOT

__all__ = ["PROTECTIONS", "Protection"]


class Protection(NamedTuple):
    """What protects against a fault (`file:function`), the test that holds it, the patch without.
    """

    fault: str
    protection: str
    off: str
    test: str


_BROKEN = "tests/faults/test_broken_trials.py::test_a_broken_trial_has_failed_and_says_why"
_ROUGH = "tests/faults/test_rough_disk.py::test_"
_NODE = ("tests/faults/test_node_killed.py::"
         "test_its_trial_goes_on_elsewhere_from_the_last_train_state")
_OUTAGE = "tests/faults/test_tracking_outage.py"
_AT_ONCE = "tests/faults/test_at_once.py::test_"

PROTECTIONS = (
    Protection("driver killed", "search/agenda.py:Agenda._replay", "no_replay",
               "tests/faults/test_driver_killed.py::test_killed_at_random_moments_nothing_is_lost_"
               "or_repeated_and_the_answer_is_the_same[simulated phases]"),
    Protection("hanging loader", "search/watchdog.py:Watchdog.look", "no_watchdog",
               f"{_BROKEN}[search-002]"),
    Protection("out of memory", "trainables/executors.py:_failure", "no_catch",
               f"{_BROKEN}[search-001]"),
    Protection("worker killed", "search/searchers.py:MAX_DEATHS", "one_life",
               "tests/faults/test_broken_trials.py::"
               "test_a_worker_that_dies_once_is_started_again"),
    Protection("disk full: a trial", "trainables/full_disk.py:is_disk_full", "never_full",
               "tests/faults/test_full_disk.py::"
               "test_a_trial_that_meets_a_full_disk_stops_the_search_and_runs_again"),
    Protection("disk full: an entry", "trainables/phase_store.py:PhaseStore._drop_attempt",
               "attempts_stay", f"{_ROUGH}an_entry_that_finds_no_room_leaves_nothing_and_is_made_"
               "once_there_is_some"),
    Protection("disk full: a train state", "trainables/train_state.py:save_state", "drafts_stay",
               f"{_ROUGH}a_train_state_that_finds_no_room_leaves_the_one_before"),
    Protection("disk full: the journal", "search/journal.py:Journal._take_back",
               "torn_lines_stay", f"{_ROUGH}a_journal_that_finds_no_room_is_as_it_was_and_goes_on_"
               "once_there_is_some"),
    Protection("disk damage: a file", "trainables/manifest.py:is_whole", "files_believed",
               f"{_ROUGH}a_file_of_an_entry_damaged_anywhere_is_never_used"
               "[another process-weights]"),
    Protection("disk damage: a file read before", "trainables/manifest.py:stamps_of",
               "checked_once", f"{_ROUGH}a_file_of_an_entry_damaged_anywhere_is_never_used"
               "[the same process-weights]"),
    Protection("disk damage: a manifest", "trainables/manifest.py:Manifest.read",
               "manifests_believed", f"{_ROUGH}a_file_of_an_entry_damaged_anywhere_is_never_used"
               "[another process-manifest.json]"),
    Protection("disk damage: a train state", "trainables/train_state.py:load_state",
               "states_believed", f"{_ROUGH}a_train_state_damaged_anywhere_is_never_used"),
    Protection("slow disk", "trainables/lease.py:FileLeases.hold", "no_leases",
               f"{_ROUGH}on_a_slow_disk_an_entry_is_made_once_and_seen_whole_or_not_at_all"),
    Protection("node lost: the trial", "search/searchers.py:AgendaSearcher._died",
               "no_second_attempt", f"{_NODE}[1]"),
    Protection("node lost: its steps", "trainables/train_state.py:load_state", "no_train_state",
               f"{_NODE}[1]"),
    Protection("node lost: its group", "trainables/executors.py:_lost_a_worker", "lost_is_failed",
               f"{_NODE}[2]"),
    Protection("head lost", "search/submission.py:submit_resume", "own_jobs_alone",
               "tests/faults/test_head_killed.py"),
    Protection("MLflow away: training", "search/tracking.py:Tracker.offer", "waiting_offers",
               _OUTAGE),
    Protection("MLflow away: its writer", "search/tracking_process.py:send", "no_retry", _OUTAGE),
    Protection("MLflow away: its answer lost", "search/tracking_writer.py:Writer._find_runs",
               "no_look", _OUTAGE),
    Protection("storage moved", "search/storage.py:relocated", "no_second_place",
               "tests/faults/test_moved_storage.py"),
    Protection("two searches: their names", "search/storage.py:new_search", "one_directory",
               "tests/faults/test_two_searches.py::"
               "test_on_one_machine_they_share_the_work_and_nothing_else"),
    Protection("two searches: a new database", "search/tracking_client.py:connect", "no_turns",
               f"{_AT_ONCE}a_new_database_of_mlflow_is_made_by_one_and_whole_for_all"),
    Protection("two searches: their store", "trainables/lease.py:_BoardLeases.hold", "no_lease",
               f"{_AT_ONCE}of_two_drivers_of_a_cluster_one_makes_an_entry"),
    Protection("a thousand trials", "search/sampler.py:Modelled.numbers", "all_modelled",
               "tests/search/test_sampler.py::test_of_very_many_trials_few_are_modelled[True]"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="faults with this in their name [all]")
    parser.add_argument("--patience", type=int, default=180,
                        help="seconds that a search may take; one that hangs is ended then [180]")
    given = parser.parse_args(arguments)
    held = [_fails(each, given.patience) for each in PROTECTIONS if given.only in each.fault]
    sys.exit(0 if held and all(held) else 1)


def _fails(each: Protection, patience: int) -> bool:
    """Run a test without its protection, print what came of it, return whether it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-m", "slow or not slow",
         "-p", "no:cacheprovider", each.test],
        cwd=ROOT, capture_output=True, text=True, check=False, env={
            **os.environ, "PYTHONPATH": os.pathsep.join((str(CHILD), str(ROOT))),
            PATCHES: each.off, "STILTUNE_TEST_PATIENCE": str(patience),
            "STILTUNE_TEST_KILLS": "3", "COLUMNS": "400"})
    how = [line.partition(" - ")[2] or line for line in done.stdout.splitlines()
           if line.startswith(("FAILED ", "ERROR "))]
    failed = done.returncode == 1 and bool(how)
    sys.stdout.write(f"{each.fault}: without {each.protection}\n    {each.test}\n    "
                     + (f"failed: {how[0][:300]}" if failed else
                        f"DID NOT FAIL (exit code {done.returncode})") + "\n")
    sys.stdout.flush()
    return failed


if __name__ == "__main__":
    main()
