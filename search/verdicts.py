"""Verdicts: from the gains of doublings to what is said of a curve, in a word and a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.doubling_tests import ALPHA, DoublingTest
from search.doublings import CurveData, Doubling
from search.intervals import LEVEL, MAX_UNITS, Interval, spell, units_needed
from search.stacking import MIN_XS, Combination

__all__ = ["MAX_OCTAVES", "Finding", "Told", "Verdict", "judge", "needed_units", "sentence"]

Verdict = Literal["located", "no gain anywhere", "still rising", "falls after x", "not located"]

MAX_OCTAVES = 2.0
"""A point known no better than this, in doublings of x, is not located."""


@dataclass(frozen=True)
class Finding:
    """A verdict, with `low` < x* <= `high` as far as each is shown.

    `pays` is the last doubling's start that tests show to gain more than `worth`, `stops` the first
    from which they show every doubling to gain at most that. `open` says why x* is not located
    although both are known.
    """

    verdict: Verdict
    low: float | None = None
    high: float | None = None
    x_star: float | None = None
    falls_after: float | None = None
    pays: float | None = None
    stops: float | None = None
    open: str | None = None


def judge(
    doublings: Sequence[Doubling], tests: Sequence[DoublingTest], combined: Combination | None
) -> Finding:
    """Apply the definition to the tests of doublings, and hold them against the families.

    A bound is the weaker one of the two answers; x* is located where both bound it on both sides,
    their intervals meet, and together they span at most `MAX_OCTAVES`. Tests alone say that a
    curve still rises, gains nowhere or falls.
    """
    pays = max((test.start for test in tests if test.above), default=None)
    stops = min((test.start for test in tests if test.within), default=None)
    if tests and pays == tests[-1].start:
        return Finding("still rising", pays, pays=pays)
    fallen = [each.start for each in doublings if stops is not None and each.start >= stops
              and each.highest is not None and each.highest < 0]
    if stops is not None and stops == tests[0].start and not fallen:
        return Finding("no gain anywhere", None, stops, stops=stops)
    if stops is None or pays is None or combined is None:
        # The one answer that speaks is no bound of both, but for a curve that two x tell.
        low, high = (pays, stops) if combined is None else _weaker(pays, stops, combined)
        return Finding("falls after x" if fallen else "not located", low, high,
                       falls_after=fallen[0] if fallen else None, pays=pays, stops=stops,
                       open=_few(pays, stops))
    low, high = _weaker(pays, stops, combined)
    why = _disagreement(pays, stops, combined) or _too_wide(low, high)
    x_star = None if why or combined.x_star is None else min(max(combined.x_star, pays), stops)
    if fallen:
        return Finding("falls after x", low, high, x_star, fallen[0], pays, stops)
    return Finding("not located" if why else "located", low, high, x_star, None, pays, stops, why)


def _weaker(
    pays: float | None, stops: float | None, combined: Combination
) -> tuple[float | None, float | None]:
    """Return the bounds that both answers give, each the weaker one."""
    return (None if pays is None or combined.low is None else min(pays, combined.low),
            None if stops is None or combined.high is None else max(stops, combined.high))


def _few(pays: float | None, stops: float | None) -> str | None:
    if pays is None or stops is None:
        return None
    return (f"tests put x* between {pays:g} and {stops:g}, but fewer than {MIN_XS} x, or series "
            "with no x in common, tell no family of curves from another")


def _disagreement(pays: float, stops: float, combined: Combination) -> str | None:
    if combined.low is None or combined.high is None:
        side, share = ("beyond the data", combined.beyond) if combined.high is None else (
            "below the data", combined.nowhere)
        return (f"tests put x* between {pays:g} and {stops:g}, but families of curves leave "
                f"{share:.0%} of it {side}")
    if combined.low > stops or combined.high < pays:
        return (f"tests put x* between {pays:g} and {stops:g}, families of curves between "
                f"{combined.low:.3g} and {combined.high:.3g}: they disagree")
    return None


def _too_wide(low: float | None, high: float | None) -> str | None:
    if low is None or high is None or high <= low * 2**MAX_OCTAVES:
        return None
    return (f"x* lies between {low:.3g} and {high:.3g}, which is more than {MAX_OCTAVES:g} "
            "doublings")


def _open(told: Told) -> Doubling | None:
    """Return the widest doubling of which nothing is shown, one without an interval first."""
    undecided = [doubling for doubling, test in zip(told.doublings, told.tests, strict=True)
                 if not test.above and (test.p_within is None or test.p_within > ALPHA)]
    return max(undecided, key=_width, default=None)


def _width(doubling: Doubling) -> float:
    if doubling.gain is None or doubling.gain.half_width is None:
        return math.inf
    return doubling.gain.half_width


def needed_units(told: Told) -> int | None:
    """Return the units for which every gain would be known to within half of `worth`."""
    widest = _open(told)
    if widest is None or widest.gain is None or widest.gain.sd is None:
        return None
    needed = units_needed(widest.gain.sd, told.worth / 2)
    return needed if needed > told.data.units else None


@dataclass(frozen=True)
class Told:
    """What a sentence speaks of."""

    data: CurveData
    doublings: tuple[Doubling, ...]
    tests: tuple[DoublingTest, ...]
    worth: float
    axis: str

    @property
    def basis(self) -> str:
        """The units that intervals are over."""
        blocks = _count(len(self.data.blocks), "seed block")
        orders = f"{self.data.units} orders and {blocks}" if self.data.is_by_order else (
            f"{blocks} of one order")
        return f"{LEVEL:.0%} t intervals over {orders}"

    def step(self, doubling: Doubling) -> str:
        """The doubling and its gain."""
        gain, verb = doubling.gain, "gains"
        if gain is not None and gain.high is not None and gain.high < 0:
            gain, verb = _reversed(gain), "loses"
        return (f"going from {doubling.start:g} to {doubling.to:g} {self.axis} {verb} "
                f"{spell(gain)} points")

    def at(self, start: float | None) -> Doubling:
        """The doubling that starts there."""
        return next(each for each in self.doublings if each.start == start)

    def most(self, start: float | None) -> float:
        """The greatest upper bound of the doublings from `start` on."""
        return max(each.gain.high for each in self.doublings
                   if each.start >= (start or 0.0) and each.gain and each.gain.high is not None)


def sentence(told: Told, finding: Finding, first: Doubling | None, needed: int | None) -> str:
    """Return what a curve says, with the numbers that say it; the first step at the end."""
    text = _verdict_sentence(told, finding, needed)
    if first is None or first.gain is None:
        return text
    return f"{text} The first step, reported apart: {told.step(first)}."


def _verdict_sentence(told: Told, finding: Finding, needed: int | None) -> str:
    axis, basis, worth = told.axis, told.basis, f"{told.worth:g}"
    top = told.doublings[-1].to if told.doublings else 0.0
    match finding.verdict:
        case "located":
            return (f"x* = {finding.x_star:g} {axis} [{finding.low:g}, {finding.high:g}]: "
                    f"{told.step(told.at(finding.pays))}, every doubling from {finding.stops:g} "
                    f"up to {top:g} at most {told.most(finding.stops):.2f} "
                    f"(worth {worth}; {basis}).")
        case "no gain anywhere":
            return (f"No gain anywhere: no doubling from {told.doublings[0].start:g} to {top:g} "
                    f"{axis} gains more than {told.most(None):.2f} points "
                    f"(worth {worth}; {basis}).")
        case "still rising":
            return (f"Still rising: {told.step(told.doublings[-1])}, so x* > {finding.low:g} "
                    f"{axis} (worth {worth}; {basis}).")
        case "falls after x":
            return (f"Falls after x = {finding.falls_after:g} {axis}: "
                    f"{told.step(told.at(finding.falls_after))} (worth {worth}; {basis}).")
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
    text = f"{told.step(widest)}, which settles nothing about a worth of {told.worth:g}"
    if needed is None:
        return f"{text}: it lies too near it for {told.data.units} {unit} to tell"
    amount = f"more than {MAX_UNITS - 1}" if needed >= MAX_UNITS else f"about {needed}"
    also = " (and seed blocks in proportion)" if told.data.is_by_order else ""
    return (f"{text}; to know it within {told.worth / 2:g} would take {amount} {unit} at this "
            f"spread{also}, there are {told.data.units}")


def _reversed(gain: Interval) -> Interval:
    assert gain.low is not None
    assert gain.high is not None
    return gain.model_copy(update={"mean": -gain.mean, "low": -gain.high, "high": -gain.low})


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "none"
