"""What is shown of doublings without any family: which gain more than `worth`, which do not."""

from __future__ import annotations

from pydantic import Field

from search.contrasts import holm
from search.doublings import CurveData
from search.intervals import LEVEL
from search.worth import Threshold
from spaces.value import Value

__all__ = ["ALPHA", "DoublingTest", "judge_doublings"]

ALPHA = (1 - LEVEL) / 2
"""The chance of a wrong bound on x*, for each of its two bounds, over all doublings."""


class DoublingTest(Value):
    """One doubling against `worth`, by one-sided t tests over orders and seed blocks.

    `p_above` is Holm's p value of the hypothesis that it gains at most `worth`, `p_within` the
    plain one of the hypothesis that it gains `worth` or more; None where nothing is known of
    spread. `above`: shown to gain more. `within`: shown to gain at most `worth`, as is every
    doubling above it. `worth` is what it must gain, in points, where that is not the same for all.
    """

    start: float
    to: float
    worth: float | None = Field(default=None, exclude_if=lambda given: given is None)
    p_above: float | None = None
    p_within: float | None = None
    above: bool = False
    within: bool = False


def judge_doublings(data: CurveData, worth: float | Threshold) -> tuple[DoublingTest, ...]:
    """Test every doubling inside the data, in rising order of its start.

    Upper bound of x*: fixed sequence from the top down, each at `ALPHA` until one is not shown
    (Maurer, Hothorn and Lehmacher 1995), so that the chance of a start too low is `ALPHA`.
    Lower bound: Holm 1979 over all doublings. Both assume that where x or 2x was not measured the
    curve is linear in log2(x) between its neighbours, and nothing else of its form.
    """
    threshold = Threshold.of(worth)
    bounds = [threshold.at(start) for start in data.starts]
    tails = [data.tails(start, 2 * start, bound)
             for start, bound in zip(data.starts, bounds, strict=True)]
    # A doubling that cannot be tested counts all the same: it was asked of.
    adjusted = holm([None if each is None else each[0] for each in tails], tests=len(tails))
    found, goes_on = [], True
    for start, bound, each, above in reversed(list(zip(data.starts, bounds, tails, adjusted,
                                                       strict=True))):
        within = None if each is None else each[1]
        goes_on = goes_on and within is not None and within <= ALPHA
        found.append(DoublingTest(
            start=start, to=2 * start, worth=bound if threshold.is_hourly else None,
            p_above=above, p_within=within,
            above=above is not None and above <= ALPHA, within=goes_on))
    return tuple(reversed(found))
