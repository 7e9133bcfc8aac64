"""Doublings: what a designed block of trials says of f(x) and of the gain f(2x) - f(x)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from pydantic import Field

from search.error_terms import crossed_interval, crossed_tails
from search.intervals import LEVEL, Interval
from spaces.value import Value

__all__ = ["CurveData", "Doubling", "Observation", "Point"]


class Observation(Value):
    """One scored trial of a curve; `score` in points, `hours` of its device where they count."""

    x: float
    score: float
    order: str = ""
    block: str = ""
    hours: float | None = Field(default=None, ge=0, exclude_if=lambda given: given is None)


class Point(Value):
    """The curve at one x: the mean score over units, in points, and the trials beneath it.

    `hours` is the mean device hours of these, where they count.
    """

    x: float
    score: Interval
    trials: int
    hours: float | None = Field(default=None, exclude_if=lambda given: given is None)


class Doubling(Value):
    """The gain f(to) - f(start), in points, over units; None where no unit has both ends.

    `highest` is the upper bound that holds for all doublings of the curve at once (Bonferroni).
    """

    start: float
    to: float
    gain: Interval | None = None
    highest: float | None = None


class CurveData:
    """Scores by x, order and block; intervals are over both, where there are several.

    Rows at x = 0 belong to every order if they are named "", or as an order is that has no others.
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._cells: dict[tuple[str, str, float], list[float]] = defaultdict(list)
        self._hours: dict[float, list[float | None]] = defaultdict(list)
        named = {each.order for each in observations if each.x > 0}
        named = named or {each.order for each in observations}
        self.orders = sorted(named)
        for each in observations:
            order = each.order if each.order in named else ""
            self._cells[order, each.block, each.x].append(each.score)
            self._hours[each.x].append(each.hours)
        self.all_xs = sorted({each.x for each in observations})
        self.xs = [x for x in self.all_xs if x > 0]
        self.blocks = sorted({each.block for each in observations})

    @property
    def is_by_order(self) -> bool:
        """Whether there are several orders, so that they are what `units` counts."""
        return len(self.orders) > 1

    @property
    def units(self) -> int:
        """The number of orders, or of seed blocks where there is one order."""
        return len(self.orders if self.is_by_order else self.blocks)

    @property
    def repeats(self) -> bool:
        """Whether an order and block have an x more than once, so that their mean counts."""
        return any(len(scores) > 1 for scores in self._cells.values())

    @cached_property
    def starts(self) -> list[float]:
        """Where doublings start: each measured x and half of each, while 2x lies in the data.

        Between these f(2x) - f(x) is linear in log2(x), so that no doubling gains more.
        """
        if not self.xs:
            return []
        least, most = self.xs[0], self.xs[-1]
        return sorted(start for start in {*self.xs, *(x / 2 for x in self.xs)}
                      if least <= start <= most / 2)

    def point(self, x: float) -> Point:
        """Return the curve at a measured x."""
        score = _over(self._values(x))
        assert score is not None  # x was measured
        trials = sum(len(scores) for (_, _, at), scores in self._cells.items() if at == x)
        return Point(x=x, score=score, trials=trials, hours=self.hours(x))

    def hours(self, x: float) -> float | None:
        """Return the mean device hours of the trials at x; None unless all of them are known."""
        known = [each for each in self._hours[x] if each is not None]
        return math.fsum(known) / len(known) if len(known) == len(self._hours[x]) > 0 else None

    def doubling(self, start: float, to: float) -> Doubling:
        """Return the gain from `start` to `to`, within orders and seed blocks."""
        gains = self._gains(start, to)
        strict = _over(gains, level=1 - (1 - LEVEL) / max(1, len(self.starts)))
        return Doubling(start=start, to=to, gain=_over(gains),
                        highest=None if strict is None else strict.high)

    def unit_gains(self, start: float, to: float) -> dict[str, float]:
        """Return the gain of each order, or block where there is one order, over the other."""
        found: dict[str, list[float]] = defaultdict(list)
        for order, block, value in self._gains(start, to):
            found[order if self.is_by_order else block].append(value)
        return {unit: math.fsum(values) / len(values) for unit, values in found.items()}

    def tails(self, start: float, to: float, bound: float) -> tuple[float, float] | None:
        """Return the p values of a gain of at most `bound` and of at least `bound`."""
        gains = self._gains(start, to)
        return crossed_tails([value for *_, value in gains], [order for order, *_ in gains],
                             [block for _, block, _ in gains], bound)

    def _gains(self, start: float, to: float) -> list[tuple[str, str, float]]:
        ends = {(order, block): value for order, block, value in self._values(start)}
        return [(order, block, value - ends[order, block])
                for order, block, value in self._values(to) if (order, block) in ends]

    def _values(self, x: float) -> list[tuple[str, str, float]]:
        """Return (order, block, f(x)) wherever f(x) was measured or lies between measurements."""
        found = [(order, block, self._value(order, block, x))
                 for order in self.orders for block in self.blocks]
        return [(order, block, value) for order, block, value in found if value is not None]

    def _value(self, order: str, block: str, x: float) -> float | None:
        for name in (order, ""):
            if scores := self._cells.get((name, block, x)):
                return math.fsum(scores) / len(scores)
        measured = [at for at in self.xs if self._cells.get((order, block, at))
                    or self._cells.get(("", block, at))]
        for low, high in pairwise(measured):
            if low < x < high:
                share = math.log2(x / low) / math.log2(high / low)
                ends = [self._value(order, block, low), self._value(order, block, high)]
                assert ends[0] is not None  # both ends are measured
                assert ends[1] is not None
                return ends[0] + share * (ends[1] - ends[0])
        return None


def _over(cells: Sequence[tuple[str, str, float]], *, level: float = LEVEL) -> Interval | None:
    """Return the mean over orders with its interval over orders and seed blocks.

    What all orders share, such as x = 0, differs between seed blocks alone.
    """
    return crossed_interval([value for *_, value in cells], [order for order, _, _ in cells],
                            [block for _, block, _ in cells], level=level)
