"""The report of similarity: every pair drawn, slopes as they are told, nothing where refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from search.entries import Question
from search.readout import read_out
from search.report.pieces import Figure, Material, Section
from search.report.plots import figure_json
from search.report.sections import sections_of
from search.report.similarity import similarity
from search.results import TrialResult
from search.source_effects import DISTANCES
from tests.search.crossed_sources import KINDS, SIZES, SOURCES, TARGETS, crossed, section


def material(results: Sequence[TrialResult], **fields: Any) -> Material:
    question = Question(kinds=KINDS, arms=section(**fields), parameters=SIZES)
    return Material(read_out(results, question, search="similarity-1"), results, {})


@cache
def planted() -> Material:
    return material(crossed(-25.0))


def figures(found: Section | None) -> dict[str, Figure]:
    assert found is not None
    return {part.name: part for part in found.parts if isinstance(part, Figure)}


def named(figure: Figure) -> list[dict[str, Any]]:
    return [dict(zip(figure.numbers.header, row, strict=True)) for row in figure.numbers.rows]


def test_every_distance_has_its_slope_at_each_size_and_over_all() -> None:
    figure = figures(similarity(planted()))["similarity-slopes"]
    figure_json(figure)
    assert figure.layout["yaxis"]["ticktext"] == [kind.value for kind in DISTANCES]
    rows = [row for row in named(figure) if row["distance"] == "syntactic"]
    assert [(row["row"], row["body_parameters"]) for row in rows] == [
        ("all sizes", None), ("one size", 50_000), ("one size", 400_000), ("more per octave", None)]
    whole, small, large, _ = (row["points_per_0.1"] for row in rows)
    assert whole == pytest.approx((small + large) / 2)
    assert rows[0]["p_by_holm"] < 0.1
    assert rows[1]["p_by_holm"] is None
    (diamonds,) = (trace for trace in figure.traces if trace.get("name") == "all sizes"
                   and trace["mode"] == "markers")
    assert diamonds["marker"]["color"][0] != "white"
    assert diamonds["x"][0] == whole
    low, high = figure.layout["xaxis"]["range"]
    assert all(low < x < high for trace in figure.traces for x in trace["x"] if x is not None)


def test_every_pair_is_a_point_and_its_hover_names_it() -> None:
    figure = figures(similarity(planted()))["similarity-pairs"]
    figure_json(figure)
    pairs = len(SOURCES) * len(TARGETS)
    points = [trace for trace in figure.traces if trace["mode"] == "markers"]
    assert [len(trace["x"]) for trace in points] == [pairs] * len(SIZES) * len(DISTANCES)
    assert sum(trace["showlegend"] for trace in points) == len(SIZES)
    assert points[0]["hovertext"][0].startswith("ar → cy, 50k body parameters<br>syntactic")
    rows = named(figure)
    assert len(rows) == pairs * len(SIZES)
    assert {(row["source"], row["target"]) for row in rows} == {
        (source, target) for source in SOURCES for target in TARGETS}
    assert all(row["gain_points"] == pytest.approx(row["score_points"] - row["control_points"])
               for row in rows)
    (syntactic,) = (trace for trace in points if trace["xaxis"] == "x1"
                    and trace["name"] == "50k body parameters")
    assert syntactic["x"] == [row["syntactic_distance"] for row in rows
                              if row["body_parameters"] == 50_000]


def test_lines_go_through_the_points_that_are_drawn() -> None:
    figure = figures(similarity(planted()))["similarity-pairs"]
    slopes = {(row["distance"], row["body_parameters"]): row["points_per_0.1"] for row in
              named(figures(similarity(planted()))["similarity-slopes"])}
    points = [trace for trace in figure.traces if trace["mode"] == "markers"]
    lines = [trace for trace in figure.traces if trace["mode"] == "lines" and "hovertext" in trace]
    keys = [(kind.value, size) for kind in DISTANCES for size in SIZES.values()]
    for key, drawn, line in zip(keys, points, lines, strict=True):
        slope, height = np.polyfit(drawn["x"], drawn["y"], 1)
        assert slope == pytest.approx(10 * slopes[key])
        assert line["y"] == pytest.approx([height + slope * x for x in line["x"]])


def test_families_have_figures_of_their_own_and_what_is_refused_has_none() -> None:
    apart = figures(similarity(material(crossed(-25.0, seeds=1),
                                        families=["lab-small", "lab-medium"])))
    assert list(apart) == ["similarity-slopes-1", "similarity-pairs-1", "similarity-slopes-2",
                           "similarity-pairs-2"]
    assert {trace["name"] for trace in apart["similarity-slopes-1"].traces} == {"all sizes"}
    few = similarity(material([each for each in crossed(0.0, seeds=1)
                               if each.group in ("control", "in ru", "in ar")]))
    assert figures(few) == {}
    assert few is not None
    assert "must cross at least 3 sources" in str(few.parts[-1])


def test_only_arms_that_are_sources_have_the_section() -> None:
    assert similarity(material(crossed(0.0, seeds=1), sources=False)) is None
    assert "similarity" in [each.name for each in sections_of(planted())]
