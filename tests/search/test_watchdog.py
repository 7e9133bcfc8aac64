"""The watchdog: who says nothing for too long is killed and has failed; nobody else is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from search.agenda import Agenda
from search.journal import Journal
from search.results import Outcome
from search.searchers import AgendaSearcher
from search.study import Study
from search.study_faults import StudyError
from search.watchdog import Watchdog
from tests.search.simulated_study import simulated_study, sizes_of
from trainables.messages import MESSAGE_KEY, Message


class Trials:
    """Trials under a watchdog of ten minutes, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.killed: list[str] = []
        self.stalled: list[tuple[str, str]] = []
        monkeypatch.setattr("search.watchdog.ray.kill", self.killed.append)
        self.watchdog = Watchdog(10, lambda *given: self.stalled.append(given),
                                 clock=lambda: self.now)
        self.live: list[Any] = []

    def add(self, name: str, status: str = "RUNNING") -> Any:
        trial = SimpleNamespace(trial_id=name, status=status,
                                temporary_state=SimpleNamespace(ray_actor=f"actor of {name}"))
        self.live.append(trial)
        return trial

    def pass_minutes(self, minutes: int) -> None:
        for _ in range(60 * minutes):
            self.now += 1
            self.watchdog.look(self.live)

    def says(self, name: str, doing: str) -> None:
        self.watchdog.heard(name, {MESSAGE_KEY: Message(kind="doing",
                                                        doing=doing).model_dump_json()})


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Trials:
    return Trials(monkeypatch)


def test_a_silent_trial_is_killed_once_and_said_why(trials: Trials) -> None:
    trials.add("a")
    trials.add("b")
    for _ in range(9):
        trials.pass_minutes(2)
        trials.says("b", "intermediate, step 3 of 9")
    assert trials.killed == ["actor of a"]
    assert trials.stalled == [("a", "no progress for 10 minutes (resources.stalled_minutes), not a "
                                    "word since it started")]
    trials.pass_minutes(11)
    assert trials.stalled[-1] == ("b", "no progress for 10 minutes (resources.stalled_minutes), "
                                       "last heard of at: intermediate, step 3 of 9")


def test_who_waits_for_a_process_is_not_silent(trials: Trials) -> None:
    trial = trials.add("a", status="PENDING")
    trials.pass_minutes(60)
    trial.status = "RUNNING"
    trials.pass_minutes(9)
    assert not trials.killed
    trials.pass_minutes(2)
    assert trials.killed


def test_time_in_which_the_search_did_not_look_is_not_held_against_trials(trials: Trials) -> None:
    trials.add("a")
    trials.pass_minutes(1)
    trials.now += 36_000  # the search was stopped; what the trial said waits to be read
    trials.watchdog.look(trials.live)
    assert not trials.killed


def test_a_stalled_trial_has_failed_and_is_not_tried_again(tmp_path: Path) -> None:
    study = simulated_study()
    journal = Journal(tmp_path / "journal.jsonl")
    agenda = Agenda(study, study.space(sizes_of(study)), journal)
    searcher = AgendaSearcher(
        agenda, hand_out=lambda planned: {"trial": planned.trial}, max_concurrent=lambda: 1,
        is_free=lambda entry: True, changed=lambda trial, message: None)
    assert searcher.suggest("tune") == {"trial": "control-000"}
    searcher.stalled("tune", "no progress")
    assert searcher.suggest("next") is None  # its slot is not free before it is dead
    searcher.on_trial_complete("tune", error=True)
    assert agenda.results["control-000"].outcome is Outcome.FAILED
    assert agenda.results["control-000"].error == "no progress"
    assert searcher.suggest("next") == {"trial": "control-001"}
    searcher.stalled("tune", "no progress")  # it had ended after all
    journal.close()


@pytest.mark.parametrize("minutes", ["0", "-1", ".nan", ".inf", "1e9", "soon", "true"])
def test_the_limit_is_a_positive_number_of_minutes(minutes: str) -> None:
    with pytest.raises(StudyError, match="resources.stalled_minutes"):
        simulated_study([f"resources.stalled_minutes={minutes}"])


def test_a_studys_limit_is_an_hour_where_it_says_nothing() -> None:
    assert isinstance(simulated_study(), Study)
    assert simulated_study().resources.stalled_minutes == 60
