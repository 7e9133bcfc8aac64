"""The families' band: it holds the curve it was made of, level with the means."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from search.curve_band import family_band
from search.curve_table import curve_notes, doublings_table
from search.readout import read_out
from search.report.families import family_numbers, family_traces
from search.report.languages import languages
from search.report.pieces import Figure, Material
from search.report.plots import figure_json
from search.saturation import Saturation
from tests.search.simulated_results import QUESTION, curve


def read(truth: Callable[[float], float], **options: int) -> Saturation:
    found = read_out(curve(truth, **options), QUESTION, search="lab-1").curve
    assert found is not None
    return found


SATURATING = read(lambda x: 60 - 4 / (x + 1))


def test_the_band_reaches_over_the_positive_x_and_holds_the_truth() -> None:
    band = family_band(SATURATING)
    assert (band[0].x, band[-1].x) == (pytest.approx(1.0), pytest.approx(8.0))
    assert all(point.low <= point.median <= point.high for point in band)
    shift = np.mean([point.score.mean - (60 - 4 / (point.x + 1))
                     for point in SATURATING.points if point.x])
    inside = [point.low <= 60 - 4 / (point.x + 1) + shift <= point.high for point in band]
    assert np.mean(inside) > 0.8


def test_units_move_the_band_and_nothing_else() -> None:
    moved = SATURATING.model_copy(update={
        "observations": tuple(each.model_copy(update={"score": each.score - 20})
                              for each in SATURATING.observations),
        "points": tuple(each.model_copy(update={"score": each.score.model_copy(
            update={"mean": each.score.mean - 20})}) for each in SATURATING.points)})
    for one, other in zip(family_band(SATURATING), family_band(moved), strict=True):
        assert other.median + 20 == pytest.approx(one.median, abs=1e-6)
        assert other.high - other.low == pytest.approx(one.high - one.low, abs=1e-6)


@pytest.mark.parametrize(("truth", "symbols"), [
    (lambda x: 60 - 4 / (x + 1), ["line-ns", "diamond", "line-ns"]),
    (lambda x: 50 + 3 * math.log2(x + 1), ["line-ns", "triangle-right"]), (lambda x: 55.0, [])],
    ids=["saturating", "rising", "flat"])
def test_x_star_by_the_families_is_drawn_where_there_is_one_with_open_ends_as_arrows(
    truth: Callable[[float], float], symbols: list[str]
) -> None:
    found = read(truth)
    band = family_band(found)
    drawn = [trace for trace in family_traces(found, band, math.log2)
             if trace["name"] == "families, x*"]
    assert [symbol for trace in drawn for symbol in trace["marker"]["symbol"]] == symbols
    told = [row for row in family_numbers(found, band) if str(row[0]).startswith("families x*")]
    assert bool(told) == bool(drawn)


def test_without_a_spread_there_are_no_families() -> None:
    assert family_band(read(lambda x: 50 + x, orders=1, seeds=1)) == ()


def test_the_section_has_the_families_and_each_doubling_as_a_row() -> None:
    results = curve(lambda x: 60 - 4 / (x + 1))
    found = languages(Material(read_out(results, QUESTION, search="lab-1"), results, {}))
    assert found is not None
    (figure,) = (part for part in found.parts if isinstance(part, Figure))
    assert [trace["name"] for trace in figure.traces
            if "families" in str(trace.get("name"))] == [
        "families, 90%", "families", "families, x*"]
    figure_json(figure)  # plotly knows every attribute
    table = doublings_table(SATURATING)
    assert [row[0] for row in table.rows] == ["1 to 2", "2 to 4", "4 to 8"]
    shown = {test.start: (test.above, test.within) for test in SATURATING.tests}
    words = {(True, False): "more", (False, True): "at most", (False, False): "neither"}
    assert [row[4] for row in table.rows] == [words[each] for each in shown.values()]
    assert table in found.parts


def test_a_note_says_where_the_families_put_x_star() -> None:
    (note, *_) = curve_notes(SATURATING)
    assert "put x* between " in note
    (rising, *_) = curve_notes(read(lambda x: 50 + 3 * math.log2(x + 1)))
    assert "put x* at 4 or above, 100% of it beyond the data" in rising
