"""Worth: the gain of a doubling up to which more does not pay, in points or by device hour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, model_serializer, model_validator

from search.doublings import CurveData
from search.intervals import in_points
from spaces.value import Shares, Value

if TYPE_CHECKING:  # it imports what reading a study need not wait for
    from search.curve_families import Floats

__all__ = ["Threshold", "UnpricedError", "Worth"]

# Hours that differ by less than this share are equal, but for rounding.
EQUAL = 1e-9


class UnpricedError(ValueError):
    """Of some doubling it is not known that it costs more, so that no hour of it has a price."""


class Worth(Value):
    """What a doubling must gain to pay: more than `points`, or so much for each hour it costs more.

    Written as a number of points, as `{per_device_hour: points}`, or as a number of points for
    each category of target, which then has a curve of its own.
    """

    points: Annotated[float, Field(strict=True, gt=0)] | None = None
    per_device_hour: Annotated[float, Field(strict=True, gt=0)] | None = None
    categories: Shares = ()

    @model_validator(mode="before")
    @classmethod
    def _accept_the_three_forms(cls, given: Any) -> Any:
        if isinstance(given, Worth):
            return given
        if isinstance(given, Mapping):
            return given if given.keys() <= cls.model_fields.keys() else {"categories": given}
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError(f"must be a number of points, one for each category of target, or "
                             f"{{per_device_hour: ...}}, got {given!r}")
        if not (given > 0 and math.isfinite(given)):
            raise ValueError(f"`worth` must be positive and finite, got {given}")
        return {"points": float(given)}

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        forms = (self.points, self.per_device_hour, self.categories or None)
        given = sum(each is not None for each in forms)
        if given != 1:
            raise ValueError("`worth` must be either in points, per device hour or by category, "
                             f"got {given} of these")
        for name, points in self.categories:
            if not points > 0:
                raise ValueError(f"`worth` must be positive, got {points} for {name}")
        return self

    @model_serializer
    def _as_written(self) -> Any:
        if self.points is not None:
            return self.points
        return dict(self.categories) or {"per_device_hour": self.per_device_hour}

    @classmethod
    def of(cls, worth: float | Worth) -> Worth:
        """Return the worth that a number of points stands for.

        Raises:
            ValueError: if it is not positive and finite.
        """
        if isinstance(worth, Worth):
            return worth
        if not (worth > 0 and math.isfinite(worth)):
            raise ValueError(f"`worth` must be positive and finite, got {worth}")
        return cls(points=worth)

    @property
    def each(self) -> dict[str, Worth]:
        """The worth of each category's curve; of one curve for all of them the category is ""."""
        return {name: Worth(points=points) for name, points in self.categories} or {"": self}

    @property
    def amount(self) -> str:
        """The worth of one curve in words: `0.5 points`, or `2 points per device hour`."""
        hourly = self.per_device_hour
        return in_points(self.points or 0.0) if hourly is None else (
            f"{in_points(hourly)} per device hour")

    @property
    def rate(self) -> str:
        """The same with what it is of: `0.5 points per doubling`."""
        return self.amount if self.points is None else f"{self.amount} per doubling"

    def threshold(self, data: CurveData) -> Threshold:
        """Return what each doubling of a curve must gain.

        Raises:
            UnpricedError: if it is per device hour and a trial's hours are not known, or a doubling
                does not cost more hours.
            ValueError: if it is by category.
        """
        if self.points is not None:
            return Threshold(self.points)
        if self.per_device_hour is None:
            raise ValueError("`worth` must be that of one curve, got one for each of "
                             f"{', '.join(dict(self.categories))}")
        hours = [data.hours(x) for x in data.xs]
        known = [each for each in hours if each is not None]
        if len(known) < len(hours):
            x = data.xs[hours.index(None)]
            raise UnpricedError(f"the device hours of the trials at {x:g} are not all recorded, so "
                                "that nothing can be said per device hour")
        found = Threshold(self.per_device_hour, np.log2(np.asarray(data.xs)), np.asarray(known))
        _check_that_more_costs_more(found, data, max(known, default=0.0))
        return found


@dataclass(frozen=True)
class Threshold:
    """The points up to which each doubling of a curve does not pay, by where it starts.

    `rate` is that number; or, where `hours` [n], the mean device hours of a trial at the n positive
    x `log_x` [n], are known, it is in points per hour that the doubling costs more. Between
    measured x hours are read off linearly in log2(x), as scores are, and what they err by is no
    part of any interval.
    """

    rate: float
    log_x: Floats | None = None
    hours: Floats | None = None

    @classmethod
    def of(cls, worth: float | Threshold) -> Threshold:
        """Return the threshold that a number of points stands for."""
        return worth if isinstance(worth, Threshold) else cls(worth)

    @property
    def is_hourly(self) -> bool:
        """Whether it depends on where a doubling starts."""
        return self.hours is not None

    def more_hours(self, log_x: Floats) -> Floats:
        """Return how many device hours each doubling from `log_x` [n] costs more; of hourly ones.

        Raises:
            ValueError: if the worth is in points.
        """
        if self.log_x is None or self.hours is None:
            raise ValueError(f"`rate` must be per device hour, got {self.rate} points")
        return np.asarray(np.interp(log_x + 1, self.log_x, self.hours)
                          - np.interp(log_x, self.log_x, self.hours))

    def over(self, log_x: Floats) -> Floats:
        """Return the points that each doubling from `log_x` [n] must gain, shape [n]."""
        if not self.is_hourly:
            return np.full(len(log_x), self.rate)
        return self.rate * self.more_hours(log_x)

    def at(self, start: float) -> float:
        """Return the points that the doubling from a positive x must gain."""
        return float(self.over(np.log2([start]))[0])


def _check_that_more_costs_more(threshold: Threshold, data: CurveData, most: float) -> None:
    """Check it at every start: between these hours are linear in log2(x), and so is the price.

    A doubling that costs nothing more would pay for any gain, however small, and one that costs
    less for a loss: no number of trials settles that, and what is measured so is mostly noise.
    """
    for start in data.starts:
        more = threshold.more_hours(np.log2([start]))[0]
        if more <= EQUAL * most:
            raise UnpricedError(f"a trial at {2 * start:g} costs no more device hours than one at "
                                f"{start:g} ({more:+.2g}), so that the gain has no price per hour")
