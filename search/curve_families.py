"""Families of curves over log2(x), fitted to many score vectors at once.

Every family but the smoother is separable (Golub and Pereyra 1973): once its one or two nonlinear
parameters are chosen from a grid, it is a constant, perhaps a slope in log2(x), and one more
column, all of them linear. The best of the grid is found for all vectors by one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

__all__ = ["FAMILIES", "STEPS", "Fit", "Floats", "crossing", "fine_grid", "fit"]

Floats = NDArray[np.float64]

FAMILIES: Final = ("power", "exponential", "piecewise linear", "S-shaped", "smooth")

STEPS: Final = 16
"""Points of the fine grid in each doubling of x."""

# Freedom of the smoother: from nearly a straight line to nearly through every point.
PENALTIES: Final = tuple(float(each) for each in np.geomspace(1e-2, 1e3, 9))

# A column that the columns before it explain but for this share is no column of its own.
COLLINEAR: Final = 1e-8


@dataclass(frozen=True)
class Fit:
    """A family fitted to r score vectors: `values` [r, n] at the n measured x, `curves` [r, m]."""

    values: Floats
    curves: Floats


@dataclass(frozen=True)
class Columns:
    """A family's columns: `common` [n, c] and one of `choices` [g, n]; the same on the fine grid.

    `fine_common` is [m, c], `fine_choices` [g, m].
    """

    common: Floats
    choices: Floats
    fine_common: Floats
    fine_choices: Floats


def fine_grid(xs: Sequence[float]) -> Floats:
    """Return log2 of the x at which curves are read, shape [m], up to the greatest of `xs`.

    Points lie `STEPS` to a doubling, so that 2x of a point is a point wherever it is inside.
    """
    low, top = math.log2(min(xs)), math.log2(max(xs))
    count = math.floor((top - low) * STEPS + 1e-9)
    return top - np.arange(count, -1, -1) / STEPS


def crossing(
    curves: Floats, grid: Floats, worth: float | Floats, steps: int = STEPS
) -> Floats:
    """Return log2(x*) of each curve, shape [r].

    x* is the smallest x from which every doubling gains at most `worth`: +inf where the last
    doubling gains more, -inf where none does; linear between points of the grid.

    Args:
        curves: shape [r, m], in points.
        grid: shape [m], log2(x), `steps` points to a doubling.
        worth: points, for all doublings or [m - `steps`] for that from each point of the grid.
        steps: points of the grid in each doubling.
    """
    gains = curves[:, steps:] - curves[:, :-steps]
    bounds = np.broadcast_to(worth, gains.shape[1:])
    pays = gains > bounds
    found = np.where(pays.any(axis=1), np.inf, -np.inf)
    last = gains.shape[1] - 1 - np.argmax(pays[:, ::-1], axis=1)
    inside = np.flatnonzero(pays.any(axis=1) & (last < gains.shape[1] - 1))
    at = last[inside]
    before, after = gains[inside, at], gains[inside, at + 1]
    share = (before - bounds[at]) / (before - after - (bounds[at] - bounds[at + 1]))
    found[inside] = grid[at] + share / steps
    return found


def fit(family: str, xs: Sequence[float], curves: Floats, weights: Floats) -> Fit:
    """Fit a family to each of r score vectors by weighted least squares.

    Args:
        family: one of `FAMILIES`.
        xs: shape [n], rising and positive, at least 4 of them.
        curves: shape [r, n], in points.
        weights: shape [n], not negative; an x of weight 0 is predicted, not fitted.

    Raises:
        KeyError: if there is no such family.
    """
    if family == "smooth":
        return _smooth(tuple(xs), curves, weights)
    columns = _columns(family, tuple(xs))
    basis, choices = _residual_columns(columns, weights)
    root = np.sqrt(weights)
    rest = curves * root
    rest = rest - (rest @ basis) @ basis.T
    squares = np.einsum("gn,gn->g", choices, choices)
    scale = np.einsum("gn,gn->g", columns.choices * root, columns.choices * root)
    usable = squares > COLLINEAR * np.maximum(scale, COLLINEAR)
    slopes = (rest @ choices.T) / np.where(usable, squares, 1.0)
    best = np.argmax(np.where(usable, slopes**2 * squares, 0.0), axis=1)
    slope = np.where(usable[best], slopes[np.arange(len(best)), best], 0.0)[:, None]
    less = curves - slope * columns.choices[best]
    common = np.linalg.lstsq(columns.common * root[:, None], (less * root).T, rcond=None)[0].T
    return Fit(values=common @ columns.common.T + slope * columns.choices[best],
               curves=common @ columns.fine_common.T + slope * columns.fine_choices[best])


def _residual_columns(columns: Columns, weights: Floats) -> tuple[Floats, Floats]:
    """Return the common columns made orthonormal, and what they leave of each choice."""
    root = np.sqrt(weights)
    basis = np.linalg.qr(columns.common * root[:, None])[0]
    choices = columns.choices * root
    return basis, choices - (choices @ basis) @ basis.T


@lru_cache(maxsize=256)
def _columns(family: str, xs: tuple[float, ...]) -> Columns:
    # x in units of the least one: no family depends on the unit of x.
    at = np.log2(np.asarray(xs)) - math.log2(xs[0])
    fine = fine_grid(xs) - math.log2(xs[0])
    top = at[-1]
    constant, slope = np.ones((len(at), 1)), at[:, None]
    if family == "power":
        rates = np.geomspace(0.05, 4, 72)[:, None]
        return Columns(constant, 2 ** (-rates * at), np.ones((len(fine), 1)), 2 ** (-rates * fine))
    if family == "exponential":
        scales = 2 ** np.linspace(-1, top + 1, 12 * math.ceil(top) + 25)[:, None]
        return Columns(constant, np.exp(-(2**at - 1) / scales), np.ones((len(fine), 1)),
                       np.exp(-(2**fine - 1) / scales))
    if family == "piecewise linear":
        knots = np.linspace(0, top, 12 * math.ceil(top) + 1)[1:-1, None]
        return Columns(np.hstack([constant, slope]), np.maximum(at - knots, 0),
                       np.stack([np.ones_like(fine), fine], axis=1), np.maximum(fine - knots, 0))
    if family == "S-shaped":
        middles = np.linspace(0, top, 8 * math.ceil(top) + 1)
        middle, width = (each.reshape(-1, 1) for each in
                         np.meshgrid(middles, np.geomspace(0.12, 1.5, 8)))
        return Columns(constant, _logistic((at - middle) / width), np.ones((len(fine), 1)),
                       _logistic((fine - middle) / width))
    raise KeyError(family)


def _logistic(at: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(at, -50, 50))))


def _smooth(xs: tuple[float, ...], curves: Floats, weights: Floats) -> Fit:
    """Fit natural cubic smoothing splines, the penalty of each by leaving out one x at a time.

    Source: Green and Silverman 1994, "Nonparametric Regression and Generalized Linear Models",
    chapters 2 and 3. Nothing in it is monotone, so that a curve may fall.
    """
    maps, fine = _smoothers(xs, tuple(float(each) for each in weights))
    fitted = (curves @ maps.reshape(-1, len(xs)).T).reshape(len(curves), len(maps), len(xs))
    own = np.diagonal(maps, axis1=1, axis2=2)
    left_out = (curves[:, None, :] - fitted) / np.maximum(1 - own, COLLINEAR)
    best = np.argmin(left_out**2 @ weights, axis=1)
    values = fitted[np.arange(len(curves)), best]
    return Fit(values=values, curves=values @ fine.T)


@lru_cache(maxsize=1024)
def _smoothers(xs: tuple[float, ...], weights: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return the smoother of each penalty, [p, n, n], and the spline on the fine grid, [m, n]."""
    at = np.log2(np.asarray(xs))
    spline = CubicSpline(at, np.eye(len(at)), bc_type="natural")
    bends, gaps = spline(at, 2), np.diff(at)
    mass = np.diag(np.r_[gaps, 0] + np.r_[0, gaps]) / 3
    mass += (np.diag(gaps, 1) + np.diag(gaps, -1)) / 6
    penalty = bends.T @ mass @ bends
    share = np.asarray(weights) / np.mean([each for each in weights if each])
    maps = [np.linalg.solve(np.diag(share) + each * penalty, np.diag(share))
            for each in PENALTIES]
    return np.stack(maps), np.asarray(spline(fine_grid(xs)))
