"""Whether a curve's verdict depends on which of its orders were drawn."""

from __future__ import annotations

from collections.abc import Iterable

from search.contrasts import are_told_apart
from search.doublings import CurveData, Observation
from search.intervals import LEVEL
from search.saturation import Saturation, locate_observations
from search.split_half import FEWEST_SEEDS, split_half

__all__ = ["with_halves"]


def with_halves(curve: Saturation) -> Saturation:
    """Return a curve with how often two random halves of its units agree.

    Units are orders, or seed blocks where there is one order; `split_half` stays None of fewer than
    `FEWEST_SEEDS`. `rejected` is how often Welch tests tell the halves' gains apart in any of the
    doublings, at one less the level over all of them (Bonferroni): nothing but chance does, so it
    should be at most about that share.
    """
    data = CurveData(curve.observations)
    if data.units < FEWEST_SEEDS or not data.starts:
        return curve
    gains = [data.unit_gains(start, 2 * start) for start in data.starts]
    level = 1 - (1 - LEVEL) / len(gains)

    def differ(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
        return any(are_told_apart(*([each[unit] for unit in half if unit in each]
                                    for half in (first, second)), level=level) for each in gains)

    def verdict(half: tuple[str, ...]) -> str:
        kept = _of_units(curve.observations, half, by_order=data.is_by_order)
        return locate_observations(kept, worth=curve.worth, axis=curve.axis).verdict

    units = data.orders if data.is_by_order else data.blocks
    return curve.model_copy(update={
        "split_half": split_half(units, differ=differ, verdict=verdict)})


def _of_units(observations: Iterable[Observation], units: Iterable[str], *, by_order: bool
              ) -> list[Observation]:
    """Return the observations of some units, with those that all orders share."""
    kept = {*units, ""} if by_order else set(units)
    return [each for each in observations if (each.order if by_order else each.block) in kept]
