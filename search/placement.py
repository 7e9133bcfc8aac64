"""Placement: which trials of a curve come next: those that bring its verdict nearest.

A unit is a nested order with a seed block; its trials are compared with each other, so that a unit
measures some of the x and never one alone. The first units measure doublings throughout the range.
From then on each measures only what the cheapest way to a verdict still lacks: doublings that lie
near `worth` are repeated, those that are told are not. Every fourth unit measures the whole range,
and an x drawn at random besides, whatever the curve looks like by then: placing by what is believed
alone gives confident wrong answers where the belief is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Annotated, Final, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from search.curve_resampling import estimate_curve
from search.doubling_tests import DoublingTest
from search.doublings import CurveData, Doubling, Observation
from search.intervals import units_needed
from search.saturation import Saturation, locate_observations
from search.stacking import sample_curves
from search.worth import Threshold, Worth
from spaces.value import Value

__all__ = ["START", "Cell", "Placement", "coarse", "is_settled"]

START: Final = 3
"""Units that measure the whole range before anything is believed; spread needs two or more."""

WHOLE_EVERY: Final = 4
"""One unit in so many measures the whole range, and one x at random."""


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
        """Return the trials of the next unit; none where the verdict stands or all units are begun.

        It depends on nothing but its arguments.

        Args:
            begun: units that were placed before; their trials have ended.
            observations: what those found; a trial that failed is not among them.
        """
        if begun >= len(self.units) or begun >= START and not observations:
            return ()
        order, block = self.units[begun]
        return tuple(Cell(x, order, block) for x in self._next_xs(begun, observations))

    def _next_xs(self, begun: int, observations: Sequence[Observation]) -> tuple[float, ...]:
        if begun < START:
            return coarse(self.xs)
        now = locate_observations(observations, worth=self.worth)
        if self._stood(now, begun, observations):
            return ()
        if begun % WHOLE_EVERY == 0:
            return self._whole(begun)
        return self._lacking(now) or self._whole(begun)

    def stands(self, begun: int, observations: Sequence[Observation]) -> bool:
        """Whether the last two looks gave one verdict: a single look of many errs too often."""
        return begun > START and self._stood(
            locate_observations(observations, worth=self.worth), begun, observations)

    def _stood(self, now: Saturation, begun: int, observations: Sequence[Observation]) -> bool:
        if begun <= START or not is_settled(now):
            return False
        last = self.units[begun - 1]
        earlier = [each for each in observations if (each.order, each.block) != last]
        return now.verdict == locate_observations(earlier, worth=self.worth).verdict

    def _whole(self, begun: int) -> tuple[float, ...]:
        range_ = coarse(self.xs)
        others = [x for x in self.xs if x not in range_]
        if not others:
            return range_
        drawn = np.random.default_rng([self.seed, begun]).choice(others)
        return tuple(sorted((*range_, float(drawn))))

    def _lacking(self, now: Saturation) -> tuple[float, ...]:
        """Return the x of the doublings that the cheapest way to a verdict lacks."""
        if now.unpriced is not None:
            return ()
        steps = _steps(now, coarse(self.xs))
        ways = [way for way in _ways(steps) if all(math.isfinite(need) for _, need in way)]
        if not ways:
            return ()
        best = min(ways, key=lambda way: sum(need for _, need in way))
        lacking = [steps[place] for place, need in best if need > 0]
        return tuple(sorted({x for step in lacking for x in (step.start, step.to)}))


class Step(NamedTuple):
    """A doubling: the units that it would take to show it above `worth`, or within it.

    Each is 0 where it is shown, infinite where it is believed to be otherwise.
    """

    start: float
    to: float
    above: float
    within: float


def coarse(xs: Sequence[float]) -> tuple[float, ...]:
    """Return about one x for each doubling, down from the greatest; the least is among them."""
    chosen = [xs[-1]]
    while (below := [x for x in xs if x <= chosen[-1] / 1.7]):
        chosen.append(min(below, key=lambda x: abs(math.log2(2 * x / chosen[-1]))))
    return tuple(sorted({*chosen, xs[0]}))


def is_settled(found: Saturation) -> bool:
    """Whether a curve has a verdict other than that it is not located."""
    return found.verdict != "not located"


def _steps(found: Saturation, xs: Sequence[float]) -> list[Step]:
    """Return the doublings of the coarse grid with what each still takes."""
    known = {each.start: (each, test)
             for each, test in zip(found.doublings, found.tests, strict=True)}
    ends = [(to / 2, to) for to in xs if to / 2 in known]
    threshold = found.worth.threshold(CurveData(found.observations))
    believed = _believed(found, [start for start, _ in ends], threshold)
    return [_step(_nearest(start, xs), to, *known[start], gain, threshold.at(start))
            for (start, to), gain in zip(ends, believed, strict=True)]


def _step(
    start: float, to: float, doubling: Doubling, test: DoublingTest, believed: float | None,
    worth: float,
) -> Step:
    measured = doubling.gain
    guesses = [each for each in (believed, measured.mean if measured else None) if each is not None]
    margin = math.fsum(guesses) / len(guesses) - worth if guesses else 0.0
    need = 1.0
    if measured is not None and measured.sd is not None:
        reach = max(abs(margin), 1e-3 * worth)  # nearer than that is not to be told
        need = max(1.0, units_needed(measured.sd, reach) - measured.units)
    return Step(start, to, above=0.0 if test.above else need if margin > 0 else math.inf,
                within=0.0 if test.within else need if margin < 0 else math.inf)


def _nearest(x: float, xs: Sequence[float]) -> float:
    return min(xs, key=lambda each: abs(math.log2(each / x)))


def _believed(
    found: Saturation, starts: Sequence[float], threshold: Threshold
) -> list[float | None]:
    """Return each doubling's gain as all families of curves have it together; None if untold."""
    estimate = estimate_curve(found.observations)
    sampled = None if estimate is None else sample_curves(estimate, threshold)
    if sampled is None:
        return [None] * len(starts)
    curve = sampled.weights @ sampled.curves.mean(axis=1)
    at = np.log2(np.asarray(starts))
    gains = np.interp(at + 1, sampled.grid, curve) - np.interp(at, sampled.grid, curve)
    return [float(gain) for gain in gains]


def _ways(steps: Sequence[Step]) -> Iterator[list[tuple[int, float]]]:
    """Yield the ways to a verdict: (place of a doubling, the units it lacks), every one of them."""
    if not steps:
        return
    top = len(steps) - 1
    yield [(top, steps[top].above)]
    for stops in range(len(steps)):
        flat = [(place, steps[place].within) for place in range(stops, len(steps))]
        if stops == 0:
            yield flat
        for pays in range(max(0, stops - 2), stops):
            yield [(pays, steps[pays].above), *flat]
