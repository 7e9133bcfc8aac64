"""The sections of a study that the search itself reads; those of the phases are in `spaces/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from search.study_faults import fault
from spaces.choices import MOST
from spaces.dimensions import Code, Number, Switch, Whole
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.languages import ENGLISH
from spaces.search_space import Point
from spaces.trial_config import FurtherControl
from spaces.value import Value
from trainables.workspace import Precision

__all__ = ["Confirmation", "Controls", "Levels", "PanelLanguages", "Resources", "Search"]

Count = Annotated[Whole, Field(ge=1)]

SMALLEST_SHARE = 0.0001  # of a GPU: what Ray counts in
MINUTES_PER_YEAR = 525_600
STALLED_MINUTES = 60.0


class PanelLanguages(Value):
    """The languages of the two panels, and those that may be trained on all the same.

    `allow_overlap` is the declared exception to panels and training pool being disjoint.
    """

    selection: Annotated[tuple[Code, ...], Field(min_length=1)]
    report: Annotated[tuple[Code, ...], Field(min_length=1)]
    allow_overlap: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _languages_are_distinct(self) -> Self:
        for name in ("selection", "report", "allow_overlap"):
            codes = getattr(self, name)
            if len(set(codes)) < len(codes):
                raise ValueError(f"`{name}` must list each language once, "
                                 f"got {', '.join(codes)}")
        return self

    @property
    def panels(self) -> Panels:
        """The two panels."""
        return Panels(selection=Panel(languages=self.selection),
                      report=Panel(languages=self.report))

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language of either panel, sorted."""
        return tuple(sorted({*self.selection, *self.report}))

    @property
    def is_english_only(self) -> bool:
        """Whether selection looks at English alone."""
        return self.selection == (ENGLISH,)


class Levels(Value):
    """The two levels of fidelity; `confirm` is `search` where it is not given."""

    search: Fidelity
    confirm: Fidelity

    @model_validator(mode="before")
    @classmethod
    def _name_the_levels(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        stated = {key: level for key, level in given.items() if level is not None}
        if "search" in stated:
            stated.setdefault("confirm", stated["search"])
        return {key: _level(key, level) for key, level in stated.items()}


def _level(name: str, given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    for key, value in given.items():
        if key == "name" or key not in Fidelity.model_fields:
            continue  # the name is set here, and an unknown key is refused by Fidelity
        if value is None and key == "evaluation_languages":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise fault(f"fidelity.{name}.{key}", f"`{key}` must be a whole number of at least 1, "
                                                  f"got {value!r}")
        if value > MOST:
            raise fault(f"fidelity.{name}.{key}", f"`{key}` must be at most {MOST}, got {value}")
    if "name" in given and given["name"] != name:  # as `Study.to_yaml` writes it
        raise fault(f"fidelity.{name}.name", f"`name` must be {name!r} or left out, "
                                             f"got {given['name']!r}")
    return {**given, "name": name}


class Search(Value):
    """How points are proposed: how many trials, by which sampler, stopped by which scheduler.

    `reproducible` asks suggestions in rounds of `round_size` and tells a round when all of it
    has ended, so that suggestions do not depend on timing. `fixed_points` are run first, after
    the single tasks, uniform and size-proportional. `retrieval` lets training-free retrieval
    count in the objective. `seed` is the sampler's and the first seed block. With 0 `trials` a
    study is its `table` or its `curve` alone.
    """

    trials: Annotated[Whole, Field(ge=0, le=100_000)] = 24
    sampler: Literal["tpe", "random"] = "tpe"
    scheduler: Literal["fifo", "asha"] = "fifo"
    seed: Annotated[Whole, Field(ge=0, lt=2**30)] = 0
    reproducible: Switch = True
    round_size: Annotated[Count, Field(le=10_000)] = 6
    fixed_points: tuple[Point, ...] = ()
    retrieval: Switch = False


class Controls(Value):
    """How many seeds each needed control is trained on, and the further controls of winners.

    `further` are trained beside the confirmations: `mlm` restores masked tokens of the winner's
    intermediate inputs, `shuffled` has shuffled labels there.
    """

    seeds: Annotated[Whole, Field(ge=2, le=500)] = 5
    further: tuple[FurtherControl, ...] = ()

    @model_validator(mode="after")
    def _further_controls_are_distinct(self) -> Self:
        if len(set(self.further)) < len(self.further):
            raise ValueError(f"`further` must list each control once, "
                             f"got {', '.join(self.further)}")
        return self


class Confirmation(Value):
    """How many winners are trained again, on how many fresh seeds; 0 winners for none.

    `of` names the search whose winners and references they are, in a study that searches for none:
    `stiltune evaluate` sets it.
    """

    winners: Annotated[Whole, Field(ge=0)] = 3
    seeds: Annotated[Whole, Field(ge=2, le=500)] = 5
    of: Annotated[str, Field(strict=True, max_length=80)] | None = Field(
        default=None, exclude_if=lambda given: given is None)

    @property
    def chosen(self) -> int:
        """The most points to confirm: winners, uniform, size-proportional, the best single task."""
        return self.winners + 3 if self.winners else 0

    @property
    def trials(self) -> int:
        """The most trials, with one control on each seed."""
        return (self.chosen + 1) * self.seeds if self.winners else 0


class Resources(Value):
    """What one trial takes: `workers` processes of `cpus` cores and `gpus` GPUs each.

    A trial has failed that begins no phase, trains no step and scores no batch for
    `stalled_minutes`; a year's worth of them is as good as no limit.
    """

    workers: Count = 1
    cpus: Count = 1
    gpus: Annotated[Number, Field(ge=0)] = 0.0
    precision: Precision = "auto"
    # Left out where it is the usual, so that other studies keep the digests they always had.
    stalled_minutes: Annotated[Number, Field(gt=0, le=MINUTES_PER_YEAR)] = Field(
        default=STALLED_MINUTES, exclude_if=lambda given: given == STALLED_MINUTES)

    @field_validator("gpus")
    @classmethod
    def _gpus_are_ones_or_a_part_of_one(cls, gpus: float) -> float:
        if gpus > 1 and gpus % 1 or 0 < gpus < SMALLEST_SHARE:
            raise ValueError(f"must be whole, or a part of one GPU from {SMALLEST_SHARE} on, "
                             f"got {gpus:g}")
        return gpus
