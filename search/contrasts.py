"""Contrasts: paired differences, what they could have shown, corrections, and whether they hold.

Pure functions on arrays. A value is one independent unit's difference in points: a seed block's,
or a pretraining seed's mean over its blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from search.error_terms import welch_interval
from search.intervals import LEVEL, Interval, t_interval
from search.split_half import FEWEST_SEEDS, SplitHalf, split_half

__all__ = ["POWER", "Verdict", "are_told_apart", "decide", "holm", "max_t",
           "minimal_detectable_effect", "p_value", "simultaneous", "verdict_halves"]

POWER: Final = 0.80
"""The probability with which the minimal detectable effect is shown."""

Verdict = Literal["better", "worse", "no difference that matters", "undecided"]

# Values that agree to this many points have no spread but that of rounding.
_NO_SPREAD: Final = 1e-9
_EXACT_UNITS: Final = 12  # up to so many units every flip of signs is looked at
_FLIPS: Final = 9_999  # drawn at random above that


def decide(interval: Interval | None, minimal: float) -> Verdict:
    """Return what an interval shows.

    No difference that matters where all of it lies within `minimal` points of 0, which is two
    one-sided tests at half of one less the level each, whether or not it leaves 0 out: what
    matters was declared before. Else better or worse where it leaves 0 out.
    """
    if interval is None or interval.low is None or interval.high is None:
        return "undecided"
    if max(-interval.low, interval.high) <= minimal:
        return "no difference that matters"
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "undecided"


def p_value(values: Sequence[float]) -> float | None:
    """Return the two-sided p value of the t test of mean 0; None of fewer than two or no spread."""
    found = t_interval(values)
    if found is None or found.sd is None or found.sd <= _NO_SPREAD:
        return None
    t = found.mean / (found.sd / math.sqrt(found.units))
    return float(2 * special.stdtr(found.units - 1, -abs(t)))


def minimal_detectable_effect(
    sd: float, units: int, *, level: float = LEVEL, power: float = POWER
) -> float | None:
    """Return the least true difference, in points, that is shown with probability `power`.

    (t of one bound of the interval + t of `power`) x standard error, the t quantiles with
    `units` - 1 degrees of freedom. Source: Bloom 1995, "Minimum detectable effects" (Evaluation
    Review 19). None with fewer than two units.

    Raises:
        ValueError: if `sd` is negative, or `level` or `power` does not lie in (0, 1).
    """
    if sd < 0 or not (0 < level < 1 and 0 < power < 1):
        raise ValueError("`sd` must not be negative, `level` and `power` must lie in (0, 1), got "
                         f"{sd}, {level} and {power}")
    if units < 2:
        return None
    reach = special.stdtrit(units - 1, (1 + level) / 2) + special.stdtrit(units - 1, power)
    return float(reach * sd / math.sqrt(units))


# ---- corrections ----------------------------------------------------------------------------


def holm(p_values: Sequence[float | None], *, tests: int | None = None) -> list[float | None]:
    """Return p values adjusted for all of them together, in their order; None stays None.

    Counted are `tests`, or the p values that are known. Source: Holm 1979, "A simple sequentially
    rejective multiple test procedure".
    """
    ranked = sorted((value, place) for place, value in enumerate(p_values) if value is not None)
    count = len(ranked) if tests is None else tests
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (value, place) in enumerate(ranked):
        largest = max(largest, min(1.0, (count - rank) * value))
        adjusted[place] = largest
    return adjusted


def max_t(gains: NDArray[np.float64], *, level: float = LEVEL) -> NDArray[np.float64] | None:
    """Return each row's p value, adjusted over all rows: many arms against their controls.

    The largest |t| of all rows under flips of the units' signs, one flip for a unit in every row,
    so that what arms share by their control is kept; all flips, or a fixed random sample where
    there are many. Exact where gains are symmetric about 0. Source: Westfall and Young 1993,
    "Resampling-based multiple testing", the single-step procedure. None with too few units for any
    p value to reach one less `level`.

    Args:
        gains: shape [rows, units], in points, none missing.
        level: the two-sided coverage of the intervals beside it.

    Raises:
        ValueError: if the shape is another or a gain is not finite.
    """
    if gains.ndim != 2 or not np.isfinite(gains).all():
        raise ValueError(f"`gains` must be finite and of rows x units, got shape {gains.shape}")
    rows, units = gains.shape
    if not rows or units < 2 or 2 / 2**units > 1 - level + 1e-12:
        return None
    observed = np.abs(_t(gains, np.ones((1, units))))[:, 0]
    largest = np.abs(_t(gains, _flips(units))).max(axis=0)
    found: NDArray[np.float64] = (
        largest[None, :] >= observed[:, None] * (1 - 1e-12)).mean(axis=1)
    return found


def _flips(units: int) -> NDArray[np.float64]:
    if units <= _EXACT_UNITS:
        return np.array(list(product((1.0, -1.0), repeat=units)))
    drawn = np.random.default_rng(0).choice((1.0, -1.0), size=(_FLIPS, units))
    return np.vstack([np.ones(units), drawn])


def _t(gains: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the t statistics, shape [rows, flips]; 0 where there is no spread."""
    units = gains.shape[1]
    means = gains @ signs.T / units
    squares = (gains**2).sum(axis=1, keepdims=True)
    sd = np.sqrt(np.maximum(squares - units * means**2, 0.0) / (units - 1))
    spread = sd > _NO_SPREAD
    t: NDArray[np.float64] = np.where(
        spread, means / np.where(spread, sd, 1.0) * math.sqrt(units), 0.0)
    return t


def simultaneous(interval: Interval | None, rows: int) -> Interval | None:
    """Return an interval that holds together with those of `rows` rows in all (Bonferroni).

    The t interval at the level 1 - (1 - `LEVEL`) / `rows`, from two units on; None of None.
    """
    if interval is None or interval.sd is None:
        return interval
    tail = (1 - LEVEL) / rows / 2
    reach = (special.stdtrit(interval.units - 1, 1 - tail) * interval.sd
             / math.sqrt(interval.units))
    return interval.model_copy(update={"low": float(interval.mean - reach),
                                       "high": float(interval.mean + reach)})


# ---- does it hold ---------------------------------------------------------------------------


def are_told_apart(
    first: Sequence[float], second: Sequence[float], *, level: float = LEVEL
) -> bool:
    """Return whether a Welch test at one less the level tells two samples' means apart."""
    return decide(welch_interval(first, second, level=level), 0.0) in ("better", "worse")


def verdict_halves(values: Sequence[float], minimal: float) -> SplitHalf | None:
    """Return how often two random halves of the units agree; None of fewer than `FEWEST_SEEDS`.

    `rejected` is how often a Welch test at one less the level tells the halves' means apart:
    nothing but chance does, so it should be at most about that share.
    """
    if len(values) < FEWEST_SEEDS:
        return None

    def differ(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
        return are_told_apart(*([values[unit] for unit in half] for half in (first, second)))

    return split_half(
        range(len(values)), differ=differ,
        verdict=lambda half: decide(t_interval([values[unit] for unit in half]), minimal))
