"""A placed curve in a search: fewer trials, each once, the same ones after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.agenda import Agenda
from search.readout import locate_curve
from search.results import Outcome, Role
from search.study import Study
from tests.search.simulated_study import simulated_study
from tests.search.test_agenda import Bench, configs

PLACED = [
    "intermediate.languages.pool=[de, fr, ru, zh, ar, tr, id, ko, am, th, fa, he, ja, vi, bg, cs]",
    "curve.counts=[0, 1, 2, 4, 8, 16]", "curve.seeds=3", "curve.worth=1.0", "search.trials=4",
    "curve.orders=[random:0, random:1, random:2, random:3, random:4, random:5]",
    "curve.placed=true"]


def placed_study(*more: str) -> Study:
    return simulated_study([*PLACED, *more])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agenda]:
    bench = Bench(placed_study(), tmp_path_factory.mktemp("placed"))
    agenda = bench.agenda()
    bench.steps(agenda)
    yield agenda
    bench.close()


def curve_of(agenda: Agenda) -> list[str]:
    return sorted(trial for trial, result in agenda.results.items() if result.role is Role.CURVE)


def test_it_runs_a_part_of_its_block_and_has_the_verdict(whole: Agenda) -> None:
    assert 18 <= len(curve_of(whole)) < 3 * (1 + 5 * 6)
    assert len(whole.results) == whole.total
    results = list(whole.results.values())
    objective = whole._scaled()
    assert objective is not None
    assert locate_curve(results, objective, 1.0).verdict != "not located"


def test_each_block_that_is_measured_has_english_alone_once(whole: Agenda) -> None:
    sets = [(result.config.seed, result.config.intermediate.languages.count)
            for result in whole.results.values()
            if result.role is Role.CURVE and result.config.intermediate]
    seeds = {seed for seed, count in sets if count}
    assert sorted(seed for seed, count in sets if not count) == sorted(seeds)


@pytest.mark.parametrize("kill_after", [3, 7])
def test_killed_and_resumed_it_places_what_it_would_have(
    whole: Agenda, tmp_path: Path, kill_after: int
) -> None:
    bench = Bench(placed_study(), tmp_path)
    assert configs(bench.killed_after_every(kill_after)) == configs(whole)
    bench.close()


def test_trials_that_fail_end_it(tmp_path: Path) -> None:
    bench = Bench(placed_study(), tmp_path)
    agenda = bench.agenda()
    while not agenda.is_done:
        planned = agenda.next()
        assert planned is not None
        agenda.launched(planned.trial)
        result = bench.run(planned)
        if planned.role is Role.CURVE:
            result = result.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
        agenda.finished(result)
    assert 0 < len(curve_of(agenda)) <= 3 * 6
    bench.close()


def test_a_study_that_places_nothing_keeps_its_digest() -> None:
    assert simulated_study(["curve.placed=false"]).digest() == simulated_study().digest()
    assert placed_study().digest() != placed_study("curve.placed=false").digest()
