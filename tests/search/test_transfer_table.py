"""The transfer table: gains, intervals and corrections against worked numbers and scipy."""

from __future__ import annotations

import json
import math
import random

import pytest
from scipy import stats

from search.entries import Question
from search.readout import read_out
from search.renderings import as_json, as_markdown
from search.results import TrialResult
from search.table_entries import FALSE_DISCOVERY_RATE, Cell, Column, TransferTable
from search.transfer_table import transfer_table
from spaces.models import HubModel
from spaces.published_scores import PUBLISHED_SCORES
from spaces.tasks import Kind
from tests.search.simulated_results import QUESTION, search
from tests.search.simulated_table import KINDS, random_table, scored, table_of, trial

ASKED = Question(kinds=KINDS, winners=0)
# Two seed blocks, worked out by hand.
GAINS = {"dates": [{"nli": 1.0, "spans": 4.0, "search": 20.0},
                   {"nli": 3.0, "spans": 5.0, "search": 30.0}],
         "both": [{"nli": -2.0, "spans": 6.0, "search": 10.0},
                  {"nli": -2.0, "spans": 8.0, "search": 10.0}]}
CONTROLS = [{"nli": 50.0, "spans": 30.0, "search": 10.0},
            {"nli": 54.0, "spans": 32.0, "search": 12.0}]


def made(results: list[TrialResult]) -> TransferTable:
    table = transfer_table(results, KINDS)
    assert table is not None
    return table


def cells_of(table: TransferTable, row: str) -> dict[str, Cell]:
    found = next(each for each in table.rows if each.name == row)
    return {cell.column: cell for cell in found.cells}


def columns_of(table: TransferTable) -> dict[str, Column]:
    return {column.name: column for column in table.columns}


def test_gains_are_paired_with_the_control_of_the_seed_block() -> None:
    table = made(table_of(GAINS, CONTROLS))
    dates, both = cells_of(table, "dates"), cells_of(table, "both")
    assert {name: cell.gain and cell.gain.mean for name, cell in dates.items()} == pytest.approx({
        "nli": 2.0, "spans": 4.5, "search": 25.0, "average": 31.5 / 3,
        "average without retrieval": 6.5 / 2})
    # Gains 1 and 3: sd sqrt(2); t of 0.95 with 1 degree of freedom is 6.3138.
    gain = dates["nli"].gain
    assert gain is not None
    assert (gain.low, gain.high) == pytest.approx((2 - 6.3138, 2 + 6.3138), abs=1e-3)
    # Gains 20 and 30 in retrieval, 5/3 and 38/3 ... on average: (25/3, 38/3).
    average = dates["average"].gain
    assert average is not None
    assert average.sd == pytest.approx(abs(25 / 3 - 38 / 3) / math.sqrt(2))
    assert both["nli"].gain is not None
    assert both["nli"].gain.mean == pytest.approx(-2.0)
    assert table.seeds == (0, 1)


def test_controls_are_in_points_over_the_seed_blocks_of_the_table() -> None:
    elsewhere = trial("fresh", None, scored({"nli": 90.0, "spans": 90.0, "search": 90.0}),
                      seed=1_000)
    columns = columns_of(made([*table_of(GAINS, CONTROLS), elsewhere]))
    means = {name: column.control and column.control.mean for name, column in columns.items()}
    assert means == pytest.approx({"nli": 52.0, "spans": 31.0, "search": 11.0,
                                   "average": 94 / 3, "average without retrieval": 83 / 2})
    assert (columns["spans"].metric, columns["average"].metric) == ("f1", None)


def test_the_best_of_a_column_and_best_per_target() -> None:
    columns = columns_of(made(table_of(GAINS, CONTROLS)))
    assert {name: column.best for name, column in columns.items()} == {
        "nli": "dates", "spans": "both", "search": "dates", "average": "dates",
        "average without retrieval": "dates"}
    # The average's best row gains 31.5 / 3; taking each target's best, 2, 7 and 25.
    assert columns["average"].best_per_target == pytest.approx((2 + 7 + 25) / 3)
    assert columns["average without retrieval"].best_per_target == pytest.approx((2 + 7) / 2)
    assert columns["spans"].best_per_target == pytest.approx(7.0)


@pytest.mark.parametrize("draw", range(3))
def test_p_values_are_scipys_and_corrected_over_all_cells_of_targets(draw: int) -> None:
    results = random_table(draw, seeds=5)
    table = made(results)
    expected = []
    cells = [(row.name, cell) for row in table.rows for cell in row.cells if cell.column in KINDS]
    for row, cell in cells:
        own = [each.scores.mean(cell.column, "report", _metric(cell.column))
               for each in results if each.group == row and each.scores]
        bare = [each.scores.mean(cell.column, "report", _metric(cell.column))
                for each in results if each.group == "bare" and each.scores]
        expected.append(float(stats.ttest_rel(own, bare).pvalue))
    assert [cell.p_value for _, cell in cells] == pytest.approx(expected)
    adjusted = stats.false_discovery_control(expected, method="bh")
    assert [cell.adjusted_p_value for _, cell in cells] == pytest.approx(list(adjusted))
    assert [cell.survives for _, cell in cells] == [
        bool(value <= FALSE_DISCOVERY_RATE) for value in adjusted]
    assert table.tested == len(cells)
    assert any(cell.survives for _, cell in cells)
    assert not all(cell.survives for _, cell in cells)
    averages = [cell for row in table.rows for cell in row.cells if cell.column not in KINDS]
    assert {cell.survives for cell in averages} == {None}


def _metric(task: str) -> str:
    return "f1" if KINDS[task] is Kind.QA else "accuracy"


def test_the_correction_worked_out_by_hand() -> None:
    # Benjamini and Hochberg: sorted p times tests over rank, then the running minimum from above.
    table = made(random_table(1, seeds=4))
    cells = [cell for row in table.rows for cell in row.cells if cell.p_value is not None]
    ranked = sorted(cells, key=lambda cell: cell.p_value or 0.0)
    least = 1.0
    for rank, cell in reversed(list(enumerate(ranked, start=1))):
        least = min(least, (cell.p_value or 0.0) * len(ranked) / rank)
        assert cell.adjusted_p_value == pytest.approx(least)


def test_no_gain_survives_where_there_is_none() -> None:
    # Noise alone: of 100 tables fewer than a quarter may show anything at a rate of 10 %.
    false = 0
    for draw in range(100):
        rng = random.Random(draw)
        noise = {row: [{task: rng.gauss(0, 1) for task in KINDS} for _ in range(4)]
                 for row in ("dates", "entities", "both")}
        table = made(table_of(noise, [dict.fromkeys(KINDS, 50.0)] * 4))
        false += any(cell.survives for row in table.rows for cell in row.cells)
    assert false < 25


def test_gains_without_any_spread_are_not_tested() -> None:
    same = {"dates": [dict.fromkeys(KINDS, 3.3333333)] * 3,
            "both": [dict.fromkeys(KINDS, 0.1)] * 3}
    table = made(table_of(same, [dict.fromkeys(KINDS, 40.0 + seed / 3) for seed in range(3)]))
    assert table.tested == 0
    assert {cell.survives for row in table.rows for cell in row.cells} == {None}


def test_one_seed_block_gives_gains_and_nothing_else() -> None:
    table = made([each for each in table_of(GAINS, CONTROLS) if each.config.seed == 0])
    cell = cells_of(table, "dates")["spans"]
    assert cell.gain is not None
    assert (cell.gain.mean, cell.gain.low, cell.p_value) == (4.0, None, None)
    assert (table.tested, table.seeds) == (0, (0,))
    text = as_markdown(read_out(table_of(GAINS, CONTROLS)[:3], ASKED, search="t-1"))
    assert "One seed block: there are no intervals, and nothing is tested." in text
    assert "±" not in text.split("## Controls")[0]


def test_failed_trials_and_missing_controls_leave_blanks_not_zeros() -> None:
    results = table_of(GAINS, CONTROLS)
    results[1] = trial(results[1].trial, "dates", None, seed=0)
    table = made(results)
    dates = next(row for row in table.rows if row.name == "dates")
    assert dates.failed == 1
    assert [cell.gain and cell.gain.units for cell in dates.cells] == [1] * 5
    bare = made([each for each in table_of(GAINS, CONTROLS) if not each.config.is_control])
    assert {cell.gain for row in bare.rows for cell in row.cells} == {None}
    assert {(column.control, column.best) for column in bare.columns} == {(None, None)}
    nothing = made([trial("a", "dates", None, seed=0)])
    assert (nothing.seeds, nothing.tested) == ((), 0)
    assert "| dates | - |" in as_markdown(read_out([trial("a", "dates", None, seed=0)], ASKED,
                                                   search="t-1"))


def test_a_column_whose_controls_are_at_chance_is_said_to_be() -> None:
    results = [each.model_copy(update={"scores": scored(
        {"nli": 34.0, "spans": 60.0, "search": 60.0}, chance=33.0)})
        if each.config.is_control else each for each in table_of(GAINS, CONTROLS)]
    assert {name: each.at_chance for name, each in columns_of(made(results)).items()} == {
        "nli": True, "spans": False, "search": False, "average": False,
        "average without retrieval": False}


@pytest.mark.parametrize("draw", range(3))
def test_the_order_of_results_changes_no_byte(draw: int) -> None:
    results = random_table(draw)
    shuffled = list(results)
    random.Random(draw).shuffle(shuffled)
    assert as_json(read_out(shuffled, ASKED, search="t-1")) == as_json(
        read_out(results, ASKED, search="t-1"))
    assert [row.name for row in made(shuffled).rows] == ["dates", "entities", "both"]


def test_a_study_without_a_table_reads_out_as_before() -> None:
    data = json.loads(as_json(read_out(search({"dates": 1.0, "entities": 2.0, "numbers": 0.0}),
                                       QUESTION, search="lab-1")))
    assert "transfer_table" not in data
    assert "table" not in data["outcomes"]


def test_a_table_beside_a_search_changes_nothing_of_its_answer() -> None:
    searched = search({"dates": 1.0, "entities": 2.0, "numbers": 0.0})
    beside = [each.model_copy(update={"config": each.config.model_copy(update={
        "targets": ("topics", "tags")}), "scores": searched[0].scores})
        for each in table_of(GAINS, CONTROLS) if not each.config.is_control]
    before = read_out(searched, QUESTION, search="lab-1").as_data()
    after = read_out([*searched, *beside], QUESTION, search="lab-1").as_data()
    for key in ("winners", "references", "selection", "non_copy", "controls", "comparisons"):
        assert after[key] == before[key]
    assert after["transfer_table"]["rows"][0]["name"] == "dates"


def test_published_figures_stand_beneath_the_encoder_they_are_of() -> None:
    kinds = {"xnli": Kind.PAIR, "mlqa": Kind.QA, "udpos": Kind.TAGGING, "tatoeba": Kind.RETRIEVAL}
    metrics = {"xnli": "accuracy", "mlqa": "mlqa_f1", "udpos": "accuracy", "tatoeba": "accuracy"}
    xlmr = HubModel(name="mine", path="FacebookAI/xlm-roberta-large")
    scores = scored(dict.fromkeys(kinds, 50.0), metrics)

    def table_with(model: HubModel) -> TransferTable:
        found = transfer_table([
            trial("t-0", None, scores, seed=0, targets=tuple(kinds), model=model),
            trial("t-1", "dates", scores, seed=0, targets=tuple(kinds), model=model)], kinds)
        assert found is not None
        return found

    rows = [(row.name, row.is_gain, dict(zip(("xnli", "mlqa", "udpos", "tatoeba"), row.points,
                                             strict=False)))
            for row in table_with(xlmr).published]
    # UD-POS was scored by token accuracy here, of which nothing is published.
    blank = {"udpos": None, "tatoeba": None}
    assert rows[:3] == [
        ("published control", False, {"xnli": 79.2, "mlqa": 71.6, **blank}),
        ("published best", False, {"xnli": 80.0, "mlqa": 72.4, **blank}),
        ("published best", False, {"xnli": 80.4, "mlqa": 72.3, **blank})]
    (name, is_gain, points), = rows[3:]
    assert (name, is_gain) == ("published gain", True)
    assert (points["xnli"], points["mlqa"]) == pytest.approx((0.8, 0.8))
    assert all(row.points[4:] == (None, None) for row in table_with(xlmr).published)
    assert table_with(HubModel(name="base", path="xlm-roberta-base")).published == ()
    assert len({each.source for each in PUBLISHED_SCORES}) == 2
