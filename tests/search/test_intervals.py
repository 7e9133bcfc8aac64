from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from search.intervals import (
    MAX_UNITS,
    best_critical,
    spell,
    t_interval,
    units_needed,
)

points = st.lists(st.floats(0, 100).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def test_a_t_interval_is_the_textbook_one() -> None:
    found = t_interval([1.0, 2.0, 3.0])

    assert found is not None
    assert (found.mean, found.sd, found.units) == (2.0, 1.0, 3)
    reach = 2.9199856 / math.sqrt(3)  # t of 0.95 with 2 degrees of freedom, from a table
    assert (found.low, found.high) == (pytest.approx(2 - reach), pytest.approx(2 + reach))


def test_one_value_has_no_interval_and_no_value_no_mean() -> None:
    single = t_interval([57.0])

    assert single is not None
    assert (single.mean, single.sd, single.low, single.high) == (57.0, None, None, None)
    assert t_interval([]) is None
    assert spell(single) == "57.00"
    assert spell(None) == "-"


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="a value must be finite"):
        t_interval([1.0, wrong])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5])
def test_a_level_outside_the_open_unit_interval_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="`level` must lie"):
        t_interval([1.0, 2.0], level=level)


def test_five_blocks_cover_what_is_promised_and_a_percentile_bootstrap_does_not() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(50, 3, size=(2_000, 5))
    covered = [found.low <= 50 <= found.high for found in map(t_interval, samples.tolist())
               if found is not None and found.low is not None and found.high is not None]
    drawn = samples[:, rng.integers(0, 5, size=(400, 5))].mean(axis=2)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=1)

    assert len(covered) == 2_000
    assert abs(np.mean(covered) - 0.90) < 0.02
    assert np.mean((low <= 50) & (high >= 50)) < 0.83


@given(points)
def test_the_interval_moves_and_scales_with_the_values(values: list[float]) -> None:
    found, moved = t_interval(values), t_interval([3 + 2 * value for value in values])

    assert found is not None
    assert moved is not None
    assert found.low is not None
    assert moved.low == pytest.approx(3 + 2 * found.low, abs=1e-6)


@given(st.floats(0.01, 20), st.floats(0.05, 10))
def test_units_needed_is_the_least_number_that_is_enough(sd: float, half_width: float) -> None:
    def reach(units: int) -> float:
        return float(stats.t.ppf(0.95, units - 1)) * sd / math.sqrt(units)

    needed = units_needed(sd, half_width)
    assert needed == MAX_UNITS or reach(needed) <= half_width
    assert needed == 2 or reach(needed - 1) > half_width


# One-sided 0.05, from the tables of Dunnett 1955: k treatments against a control.
@pytest.mark.parametrize(("treatments", "freedom", "expected"), [
    (1, 5, 2.02), (2, 5, 2.44), (3, 5, 2.68), (4, 5, 2.85),
    (1, 10, 1.81), (2, 10, 2.15), (3, 10, 2.34), (4, 20, 2.30),
])
def test_the_critical_value_of_the_best_is_dunnetts(
    treatments: int, freedom: int, expected: float
) -> None:
    assert best_critical(treatments + 1, freedom) == pytest.approx(expected, abs=0.006)


def test_the_critical_value_of_the_best_agrees_with_scipys_multivariate_t() -> None:
    correlation = 0.5 * (np.eye(4) + np.ones((4, 4)))
    cover = stats.multivariate_t(np.zeros(4), correlation, df=8).cdf(
        np.full(4, best_critical(5, 8)), random_state=0)

    assert cover == pytest.approx(0.95, abs=1e-3)


@pytest.mark.parametrize(("groups", "freedom"), [(1, 5), (3, 0), (3, -1)])
def test_no_critical_value_without_groups_and_freedom(groups: int, freedom: float) -> None:
    with pytest.raises(ValueError, match="`groups` must be at least 2"):
        best_critical(groups, freedom)
