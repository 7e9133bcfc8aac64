"""What a curve says in a sentence with the numbers that say it, and what it would take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.doubling_tests import ALPHA, DoublingTest
from search.doublings import CurveData, Doubling
from search.intervals import LEVEL, MAX_UNITS, Interval, spell, units_needed
from search.verdicts import Finding
from search.worth import Threshold

__all__ = ["Told", "basis", "needed_units", "sentence"]


@dataclass(frozen=True)
class Told:
    """What a sentence speaks of."""

    data: CurveData
    doublings: tuple[Doubling, ...]
    tests: tuple[DoublingTest, ...]
    threshold: Threshold
    axis: str

    @property
    def worth(self) -> str:
        """What a doubling must gain to pay."""
        if not self.threshold.is_hourly:
            return f"worth {self.threshold.rate:g}"
        bounds = [self.threshold.at(each.start) for each in self.doublings] or [0.0]
        return (f"worth {self.threshold.rate:g} per device hour, so {min(bounds):.2g} to "
                f"{max(bounds):.2g} points a doubling")

    @property
    def noun(self) -> str:
        """What follows `most`, which names its own units where they are others than points."""
        return "" if self.threshold.is_hourly else " points"

    @property
    def form(self) -> str:
        """How what a doubling is worth is written: as it was given, or rounded where derived."""
        return ".2g" if self.threshold.is_hourly else "g"

    def step(self, doubling: Doubling) -> str:
        """The doubling and its gain."""
        gain, verb = doubling.gain, "gains"
        if gain is not None and gain.high is not None and gain.high < 0:
            gain, verb = _reversed(gain), "loses"
        return (f"going from {doubling.start:g} to {doubling.to:g} {self.axis} {verb} "
                f"{spell(gain)} points{self._price(doubling)}")

    def _price(self, doubling: Doubling) -> str:
        if not self.threshold.is_hourly or doubling.start <= 0:  # the first step has no worth
            return ""
        more = self.threshold.more_hours(np.log2([doubling.start]))[0]
        return f" for {more:.2g} device hours more"

    def at(self, start: float | None) -> Doubling:
        """The doubling that starts there."""
        return next(each for each in self.doublings if each.start == start)

    def most(self, start: float | None) -> str:
        """The greatest upper bound of the doublings from `start` on, in the units of the worth."""
        highs = [(each.start, each.gain.high) for each in self.doublings
                 if each.start >= (start or 0.0) and each.gain and each.gain.high is not None]
        if not self.threshold.is_hourly:
            return f"{max(high for _, high in highs):.2f}"
        hourly = max(self.threshold.rate * high / self.threshold.at(at) for at, high in highs)
        return f"{hourly:.2f} points per device hour"


def basis(data: CurveData) -> str:
    """Return the units that intervals are over."""
    blocks = _count(len(data.blocks), "seed block")
    orders = f"{data.units} orders and {blocks}" if data.is_by_order else f"{blocks} of one order"
    return f"{LEVEL:.0%} t intervals over {orders}"


def needed_units(told: Told) -> int | None:
    """Return the units for which every gain would be known to within half of what it is worth."""
    widest = _open(told)
    if widest is None or widest.gain is None or widest.gain.sd is None:
        return None
    needed = units_needed(widest.gain.sd, told.threshold.at(widest.start) / 2)
    return needed if needed > told.data.units else None


def _open(told: Told) -> Doubling | None:
    """Return the widest doubling of which nothing is shown, one without an interval first.

    Where they are worth different points it is the widest for its worth.
    """
    undecided = [doubling for doubling, test in zip(told.doublings, told.tests, strict=True)
                 if not test.above and (test.p_within is None or test.p_within > ALPHA)]
    return max(undecided, key=lambda each: _width(each, told.threshold), default=None)


def _width(doubling: Doubling, threshold: Threshold) -> float:
    if doubling.gain is None or doubling.gain.half_width is None:
        return math.inf
    return doubling.gain.half_width / (
        threshold.at(doubling.start) if threshold.is_hourly else 1.0)


def sentence(told: Told, finding: Finding, first: Doubling | None, needed: int | None) -> str:
    """Return what a curve says, with the numbers that say it; the first step at the end."""
    text = _verdict_sentence(told, finding, needed)
    if first is None or first.gain is None:
        return text
    return f"{text} The first step, reported apart: {told.step(first)}."


def _verdict_sentence(told: Told, finding: Finding, needed: int | None) -> str:
    axis, rests = told.axis, f"({told.worth}; {basis(told.data)})"
    top = told.doublings[-1].to if told.doublings else 0.0
    match finding.verdict:
        case "located":
            return (f"x* = {finding.x_star:g} {axis} [{finding.low:g}, {finding.high:g}]: "
                    f"{told.step(told.at(finding.pays))}, every doubling from {finding.stops:g} "
                    f"up to {top:g} at most {told.most(finding.stops)} "
                    f"{rests}.")
        case "no gain anywhere":
            return (f"No gain anywhere: no doubling from {told.doublings[0].start:g} to {top:g} "
                    f"{axis} gains more than {told.most(None)}{told.noun} "
                    f"{rests}.")
        case "still rising":
            return (f"Still rising: {told.step(told.doublings[-1])}, so x* > {finding.low:g} "
                    f"{axis} {rests}.")
        case "falls after x":
            return (f"Falls after x = {finding.falls_after:g} {axis}: "
                    f"{told.step(told.at(finding.falls_after))} {rests}.")
        case "not located":
            return f"Not located: {'; '.join(_reasons(told, finding, needed))}."


def _reasons(told: Told, finding: Finding, needed: int | None) -> list[str]:
    """Return why x* is not located: what is open of it, and the doubling that leaves it open."""
    if finding.open is None:
        return [_why_not(told, needed)]
    return [finding.open, *([] if _open(told) is None else [_why_not(told, needed)])]


def _why_not(told: Told, needed: int | None) -> str:
    if not told.data.all_xs:
        return "no trial of the curve was scored"
    widest = _open(told)
    if widest is None:
        return f"no x and 2x lie inside the data ({_listed(told.data.xs)} {told.axis})"
    if widest.gain is None:
        return (f"no {'order' if told.data.is_by_order else 'seed block'} was scored at both "
                f"{widest.start:g} and {widest.to:g} {told.axis}")
    if widest.gain.half_width is None:
        same = "; rows of one x, order and block count as one, their mean" if (
            told.data.repeats) else ""
        return (f"{told.step(widest)} on one unit alone, which says nothing of its spread; two "
                f"orders or seed blocks are the least that give an interval, six a useful one{same}"
                )
    unit = "orders" if told.data.is_by_order else "seed blocks"
    worth = told.threshold.at(widest.start)
    text = f"{told.step(widest)}, which settles nothing about a worth of {worth:{told.form}}"
    if needed is None:
        return f"{text}: it lies too near it for {told.data.units} {unit} to tell"
    amount = f"more than {MAX_UNITS - 1}" if needed >= MAX_UNITS else f"about {needed}"
    also = " (and seed blocks in proportion)" if told.data.is_by_order else ""
    return (f"{text}; to know it within {worth / 2:{told.form}} would take {amount} {unit} at this "
            f"spread{also}, there are {told.data.units}")


def _reversed(gain: Interval) -> Interval:
    assert gain.low is not None
    assert gain.high is not None
    return gain.model_copy(update={"mean": -gain.mean, "low": -gain.high, "high": -gain.low})


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "none"
