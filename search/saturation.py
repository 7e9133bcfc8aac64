"""The point of diminishing returns: the smallest x from which every doubling gains too little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from search.doublings import CurveData, Doubling, Observation, Point
from search.intervals import LEVEL
from search.verdicts import Told, Verdict, judge, needed_units, sentence
from spaces.value import Value

__all__ = ["Saturation", "locate"]


class Saturation(Value):
    """Where more stops paying, with what the answer rests on.

    `x_star` is the smallest x from which every further doubling inside the data gains at most
    `worth` points, given only where the data show it; `low` < x* <= `high`, each as far as it is
    shown; `falls_after` is the x of that verdict. `first_step` is the step from 0 to the least
    positive x, no part of the verdict. `unit` is what `units` counts, orders where there are
    several; `basis` says what intervals are over; `units_needed` is how many would do at the
    spread seen, where that can be said.
    """

    axis: str
    worth: float
    level: float = LEVEL
    unit: Literal["order", "block"]
    units: int
    basis: str
    observations: tuple[Observation, ...]
    points: tuple[Point, ...]
    doublings: tuple[Doubling, ...]
    first_step: Doubling | None
    verdict: Verdict
    x_star: float | None = None
    low: float | None = None
    high: float | None = None
    falls_after: float | None = None
    units_needed: int | None = None
    sentence: str


def locate(
    x: Sequence[float], score: Sequence[float], order: Sequence[str] | None = None,
    block: Sequence[str] | None = None, *, worth: float, axis: str = "x",
) -> Saturation:
    """Return the point of diminishing returns of a designed block of trials.

    x* is the smallest x from which every doubling inside the data gains at most `worth`; 2x must
    lie inside the data, and where x or 2x was not measured f is read off linearly in log2(x)
    between its neighbours, order by order. The verdict rests on the t interval of each doubling's
    gain over nested orders and seed blocks, two crossed random factors. Top down, it is `located`
    if from x* on every doubling is shown to gain at most `worth` (upper bound) and the one just
    below x* to gain more (lower bound). A fall is a gain shown to be below 0 after Bonferroni's
    correction over the doublings. Nothing else depends on the range of x.

    Args:
        x: shape [n], not negative; 0 is the point without the axis (English alone).
        score: shape [n], in points.
        order: shape [n], the nested order; rows at x = 0 may have "", for all orders.
        block: shape [n], the seed block.
        worth: the gain per doubling, in points, up to which more does not pay; positive.
        axis: what x counts, for the sentence.

    Raises:
        ValueError: if shapes differ, a number is not finite, x is negative or `worth` is not
            positive.
    """
    observations = _observations(x, score, order, block, worth)
    data = CurveData(observations)
    doublings = tuple(data.doubling(start, 2 * start) for start in data.starts)
    has_first = len(data.xs) < len(data.all_xs) and bool(data.xs)
    finding = judge(doublings, worth)
    is_open = finding.verdict == "not located"
    needed = needed_units(doublings, worth, data.units) if is_open else None
    first = data.doubling(0.0, data.xs[0]) if has_first else None
    told = Told(data, doublings, worth, axis)
    return Saturation(
        axis=axis, worth=worth, unit="order" if data.is_by_order else "block", units=data.units,
        basis=told.basis,
        observations=observations, points=tuple(data.point(at) for at in data.all_xs),
        doublings=doublings, first_step=first, verdict=finding.verdict, x_star=finding.x_star,
        low=finding.low, high=finding.high, falls_after=finding.falls_after, units_needed=needed,
        sentence=sentence(told, finding, first, needed),
    )


def _observations(
    x: Sequence[float], score: Sequence[float], order: Sequence[str] | None,
    block: Sequence[str] | None, worth: float,
) -> tuple[Observation, ...]:
    order, block = order or [""] * len(x), block or [""] * len(x)
    if not len(x) == len(score) == len(order) == len(block):
        raise ValueError(f"`x`, `score`, `order` and `block` must be equally long, got {len(x)}, "
                         f"{len(score)}, {len(order)} and {len(block)}")
    if not (worth > 0 and math.isfinite(worth)):
        raise ValueError(f"`worth` must be positive and finite, got {worth}")
    for name, numbers in (("x", x), ("score", score)):
        wrong = [number for number in numbers if not math.isfinite(number)]
        if wrong:
            raise ValueError(f"`{name}` must be finite, got {wrong[0]}")
    if len(x) and min(x) < 0:
        raise ValueError(f"`x` must not be negative, got {min(x)}")
    return tuple(Observation(x=float(at), score=float(points), order=str(o), block=str(b))
                 for at, points, o, b in zip(x, score, order, block, strict=True))
