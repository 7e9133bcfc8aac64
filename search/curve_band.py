"""The families of a curve together, as a band over log2(x): what is drawn beside the trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from search.curve_families import STEPS, Floats
from search.curve_resampling import estimate_curve
from search.doublings import CurveData
from search.intervals import LEVEL
from search.saturation import Saturation
from search.stacking import sample_curves
from spaces.value import Value

__all__ = ["BandPoint", "family_band"]

_PER_OCTAVE: Final = 4  # points drawn; the fine grid has `STEPS`


class BandPoint(Value):
    """The families' curve at one x, in points: the median of its replicates, and `LEVEL` of them.

    The level is that of the measured means: what is in doubt here is the curve's form.
    """

    x: float
    median: float
    low: float
    high: float


def family_band(curve: Saturation) -> tuple[BandPoint, ...]:
    """Return the families' curve in rising x, empty where they cannot be told apart.

    Its replicates are those of which x* by the families is told, each with its family's weight,
    and each raised so that its mean over the measured x, weighed by trials, is that of the means.
    """
    estimate = None if curve.combined is None else estimate_curve(curve.observations)
    sampled = None if estimate is None else sample_curves(
        estimate, curve.worth.threshold(CurveData(curve.observations)))
    if sampled is None:
        return ()
    points = [point for point in curve.points if point.x > 0]
    shares = np.array([point.trials for point in points], float) / sum(
        point.trials for point in points)
    level = float(shares @ [point.score.mean for point in points])
    number = sampled.curves.shape[1]
    curves = sampled.curves.reshape(-1, len(sampled.grid))
    curves = curves + (level - _at(curves, sampled.grid, [point.x for point in points]) @ shares
                       )[:, None]
    step = STEPS // _PER_OCTAVE
    kept = np.arange(len(sampled.grid) - 1, -1, -step)[::-1]  # the greatest x always
    low, median, high = _quantiles(curves[:, kept], np.repeat(sampled.weights / number, number),
                                   ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2))
    return tuple(BandPoint(x=float(2**at), median=float(middle), low=float(under),
                           high=float(over))
                 for at, under, middle, over in zip(sampled.grid[kept], low, median, high,
                                                    strict=True))


def _at(curves: Floats, grid: Floats, xs: Sequence[float]) -> Floats:
    """Return the curves [r, m] at n values of x, linear between points of the grid: [r, n]."""
    between = np.stack([np.interp(np.log2(xs), grid, column) for column in np.eye(len(grid))])
    return np.asarray(curves @ between)


def _quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> Floats:
    """Return the weighted quantiles of each column of `values` [r, m], shape [shares, m]."""
    order = np.argsort(values, axis=0, kind="stable")
    summed = np.cumsum(weights[order], axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    places = [np.minimum((summed < share * (1 - 1e-12)).sum(axis=0), len(values) - 1)
              for share in shares]
    return np.stack([np.take_along_axis(ranked, place[None, :], axis=0)[0] for place in places])
