"""The point of diminishing returns: the smallest x from which every doubling gains too little."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from search.curve_resampling import estimate_curve
from search.curve_sentence import Told, basis, needed_units, sentence
from search.doubling_tests import DoublingTest, judge_doublings
from search.doublings import CurveData, Doubling, Observation, Point
from search.intervals import LEVEL
from search.split_half import SplitHalf
from search.stacking import Combination, combine
from search.verdicts import Finding, Verdict, judge
from search.worth import Threshold, UnpricedError, Worth
from spaces.value import Value

__all__ = ["Noise", "Saturation", "locate", "locate_observations"]


Noise = Literal["sampled", "fixed"]


class Saturation(Value):
    """Where more stops paying, with what the answer rests on.

    `x_star` is the smallest x from which every further doubling inside the data gains at most
    its `worth`, given only where the data show it; `low` < x* <= `high`, each as far as it is
    shown by both answers: `tests`, doubling by doubling and free of any family, and `combined`,
    families of curves together, None where they cannot be told apart. `falls_after` is the x of
    that verdict. `first_step` is the step from 0 to the least positive x, no part of the verdict.
    `unit` is what `units` counts, orders where there are several; `basis` says what intervals are
    over, `noise` which levels of it are sampled and which are fixed, so that nothing is said of
    others; `units_needed` is how many units would do at the spread seen, where that can be said.
    `split_half` says whether halves of the units agree, where that was asked (`curve_halves.py`).
    `unpriced` says why a doubling has no worth, where that is per device hour; nothing is tested
    then.
    """

    axis: str
    worth: Worth
    level: float = LEVEL
    unit: Literal["order", "block"]
    units: int
    basis: str
    noise: dict[str, Noise]
    observations: tuple[Observation, ...]
    points: tuple[Point, ...]
    doublings: tuple[Doubling, ...]
    tests: tuple[DoublingTest, ...]
    combined: Combination | None = None
    first_step: Doubling | None
    verdict: Verdict
    x_star: float | None = None
    low: float | None = None
    high: float | None = None
    falls_after: float | None = None
    units_needed: int | None = None
    split_half: SplitHalf | None = Field(default=None, exclude_if=lambda given: given is None)
    unpriced: str | None = Field(default=None, exclude_if=lambda given: given is None)
    sentence: str


def locate(
    x: Sequence[float], score: Sequence[float], order: Sequence[str] | None = None,
    block: Sequence[str] | None = None, *, worth: float | Worth, axis: str = "x",
    hours: Sequence[float] | None = None,
) -> Saturation:
    """Return the point of diminishing returns of a designed block of trials.

    x* is the smallest x from which every doubling inside the data gains at most `worth`: so many
    points, or so many for each device hour that a trial at 2x takes more than one at x. Two
    answers must agree. Free of any family, top down: from `high` on each doubling is shown to gain
    at most `worth`, and the one from `low` is shown to gain more, by t tests over nested orders and
    seed blocks, two crossed random factors (where x or 2x was not measured f is read off linearly
    in log2(x) between its neighbours, order by order). And families of curves, weighed by what they
    say of x left out, resampled over the same factors. A fall is a gain shown to be below 0 after
    Bonferroni's correction over the doublings. Nothing else depends on the range of x. Where all x
    are whole numbers so are x* and its bounds.

    Args:
        x: shape [n], not negative; 0 is the point without the axis (English alone).
        score: shape [n], in points.
        order: shape [n], the nested order; rows at x = 0 may have "", for all orders.
        block: shape [n], the seed block.
        worth: the gain per doubling, in points, up to which more does not pay, or per device hour;
            positive.
        axis: what x counts, for the sentence.
        hours: shape [n], each trial's device hours, not negative; of use per device hour alone.

    Raises:
        ValueError: if shapes differ, a number is not finite, x or hours are negative or `worth` is
            not positive.
    """
    return locate_observations(_observations(x, score, order, block, hours), worth=worth, axis=axis)


def locate_observations(
    observations: Sequence[Observation], *, worth: float | Worth, axis: str = "x"
) -> Saturation:
    """Return the point of diminishing returns, as `locate` does.

    Raises:
        ValueError: if x is negative or `worth` is not positive.
    """
    observations, worth = tuple(observations), Worth.of(worth)
    _check(observations)
    data = CurveData(observations)
    doublings = tuple(data.doubling(start, 2 * start) for start in data.starts)
    has_first = len(data.xs) < len(data.all_xs) and bool(data.xs)
    first = data.doubling(0.0, data.xs[0]) if has_first else None
    bare = Saturation(
        axis=axis, worth=worth, unit="order" if data.is_by_order else "block", units=data.units,
        basis=basis(data), noise=_noise(data),
        observations=observations, points=tuple(data.point(at) for at in data.all_xs),
        doublings=doublings, tests=(), first_step=first, verdict="not located", sentence="")
    try:
        return _judged(bare, data, worth.threshold(data))
    except UnpricedError as error:
        return bare.model_copy(update={
            "unpriced": str(error), "sentence": f"Not located: {error}.",
            "tests": tuple(DoublingTest(start=each.start, to=each.to) for each in doublings)})


def _judged(bare: Saturation, data: CurveData, threshold: Threshold) -> Saturation:
    """Return the curve with its verdict and what that rests on."""
    tests = judge_doublings(data, threshold)
    estimate = estimate_curve(bare.observations)
    combined = None if estimate is None else combine(estimate, threshold)
    finding = _rounded(judge(bare.doublings, tests, combined), data.xs)
    told = Told(data, bare.doublings, tests, threshold, bare.axis)
    needed = needed_units(told) if finding.verdict == "not located" else None
    return bare.model_copy(update={
        "tests": tests, "combined": combined, "verdict": finding.verdict,
        "x_star": finding.x_star, "low": finding.low, "high": finding.high,
        "falls_after": finding.falls_after, "units_needed": needed,
        "sentence": sentence(told, finding, bare.first_step, needed)})


def _noise(data: CurveData) -> dict[str, Noise]:
    """Return the levels of noise and what this data does of each."""
    return {"seed block": "sampled" if len(data.blocks) > 1 else "fixed",
            "nested order": "sampled" if len(data.orders) > 1 else "fixed",
            "pretraining checkpoint": "fixed", "test items": "fixed", "target languages": "fixed"}


def _rounded(finding: Finding, xs: Sequence[float]) -> Finding:
    """Return whole numbers where all x are, else three digits; bounds are rounded outwards."""
    def outwards(x: float | None, to: Callable[[float], int]) -> float | None:
        if x is None or x in xs:
            return x
        unit = 1.0 if all(at == int(at) for at in xs) else 10.0 ** (math.floor(math.log10(x)) - 2)
        return float(f"{to(round(x / unit, 6)) * unit:.12g}")

    return replace(finding, low=outwards(finding.low, math.floor),
                   high=outwards(finding.high, math.ceil),
                   x_star=outwards(finding.x_star, math.ceil))


def _observations(
    x: Sequence[float], score: Sequence[float], order: Sequence[str] | None,
    block: Sequence[str] | None, hours: Sequence[float] | None,
) -> list[Observation]:
    order, block = order or [""] * len(x), block or [""] * len(x)
    known = [None] * len(x) if hours is None else [float(each) for each in hours]
    if not len(x) == len(score) == len(order) == len(block) == len(known):
        raise ValueError(f"`x`, `score`, `order` and `block` must be equally long, got {len(x)}, "
                         f"{len(score)}, {len(order)} and {len(block)}"
                         + ("" if hours is None else f"; and {len(known)} `hours`"))
    for name, numbers in (("x", x), ("score", score), ("hours", () if hours is None else hours)):
        wrong = [number for number in numbers if not math.isfinite(number)]
        if wrong:
            raise ValueError(f"`{name}` must be finite, got {wrong[0]}")
    return [Observation(x=float(at), score=float(points), order=str(o), block=str(b), hours=cost)
            for at, points, o, b, cost in zip(x, score, order, block, known, strict=True)]


def _check(observations: Sequence[Observation]) -> None:
    for each in observations:
        if each.x < 0:
            raise ValueError(f"`x` must not be negative, got {each.x}")
