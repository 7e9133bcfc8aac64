"""What a curve's worth needs of its block, and the laws between a worth and its study."""

from __future__ import annotations

from collections.abc import Iterator

from search.curve_section import Curve
from search.declaration import Declaration
from search.intervals import in_points, units_needed
from search.study_faults import fault
from search.worth import Worth
from spaces.value import Value

__all__ = ["CurveNeed", "check_worth", "curve_needs", "curve_warnings"]


class CurveNeed(Value):
    """The orders at which a doubling's interval is expected within half of a worth, by the pilot.

    `category` is that of the worth, "" where all have one; `points` what a doubling must gain;
    `trials` what the block has at so many `orders`. None where it cannot be told beforehand, and
    `text` says why.
    """

    category: str
    points: float | None = None
    orders: int | None = None
    trials: int | None = None
    text: str


def curve_needs(study: Declaration) -> Iterator[CurveNeed]:
    """Yield what each worth of a study's curve needs; nothing where no pilot's spread is known."""
    curve = study.curve
    if curve is None or curve.pilot_sd is None:
        return
    for category, worth in curve.worth.each.items():
        yield _need(curve, curve.pilot_sd, category, worth)


def _need(curve: Curve, pilot_sd: float, category: str, worth: Worth) -> CurveNeed:
    points, at = worth.points, ""
    if worth.per_device_hour is not None:
        if curve.pilot_hours is None:
            return CurveNeed(category=category, text=(
                f"{worth.amount} needs trials that cannot be told before device hours are "
                "measured: give `pilot_hours`"))
        points = worth.per_device_hour * curve.pilot_hours
        at = f" at {curve.pilot_hours:g} hours more"
    assert points is not None  # a worth of one curve has one form or the other
    orders = units_needed(pilot_sd, points / 2)
    trials = _trials(curve, orders)
    return CurveNeed(
        category=category, points=points, orders=orders, trials=trials,
        text=f"{orders} orders needed by the pilot, {trials} trials ({worth.rate}{at})")


def _trials(curve: Curve, orders: int) -> int:
    """Return the trials of the curve at as many orders; English alone is run once per seed."""
    added = sum(count > 0 for count in curve.counts)
    return curve.seeds * (orders * added + len(curve.counts) - added)


def curve_warnings(study: Declaration) -> Iterator[str]:
    """Yield a line for each worth that the study's orders are too few to tell."""
    for need in curve_needs(study):
        if study.curve is None or need.orders is None or need.points is None:
            continue
        if need.orders > len(study.curve.orders):
            of = f" of {need.category}" if need.category else ""
            yield (f"at the pilot's spread {need.orders} orders tell {in_points(need.points)} a "
                   f"doubling{of}, got {len(study.curve.orders)} (curve.orders)")


def check_worth(study: Declaration) -> None:
    """Check a curve's worth against the targets and the block.

    Raises:
        PydanticCustomError: for the first law that is broken; it names the dotted key.
    """
    curve = study.curve
    if curve is None:
        return
    if curve.worth.categories:
        _check_categories(study, curve.worth)
    if curve.worth.per_device_hour is None and curve.pilot_hours is not None:
        raise fault("curve.pilot_hours", "`pilot_hours` must be left out unless `worth` is per "
                                         f"device hour, got {curve.pilot_hours:g}")
    if curve.worth.per_device_hour is not None and curve.examples == "total":
        raise fault("curve.worth.per_device_hour", "a worth per device hour must have `examples: "
                    "per_language`, since at one total of examples more languages cost no more, "
                    f"got {curve.examples}")


def _check_categories(study: Declaration, worth: Worth) -> None:
    categories = sorted({kind.value for kind in study.target_kinds.values()})
    for name, _ in worth.categories:
        if name not in categories:
            raise fault(f"curve.worth.{name}", "`worth` must be by the categories of the study's "
                        f"targets ({', '.join(categories)}), got {name!r}")
    for category in categories:
        if category not in dict(worth.categories):
            raise fault(f"curve.worth.{category}", "`worth` must name every category of the "
                        f"study's targets, got none for {category!r}")
