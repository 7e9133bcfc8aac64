"""Robustness: which corrupted copies of the report panel a trial is scored on as well, as data."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from spaces.languages import language
from spaces.tasks import Kind
from spaces.value import Value

__all__ = ["MIXED_KINDS", "PERTURBATIONS", "PERTURBED_KINDS", "Attack", "Perturbation",
           "Perturbations", "Robustness", "Severity"]

Perturbation = Literal["typos", "diacritics", "confusables"]

PERTURBATIONS: Final[tuple[Perturbation, ...]] = get_args(Perturbation)
"""What is done to the letters of a text: misspelt, accents dropped or added, look-alikes."""


PERTURBED_KINDS: Final = (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING, Kind.QA,
                          Kind.MULTIPLE_CHOICE)
"""The kinds of tasks whose rows can be perturbed: those with a gold of their own."""

MIXED_KINDS: Final = (Kind.PAIR, Kind.QA, Kind.MULTIPLE_CHOICE)
"""The kinds of tasks whose rows have a part that can be in another language than the rest."""


class Severity(Value):
    """How much is changed: until texts have `fertility` times the tokens that they had.

    Tokens are the encoder's own, so that a severity means alike in all scripts.
    """

    fertility: Annotated[float, Field(strict=True, gt=1, le=3)]


class Perturbations(Value):
    """The kinds of perturbation that are asked for, each with its severity."""

    typos: Severity | None = None
    diacritics: Severity | None = None
    confusables: Severity | None = None

    @property
    def fertilities(self) -> dict[Perturbation, float]:
        """Kind -> its fertility, in a fixed order."""
        found = ((kind, getattr(self, kind)) for kind in PERTURBATIONS)
        return {kind: severity.fertility for kind, severity in found if severity is not None}


class Attack(Value):
    """Of each item the worst of `queries` perturbations, the kinds in turn, each its own draw."""

    queries: Annotated[int, Field(strict=True, ge=2, le=1000)]


class Robustness(Value):
    """What a trial's tuned encoders are asked beside the clean rows of the report panel.

    `code_mix` lists languages in which the question, hypothesis or prompt is asked instead, where
    a target's rows are translations of each other. `seed` decides all draws: they are the same for
    every trial.
    """

    perturbations: Perturbations = Perturbations()
    attack: Attack | None = None
    code_mix: tuple[Annotated[str, AfterValidator(lambda code: language(code).code)], ...] = ()
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        kinds = self.perturbations.fertilities
        if not kinds and not self.code_mix:
            raise ValueError("`perturbations` or `code_mix` must name something, got nothing")
        if len(set(self.code_mix)) < len(self.code_mix):
            raise ValueError("`code_mix` must list each language once, "
                             f"got {', '.join(self.code_mix)}")
        if self.attack is not None and not kinds:
            raise ValueError("`attack` must have `perturbations` to choose from, got none")
        if self.attack is not None and self.attack.queries < len(kinds):
            raise ValueError(f"`attack.queries` must be at least the {len(kinds)} kinds of "
                             f"perturbation, got {self.attack.queries}")
        return self

    @property
    def conditions(self) -> tuple[str, ...]:
        """What rows are changed by, as scores name it."""
        return (*self.perturbations.fertilities, *(["attack"] if self.attack else []),
                *(f"code-mix {code}" for code in self.code_mix))

    @property
    def passes(self) -> int:
        """How often the report panel is read beside the clean rows, at most."""
        kinds = len(self.perturbations.fertilities)
        # Kinds that do not reach their severity are asked once, outside the attack.
        queries = self.attack.queries + kinds - 1 if self.attack else kinds
        return queries + len(self.code_mix)
