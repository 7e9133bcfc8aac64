"""Error terms: the squared error of an estimate by random factor, and their sum as a t interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from search.intervals import LEVEL, Interval

__all__ = ["ErrorTerm", "critical", "jackknifed", "squared_error", "summed_interval"]

Array = NDArray[Any]


class ErrorTerm(NamedTuple):
    """The squared error that one random factor gives an estimate, and its degrees of freedom."""

    variance: float
    freedom: float


def squared_error(terms: Iterable[ErrorTerm]) -> ErrorTerm | None:
    """Return the sum of the terms with Satterthwaite's degrees of freedom, None of no terms.

    What two factors share, their residual, stands in both terms: the sum is a bound.
    """
    listed = [term for term in terms if term.freedom > 0]
    if not listed:
        return None
    variance = math.fsum(term.variance for term in listed)
    doubt = math.fsum(term.variance**2 / term.freedom for term in listed)
    freedom = variance**2 / doubt if doubt else math.fsum(term.freedom for term in listed)
    return ErrorTerm(variance, freedom)


def critical(freedom: float, *, level: float = LEVEL) -> float:
    """Return the two-sided critical value of t."""
    return float(special.stdtrit(freedom, (1 + level) / 2))


def summed_interval(
    mean: float, terms: Iterable[ErrorTerm], *, units: int, level: float = LEVEL
) -> Interval:
    """Return the t interval of an estimate from its error terms, none where there are no terms.

    `units` is what the interval is said to be over; its `sd` is that of one unit.
    """
    error = squared_error(terms)
    if error is None:
        return Interval(mean=mean, units=units)
    reach = critical(error.freedom, level=level) * math.sqrt(error.variance)
    return Interval(mean=mean, sd=math.sqrt(error.variance * units), low=mean - reach,
                    high=mean + reach, units=units)


def jackknifed(
    estimate: Callable[[NDArray[np.bool_]], Array], factors: Sequence[Sequence[Hashable]], *,
    units: int, level: float = LEVEL,
) -> list[Interval]:
    """Return each number that `estimate` gives, with an interval over several random factors.

    A factor's term is the jackknife's over its levels, each left out whole (Tukey 1958), with as
    many degrees of freedom as it has levels but one; of one level it adds nothing.

    Args:
        estimate: from the rows that count, bool [n], to the numbers, shape [q].
        factors: for each factor the level of every row, shape [n].
        units: what the intervals are said to be over.
        level: the two-sided coverage.
    """
    count = len(factors[0])
    whole = np.asarray(estimate(np.ones(count, bool)), float)
    terms: list[list[ErrorTerm]] = [[] for _ in whole]
    for factor in factors:
        # Told apart by equality, for labels need not sort.
        levels = {name: number for number, name in enumerate(dict.fromkeys(factor))}
        of_row = np.array([levels[name] for name in factor])
        if len(levels) < 2:
            continue
        without = np.array([estimate(of_row != number) for number in range(len(levels))])
        spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
        for own, squares in zip(terms, spread, strict=True):
            own.append(ErrorTerm((len(levels) - 1) / len(levels) * float(squares),
                                 len(levels) - 1))
    return [summed_interval(float(mean), own, units=units, level=level)
            for mean, own in zip(whole, terms, strict=True)]
