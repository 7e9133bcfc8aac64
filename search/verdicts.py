"""Verdicts: from the gains of doublings to what is said of a curve, in a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.doubling_tests import DoublingTest
from search.doublings import Doubling
from search.stacking import MIN_XS, Combination

__all__ = ["MAX_OCTAVES", "Finding", "Verdict", "judge"]

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
