"""The agenda: which trial comes next, and that a kill anywhere changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.agenda import Agenda
from search.journal import Journal
from search.planned import Planned
from search.results import Outcome, Role, TrialResult, collect
from search.study import Study
from tests.search.simulated_study import simulated_study, sizes_of
from trainables.context import Context
from trainables.trial import run_trial
from trainables.workspace import Workspace


class Bench:
    """Runs an agenda's trials here, one after another, as Tune would in slots."""

    def __init__(self, study: Study, directory: Path) -> None:
        self.study, self.directory = study, directory
        self.journals: list[Journal] = []
        self.context = Context(Workspace(store=str(directory / "store"),
                                         cache=str(directory / "cache")))

    def agenda(self) -> Agenda:
        self.close()
        journal = Journal(self.directory / "journal.jsonl")
        self.journals.append(journal)
        return Agenda(self.study, self.study.space(sizes_of(self.study)), journal)

    def close(self) -> None:
        for journal in self.journals:
            journal.close()

    def run(self, planned: Planned) -> TrialResult:
        *_, last = run_trial(planned.config, self.context)
        return TrialResult(trial=planned.trial, role=planned.role, group=planned.group,
                           config=planned.config, outcome=Outcome.FINISHED, scores=last.scores)

    def steps(self, agenda: Agenda, most: int = 10_000) -> int:
        """Run at most `most` trials; return how many ran."""
        for count in range(most):
            if agenda.is_done:
                return count
            planned = agenda.next()
            assert planned is not None
            agenda.launched(planned.trial)
            agenda.started(planned.trial, "tune")
            agenda.finished(self.run(planned))
        return most

    def killed_after_every(self, trials: int) -> Agenda:
        """Run all there is, the agenda made anew from its journal after so many trials."""
        while True:
            agenda = self.agenda()
            self.steps(agenda, trials)
            if agenda.is_done:
                return agenda


def configs(agenda: Agenda) -> dict[str, str]:
    return {trial: result.config.digest() for trial, result in agenda.results.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agenda]:
    bench = Bench(simulated_study(), tmp_path_factory.mktemp("whole"))
    agenda = bench.agenda()
    bench.steps(agenda)
    yield agenda
    bench.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(simulated_study(), tmp_path)
    yield bench
    bench.close()


def test_a_search_runs_every_kind_of_trial_it_declares(whole: Agenda) -> None:
    roles = Counter(result.role for result in whole.results.values())
    assert roles[Role.SEARCH] == 8
    assert roles[Role.CURVE] == 2 * (1 + 2 * 3)
    assert roles[Role.CONFIRMATION] >= 2 * 2
    assert roles[Role.CONTROL] == 2 + 2  # of the search, and fresh ones of the confirmation
    assert len(whole.results) == whole.total


def test_controls_are_never_told_to_the_sampler(whole: Agenda) -> None:
    told = [event.trial for event in whole.journal.of("told")]
    assert sorted(told) == [f"search-{number:03d}" for number in range(8)]


def test_a_round_is_told_in_the_order_it_was_asked(whole: Agenda) -> None:
    told = [event.data["number"] for event in whole.journal.of("told")]
    assert told == sorted(told)


@pytest.mark.parametrize("kill_after", [1, 2, 3, 5, 9])
def test_killed_and_resumed_it_is_the_search_it_would_have_been(
    whole: Agenda, bench: Bench, kill_after: int
) -> None:
    assert configs(bench.killed_after_every(kill_after)) == configs(whole)


def test_a_journal_cut_at_any_byte_resumes_to_the_same_search(
    whole: Agenda, tmp_path: Path
) -> None:
    recorded = whole.journal.path.read_bytes()
    for part in range(1, 12):
        directory = tmp_path / str(part)
        directory.mkdir()
        (directory / "journal.jsonl").write_bytes(recorded[: len(recorded) * part // 12])
        bench = Bench(simulated_study(), directory)
        agenda = bench.agenda()
        bench.steps(agenda)
        bench.close()
        assert configs(agenda) == configs(whole)
        assert len(collect(agenda.journal)) == len(agenda.results)


@pytest.mark.parametrize("asked", range(8, 13))
def test_a_round_whose_asking_was_cut_short_is_the_round_it_would_have_been(
    tmp_path: Path, asked: int
) -> None:
    study = simulated_study(["search.trials=16", "curve=null"])
    for name in ("whole", "again"):
        (tmp_path / name).mkdir()
    whole = Bench(study, tmp_path / "whole")
    agenda = whole.agenda()
    whole.steps(agenda)
    whole.close()
    lines = (tmp_path / "whole" / "journal.jsonl").read_text().splitlines(keepends=True)
    cut = next(index for index, line in enumerate(lines)
               if f'"search-{asked:03d}"' in line and '"suggested"' in line)
    again = Bench(study, tmp_path / "again")
    (tmp_path / "again" / "journal.jsonl").write_text("".join(lines[: cut + 1]))
    resumed = again.agenda()
    again.steps(resumed)
    again.close()
    assert configs(resumed) == configs(agenda)


def test_slots_that_a_round_leaves_idle_run_the_curve(bench: Bench) -> None:
    agenda = bench.agenda()
    handed_out = []
    while (planned := agenda.next()) is not None:
        agenda.launched(planned.trial)
        handed_out.append(planned.role)
    assert handed_out[:6] == [Role.CONTROL] * 2 + [Role.SEARCH] * 4
    assert set(handed_out[6:]) == {Role.CURVE}


def test_a_failed_trial_is_told_as_a_failure_and_the_search_goes_on(bench: Bench) -> None:
    agenda = bench.agenda()
    while not agenda.is_done:
        planned = agenda.next()
        assert planned is not None
        agenda.launched(planned.trial)
        result = bench.run(planned)
        if planned.role is Role.SEARCH and planned.number == 3:
            result = result.model_copy(
                update={"outcome": Outcome.FAILED, "scores": None, "error": "no reason"})
        agenda.finished(result)
    told = {event.trial: event.data["objective"] for event in agenda.journal.of("told")}
    assert told["search-003"] is None
    assert sum(value is not None for value in told.values()) == 7


def test_the_first_ending_of_a_trial_counts(bench: Bench) -> None:
    agenda = bench.agenda()
    planned = agenda.next()
    assert planned is not None
    first = bench.run(planned)
    agenda.finished(first)
    agenda.finished(first.model_copy(update={"outcome": Outcome.FAILED}))
    assert agenda.results[planned.trial].outcome is Outcome.FINISHED
    assert len(agenda.journal.of("finished")) == 1


def test_where_every_trial_fails_the_search_still_ends(bench: Bench) -> None:
    agenda = bench.agenda()
    while (planned := agenda.next()) is not None:
        agenda.launched(planned.trial)
        agenda.finished(TrialResult(
            trial=planned.trial, role=planned.role, group=planned.group, config=planned.config,
            outcome=Outcome.FAILED, error="the data is gone"))
    assert agenda.is_done
    assert {result.outcome for result in agenda.results.values()} == {Outcome.FAILED}
    assert not any(result.role is Role.CONFIRMATION for result in agenda.results.values())
