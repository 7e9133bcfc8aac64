"""Slopes per doubling: of units that have all sizes, and how far they scatter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search.octave_line import slope_sd, unit_slopes


def test_slopes_are_per_doubling_and_of_units_with_all_sizes() -> None:
    sizes = [1e5, 2e5, 8e5]
    rows = [(size, 3.0 + slope * math.log2(size), unit) for unit, slope in ((1, 0.5), (2, -1.0))
            for size in sizes] + [(1e5, 0.0, 3)]
    found = unit_slopes(*map(list, zip(*rows, strict=True)))  # type: ignore[arg-type]
    assert found == pytest.approx({1: 0.5, 2: -1.0})
    assert unit_slopes([1e5], [1.0], [0]) == {}


def test_the_spread_of_a_slope_is_that_of_its_gains_over_the_octaves() -> None:
    sizes = [2.0**power for power in (3, 4, 6, 7)]
    drawn = np.random.default_rng(4).normal(0, 3, size=(2_000, 4))
    slopes = [unit_slopes(sizes, row.tolist(), [0] * 4)[0] for row in drawn]
    assert np.std(slopes) == pytest.approx(slope_sd(sizes, 3.0), rel=0.06)
    assert slope_sd([5.0], 1.0) is None
