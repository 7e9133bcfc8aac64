"""Contrasts: error rates on synthetic data, corrections against their laws, slopes, halves."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import special

from search.contrasts import (
    decide,
    holm,
    max_t,
    minimal_detectable_effect,
    p_value,
    simultaneous,
    verdict_halves,
)
from search.intervals import Interval, t_interval

REPEATS = 400


def within(successes: int, draws: int, rate: float) -> bool:
    """Return whether so many successes lie within four standard errors of a rate."""
    return abs(successes - draws * rate) <= 4 * math.sqrt(draws * rate * (1 - rate))


def test_of_no_difference_one_in_ten_is_called_one() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 2, size=(REPEATS, 6)).tolist()
    shown = sum(decide(t_interval(each), 0.1) in ("better", "worse") for each in values)
    assert within(shown, REPEATS, 0.10)
    assert shown == sum((p_value(each) or 1.0) < 0.10 for each in values)


@pytest.mark.parametrize("units", [4, 6, 12])
def test_the_minimal_detectable_effect_is_shown_about_as_often_as_it_says(units: int) -> None:
    effect = minimal_detectable_effect(2.0, units)
    assert effect is not None
    values = np.random.default_rng(units).normal(effect, 2, size=(REPEATS, units))
    shown = sum(decide(t_interval(each.tolist()), 1.0) == "better" for each in values)
    assert within(shown, REPEATS, 0.80)


def test_the_minimal_detectable_effect_needs_two_units_and_sense() -> None:
    assert minimal_detectable_effect(1.0, 1) is None
    with pytest.raises(ValueError, match="`sd` must not be negative"):
        minimal_detectable_effect(-1.0, 6)


@pytest.mark.parametrize(("low", "high", "verdict"), [
    (0.1, 3.0, "better"), (-3.0, -0.1, "worse"), (-0.5, 1.0, "no difference that matters"),
    (0.1, 0.9, "no difference that matters"), (-1.0, -0.2, "no difference that matters"),
    (0.2, 1.1, "better"), (-1.5, 0.5, "undecided"), (None, None, "undecided")])
def test_a_verdict_is_read_off_the_interval(
    low: float | None, high: float | None, verdict: str
) -> None:
    assert decide(Interval(mean=0.0, low=low, high=high, units=5), 1.0) == verdict


def test_values_without_spread_have_no_p_value() -> None:
    assert p_value([1.0, 1.0, 1.0]) is None
    assert p_value([1.0]) is None


def test_holm_adjusts_as_its_definition_says_in_whatever_order() -> None:
    given = [0.01, 0.04, 0.03, 0.5]
    for order in permutations(range(4)):
        found = holm([given[place] for place in order])
        assert dict(zip(order, found, strict=True)) == pytest.approx(
            {0: 0.04, 2: 0.09, 1: 0.09, 3: 0.5})
    assert holm([]) == []


def test_of_many_arms_without_gains_one_study_in_ten_or_fewer_names_any() -> None:
    random = np.random.default_rng(1)
    shared = random.normal(0, 1, size=(REPEATS, 1, 6))  # the controls' own noise, in every arm
    gains = random.normal(0, 1, size=(REPEATS, 8, 6)) + shared
    named = 0
    for each in gains:
        found = max_t(each)
        assert found is not None
        named += bool(found.min() <= 0.10)
    assert named <= 0.10 * REPEATS + 4 * math.sqrt(REPEATS * 0.09)
    alone = [2 * special.stdtr(5, -np.abs(each.mean(axis=1) / each.std(axis=1, ddof=1)
                                          * math.sqrt(6))) for each in gains]
    assert sum(bool(each.min() <= 0.10) for each in alone) > 2 * named  # what is corrected for


def test_an_arm_with_a_large_gain_is_named_among_many() -> None:
    gains = np.random.default_rng(2).normal(0, 1, size=(8, 7))
    gains[3] += 6.0
    found = max_t(gains)
    assert found is not None
    assert found[3] == pytest.approx(2 / 2**7)
    assert found.argmin() == 3


def test_too_few_units_have_no_corrected_p_value_and_many_are_sampled() -> None:
    assert max_t(np.ones((3, 4))) is None
    assert max_t(np.zeros((0, 6))) is None
    many = max_t(np.random.default_rng(3).normal(1, 1, size=(2, 20)))
    assert many is not None
    assert (many > 0).all()
    with pytest.raises(ValueError, match="finite"):
        max_t(np.full((2, 6), np.nan))


def test_intervals_that_hold_at_once_are_wide_enough_for_all_of_them() -> None:
    random = np.random.default_rng(6)
    missed = 0
    for _ in range(REPEATS):
        found = [simultaneous(t_interval(row), 8) for row in random.normal(0, 2, (8, 6)).tolist()]
        missed += any((each.low or 0) > 0 or (each.high or 0) < 0 for each in found if each)
    assert within(missed, REPEATS, 0.10)  # of independent rows Bonferroni's bound is all but met
    alone = t_interval([1.0, 2.0, 4.0])
    assert simultaneous(alone, 1) == alone
    assert simultaneous(t_interval([1.0]), 3) == t_interval([1.0])
    assert simultaneous(None, 3) is None


def test_halves_agree_on_what_is_plain_and_a_test_seldom_tells_them_apart() -> None:
    random = np.random.default_rng(5)
    plain = verdict_halves((5.0 + random.normal(0, 0.5, 12)).tolist(), 1.0)
    assert plain is not None
    assert (plain.halves, plain.agreed) == (20, 1.0)
    found = [verdict_halves(random.normal(0, 1, 12).tolist(), 1.0) for _ in range(50)]
    assert np.mean([each.rejected or 0 for each in found if each is not None]) <= 0.12
    assert verdict_halves([1.0, 2.0, 3.0], 1.0) is None
