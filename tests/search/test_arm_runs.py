"""Arms' trials: run by the agenda, each once, killed or not; rates are chosen before."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from search.agenda import Agenda
from search.answer import question_of
from search.headline import headline
from search.readout import read_out
from search.renderings import as_json, as_markdown, as_tables
from search.results import Role, collect
from tests.search.arms_study import arms_study
from tests.search.test_agenda import Bench, configs
from tests.search.test_table_runs import run_to_the_end

TUNED = ["intermediate.learning_rate=[1.0e-3, 1.0e-1]", "arms.tuning={seeds: 1}",
         "arms.pretraining_seeds=2"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agenda]:
    bench = Bench(arms_study(*TUNED), tmp_path_factory.mktemp("whole"))
    agenda = bench.agenda()
    expected = agenda.total
    run_to_the_end(bench, agenda)
    assert len(agenda.results) == agenda.total == expected
    yield agenda
    bench.close()


def test_tuning_comes_first_and_its_best_rates_are_those_of_the_arms(whole: Agenda) -> None:
    assert whole.is_done
    assert Counter(result.role for result in whole.results.values()) == {
        Role.TUNING: 1 + 2 * 2, Role.ARM: 4 * 2, Role.CONTROL: 4}
    order = [result.role for result in collect(whole.journal)]
    assert set(order[:5]) == {Role.TUNING}
    rates = {result.config.intermediate.recipe.learning_rate for result in whole.results.values()
             if result.role is Role.ARM and result.config.intermediate}
    assert rates == {1e-3}  # the simulated optimum; 0.1 is sixteen points worse


def test_the_answer_is_the_primary_contrasts(whole: Agenda) -> None:
    study = whole.study
    readout = read_out(whole.results.values(), question_of(study, whole.space), search="s-1")
    assert readout.arms is not None
    assert study.arms is not None
    assert readout.arms_are_answer
    assert readout.arms.primary.declared_digest == study.arms.primary.digest()
    assert headline(readout) == readout.arms.primary.sentence
    assert (readout.arms.unit, readout.arms.units) == ("pretraining seeds", 2)
    assert {each.arm for each in readout.arms.gains} == {"near", "far"}
    console = Console(width=110, record=True, file=io.StringIO())
    console.print(as_tables(readout))
    for text in (console.export_text(), as_markdown(readout)):
        for part in ("Primary contrast", "Controls of the arms", "ar gains"):
            assert part in text
        assert "Mixtures" not in text
    assert '"split_half": null' in as_json(readout)


@pytest.mark.parametrize("kill_after", [2, 6])
def test_killed_and_resumed_they_are_the_arms_they_would_have_been(
    whole: Agenda, tmp_path: Path, kill_after: int
) -> None:
    bench = Bench(arms_study(*TUNED), tmp_path)
    agenda = bench.agenda()
    while run_to_the_end(bench, agenda, kill_after) == kill_after:
        agenda = bench.agenda()
    bench.close()
    assert configs(agenda) == configs(whole)


def test_beside_a_search_arms_are_read_out_after_it(tmp_path: Path) -> None:
    bench = Bench(arms_study("search.trials=3", "confirmation.winners=1", "search.round_size=3",
                             "arms.seeds=2"), tmp_path)
    agenda = bench.agenda()
    run_to_the_end(bench, agenda)
    bench.close()
    readout = read_out(agenda.results.values(), question_of(agenda.study, agenda.space),
                       search="s-1")
    assert agenda.is_done
    assert readout.arms is not None
    assert not readout.arms_are_answer
    assert "Mixtures" in as_markdown(readout)
    assert "## Primary contrast" in as_markdown(readout)
