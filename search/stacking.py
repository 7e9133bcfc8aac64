"""Families combined: weighed by what they say of x left out, x* from their replicates together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.curve_families import FAMILIES, STEPS, Floats, crossing, fine_grid, fit
from search.curve_resampling import CurveEstimate, curve_replicates
from search.intervals import LEVEL
from search.worth import Threshold
from spaces.value import Value

__all__ = ["FLOOR", "MIN_XS", "Combination", "Family", "SampledCurves", "combine",
           "sample_curves"]

MIN_XS = 4
"""Fewer positive x tell no family from another."""

FLOOR = 0.015
"""No family weighs less: a curve that none of them is may look like any."""


class Family(Value):
    """A family's part: its weight, its error at x left out, in points, and its own x*.

    `x_star` is the median of its replicates, None where that lies outside the data.
    """

    name: str
    weight: float
    error: float
    x_star: float | None = None


class Combination(Value):
    """x* by the families together, from replicates over orders and seed blocks.

    `low` to `high` holds `LEVEL` of the replicates, None on a side where it reaches beyond the
    data; where all of it does, what is left is the bound at that end of the data. `beyond` is the
    share of replicates that still rise at the top, so that for them x* is a bound only; `nowhere`
    that of those without a gain anywhere.
    """

    families: tuple[Family, ...]
    replicates: int
    x_star: float | None = None
    low: float | None = None
    high: float | None = None
    beyond: float
    nowhere: float


@dataclass(frozen=True)
class SampledCurves:
    """Replicates of the curve and of x*, family by family, as a searcher may use them.

    `grid` [m] is log2(x); `curves` [f, r, m] is in points, the level of each curve left open;
    `log_x_star` [f, r] is log2(x*), +inf where the top doubling still pays, -inf where none does;
    `weights` [f] sum to 1: a replicate of family i has the weight `weights[i] / r`.
    """

    grid: Floats
    curves: Floats
    log_x_star: Floats
    weights: Floats
    errors: Floats


def sample_curves(
    estimate: CurveEstimate, worth: float | Threshold
) -> SampledCurves | None:
    """Return replicates of the curve and of x* by each family, the same ones at each call.

    None where there are fewer than `MIN_XS` positive x, none with its double, or no error is known.

    Args:
        estimate: the mean curve, with its error over orders and seed blocks.
        worth: points per doubling, or what each doubling must gain by where it starts.
    """
    xs, grid = estimate.xs, fine_grid(estimate.xs) if estimate.xs else np.zeros(0)
    if len(xs) < MIN_XS or xs[-1] < 2 * xs[0] or estimate.covariance is None:
        return None
    # In units of worth, and rounded: what is the same but for its units gives the same answer.
    bounds = Threshold.of(worth).over(grid[:-STEPS])
    unit = float(bounds.max())
    mean = np.round(estimate.mean / unit, 9)
    scaled = CurveEstimate(xs, mean, estimate.trials,
                           np.round(estimate.covariance / unit**2, 12), estimate.freedom)
    errors = _errors(scaled)
    replicates = curve_replicates(scaled)
    curves = np.stack([fit(name, xs, replicates, scaled.trials).curves for name in FAMILIES])
    found = np.stack([crossing(each, grid, np.round(bounds / unit, 9)) for each in curves])
    return SampledCurves(grid, curves * unit, found, _weights(scaled, errors), errors * unit)


def combine(estimate: CurveEstimate, worth: float | Threshold) -> Combination | None:
    """Return x* by all families together; None as in `sample_curves`."""
    sampled = sample_curves(estimate, worth)
    if sampled is None:
        return None
    number = sampled.log_x_star.shape[1]
    shares = np.repeat(sampled.weights / number, number)
    all_found = sampled.log_x_star.ravel()
    low, middle, high = (_quantile(all_found, shares, at)
                         for at in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2))
    return Combination(
        families=tuple(
            Family(name=name, weight=float(weight), error=float(error),
                   x_star=_as_x(float(np.quantile(each, 0.5, method="lower"))))
            for name, weight, error, each in zip(
                FAMILIES, sampled.weights, sampled.errors, sampled.log_x_star, strict=True)),
        replicates=number, x_star=_as_x(middle),
        low=estimate.xs[-1] / 2 if low == math.inf else _as_x(low),
        high=estimate.xs[0] if high == -math.inf else _as_x(high),
        beyond=_share(shares, all_found == np.inf),
        nowhere=_share(shares, all_found == -np.inf))


def _errors(estimate: CurveEstimate) -> Floats:
    """Return each family's root mean squared error at x left out, shape [f].

    Half of it is of single x left out in turn, half of the last octave left out at once.
    """
    xs, mean, weights = estimate.xs, estimate.mean, estimate.trials
    last = np.asarray(xs) > xs[-1] / 2 * (1 + 1e-9)
    single = list(np.eye(len(xs), dtype=bool))
    patterns = single + ([last] if (~last).sum() >= MIN_XS - 1 else [])
    errors = []
    for family in FAMILIES:
        squares = [_left_out(family, xs, mean, np.where(out, 0.0, weights), out)
                   for out in patterns]
        parts = [float(np.mean(squares[:len(single)])), *squares[len(single):]]
        errors.append(math.sqrt(np.mean(parts)))
    return np.asarray(errors)


def _left_out(
    family: str, xs: Sequence[float], mean: Floats, weights: Floats, out: Floats
) -> float:
    fitted = fit(family, xs, mean[None, :], weights).values[0]
    return float(np.mean((fitted - mean)[out] ** 2))


def _weights(estimate: CurveEstimate, errors: Floats) -> Floats:
    """Return the families' weights, shape [f], none below `FLOOR`: two likelihoods multiplied.

    That of the errors at x left out, to which the error of the mean is added, for no family
    predicts better than that; and Student's, with the freedom of that error, of how far the
    family fitted to all x stays from the mean.
    """
    assert estimate.covariance is not None
    assert estimate.freedom is not None
    number, freedom = len(estimate.xs), estimate.freedom
    noise = float(np.mean(np.diag(estimate.covariance))) + 1e-12
    fitted = [fit(name, estimate.xs, estimate.mean[None, :], estimate.trials).values[0]
              for name in FAMILIES]
    misfit = np.array([float(np.sum((each - estimate.mean) ** 2)) for each in fitted]) / noise
    logs = -number / 2 * np.log(errors**2 + noise)
    logs -= (freedom + number) / 2 * np.log1p(misfit / freedom)
    raw = np.exp(logs - logs.max())
    return np.asarray(FLOOR + (1 - FLOOR * len(raw)) * raw / raw.sum())


def _quantile(found: Floats, shares: Floats, at: float) -> float:
    order = np.argsort(found, kind="stable")
    place = int(np.searchsorted(np.cumsum(shares[order]), at * (1 - 1e-12)))
    return float(found[order][min(place, len(order) - 1)])


def _share(shares: Floats, chosen: Floats) -> float:
    return min(1.0, round(float(shares[chosen].sum()), 9))


def _as_x(log_x: float) -> float | None:
    return 2**log_x if math.isfinite(log_x) else None
