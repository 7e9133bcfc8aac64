"""A full disk: the search stops and says so, nothing has failed by it, with room it goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.faulty import Faulty
from tests.faults.small_disk import NAMESPACE
from tests.stiltune_process import PATIENCE, ROOT


def assert_it_said_so(said: str) -> None:
    last = said.splitlines()[-1]  # Ray may have logged what it could not write before
    assert last.startswith("stiltune: ")
    assert "No space left on device" in last
    assert last.endswith("go on with: stiltune resume simulated-1")


def assert_all_is_there(stiltune: Faulty) -> None:
    assert {data["outcome"] for data in stiltune.ended("simulated-1").values()} == {"finished"}
    assert stiltune.events("simulated-1")[-1]["kind"] == "closed"
    stiltune.assert_each_trial_once("simulated-1")


@pytest.mark.slow
def test_a_trial_that_meets_a_full_disk_stops_the_search_and_runs_again(tmp_path: Path) -> None:
    stiltune = Faulty(tmp_path, {"search-003": "disk full"})
    assert_it_said_so(stiltune.run("start", "simulated.yaml", "--storage", "results", expect=2))
    before = stiltune.ended("simulated-1")
    assert {data["outcome"] for data in before.values()} == {"finished"}
    assert "search-003" not in before
    stiltune.environment["STILTUNE_TEST_FAULTS"] = json.dumps({})
    stiltune.run("resume", "simulated-1", "--storage", "results")
    assert_all_is_there(stiltune)


@pytest.mark.slow
def test_on_a_disk_that_really_fills_nothing_is_lost(tmp_path: Path) -> None:
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a user namespace to mount a small disk in")
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.faults.small_disk", str(tmp_path)], cwd=ROOT,
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert_it_said_so(done.stdout)
    assert_all_is_there(Faulty(tmp_path))
