from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from search.error_terms import (
    ErrorTerm,
    crossed_interval,
    jackknifed,
    squared_error,
    summed_interval,
    welch_interval,
)
from search.intervals import t_interval

points = st.lists(st.integers(0, 1000).map(lambda value: value / 10), min_size=2, max_size=12)


@given(points)
def test_the_jackknife_of_a_mean_is_its_t_interval(drawn: list[float]) -> None:
    numbers = np.array(drawn)

    found, = jackknifed(lambda rows: np.array([numbers[rows].mean()]), [range(len(drawn))],
                        units=len(drawn))

    expected = t_interval(drawn)
    assert expected is not None
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=1e-6),
                                       pytest.approx(expected.high, abs=1e-6))


def test_a_factor_of_one_level_adds_nothing_and_alone_gives_no_interval() -> None:
    numbers = np.array([1.0, 2.0, 4.0])

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.array([numbers[rows].mean()])

    alone, = jackknifed(mean, [["a"] * 3], units=1)
    both, = jackknifed(mean, [["a"] * 3, [1, 2, 3]], units=3)

    assert (alone.mean, alone.low) == (pytest.approx(7 / 3), None)
    assert both == jackknifed(mean, [[1, 2, 3]], units=3)[0]


def test_terms_add_up_with_satterthwaites_degrees_of_freedom() -> None:
    assert squared_error([]) is None
    assert squared_error([ErrorTerm(2.0, 4)]) == ErrorTerm(2.0, 4)
    assert squared_error([ErrorTerm(1.0, 3), ErrorTerm(1.0, 3)]) == ErrorTerm(2.0, 6)
    assert summed_interval(5.0, [], units=1).low is None
    certain = summed_interval(5.0, [ErrorTerm(0.0, 3)], units=4)
    assert (certain.low, certain.high) == (5.0, 5.0)
    assert not math.isnan(certain.mean)


@given(points, st.integers(1, 5))
def test_a_factor_without_effect_or_of_one_level_adds_nothing(
    values: list[float], times: int
) -> None:
    rows = [str(index) for index in range(len(values))] * times
    columns = [str(index // len(values)) for index in range(len(values) * times)]
    expected = t_interval(values)

    for found in (crossed_interval(values * times, rows, columns),
                  crossed_interval(values * times, columns, rows)):
        assert found is not None
        assert expected is not None
        assert found.units in (len(values), times)
        assert found.mean == pytest.approx(expected.mean, abs=1e-9)
        assert found.high == pytest.approx(expected.high, abs=1e-6)


@pytest.mark.parametrize("column_sd", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(3, 2), (6, 2), (5, 5)])
def test_a_crossed_interval_covers_whatever_the_columns_do(
    shape: tuple[int, int], column_sd: float
) -> None:
    rng = np.random.default_rng(0)
    rows, columns = shape
    names = [[str(row), str(column)] for row in range(rows) for column in range(columns)]
    covered, repeats = 0, 1_000
    for _ in range(repeats):
        table = (0.5 * rng.normal(size=(rows, 1)) + column_sd * rng.normal(size=(1, columns))
                 + 0.7 * rng.normal(size=(rows, columns)))
        found = crossed_interval(table.ravel().tolist(), *zip(*names, strict=True))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert covered / repeats > 0.84  # 0.86 at (6, 2) and sd 1, where rows alone cover 0.52


def test_a_crossed_interval_wants_a_row_and_a_column_for_each_value() -> None:
    with pytest.raises(ValueError, match="one unit per value, got 1 and 2 for 2"):
        crossed_interval([1.0, 2.0], ["a"], ["b", "c"])


def test_welch_agrees_with_scipy() -> None:
    later, earlier = [61.0, 62.5, 63.0, 60.2], [55.0, 58.0, 53.5]
    found = welch_interval(later, earlier)
    expected = stats.ttest_ind(later, earlier, equal_var=False).confidence_interval(0.90)

    assert found is not None
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_welch_gives_no_interval_with_a_single_value_on_a_side() -> None:
    found = welch_interval([61.0, 62.0], [55.0])

    assert found is not None
    assert (found.mean, found.low) == (6.5, None)
