"""The report of arms: the declared contrast, gains by size, and no number without its right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from search.entries import Question
from search.readout import read_out
from search.report.arms import arms
from search.report.pieces import Figure, Material, Section
from search.report.plots import figure_json
from search.report.scaling import scaling
from search.report.sections import sections_of
from search.results import Outcome, TrialResult
from tests.search.arms_study import section, trials
from tests.search.simulated_table import KINDS

SIZES = {"lab-25k": 25_000, "lab-small": 50_000, "lab-170k": 200_000}
TARGETS = ("nli", "spans")


def drawn(mean: float, draw: int, blocks: int = 6) -> list[float]:
    return (mean + np.random.default_rng(draw).normal(0, 0.5, blocks)).tolist()


def material(results: Sequence[TrialResult], parameters: Mapping[str, int] = SIZES,
             **fields: Any) -> Material:
    given = [each.model_copy(update={"config": each.config.model_copy(update={
        "targets": TARGETS})}) for each in results]
    question = Question(kinds=KINDS, arms=section(**fields), parameters=dict(parameters))
    return Material(read_out(given, question, search="arms-1"), given, {})


def by_size() -> list[TrialResult]:
    """Return a gain of a point per octave for `dates`, none for `entities`."""
    return [each for draw, (model, gain) in enumerate({
        "lab-25k": 2.0, "lab-small": 3.0, "lab-170k": 5.0}.items())
        for each in trials({"dates": drawn(gain, draw), "entities": drawn(0, 20 + draw)},
                           model=model)]


def figures(found: Section | None) -> dict[str, Figure]:
    assert found is not None
    return {part.name: part for part in found.parts if isinstance(part, Figure)}


def words(found: Section | None) -> str:
    assert found is not None
    return " ".join(part for part in found.parts if isinstance(part, str))


def rows(figure: Figure, name: str) -> list[tuple[Any, ...]]:
    return [row for row in figure.numbers.rows if row[0] == name]


def test_the_primary_contrast_is_drawn_with_all_that_it_rests_on() -> None:
    given = material(trials({"dates": drawn(8, 0), "entities": drawn(3, 1)}))
    assert given.readout.arms is not None
    primary = given.readout.arms.primary
    assert primary.estimate is not None
    figure = figures(arms(given))["primary"]
    assert rows(figure, "difference") == [
        ("difference", None, primary.estimate.mean, primary.estimate.low, primary.estimate.high)]
    assert [row[2] for row in rows(figure, "unit")] == list(primary.values.values())
    assert rows(figure, "minimal detectable effect")[0][2] == primary.minimal_detectable_effect
    assert rows(figure, "least that matters")[0][2] == 1.0
    low, high = figure.layout["xaxis"]["range"]
    drawn_at = [x for trace in figure.traces for x in trace["x"] if x is not None]
    assert low < min(drawn_at) <= max(drawn_at) < high
    assert "one verdict in 100%" in words(arms(given))


def test_gains_have_intervals_that_hold_at_once_and_contain_their_own() -> None:
    given = material(trials({"dates": drawn(8, 2), "entities": drawn(0, 3)}))
    figure = figures(arms(given))["arm-gains"]
    for row in figure.numbers.rows:
        named = dict(zip(figure.numbers.header, row, strict=True))
        assert named["low_all_at_once"] < named["low"] < named["gain_points"]
        assert named["gain_points"] < named["high"] < named["high_all_at_once"]
    marks = {trace["name"]: list(trace["y"]) for trace in figure.traces
             if trace["mode"] == "markers"}
    assert marks == {"gain": ["dates"], "gain, not shown": ["entities"]}


def test_the_page_of_arms_alone_says_its_answer_once_and_speaks_of_no_mixture() -> None:
    given = material(trials({"dates": drawn(8, 0), "entities": drawn(3, 1)}))
    names = [each.name for each in sections_of(given)]
    assert names[:2] == ["answer", "arms"]
    assert not {"mixtures", "effects", "convergence", "scaling", "robustness"} & set(names)
    assert "points more than entities" not in words(arms(given))


def test_one_block_has_points_and_neither_interval_nor_effect() -> None:
    given = material(trials({"dates": [5.0], "entities": [1.0]}), seeds=1)
    found = figures(arms(given))
    assert [row[0] for row in found["primary"].numbers.rows] == [
        "difference", "unit", "minimal detectable effect", "least that matters"]
    assert rows(found["primary"], "difference") == [("difference", None, 4.0, None, None)]
    assert rows(found["primary"], "minimal detectable effect")[0][2] is None
    assert not any(trace["mode"] == "lines" for each in found.values() for trace in each.traces)
    assert "takes more units" in found["arm-gains"].caption
    for figure in found.values():
        figure_json(figure)


def test_arms_that_failed_have_no_figure_and_are_counted() -> None:
    lost = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
            for each in trials({"dates": [5.0] * 6, "entities": [1.0] * 6})]
    found = arms(material(lost))
    assert figures(found) == {}
    assert "no figure of gains" in words(found)
    assert "Trials without a score: dates 6, entities 6." in words(found)


def test_gains_and_controls_stand_over_octaves_with_the_slopes_as_lines() -> None:
    given = material(by_size(), primary={"worse": "control", "per": "octave", "family": "lab"})
    found = figures(scaling(given))
    assert list(found) == ["scaling", "scaling-controls"]
    figure = found["scaling"]
    assert figure.layout["xaxis"]["ticktext"] == ["25k", "50k", "200k"]
    line = next(trace for trace in figure.traces if trace["mode"] == "lines")
    (slope,) = (row for row in rows(figure, "per doubling") if row[1] == "dates")
    assert np.diff(line["y"]) / np.diff(line["x"]) == pytest.approx(slope[5])
    assert np.diff(line["x"]) == pytest.approx(3.0)  # octaves
    means = [row[5] for row in rows(figure, "measured") if row[1] == "dates"]
    assert np.mean(line["y"]) == pytest.approx(
        np.mean(means) + slope[5] * (1.5 - np.mean([0, 1, 3])))
    assert "dates, within lab: +" in words(scaling(given))


def test_families_are_not_joined_and_one_size_has_no_plot() -> None:
    given = material(by_size(), families=["lab-25k", "lab-s", "lab-1"])
    figure = figures(scaling(given))["scaling"]
    assert not any(trace["mode"] == "lines" for trace in figure.traces)
    assert len(figure.traces) == 6  # two arms in three families
    assert "No slope is told" in words(scaling(given))
    assert scaling(material(trials({"dates": drawn(5, 4), "entities": drawn(0, 5)}))) is None
    assert scaling(material(by_size(), parameters={})) is None


def test_a_study_without_arms_has_no_such_section() -> None:
    given = Material(read_out([], Question(kinds=KINDS), search="none"), [], {})
    assert arms(given) is scaling(given) is None
