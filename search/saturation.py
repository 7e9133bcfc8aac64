"""The point of diminishing returns: the smallest x from which every doubling gains too little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.doublings import CurveData, Doubling, Observation, Point
from search.intervals import LEVEL, MAX_UNITS, Interval, spell, units_needed
from spaces.value import Value

__all__ = ["Saturation", "Verdict", "locate"]

Verdict = Literal["located", "no gain anywhere", "still rising", "falls after x", "not located"]


class Saturation(Value):
    """Where more stops paying, with what the answer rests on.

    `x_star` is the smallest x from which every further doubling inside the data gains at most
    `worth` points, given only where the data show it; `low` < x* <= `high`, each as far as it is
    shown; `falls_after` is the x of that verdict. `first_step` is the step from 0 to the least
    positive x, no part of the verdict. `unit` is what was taken as independent, `units` how many
    there are, `units_needed` how many would do at the spread seen, where that can be said.
    """

    axis: str
    worth: float
    level: float = LEVEL
    unit: Literal["order", "block"]
    units: int
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
    gain over the units: the nested orders, seed blocks averaged within each, or the seed blocks
    where there is one order. Top down, it is `located` if from x* on every doubling is shown to
    gain at most `worth` (upper bound) and the one just below x* to gain more (lower bound). A fall
    is a gain shown to be below 0 after Bonferroni's correction over the doublings. Nothing else
    depends on the range of x.

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
    finding = _judge(doublings, worth)
    needed = _needed(doublings, worth, data.units) if finding.verdict == "not located" else None
    first = data.doubling(0.0, data.xs[0]) if has_first else None
    return Saturation(
        axis=axis, worth=worth, unit="order" if data.is_by_order else "block", units=data.units,
        observations=observations, points=tuple(data.point(at) for at in data.all_xs),
        doublings=doublings, first_step=first, verdict=finding.verdict, x_star=finding.x_star,
        low=finding.low, high=finding.high, falls_after=finding.falls_after, units_needed=needed,
        sentence=_sentence(_Told(data, doublings, worth, axis), finding, first, needed),
    )


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    low: float | None = None
    high: float | None = None
    x_star: float | None = None
    falls_after: float | None = None


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


def _judge(doublings: Sequence[Doubling], worth: float) -> _Finding:
    """Apply the definition to the intervals, from the top doubling down."""
    paying = [each.start for each in doublings if _pays(each, worth)]
    low = paying[-1] if paying else None
    if doublings and low == doublings[-1].start:
        return _Finding("still rising", low)
    flat = list(doublings)
    while flat and not all(_is_flat(each, worth) for each in flat):
        flat.pop(0)
    if not flat:
        return _Finding("not located", low)
    high, below = flat[0].start, len(doublings) - len(flat) - 1
    x_star = high if below >= 0 and low == doublings[below].start else None
    fallen = [each.start for each in flat if each.highest is not None and each.highest < 0]
    if fallen:
        return _Finding("falls after x", low, high, x_star, fallen[0])
    if below < 0:
        return _Finding("no gain anywhere", None, high)
    return _Finding("not located" if x_star is None else "located", low, high, x_star)


def _pays(doubling: Doubling, worth: float) -> bool:
    """Whether the doubling is shown to gain more than `worth`."""
    return doubling.gain is not None and doubling.gain.low is not None and (
        doubling.gain.low > worth)


def _is_flat(doubling: Doubling, worth: float) -> bool:
    """Whether the doubling is shown to gain at most `worth`."""
    return doubling.gain is not None and doubling.gain.high is not None and (
        doubling.gain.high <= worth)


def _open(doublings: Sequence[Doubling], worth: float) -> Doubling | None:
    """Return the widest doubling of which nothing is shown, one without an interval first."""
    undecided = [each for each in doublings
                 if not _pays(each, worth) and not _is_flat(each, worth)]
    return max(undecided, key=_width, default=None)


def _width(doubling: Doubling) -> float:
    if doubling.gain is None or doubling.gain.half_width is None:
        return math.inf
    return doubling.gain.half_width


def _needed(doublings: Sequence[Doubling], worth: float, units: int) -> int | None:
    """Return the units for which every gain would be known to within half of `worth`."""
    widest = _open(doublings, worth)
    if widest is None or widest.gain is None or widest.gain.sd is None:
        return None
    needed = units_needed(widest.gain.sd, worth / 2)
    return needed if needed > units else None


@dataclass(frozen=True)
class _Told:
    """What a sentence speaks of."""

    data: CurveData
    doublings: tuple[Doubling, ...]
    worth: float
    axis: str

    @property
    def basis(self) -> str:
        """The units that intervals are over."""
        if self.data.is_by_order:
            return f"{LEVEL:.0%} t intervals over {self.data.units} orders"
        return f"{LEVEL:.0%} t intervals over {_count(self.data.units, 'seed block')} of one order"

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


def _sentence(told: _Told, finding: _Finding, first: Doubling | None, needed: int | None) -> str:
    text = _verdict_sentence(told, finding, needed)
    if first is None or first.gain is None:
        return text
    return f"{text} The first step, reported apart: {told.step(first)}."


def _verdict_sentence(told: _Told, finding: _Finding, needed: int | None) -> str:
    axis, basis, worth = told.axis, told.basis, f"{told.worth:g}"
    top = told.doublings[-1].to if told.doublings else 0.0
    match finding.verdict:
        case "located":
            return (f"x* = {finding.x_star:g} {axis}: {told.step(told.at(finding.low))}, every "
                    f"later doubling up to {top:g} at most {told.most(finding.x_star):.2f} "
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
            return f"Not located: {_why_not(told, needed)}."


def _why_not(told: _Told, needed: int | None) -> str:
    if not told.data.all_xs:
        return "no trial of the curve was scored"
    widest = _open(told.doublings, told.worth)
    if widest is None:
        return f"no x and 2x lie inside the data ({_listed(told.data.xs)} {told.axis})"
    if widest.gain is None:
        return (f"no {'order' if told.data.is_by_order else 'seed block'} was scored at both "
                f"{widest.start:g} and {widest.to:g} {told.axis}")
    if widest.gain.half_width is None:
        return (f"{told.step(widest)} on one unit alone, which says nothing of its spread; two "
                "orders or seed blocks are the least that give an interval, six a useful one")
    unit = "orders" if told.data.is_by_order else "seed blocks"
    text = f"{told.step(widest)}, which settles nothing about a worth of {told.worth:g}"
    if needed is None:
        return f"{text}: it lies too near it for {told.data.units} {unit} to tell"
    amount = f"more than {MAX_UNITS - 1}" if needed >= MAX_UNITS else f"about {needed}"
    return (f"{text}; to know it within {told.worth / 2:g} would take {amount} {unit} at this "
            f"spread, there are {told.data.units}")


def _reversed(gain: Interval) -> Interval:
    assert gain.low is not None
    assert gain.high is not None
    return gain.model_copy(update={"mean": -gain.mean, "low": -gain.high, "high": -gain.low})


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "none"
