"""The `arms` section of a study: designed arms held against each other and against a control.

An arm is a mixture in a language set. Every arm runs with every model on every seed block, beside
one control per model and block; what is asked first, the primary contrast, is declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from search.study_faults import fault
from search.table_section import Some, mixture_as_written, named
from spaces.dimensions import Code, Name, Number, OneOrMany, Switch, Whole
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Mixture
from spaces.value import Value
from spaces.weighting import Weighting
from trainables.scores import Subset

__all__ = ["CONTROL", "Arm", "Arms", "Primary", "Side", "Tuning"]

CONTROL: Final = "control"
"""What a contrast calls the trials without an intermediate phase; no arm may be named so."""


Names = Annotated[tuple[Name, ...], Field(min_length=1), OneOrMany]
Codes = Annotated[tuple[Code, ...], Field(min_length=1), OneOrMany]


class Arm(Value):
    """A mixture and the language set it is trained in.

    `mixture` is written as in `table.mixtures`; None is uniform over the study's tasks.
    `languages` is a language set, or a list of codes; None is the study's largest set.
    """

    mixture: Mixture | Some | Weighting | None = None
    languages: LanguageSet | None = None

    @field_validator("languages", mode="before")
    @classmethod
    def _languages_may_be_listed(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            return given
        if not given or not all(isinstance(code, str) for code in given) or (
                len(set(given)) < len(given)):
            raise ValueError(f"must be a language set or list languages, each once, got {given!r}")
        others = [code for code in given if code != ENGLISH]
        return {"order": f"listed:{','.join(others)}" if others else "random:0",
                "count": len(others), "english": ENGLISH in given}

    @model_validator(mode="after")
    def _there_is_a_language(self) -> Self:
        if self.languages is not None and not (self.languages.count or self.languages.english):
            raise ValueError("`languages` must hold a language, got count 0 without English")
        return self


class Side(Value):
    """An arm, or `control`, as a contrast counts it: in some languages of the report panel.

    Without `languages` it counts in those of the primary contrast.
    """

    arm: Name
    languages: Codes | None = None

    @model_validator(mode="before")
    @classmethod
    def _an_arm_may_be_named(cls, given: Any) -> Any:
        return {"arm": given} if isinstance(given, str) else given


Sides = Annotated[tuple[Side, ...], Field(min_length=1), OneOrMany]


class Primary(Value):
    """The one contrast that a study is for: what `better` is expected to score more than `worse`.

    Each side is an arm, an arm in some languages, or several of these, which count equally. With
    `per: octave` it is what that difference changes by per doubling of body parameters within one
    `family` of models. Scores are means over `tasks` of means over `languages` of the report
    panel, on all rows or on those that are no near-copies of English; None is all there are.
    `minimal` is the least difference, in points, that would matter. With `under`, conditions of
    the study's `robustness`, contrasted is what each side keeps of its score above chance on rows
    that are changed so, on average over them, as points of 100.
    """

    better: Sides
    worse: Sides = (Side(arm=CONTROL),)
    per: Literal["octave"] | None = None
    family: Name | None = None
    tasks: Names | None = None
    languages: Codes | None = None
    models: Names | None = None
    rows: Subset = "all"
    # Left out where it is None, so that other contrasts keep the digests they always had.
    under: Names | None = Field(default=None, exclude_if=lambda given: given is None)
    minimal: Annotated[Number, Field(gt=0, le=100)] = 1.0

    @model_validator(mode="after")
    def _sides_differ(self) -> Self:
        if set(self.better) & set(self.worse):
            raise ValueError("`better` and `worse` must differ, got "
                             f"{next(iter(set(self.better) & set(self.worse))).arm!r} in both")
        if self.family is not None and self.per is None:
            raise ValueError("`family` must be left out unless `per` is octave, "
                             f"got {self.family!r}")
        if self.under is not None and self.rows != "all":
            raise ValueError("`rows` must be all where `under` is given, since changed rows are "
                             f"not told apart further, got {self.rows!r}")
        return self

    @property
    def sides(self) -> tuple[Side, ...]:
        """Every side, those of `better` first."""
        return self.better + self.worse


class Tuning(Value):
    """Learning rates chosen for each model and arm at equal budget, before the arms run.

    On each of `seeds` seed blocks of their own every control runs at each rate of
    `targets.learning_rate`, and every arm at each of `intermediate.learning_rate` before the middle
    target rate; the best on the selection panel are taken. So the two rates are chosen one by one,
    not together.
    """

    seeds: Annotated[Whole, Field(ge=1, le=100)] = 1


class Arms(Value):
    """The designed block: arms x models x seed blocks, with a control per model and block.

    Block b trains the lab's encoders from pretraining seed b mod `pretraining_seeds`, so that a
    control and its arms share an encoder and pretraining seeds are equally often there.
    `pilot_sd` is the standard deviation in points of one unit's primary contrast (of its gain at
    one size, where the contrast is per octave), assumed or from a pilot. `families` are
    beginnings of models' names; slopes are drawn within a family only. With `sources` each arm is
    one source language, and the read-out says what its distance from the targets does.
    """

    arms: Annotated[dict[str, Arm], Field(min_length=1)]
    models: Literal["all"] | Names = "all"
    seeds: Annotated[Whole, Field(ge=1, le=500)] = 6
    pretraining_seeds: Annotated[Whole, Field(ge=1, le=500)] = 1
    families: tuple[Name, ...] = ()
    tuning: Tuning | None = None
    # Left out where false, so that other studies keep the digests they always had.
    sources: Switch = Field(default=False, exclude_if=lambda given: not given)
    primary: Primary
    pilot_sd: Annotated[Number, Field(gt=0, le=100)] | None = None

    @field_validator("models", mode="before")
    @classmethod
    def _one_model_may_be_named(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) and given != "all" else given

    @field_validator("arms", mode="before")
    @classmethod
    def _arms_are_mappings(cls, given: Any) -> Any:
        return {name: _arm(f"arms.arms.{name}", each)
                for name, each in named(given, "arms", taken=CONTROL).items()}

    @model_validator(mode="after")
    def _pretraining_seeds_are_balanced(self) -> Self:
        if self.seeds % self.pretraining_seeds:
            raise ValueError("`seeds` must be a multiple of `pretraining_seeds`, so that each has "
                             f"as many, got {self.seeds} and {self.pretraining_seeds}")
        return self

    @property
    def units(self) -> int:
        """The number of independent units: pretraining seeds where there are several, or blocks."""
        return self.pretraining_seeds if self.pretraining_seeds > 1 else self.seeds

    def family_of(self, model: str) -> str:
        """Return the family of a model: the first that its name begins with, `lab`, or itself."""
        for family in (*self.families, "lab"):
            if model.startswith(family):
                return family
        return model


def _arm(place: str, given: Any) -> Any:
    """Return an arm with its mixture read as a table's is."""
    if given is None:
        raise fault(place, "an arm must be a mapping with a mixture or languages, got nothing")
    if not isinstance(given, Mapping) or given.get("mixture") is None:
        return given
    return {**given, "mixture": mixture_as_written(f"{place}.mixture", given["mixture"])}
