"""The outlook of a curve: what a verdict still takes, and its chance with what can be measured.

A verdict is a pattern of doublings: some shown to gain more than `worth`, those above shown not to.
For each pattern, what its doublings lack is known from their spread and from what is believed of
their gains.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import stats

from search.curve_resampling import estimate_curve
from search.doubling_tests import DoublingTest
from search.doublings import CurveData, Doubling
from search.intervals import Interval, critical, units_needed
from search.saturation import Saturation
from search.stacking import sample_curves
from search.worth import Threshold

__all__ = ["Outlook", "Step"]


@dataclass(frozen=True)
class Step:
    """A doubling: the units that it would take to show it above `worth`, or within it.

    Each is 0 where it is shown, infinite where it is believed to be otherwise. `margin` is what it
    is believed to gain beyond `worth`, `gain` what was measured of it.
    """

    start: float
    to: float
    above: float
    within: float
    margin: float
    gain: Interval | None

    @property
    def narrowness(self) -> float:
        """How far it is believed to lie from `worth`, in standard errors of what was measured."""
        if self.gain is None or not self.gain.sd:
            return math.inf
        return abs(self.margin) * math.sqrt(self.gain.units) / self.gain.sd

    def chance(self, begun: int, left: int, *, above: bool) -> float:
        """Return the chance that it is shown `above` (or within) once `left` more units ended.

        The predictive power of a test at the end, given its estimate now and no other belief.
        Source: Spiegelhalter, Freedman and Blackburn 1986, "Monitoring clinical trials:
        conditional or predictive power?" (Controlled Clinical Trials 7).
        """
        if (self.above if above else self.within) == 0:
            return 1.0
        if self.gain is None or not self.gain.sd:
            return 1.0  # nothing speaks against it
        now = self.gain.sd / math.sqrt(self.gain.units)
        end = now * math.sqrt(begun / (begun + left))
        needed = critical(begun + left - 1) * end
        spread = math.sqrt(now**2 - end**2)
        reached = (self.margin if above else -self.margin) - needed
        return float(stats.norm.cdf(reached / spread)) if spread else float(reached > 0)


Way = list[tuple[int, bool]]
"""A pattern: the place of a doubling, and whether it is to be shown above `worth` or within it."""


@dataclass(frozen=True)
class Outlook:
    """The doublings of a coarse range; none where a doubling has no price."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, found: Saturation, xs: Sequence[float]) -> Self:
        """Return the outlook of what was found, on doublings between about `xs`."""
        return cls(() if found.unpriced is not None else tuple(_steps(found, xs)))

    @property
    def lacking(self) -> tuple[float, ...]:
        """The x of the doublings that the cheapest way to a verdict lacks; none without a way."""
        ways = [needs for way in self._ways() if math.isfinite(_cost(needs := self._needs(way)))]
        if not ways:
            return ()
        best = min(ways, key=_cost)
        return tuple(sorted({x for step, need in best if need > 0 for x in (step.start, step.to)}))

    @property
    def narrowest(self) -> tuple[float, ...]:
        """The x of the two doublings that a verdict rests on most narrowly; none without one."""
        told = [needs for way in self._ways() if _cost(needs := self._needs(way)) == 0]
        if not told:
            return ()
        steps = sorted({step for step, _ in told[0]}, key=lambda step: step.narrowness)
        return tuple(sorted({x for step in steps[:2] for x in (step.start, step.to)}))

    def chance(self, begun: int, left: int) -> float:
        """Return the chance that `left` units after `begun` bring a verdict, at most 1.

        The sum over ways, each the product of its doublings as if they were independent: neither
        holds exactly, and it is large rather than small where ways overlap.
        """
        if not self.steps:
            return 1.0
        return min(1.0, math.fsum(
            math.prod(self.steps[place].chance(begun, left, above=above) for place, above in way)
            for way in self._ways()))

    def _needs(self, way: Way) -> list[tuple[Step, float]]:
        return [(step := self.steps[place], step.above if above else step.within)
                for place, above in way]

    def _ways(self) -> Iterator[Way]:
        """Yield the ways to a verdict, every one of them."""
        if not self.steps:
            return
        top = len(self.steps) - 1
        yield [(top, True)]
        for stops in range(len(self.steps)):
            flat = [(place, False) for place in range(stops, len(self.steps))]
            if stops == 0:
                yield flat
            for pays in range(max(0, stops - 2), stops):
                yield [(pays, True), *flat]


def _cost(needs: Sequence[tuple[Step, float]]) -> float:
    return math.fsum(need for _, need in needs)


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
                within=0.0 if test.within else need if margin < 0 else math.inf,
                margin=margin, gain=measured)


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
