"""The arms' read-out: known gains come back, and no number is given that is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.arm_entries import ArmsReadout
from search.arm_readout import MAX_T, read_arms
from search.arm_tables import arm_tables
from search.arms_section import Arms
from search.results import Outcome, Role, TrialResult
from tests.search.arms_study import section, trials
from tests.search.simulated_table import KINDS

BLOCKS = 6
SIZES = {"lab-25k": 25_000, "lab-small": 50_000, "lab-170k": 200_000, "lab-1m": 400_000}


def drawn(mean: float, draw: int, sd: float = 0.5) -> list[float]:
    return (mean + np.random.default_rng(draw).normal(0, sd, BLOCKS)).tolist()


def read(results: list[TrialResult], **fields: Any) -> ArmsReadout:
    found = read_arms(results, section(**fields), KINDS, parameters=SIZES)
    assert found is not None
    return found


def test_a_plain_difference_is_found_with_its_sentence() -> None:
    found = read(trials({"dates": drawn(8.0, 0), "entities": drawn(3.0, 1)}))
    primary = found.primary
    assert primary.estimate is not None
    assert primary.estimate.mean == pytest.approx(5.0, abs=0.7)
    assert primary.verdict == "better"
    assert primary.split_half is not None
    assert primary.split_half.agreed == 1.0
    assert primary.sentence.startswith("dates gains ")
    for part in (f"{primary.estimate.mean:.2f} [{primary.estimate.low:.2f}, ",
                 "points more than entities on nli, spans in 2 languages, lab-tiny (90%, 6 seed "
                 "blocks, minimal detectable effect",
                 "more than nothing, and by more than 1 point"):
        assert part in primary.sentence
    assert found.correction == MAX_T
    assert all(each.p_value is not None and each.p_value <= 0.1 for each in found.gains)


def test_gains_are_each_arms_over_its_own_controls() -> None:
    found = read(trials({"dates": [4.0] * BLOCKS, "entities": drawn(0.0, 2)}))
    gains = {each.arm: each.gain for each in found.gains}
    assert gains["dates"] is not None
    assert gains["dates"].mean == pytest.approx(4.0)
    assert gains["dates"].sd == pytest.approx(0.0, abs=1e-9)  # the controls' levels cancel
    assert [each.score.mean for each in found.controls if each.score] == [pytest.approx(42.5)]


def test_several_pretraining_seeds_are_what_intervals_are_over() -> None:
    found = read(trials({"dates": drawn(5.0, 3), "entities": drawn(0.0, 4)}, encoders=3),
                 pretraining_seeds=3)
    assert (found.unit, found.units) == ("pretraining seeds", 3)
    assert found.primary.estimate is not None
    assert found.primary.estimate.units == 3
    assert found.primary.split_half is None
    assert found.correction is None
    assert all(each.p_value is None for each in found.gains)


def test_a_slope_is_per_doubling_within_a_family() -> None:
    by_size = {"lab-25k": 2.0, "lab-small": 3.0, "lab-170k": 5.0}  # a point per octave
    results = [each for draw, (model, gain) in enumerate(by_size.items())
               for each in trials({"dates": drawn(gain, draw, sd=0.3), "entities": [0.0] * BLOCKS},
                                  model=model)]
    found = read(results, primary={"worse": "control", "per": "octave", "family": "lab"})
    assert found.primary.estimate is not None
    assert found.primary.estimate.mean == pytest.approx(1.0, abs=0.2)
    assert found.primary.sentence.startswith("Per doubling of body parameters, what dates gains")
    slopes = {each.arm: each for each in found.slopes}
    assert slopes["dates"].slope == found.primary.estimate
    assert slopes["entities"].p_value is None  # without any spread there is no test
    split = read(results, primary={"worse": "control", "per": "octave"},
                 families=["lab-25k", "lab-s", "lab-1"])
    assert split.primary.estimate is None
    assert split.slopes == ()
    assert split.primary.sentence.startswith("No answer: no seed block has all that")


@pytest.mark.parametrize(("largest", "holds"), [(6.0, True), (0.0, False)])
def test_the_largest_size_is_held_against_the_line_of_the_smaller_ones(
    largest: float, holds: bool
) -> None:
    by_size = {"lab-25k": 2.0, "lab-small": 3.0, "lab-170k": 5.0, "lab-1m": largest}
    results = [each for draw, (model, gain) in enumerate(by_size.items())
               for each in trials({"dates": drawn(gain, draw, sd=0.3), "entities": [0.0] * BLOCKS},
                                  model=model)]
    found = read(results, primary={"worse": "control", "per": "octave", "family": "lab"})
    (held,) = [each.held for each in found.slopes if each.arm == "dates"]
    assert held is not None
    assert held.prediction.mean == pytest.approx(6.0, abs=0.5)
    assert held.lies_within is holds
    assert f"dates: of the line of the smaller sizes: {held.sentence}." in [
        note for table in arm_tables(found) for note in table.notes]


def test_sides_in_languages_of_their_own_count_equally() -> None:
    found = read(trials({"dates": drawn(6.0, 5), "entities": drawn(2.0, 6)}), primary={
        "better": [{"arm": "dates", "languages": ["sw"]}, {"arm": "entities", "languages": ["th"]}],
        "worse": [{"arm": "entities", "languages": ["sw"]}, {"arm": "dates", "languages": ["th"]}]})
    # What an arm or a language is good at cancels: each is there once on either side.
    assert found.primary.estimate is not None
    assert found.primary.estimate.mean == pytest.approx(0.0, abs=1e-9)
    assert "dates (in sw) and entities (in th) gain" in found.primary.sentence


def test_what_stands_twice_on_a_side_counts_twice_and_is_named_once() -> None:
    results = trials({"dates": drawn(6.0, 5), "entities": drawn(2.0, 6)})
    over_control = ({"better": {"arm": arm}, "worse": {"arm": "control"}}
                    for arm in ("dates", "entities"))
    dates, entities = (read(results, primary=each).primary.values for each in over_control)
    both = read(results, primary={
        "better": [{"arm": "dates"}, {"arm": "entities"}, {"arm": "dates"}],
        "worse": {"arm": "control"}}).primary
    for unit, value in both.values.items():
        assert value == pytest.approx((2 * dates[unit] + entities[unit]) / 3)
    assert "twice dates and entities gain " in both.sentence


def test_languages_are_counted_that_a_side_is_scored_in() -> None:
    results = trials({"dates": drawn(5.0, 9), "entities": drawn(0.0, 10)})
    code = results[0].config.panels.report.languages[0]
    found = read(results, primary={"better": {"arm": "dates", "languages": [code]},
                                   "worse": {"arm": "entities", "languages": [code]}})
    assert "in 1 language," in found.primary.sentence


def test_what_is_missing_is_left_out_and_said() -> None:
    results = trials({"dates": drawn(5.0, 7), "entities": drawn(0.0, 8)})
    lost = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
            if (each.group, each.config.seed) in (("dates", 0), ("control", 1)) else each
            for each in results]
    found = read(lost)
    assert sorted(found.primary.values) == [2, 3, 4, 5]
    assert [each.failed for each in found.gains] == [1, 0]
    nothing = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
               for each in results]
    empty = read(nothing)
    assert empty.primary.sentence.startswith("No answer")
    assert (empty.primary.verdict, empty.primary.estimate) == ("undecided", None)
    assert [each for each in results if each.role is Role.ARM]
    assert read_arms([], section(), KINDS) is None


@pytest.mark.parametrize(("gain", "words"), [
    (0.0, "no difference of more than 2 points either way."),
    (1.0, "no difference of more than 2 points either way, though more than nothing."),
    (-1.0, "no difference of more than 2 points either way, though less than nothing."),
    (2.0, "more than nothing."), (4.0, "more than nothing, and by more than 2 points."),
    (-4.0, "less than nothing, and by more than 2 points."),
])
def test_a_sentence_says_whether_it_matters_and_whether_it_is_nothing(
    gain: float, words: str
) -> None:
    found = read(trials({"dates": [gain + each for each in (-0.3, 0.1, -0.1, 0.3)],
                         "entities": [0.0] * 4}),
                 primary={"better": "dates", "worse": "control", "minimal": 2.0})
    assert found.primary.sentence.endswith(f": {words}")


def test_one_block_has_a_number_but_neither_interval_nor_verdict() -> None:
    found = read(trials({"dates": [5.0], "entities": [1.0]}), seeds=1)
    assert found.primary.sentence.endswith("(1 seed block, so no interval and no verdict).")
    assert found.primary.minimal_detectable_effect is None


def test_tables_hold_every_arm_and_say_where_tokens_differ() -> None:
    found = read(trials({"dates": drawn(5.0, 9), "entities": drawn(0.0, 10)}))
    read_more = found.model_copy(update={"gains": tuple(
        each.model_copy(update={"tokens": tokens})
        for each, tokens in zip(found.gains, (1200.0, 1000.0), strict=True))})
    tables = {table.title: table for table in arm_tables(read_more)}
    assert list(tables) == ["Primary contrast", "Arms", "Controls of the arms"]
    assert [row[0] for row in tables["Arms"].rows] == ["dates", "entities"]
    assert any("dates read 20% more tokens than entities" in note
               for note in tables["Arms"].notes)
    assert all(len(row) == len(table.header) for table in tables.values() for row in table.rows)


def test_a_control_is_found_whatever_else_ran() -> None:
    arms = Arms.model_validate({"arms": {"dates": {}}, "seeds": 6,
                                "primary": {"better": "dates"}})
    results = trials({"dates": drawn(5.0, 11)})
    elsewhere = [each.model_copy(update={
        "trial": f"other-{each.trial}", "role": Role.TUNING}) for each in results]
    alone, beside = (read_arms(each, arms, KINDS) for each in (results, results + elsewhere))
    assert alone == beside
