from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.error_terms import ErrorTerm, jackknifed, squared_error, summed_interval
from search.intervals import t_interval

values = st.lists(st.integers(0, 1000).map(lambda value: value / 10), min_size=2, max_size=12)


@given(values)
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
