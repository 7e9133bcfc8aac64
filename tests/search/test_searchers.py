"""The searcher between the agenda and Tune: every trial ends once, whatever happens to workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.agenda import Agenda
from search.faults import UserError
from search.journal import Journal
from search.results import Outcome
from search.searchers import MAX_DEATHS, MAX_LOST_NODES, NODE_LOST, AgendaSearcher
from tests.search.arms_study import arms_study
from tests.search.simulated_study import simulated_study, sizes_of
from trainables.messages import MESSAGE_KEY, Message


@pytest.fixture
def agenda(tmp_path: Path) -> Iterator[Agenda]:
    study = simulated_study()
    journal = Journal(tmp_path / "journal.jsonl")
    yield Agenda(study, study.space(sizes_of(study)), journal)
    journal.close()


def searcher(agenda: Agenda, is_free: Callable[[str], bool] = lambda entry: True,
             at_once: int = 1, why: str = "no module") -> AgendaSearcher:
    return AgendaSearcher(
        agenda, hand_out=lambda planned: {"trial": planned.trial}, max_concurrent=lambda: at_once,
        is_free=is_free, changed=lambda trial, message: None,
        last_words=lambda tune_id: f": {why} ({tune_id})")


def said(message: Message) -> dict[str, str]:
    return {MESSAGE_KEY: message.model_dump_json()}


def test_a_trial_that_dies_without_a_word_fails_in_the_end_and_says_why(agenda: Agenda) -> None:
    tuned = searcher(agenda)
    for attempt in range(MAX_DEATHS):
        assert tuned.suggest(f"tune{attempt}") == {"trial": "control-000"}
        tuned.on_trial_complete(f"tune{attempt}", error=True)
    result = agenda.results["control-000"]
    assert result.outcome is Outcome.FAILED
    assert result.error == "its worker died 3 times: no module (tune2)"
    assert tuned.suggest("next") == {"trial": "control-001"}
    starts = [event.data["attempt"] for event in agenda.journal.of("started")]
    assert starts == [1, 2, 3]


@pytest.mark.parametrize("words", NODE_LOST)
def test_a_lost_node_is_another_matter_than_a_death_and_the_next_attempt_says_so(
    agenda: Agenda, words: str
) -> None:
    tuned = searcher(agenda, why=words)
    for attempt in range(MAX_LOST_NODES):
        assert tuned.suggest(f"tune{attempt}") == {"trial": "control-000"}
        tuned.on_trial_complete(f"tune{attempt}", error=True)
    result = agenda.results["control-000"]
    assert result.error == (f"its node was lost {MAX_LOST_NODES} times: {words} "
                            f"(tune{MAX_LOST_NODES - 1})")
    starts = agenda.journal.of("started")
    assert "after" not in starts[0].data
    assert starts[1].data["after"] == f"its node was lost: {words} (tune0)"


def test_deaths_before_a_resume_are_not_held_against_a_trial(agenda: Agenda) -> None:
    first = searcher(agenda)
    for attempt in range(MAX_DEATHS - 1):
        first.suggest(f"first{attempt}")
        first.on_trial_complete(f"first{attempt}", error=True)
    resumed = searcher(agenda)
    assert resumed.suggest("second") == {"trial": "control-000"}
    resumed.on_trial_complete("second", error=True)
    assert "control-000" not in agenda.results


def test_only_deaths_count_and_not_the_starts_that_a_killed_search_cut_short(
    agenda: Agenda
) -> None:
    for attempt in range(2 * MAX_DEATHS):
        agenda.started("control-000", f"earlier{attempt}")
    tuned = searcher(agenda)
    assert tuned.suggest("a") == {"trial": "control-000"}
    tuned.on_trial_complete("a", error=True)
    assert "control-000" not in agenda.results
    assert tuned.suggest("b") == {"trial": "control-000"}


def test_a_trial_that_met_a_full_disk_stops_the_search_and_has_not_failed(agenda: Agenda) -> None:
    tuned = searcher(agenda)
    assert tuned.suggest("a") == {"trial": "control-000"}
    tuned.check()
    message = said(Message(kind="full", doing="[Errno 28] No space left on device"))
    tuned.on_trial_result("a", message)
    tuned.on_trial_complete("a", message)
    assert "control-000" not in agenda.results
    with pytest.raises(UserError, match=r"No space left on device \(control-000\)"):
        tuned.check()
    assert tuned.suggest("b") == {"trial": "control-000"}


def test_a_trial_that_gave_its_slot_back_waits_for_the_entry_and_comes_again(
    agenda: Agenda
) -> None:
    tuned = searcher(agenda, is_free=lambda entry: entry != "busy")
    assert tuned.suggest("a") == {"trial": "control-000"}
    tuned.on_trial_complete("a", said(Message(kind="deferred", entry="busy")))
    assert "control-000" not in agenda.results
    assert tuned.suggest("b") == {"trial": "control-000"}  # with nothing running, none to wait for
    assert [event.kind for event in agenda.journal.events].count("started") == 0


def test_while_one_encoder_is_made_trials_of_another_run_and_its_own_wait(tmp_path: Path) -> None:
    study = arms_study("models=[{origin: simulated, name: other}, {origin: simulated, name: one}]")
    journal = Journal(tmp_path / "journal.jsonl")
    agenda = Agenda(study, study.space(sizes_of(study)), journal)
    free: set[str] = set()
    tuned = searcher(agenda, is_free=lambda entry: entry in free, at_once=3)

    def model(given: object) -> str:
        assert isinstance(given, dict)
        return agenda.planned[given["trial"]].config.model.name

    assert model(tuned.suggest("maker")) == "one"
    assert model(tuned.suggest("waiter")) == "one"
    tuned.on_trial_complete("waiter", said(Message(kind="deferred", entry="encoder of one")))
    assert model(tuned.suggest("a")) == "other"
    assert model(tuned.suggest("b")) == "other"
    assert tuned.suggest("full") is None
    tuned.on_trial_complete("b", said(Message(kind="deferred", entry="encoder of other")))
    assert tuned.suggest("c") is None  # both are being made
    free.add("encoder of one")
    assert model(tuned.suggest("d")) == "one"
    journal.close()
