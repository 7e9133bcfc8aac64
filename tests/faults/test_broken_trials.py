"""Out of memory, a hanging loader, a crashing row: that trial fails, the search goes on."""

from __future__ import annotations

import os

import pytest

from tests.faults.faulty import Faulty

STALLED = os.environ.get("STILTUNE_TEST_STALLED", "0.5")  # minutes; a busy machine needs more
FAULTS = {
    "search-001": "out of memory", "search-002": "hangs", "search-003": "crashing row",
    "search-004": "killed once", "search-005": "killed",
}
REASONS = {
    "search-001": "MemoryError",
    "search-002": f"no progress for {STALLED} minutes (resources.stalled_minutes), last heard of "
                  "at: simulate to 1",
    "search-003": "IndexError: pop index out of range",
    "search-005": "its worker died 3 times",
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    stiltune = Faulty(tmp_path_factory.mktemp("broken"), FAULTS)
    stiltune.start(f"resources.stalled_minutes={STALLED}")
    return stiltune


@pytest.mark.slow
@pytest.mark.parametrize("trial", REASONS)
def test_a_broken_trial_has_failed_and_says_why(broken: Faulty, trial: str) -> None:
    ended = broken.ended("simulated-1")[trial]
    assert ended["outcome"] == "failed"
    assert ended["error"].startswith(REASONS[trial])


@pytest.mark.slow
def test_no_other_trial_has_failed_and_the_search_goes_on(broken: Faulty) -> None:
    ended = broken.ended("simulated-1")
    assert {trial for trial, data in ended.items() if data["outcome"] == "failed"} == {*REASONS}
    assert broken.events("simulated-1")[-1]["kind"] == "closed"
    broken.assert_each_trial_once("simulated-1")


@pytest.mark.slow
def test_the_sampler_is_told_of_failures(broken: Faulty) -> None:
    told = broken.told("simulated-1")
    assert len(told) == 8
    assert {trial for trial, value in told.items() if value is None} == {*REASONS}


@pytest.mark.slow
def test_a_worker_that_dies_once_is_started_again(broken: Faulty) -> None:
    attempts = [event["data"]["attempt"] for event in broken.events("simulated-1")
                if event["kind"] == "started" and event["trial"] == "search-004"]
    assert attempts == [1, 2]
    assert broken.ended("simulated-1")["search-004"]["outcome"] == "finished"
