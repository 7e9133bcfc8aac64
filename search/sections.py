"""The sections of a study that the search itself reads; those of the phases are in `spaces/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from search.study_faults import fault
from spaces.dimensions import Name, Number, Switch, Whole
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.languages import ENGLISH, language
from spaces.mixtures import Mixture
from spaces.search_space import Point
from spaces.value import Value
from trainables.workspace import Precision

__all__ = ["Confirmation", "Controls", "Curve", "Levels", "PanelLanguages", "Resources", "Search"]

Count = Annotated[Whole, Field(ge=1)]


class PanelLanguages(Value):
    """The languages of the two panels, and those that may be trained on all the same.

    `allow_overlap` is the declared exception to panels and training pool being disjoint.
    """

    selection: Annotated[tuple[Name, ...], Field(min_length=1)]
    report: Annotated[tuple[Name, ...], Field(min_length=1)]
    allow_overlap: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _languages_are_known(self) -> Self:
        for name in ("selection", "report", "allow_overlap"):
            codes = getattr(self, name)
            for code in codes:
                language(code)
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
        named = {"confirm": given.get("search"), **given}
        return {key: _level(key, level) for key, level in named.items() if level is not None}


def _level(name: str, given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    for key, value in given.items():
        if isinstance(value, bool):
            raise fault(f"fidelity.{name}.{key}", f"`{key}` must be a whole number, got {value}")
    return {**given, "name": name}


class Search(Value):
    """How points are proposed: how many trials, by which sampler, stopped by which scheduler.

    `reproducible` asks suggestions in rounds of `round_size` and tells a round when all of it
    has ended, so that suggestions do not depend on timing. `fixed_points` are run first, after
    the single tasks, uniform and size-proportional. `retrieval` lets training-free retrieval
    count in the objective. `seed` is the sampler's and the first seed block.
    """

    trials: Count = 24
    sampler: Literal["tpe", "random"] = "tpe"
    scheduler: Literal["fifo", "asha"] = "fifo"
    seed: Annotated[Whole, Field(ge=0, lt=2**30)] = 0
    reproducible: Switch = True
    round_size: Count = 6
    fixed_points: tuple[Point, ...] = ()
    retrieval: Switch = False


class Controls(Value):
    """How many seeds each needed control is trained on."""

    seeds: Annotated[Whole, Field(ge=2, le=500)] = 5


class Confirmation(Value):
    """How many winners are trained again, on how many fresh seeds; 0 winners for none."""

    winners: Annotated[Whole, Field(ge=0)] = 3
    seeds: Annotated[Whole, Field(ge=2, le=500)] = 5

    @property
    def trials(self) -> int:
        """The most trials: winners, three references and one control, on each seed."""
        return (self.winners + 3 + 1) * self.seeds if self.winners else 0


class Curve(Value):
    """The designed block of a curve: counts x orders x seeds, the mixture fixed.

    `counts` are non-English languages of `intermediate.languages.pool`; 0 is English only.
    `worth` is the gain in points per doubling that is still worth it.
    """

    axis: Literal["languages"] = "languages"
    counts: Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=3)]
    orders: Annotated[tuple[Name, ...], Field(min_length=2)] = ("random:0", "random:1", "random:2")
    seeds: Annotated[Whole, Field(ge=2, le=500)] = 2
    mixture: Literal["uniform"] | Mixture = "uniform"
    english: Switch = True
    worth: Annotated[Number, Field(gt=0, le=100)] = 0.5

    @model_validator(mode="before")
    @classmethod
    def _mixture_is_a_word_or_a_mapping(cls, given: Any) -> Any:
        mixture = given.get("mixture", "uniform") if isinstance(given, Mapping) else "uniform"
        if mixture == "uniform" or isinstance(mixture, Mixture):
            return given
        if not isinstance(mixture, Mapping):
            raise fault("curve.mixture", "`mixture` must be uniform or a mapping of tasks to "
                                         f"weights, got {mixture!r}")
        return {**given, "mixture": _mixture(mixture)}

    @model_validator(mode="after")
    def _counts_rise(self) -> Self:
        if list(self.counts) != sorted(set(self.counts)):
            raise ValueError(f"`counts` must rise, got {list(self.counts)}")
        if len(set(self.orders)) < len(self.orders):
            raise ValueError(f"`orders` must be distinct, got {', '.join(self.orders)}")
        if not self.english and self.counts[0] == 0:
            raise ValueError("`counts` must start above 0 where `english` is false, got 0")
        return self


def _mixture(given: Mapping[str, Any]) -> Mixture:
    try:
        return Mixture.model_validate(given)
    except ValueError as error:
        details = error.errors()[0]  # type: ignore[attr-defined]
        reason = details.get("ctx", {}).get("error", details["msg"])
        raise fault("curve.mixture", str(reason)) from error


class Resources(Value):
    """What one trial takes: `workers` processes of `cpus` cores and `gpus` GPUs each."""

    workers: Count = 1
    cpus: Count = 1
    gpus: Annotated[Number, Field(ge=0)] = 0.0
    precision: Precision = "auto"
