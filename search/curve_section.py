"""The `curve` of a study: its block of trials, and the gain that is worth more of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from search.study_faults import fault
from search.worth import Worth
from spaces.dimensions import Name, Number, Switch, Whole
from spaces.mixtures import Mixture
from spaces.value import Value

__all__ = ["Curve"]


class Curve(Value):
    """The designed block of a curve: counts x orders x seeds, the mixture fixed.

    `counts` are non-English languages of `intermediate.languages.pool`; 0 is English only. The
    `mixture` is a mapping of tasks to weights, or `uniform` (None). With `examples: total` every
    set trains on as many examples; with `per_language` each of its languages, English among them,
    has as many as in the largest set, so that updates rise with the count; with `updates: held`
    these are its different examples, and every set trains on as many in all as the largest, so
    that fewer languages see theirs more often.
    `worth` is the gain in points per doubling that is still worth it; one number, a number for
    each category of target, or `{per_device_hour: ...}` in points per device hour that a trial of
    the doubled count takes more. `pilot_sd`, where it is known, is the standard deviation in points
    of a doubling's gain between orders, `pilot_hours` what the least doubling costs more. With
    `placed` only those trials of the block run that the verdict needs, unit by unit, until it
    stands.
    """

    axis: Literal["languages"] = "languages"
    counts: Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=3)]
    orders: Annotated[tuple[Name, ...], Field(min_length=2)] = ("random:0", "random:1", "random:2")
    seeds: Annotated[Whole, Field(ge=2, le=500)] = 2
    mixture: Mixture | None = None
    english: Switch = True
    # Left out where they are as usual, so that these studies keep the digests they always had.
    examples: Literal["total", "per_language"] = Field(
        default="total", exclude_if=lambda given: given == "total")
    updates: Literal["held"] | None = Field(default=None, exclude_if=lambda given: given is None)
    worth: Worth = Worth(points=0.5)
    pilot_sd: Annotated[Number, Field(gt=0)] | None = None
    pilot_hours: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, exclude_if=lambda given: given is None)
    # Left out where false, so that other studies keep the digests they always had.
    placed: Switch = Field(default=False, exclude_if=lambda given: not given)

    @field_validator("mixture", mode="before")
    @classmethod
    def _uniform_is_the_word_for_none(cls, given: Any) -> Any:
        if isinstance(given, Mapping | Mixture) or given is None:
            return given
        if given != "uniform":
            raise ValueError(f"must be uniform or a mapping of tasks to weights, got {given!r}")
        return None

    @field_validator("worth", mode="before")
    @classmethod
    def _worth_is_in_reach(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            for key, number in given.items():
                _check_worth(f"curve.worth.{key}", str(key), number)
            if not given:
                raise ValueError("`worth` must be a number, one for each category of target, or "
                                 "{per_device_hour: ...}, got {}")
            if len(given) > 1 and "per_device_hour" in given:
                raise fault("curve.worth.per_device_hour", "`per_device_hour` must stand alone, "
                            f"got {', '.join(map(str, given))}")
        elif not isinstance(given, Worth):
            _check_worth("curve.worth", "worth", given)
        return given

    @model_validator(mode="after")
    def _counts_rise(self) -> Self:
        if list(self.counts) != sorted(set(self.counts)):
            raise ValueError(f"`counts` must rise, got {list(self.counts)}")
        if len(set(self.orders)) < len(self.orders):
            raise ValueError(f"`orders` must be distinct, got {', '.join(self.orders)}")
        if self.updates is not None and self.examples == "total":
            raise ValueError("`updates` must be left out unless `examples` is per_language, for "
                             f"as many examples are as many updates, got {self.updates!r}")
        if not self.english and self.counts[0] == 0:
            raise ValueError("`counts` must start above 0 where `english` is false, got 0")
        return self


def _check_worth(place: str, key: str, given: Any) -> None:
    """Check a number of points; per device hour there may be many, for hours can be short."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        law = "must be a number"
    elif not math.isfinite(given):
        law = "must be a finite number"
    elif given <= 0:
        law = "must be above 0"
    elif given > 100 and key != "per_device_hour":
        law = "must be at most 100"
    else:
        return
    raise fault(place, f"`{key}` {law}, got {given!r}")
