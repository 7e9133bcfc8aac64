"""Doublings: what a designed block of trials says of f(x) and of the gain f(2x) - f(x)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from search.intervals import LEVEL, Interval, nested_interval, unit_means, welch_interval
from spaces.value import Value

__all__ = ["CurveData", "Doubling", "Observation", "Point"]


class Observation(Value):
    """One scored trial of a curve; `score` in points."""

    x: float
    score: float
    order: str = ""
    block: str = ""


class Point(Value):
    """The curve at one x: the mean score over units, in points, and the trials beneath it."""

    x: float
    score: Interval
    trials: int


class Doubling(Value):
    """The gain f(to) - f(start), in points, over units; None where no unit has both ends.

    `highest` is the upper bound that holds for all doublings of the curve at once (Bonferroni).
    `shared` says that an end is one and the same trial for every order, so that its noise was
    counted over seed blocks.
    """

    start: float
    to: float
    gain: Interval | None = None
    highest: float | None = None
    shared: bool = False


class CurveData:
    """Scores by x, order and block; the order is the unit, or the block where there is one order.

    An x is shared when its trials belong to every order: the rows at x = 0 named "", or a set so
    full that all orders agree on it.
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._cells: dict[tuple[str, str, float], list[float]] = defaultdict(list)
        for each in observations:
            self._cells[each.order, each.block, each.x].append(each.score)
        self.all_xs = sorted({each.x for each in observations})
        self.xs = [x for x in self.all_xs if x > 0]
        named = sorted({each.order for each in observations if each.x > 0})
        self.orders = named or sorted({each.order for each in observations})
        self.blocks = sorted({each.block for each in observations})

    @property
    def is_by_order(self) -> bool:
        """Whether the orders, not the seed blocks, are the units."""
        return len(self.orders) > 1

    @property
    def units(self) -> int:
        """The number of orders, or of seed blocks where there is one order."""
        return len(self.orders if self.is_by_order else self.blocks)

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
        by_block = self._is_shared(x) or not self.is_by_order
        found = self._values(x)
        score = nested_interval([value for *_, value in found],
                                [block if by_block else order for order, block, _ in found])
        assert score is not None  # x was measured
        trials = sum(len(scores) for (_, _, at), scores in self._cells.items() if at == x)
        return Point(x=x, score=score, trials=trials)

    def doubling(self, start: float, to: float) -> Doubling:
        """Return the gain from `start` to `to`, each unit's own where no end is shared."""
        ends = {(order, block): value for order, block, value in self._values(start)}
        both = [(order, block, ends[order, block], value)
                for order, block, value in self._values(to) if (order, block) in ends]
        shared = self.is_by_order and (self._is_shared(start) or self._is_shared(to))
        correction = 1 - (1 - LEVEL) / max(1, len(self.starts))
        gain, strict = (self._gain(both, start, to, level) for level in (LEVEL, correction))
        return Doubling(start=start, to=to, gain=gain, shared=shared,
                        highest=None if strict is None else strict.high)

    def _gain(
        self, both: Sequence[tuple[str, str, float, float]], start: float, to: float, level: float
    ) -> Interval | None:
        gains = [later - earlier for _, _, earlier, later in both]
        orders, blocks = [row[0] for row in both], [row[1] for row in both]
        shared = (self._is_shared(start), self._is_shared(to))
        if not self.is_by_order or shared == (True, True):
            return nested_interval(gains, blocks, level=level)
        if shared == (False, False):
            return nested_interval(gains, orders, level=level)
        earlier = unit_means([row[2] for row in both], blocks if shared[0] else orders)
        later = unit_means([row[3] for row in both], blocks if shared[1] else orders)
        return welch_interval(list(later.values()), list(earlier.values()), level=level)

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

    def _is_shared(self, x: float) -> bool:
        """Whether all orders have the same trials at x: the same scores, block by block."""
        if not self.is_by_order or x not in self.all_xs:
            return False
        by_block: dict[str, list[float]] = defaultdict(list)
        for _, block, value in self._values(x):
            by_block[block].append(value)
        return (any(len(values) > 1 for values in by_block.values())
                and all(len(set(values)) == 1 for values in by_block.values()))
