"""Placement: which trials of a curve come next: those that bring its verdict nearest.

A unit is a nested order with a seed block; its trials are compared with each other, so that a unit
measures some of the x and never one alone. The first units measure doublings throughout the range.
From then on each measures only what the cheapest way to a verdict still lacks: doublings that lie
near `worth` are repeated, those that are told are not; where all are told, those that the verdict
rests on most narrowly are repeated. Every fourth unit measures the whole range, and an x drawn at
random besides, whatever the curve looks like by then: placing by what is believed alone gives
confident wrong answers where the belief is wrong.

It ends where the verdict stood twice, not before so many units that their spread can be believed,
or where what is left to measure has next to no chance of bringing one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Annotated, Final, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from search.doublings import Observation
from search.outlook import Outlook
from search.saturation import Saturation, locate_observations
from search.worth import Worth
from spaces.value import Value

__all__ = ["HOPELESS", "LEAST", "START", "Cell", "Placement", "coarse", "is_settled"]

START: Final = 3
"""Units that measure the whole range before anything is believed; spread needs two or more."""

LEAST: Final = 6
"""Units before which no verdict ends placing: few that happen to agree show too little spread."""

WHOLE_EVERY: Final = 4
"""After the first, one unit in so many measures the whole range, and one x at random."""

HOPELESS: Final = 0.1
"""The chance of a verdict below which no more is measured: what trials call futility."""


class Cell(NamedTuple):
    """A trial of a curve: how much, in which nested order, on which seed block."""

    x: float
    order: str
    block: str


class Placement(Value):
    """What may be measured: `xs` (positive, rising), nested `orders`, seed `blocks`, and `worth`.

    `worth` is that of one curve; `seed` draws the x that are placed at random.
    """

    xs: Annotated[tuple[float, ...], Field(min_length=3)]
    orders: Annotated[tuple[str, ...], Field(min_length=1)]
    blocks: Annotated[tuple[str, ...], Field(min_length=1)]
    worth: Worth
    seed: int = 0

    @model_validator(mode="after")
    def _xs_rise(self) -> Self:
        if list(self.xs) != sorted(set(self.xs)) or self.xs[0] <= 0:
            raise ValueError(f"`xs` must be positive and rise, got {list(self.xs)}")
        return self

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Every (order, block), so that the first of them differ in both."""
        return tuple((order, self.blocks[(place + shift) % len(self.blocks)])
                     for shift, (place, order) in product(range(len(self.blocks)),
                                                          enumerate(self.orders)))

    def next(self, begun: int, observations: Sequence[Observation]) -> tuple[Cell, ...]:
        """Return the trials of the next unit; none where it ends or all units are begun.

        It depends on nothing but its arguments.

        Args:
            begun: units that were placed before; their trials have ended.
            observations: what those found; a trial that failed is not among them.
        """
        if begun >= len(self.units) or begun >= START and not observations:
            return ()
        order, block = self.units[begun]
        return tuple(Cell(x, order, block) for x in self._next_xs(begun, observations))

    def stands(self, begun: int, observations: Sequence[Observation]) -> bool:
        """Whether the last two looks gave one verdict: a single look of many errs too often."""
        return begun >= LEAST and self._stood(
            _located(tuple(observations), self.worth), begun, observations)

    def _next_xs(self, begun: int, observations: Sequence[Observation]) -> tuple[float, ...]:
        if begun < START:
            return coarse(self.xs)
        now = _located(tuple(observations), self.worth)
        outlook = Outlook.of(now, coarse(self.xs))
        if begun >= LEAST and (self._stood(now, begun, observations)
                               or self._is_hopeless(now, outlook, begun)):
            return ()
        if (begun - START) % WHOLE_EVERY == WHOLE_EVERY - 1:
            return self._whole(begun)
        return outlook.lacking or outlook.narrowest or self._whole(begun)

    def _stood(self, now: Saturation, begun: int, observations: Sequence[Observation]) -> bool:
        if not is_settled(now):
            return False
        last = self.units[begun - 1]
        earlier = tuple(each for each in observations if (each.order, each.block) != last)
        return now.verdict == _located(earlier, self.worth).verdict

    def _is_hopeless(self, now: Saturation, outlook: Outlook, begun: int) -> bool:
        left = len(self.units) - begun
        return not is_settled(now) and outlook.chance(begun, left) < HOPELESS

    def _whole(self, begun: int) -> tuple[float, ...]:
        range_ = coarse(self.xs)
        others = [x for x in self.xs if x not in range_]
        if not others:
            return range_
        drawn = np.random.default_rng([self.seed, begun]).choice(others)
        return tuple(sorted((*range_, float(drawn))))


def coarse(xs: Sequence[float]) -> tuple[float, ...]:
    """Return about one x for each doubling, down from the greatest; the least is among them."""
    chosen = [xs[-1]]
    while (below := [x for x in xs if x <= chosen[-1] / 1.7]):
        chosen.append(min(below, key=lambda x: abs(math.log2(2 * x / chosen[-1]))))
    return tuple(sorted({*chosen, xs[0]}))


def is_settled(found: Saturation) -> bool:
    """Whether a curve has a verdict other than that it is not located."""
    return found.verdict != "not located"


@lru_cache(maxsize=8)  # what a look found is asked for again at the next
def _located(observations: tuple[Observation, ...], worth: Worth) -> Saturation:
    return locate_observations(observations, worth=worth)
