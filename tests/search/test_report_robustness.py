"""The report of robustness: drops by arm and condition, and what is undefined said."""

from __future__ import annotations

from search.readout import read_out
from search.report.pieces import Figure, Material, Section
from search.report.plots import figure_json
from search.report.robustness import robustness
from search.results import TrialResult
from tests.search.simulated_results import QUESTION
from tests.search.test_robustness import LOST, trials


def made(results: list[TrialResult]) -> Section:
    readout = read_out(results, QUESTION.model_copy(update={"worth": None}), search="robust-1")
    found = robustness(Material(readout, results, {}))
    assert found is not None
    return found


def figures(found: Section) -> dict[str, Figure]:
    return {part.name: part for part in found.parts if isinstance(part, Figure)}


def test_each_arm_has_its_drop_and_every_arm_but_the_control_its_robustness() -> None:
    found = figures(made(trials()))
    assert list(found) == ["robustness-drop", "robustness-effective"]
    drops = {row[1]: row for row in found["robustness-drop"].numbers.rows}
    assert {arm: round(float(row[3] or 0), 6) for arm, row in drops.items()} == LOST
    assert [row[1] for row in found["robustness-effective"].numbers.rows] == ["dates"]
    drop = found["robustness-drop"]
    assert drop.layout["yaxis"]["ticktext"] == ["control", "dates"]
    low, high = drop.layout["xaxis"]["range"]
    assert low < 0 < max(LOST.values()) < high


def test_what_is_undefined_has_a_word_and_its_reason_in_place_of_a_number() -> None:
    section = made(trials(clean=19, gain=60))
    found = figures(section)
    assert list(found) == ["robustness-drop"]  # robustness is undefined everywhere
    drop = found["robustness-drop"]
    (row,) = (each for each in drop.numbers.rows if each[1] == "control")
    assert row[3:6] == (None, None, None)
    assert "not above chance" in str(row[6])
    (said,) = (trace for trace in drop.traces if trace["mode"] == "text")
    assert "typos: undefined" in said["text"][0]
    words = " ".join(part for part in section.parts if isinstance(part, str))
    assert "no figure of effective robustness" in words
    assert "topics under typos: control, lab-tiny: no drop" in words
    figure_json(drop)


def test_languages_left_out_are_named_and_no_changed_rows_have_no_section() -> None:
    words = " ".join(map(str, made(trials(unmatched=["th"])).parts))
    assert "cannot be changed as much as was asked: th." in words
    readout = read_out([], QUESTION, search="none")
    assert robustness(Material(readout, [], {})) is None
