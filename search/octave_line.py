"""A straight line over octaves, through sizes that were each measured on several seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.error_terms import ErrorTerm

__all__ = ["OctaveLine", "slope_sd", "unit_slopes"]

Array = NDArray[Any]


class OctaveLine:
    """The line over octaves through the sizes' means, and what it errs by.

    Two factors are random. What sizes stray from the line (recipes chosen for each, seeds' noise)
    gives its residual variance, with two degrees of freedom less than sizes. Seeds that were
    pretrained at every size give each a line of its own: their spread holds what the sizes'
    residuals cannot show, a seed's own slope. The residual stands in both terms, so that their
    sum is a bound: its 0.90 interval covers 0.89 to 0.98 from three seeds on, 0.86 to 0.97 of
    two; that of a prediction 0.86 and 0.83 at least (`python -m tests.bench.language_laws`).
    """

    def __init__(self, octaves: Array, table: Array) -> None:
        """Fit the means of `table` [sizes, seeds] over `octaves` [sizes]."""
        self.center = float(octaves.mean())
        self._x = octaves - self.center
        self._squares = float(self._x @ self._x)
        means = table.mean(axis=1)
        self.slope = float(self._x @ means) / self._squares
        self._height = float(means.mean())
        residual = means - self._height - self.slope * self._x
        self._freedom = len(octaves) - 2
        self._variance = float(residual @ residual) / self._freedom
        self.sizes, self.seeds = table.shape
        self._slopes = _slopes(octaves, table)  # [seeds]
        self._heights = table.mean(axis=0)

    @property
    def slope_terms(self) -> list[ErrorTerm]:
        """The error terms of the slope."""
        return [ErrorTerm(self._variance / self._squares, self._freedom),
                *self._seed_term(self._slopes, 1 / self.seeds)]

    def at(self, octave: float) -> float:
        """Return the line's height at an octave."""
        return self._height + self.slope * (octave - self.center)

    def prediction_terms(self, octave: float, fresh: int) -> list[ErrorTerm]:
        """Return the error terms of the mean of `fresh` new seeds at a new size."""
        away = octave - self.center
        reach = 1 + 1 / self.sizes + away**2 / self._squares
        lines = self._heights + self._slopes * away
        return [ErrorTerm(self._variance * reach, self._freedom),
                *self._seed_term(lines, 1 / self.seeds + 1 / fresh)]

    def _seed_term(self, values: Array, share: float) -> list[ErrorTerm]:
        if self.seeds < 2:
            return []
        return [ErrorTerm(float(values.var(ddof=1)) * share, self.seeds - 1)]


def unit_slopes(
    parameters: Sequence[float], gains: Sequence[float], units: Sequence[int]
) -> dict[int, float]:
    """Return unit -> the least-squares slope of its gains on log2 of the parameters.

    In points per doubling; empty of fewer than two sizes. Units that lack a size that another has
    are left out, since their slope would be of other sizes.

    Args:
        parameters: shape [n], body parameters.
        gains: shape [n], in points.
        units: shape [n].
    """
    sizes = sorted(set(parameters))
    at: dict[int, dict[float, list[float]]] = {}
    for size, gain, unit in zip(parameters, gains, units, strict=True):
        at.setdefault(unit, {}).setdefault(size, []).append(gain)
    whole = [unit for unit, found in sorted(at.items()) if len(found) == len(sizes)]
    if len(sizes) < 2 or not whole:
        return {}
    table = np.array([[math.fsum(at[unit][size]) / len(at[unit][size]) for unit in whole]
                      for size in sizes])
    slopes = _slopes(np.log2(np.array(sizes, dtype=float)), table)
    return dict(zip(whole, map(float, slopes), strict=True))


def slope_sd(parameters: Sequence[float], sd: float) -> float | None:
    """Return a unit's standard deviation of the slope, from that of its gain at one size.

    Gains at different sizes are taken as independent. None of fewer than two sizes.
    """
    octaves = np.log2(np.array(sorted(set(parameters)), dtype=float))
    if len(octaves) < 2:
        return None
    return float(sd / math.sqrt(((octaves - octaves.mean()) ** 2).sum()))


def _slopes(octaves: Array, table: Array) -> Array:
    """Return each seed's least-squares slope [seeds] of `table` [sizes, seeds]."""
    centred = octaves - octaves.mean()
    slopes: Array = centred @ table / float(centred @ centred)
    return slopes
