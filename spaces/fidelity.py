"""Fidelity: how many examples a trial trains on and how many rows and languages score it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from spaces.value import Value

__all__ = ["Fidelity", "Panel", "Panels"]

Count = Annotated[int, Field(gt=0)]


class Fidelity(Value):
    """A named level of effort. Counts are in examples (rows); part of every digest.

    `evaluation_rows` caps the rows per (target task, language, panel); `evaluation_languages`
    caps the languages of a panel, None for all of them. `intermediate_examples` is 0 in a
    control's configuration, and there only.
    """

    name: str
    intermediate_examples: Annotated[int, Field(ge=0)]
    target_examples: Count
    evaluation_rows: Count
    evaluation_languages: Count | None = None


class Panel(Value):
    """The languages on which a score is formed; never among the training languages."""

    languages: Annotated[tuple[str, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _languages_are_distinct(self) -> Panel:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError(f"`languages` must be distinct, got {', '.join(self.languages)}")
        return self


class Panels(Value):
    """The selection panel chooses; the report panel is read out.

    Where a language has both a validation and a test split of a target task, selection reads
    the validation split and report the test split; where it has one, each reads a half of it,
    by a hash of the row's document.
    """

    selection: Panel
    report: Panel
