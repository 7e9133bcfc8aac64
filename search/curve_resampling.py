"""Resampling a curve over its orders and seed blocks, never over the trials along it.

The mean curve is estimated within (order, block) series, whose own level is a nuisance: noise that
a block's trials share, such as that of their control, cancels. Its error is the sum of what orders
and what seed blocks contribute, two crossed random factors (Cameron, Gelbach and Miller 2011); the
residual stands in both, so that it is a bound. Replicates are the mean curve plus Gaussian
multiples of the contributions, stretched as Student's t, with Satterthwaite's degrees of freedom: a
percentile bootstrap of five units covers 0.79 where 0.90 is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from search.curve_families import Floats
from search.doublings import Observation
from search.error_terms import ErrorTerm, squared_error

__all__ = ["REPLICATES", "CurveEstimate", "curve_replicates", "estimate_curve"]

REPLICATES = 400

# The share of the error that is taken as independent from x to x. What few orders and blocks show
# of the correlation between x is but a few directions; noise lies in the others as well.
INDEPENDENT = 0.5

# A level that is left open is a direction of size 0, but for rounding.
SINGULAR = 1e-9


@dataclass(frozen=True)
class CurveEstimate:
    """The mean curve over orders and seed blocks, its level left open.

    `xs` are the n positive x; `mean` [n] is centred on 0, in points; `trials` [n] counts scores;
    `covariance` [n, n] is of the error of `mean`, in points squared, by `freedom` degrees; both
    are None where there is but one order and one block.
    """

    xs: tuple[float, ...]
    mean: Floats
    trials: Floats
    covariance: Floats | None = None
    freedom: float | None = None


def estimate_curve(observations: Sequence[Observation]) -> CurveEstimate | None:
    """Return the mean curve over the rows with x > 0, its error over orders and seed blocks.

    Rows of one (order, block, x) count as one, their mean. None where no chain of series connects
    all x, so that some differences are not known.
    """
    xs, score, there = _cells([each for each in observations if each.x > 0])
    if not len(xs):
        return None
    seen = there.astype(float)
    size = seen.sum(axis=2, keepdims=True)
    within = np.where(there, score - score.sum(axis=2, keepdims=True) / np.maximum(size, 1), 0.0)
    series = seen.reshape(-1, len(xs))
    sizes = np.maximum(series.sum(axis=1), 1)[:, None]
    crossed = np.diag(series.sum(axis=0)) - series.T @ (series / sizes)
    if np.linalg.matrix_rank(crossed, rtol=SINGULAR, hermitian=True) < len(xs) - 1:
        return None
    inverse = np.linalg.pinv(crossed, rcond=SINGULAR, hermitian=True)
    mean = inverse @ within.sum(axis=(0, 1))
    fitted = np.where(there, mean - (seen @ mean)[..., None] / np.maximum(size, 1), 0.0)
    error = _error(within - fitted, inverse)
    named, trials = tuple(float(x) for x in xs), seen.sum(axis=(0, 1))
    return CurveEstimate(named, mean, trials, *(error or (None, None)))


def _cells(rows: Sequence[Observation]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return x [n], the mean score by order, block and x [o, b, n], and where there is one.

    Rows without an order belong to every order, where others have one.
    """
    names = sorted({each.order for each in rows if each.order}) or [""]
    rows = [each.model_copy(update={"order": name}) for each in rows
            for name in ([each.order] if each.order else names)]
    xs, at = np.unique(np.array([each.x for each in rows]), return_inverse=True)
    orders, order = np.unique(np.array([each.order for each in rows], str), return_inverse=True)
    blocks, block = np.unique(np.array([each.block for each in rows], str), return_inverse=True)
    cells = np.zeros((2, len(orders), len(blocks), len(xs)))
    np.add.at(cells[0], (order, block, at), 1.0)
    np.add.at(cells[1], (order, block, at), np.array([each.score for each in rows]))
    return xs, cells[1] / np.maximum(cells[0], 1), cells[0] > 0


def _error(residual: Floats, inverse: Floats) -> tuple[Floats, float] | None:
    """Return the covariance of the mean, [n, n], and its degrees of freedom (Satterthwaite).

    Args:
        residual: shape [o, b, n], in points.
        inverse: shape [n, n], from sums of scores within series to the mean.
    """
    parts = [part for part in (residual.sum(axis=1), residual.sum(axis=0)) if len(part) > 1]
    if not parts:
        return None
    errors = [inverse @ (part.T @ part) @ inverse * len(part) / (len(part) - 1) for part in parts]
    traces = [float(np.trace(error)) for error in errors]
    total = squared_error(ErrorTerm(trace, len(part) - 1)
                          for trace, part in zip(traces, parts, strict=True))
    assert total is not None  # each part has several levels
    return sum(errors, np.zeros_like(inverse)), total.freedom


def curve_replicates(estimate: CurveEstimate, count: int = REPLICATES) -> Floats:
    """Return replicates of the mean curve, shape [count, n], in points; always the same ones.

    The names of orders and blocks play no part: what is drawn depends on the covariance alone.

    Raises:
        ValueError: if the estimate has no covariance.
    """
    if estimate.covariance is None or estimate.freedom is None:
        raise ValueError("`covariance` must be known: one order and one block say nothing of it")
    kept = estimate.covariance * (1 - INDEPENDENT)
    kept += np.diag(np.diag(estimate.covariance)) * INDEPENDENT
    values, vectors = np.linalg.eigh(kept)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    rng = np.random.default_rng(0)
    half = rng.standard_normal((-(-count // 2), len(root)))
    normal = np.concatenate([half, -half])[:count]
    # Even shares of the chi-square's probability, in a random order: no luck in the tails.
    share = (rng.permutation(len(half)) + 0.5) / len(half)
    squared = special.gammaincinv(estimate.freedom / 2, share) * 2 / estimate.freedom
    stretch = 1 / np.sqrt(np.concatenate([squared, squared])[:count])
    return np.asarray(estimate.mean + (normal * stretch[:, None]) @ root)
