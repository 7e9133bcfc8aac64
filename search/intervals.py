"""Intervals: t intervals over one kind of unit, and none where there is but one unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from spaces.value import Value

__all__ = ["LEVEL", "Interval", "best_critical", "critical", "in_points", "spell", "t_interval",
           "units_needed"]

# Two-sided coverage of every interval; each bound alone holds with probability 0.95.
LEVEL = 0.90

# More units than this are not promised: at that need the question, not the design, is at fault.
MAX_UNITS = 10_000


class Interval(Value):
    """A mean over `units`, its standard deviation, and its two-sided t interval.

    `sd`, `low` and `high` are None with fewer than two units: one unit tells nothing of spread.
    """

    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    units: int

    @property
    def half_width(self) -> float | None:
        """Half the interval's width, None without an interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def t_interval(values: Sequence[float], *, level: float = LEVEL) -> Interval | None:
    """Return the t interval of the mean of independent `values`, None of no values.

    A percentile bootstrap is not used: of five values its 0.90 interval covers 0.79.

    Raises:
        ValueError: if a value is not finite or `level` does not lie in (0, 1).
    """
    _check(values, level)
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Interval(mean=mean, units=1)
    sd = float(np.std(values, ddof=1))
    reach = critical(len(values) - 1, level=level) * sd / math.sqrt(len(values))
    return Interval(mean=mean, sd=sd, low=mean - reach, high=mean + reach, units=len(values))


def units_needed(sd: float, half_width: float, *, level: float = LEVEL) -> int:
    """Return the least number of units whose t interval is expected within +-`half_width`.

    The spread `sd` (of one unit, same scale) is taken as known; capped at `MAX_UNITS`.

    Raises:
        ValueError: if `sd` is negative or `half_width` is not positive.
    """
    if not (sd >= 0 and half_width > 0):
        raise ValueError(f"`sd` must not be negative and `half_width` must be positive, "
                         f"got {sd} and {half_width}")
    low, high = 2, 2
    while _reach(sd, high, level) > half_width and high < MAX_UNITS:
        low, high = high, min(2 * high, MAX_UNITS)
    while low < high:
        middle = (low + high) // 2
        if _reach(sd, middle, level) > half_width:
            low = middle + 1
        else:
            high = middle
    return high


def critical(freedom: float, *, level: float = LEVEL) -> float:
    """Return the two-sided critical value of t."""
    return float(special.stdtrit(freedom, (1 + level) / 2))


def best_critical(groups: int, freedom: float, *, level: float = LEVEL) -> float:
    """Return the critical value of multiple comparisons with the best of equally large groups.

    The one-sided Dunnett value d with P(max_i (Z_i - Z_0) / sqrt(2) <= d S) = the level of one
    bound, (1 + level) / 2, over `groups` - 1 standard normal Z_i, a common Z_0, and S^2 chi-square
    with `freedom` degrees over `freedom`; by numerical integration. Source: Hsu 1984, "Constrained
    simultaneous confidence intervals for multiple comparisons with the best" (Annals of
    Statistics 12); the integral is Dunnett's of 1955.

    Raises:
        ValueError: if `groups` is below 2 or `freedom` is not positive.
    """
    if groups < 2 or not freedom > 0:
        raise ValueError(f"`groups` must be at least 2 and `freedom` positive, "
                         f"got {groups} and {freedom}")
    normal, share = np.polynomial.hermite_e.hermegauss(48)
    share = share / share.sum()
    # The scale S is integrated over its own probability, so that its density needs no care.
    uniform, part = np.polynomial.legendre.leggauss(64)
    scale = np.sqrt(special.gammaincinv(freedom / 2, (uniform + 1) / 2) * 2 / freedom)

    def excess(critical: float) -> float:
        reach = normal + math.sqrt(2) * critical * scale[:, None]
        covered = (part / 2) @ (special.ndtr(reach) ** (groups - 1) @ share)
        return float(covered) - (1 + level) / 2

    return float(optimize.brentq(excess, 0, 1000, xtol=1e-6))


def in_points(value: float) -> str:
    """Write a number of points with its noun: `1 point`, `0.5 points`."""
    return f"{value:g} point{'' if value == 1 else 's'}"


def spell(interval: Interval | None, *, signed: bool = False) -> str:
    """Return "1.20 [0.80, 1.60]", "1.20" where there is no interval, "-" where there is nothing."""
    if interval is None:
        return "-"
    sign = "+" if signed else ""
    if interval.low is None:
        return f"{interval.mean:{sign}.2f}"
    return (f"{interval.mean:{sign}.2f} [{interval.low:{sign}.2f}, {interval.high:{sign}.2f}]")


def _reach(sd: float, units: int, level: float) -> float:
    return critical(units - 1, level=level) * sd / math.sqrt(units)


def _check(values: Sequence[float], level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"`level` must lie in (0, 1), got {level}")
    wrong = [value for value in values if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"a value must be finite, got {wrong[0]}")
