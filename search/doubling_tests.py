"""What is shown of doublings without any family: which gain more than `worth`, which do not."""

from __future__ import annotations

from search.contrasts import holm
from search.doublings import CurveData
from search.intervals import LEVEL
from spaces.value import Value

__all__ = ["ALPHA", "DoublingTest", "judge_doublings"]

ALPHA = (1 - LEVEL) / 2
"""The chance of a wrong bound on x*, for each of its two bounds, over all doublings."""


class DoublingTest(Value):
    """One doubling against `worth`, by one-sided t tests over orders and seed blocks.

    `p_above` is Holm's p value of the hypothesis that it gains at most `worth`, `p_within` the
    plain one of the hypothesis that it gains `worth` or more; None where nothing is known of
    spread. `above`: shown to gain more. `within`: shown to gain at most `worth`, as is every
    doubling above it.
    """

    start: float
    to: float
    p_above: float | None = None
    p_within: float | None = None
    above: bool = False
    within: bool = False


def judge_doublings(data: CurveData, worth: float) -> tuple[DoublingTest, ...]:
    """Test every doubling inside the data, in rising order of its start.

    Upper bound of x*: fixed sequence from the top down, each at `ALPHA` until one is not shown
    (Maurer, Hothorn and Lehmacher 1995), so that the chance of a start too low is `ALPHA`.
    Lower bound: Holm 1979 over all doublings. Both assume that where x or 2x was not measured the
    curve is linear in log2(x) between its neighbours, and nothing else of its form.
    """
    tails = [data.tails(start, 2 * start, worth) for start in data.starts]
    # A doubling that cannot be tested counts all the same: it was asked of.
    adjusted = holm([None if each is None else each[0] for each in tails], tests=len(tails))
    found, goes_on = [], True
    for start, each, above in reversed(list(zip(data.starts, tails, adjusted, strict=True))):
        within = None if each is None else each[1]
        goes_on = goes_on and within is not None and within <= ALPHA
        found.append(DoublingTest(
            start=start, to=2 * start, p_above=above, p_within=within,
            above=above is not None and above <= ALPHA, within=goes_on))
    return tuple(reversed(found))
