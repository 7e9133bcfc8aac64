"""Data sources: where the rows of a task lie, and how their columns are read as canonical ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spaces.languages import tatoeba_code, udpos_name
from spaces.value import Value

__all__ = ["FilesSource", "HubSource", "LabSource", "PoolSource", "Source", "Split", "TableSource"]

Split = Literal["train", "validation", "test"]

_SEVERAL = ("options", "prompt", "text", "text_pair")
"""What may lie in several columns: an option each, or the parts of a text in order."""


class LabSource(Value):
    """The embedded lab makes the data."""

    origin: Literal["lab"] = "lab"


class TableSource(Value):
    """Data that lies in tables of columns: how they are read as canonical ones.

    `columns` maps a canonical column to the table's; a dot reads a field of a struct. `options`
    may lie in a column of lists or in several columns of texts, one an option; a text may lie in
    several, whose values are joined by a space. `wordings` says what the values of a column read
    as, where they are no text themselves. `asked` is a column with a question that stands before
    each option, so that a prompt too long for an encoder is cut and the question is not.
    `left_out` is a tag whose tokens are left out.

    `splits` maps train, validation and test to the names of splits there, of which one may be made
    of several.

    `document` is the table's column whose value names a row's document. Without one, a
    document is consecutive rows, named by their position: those of one value in `document_runs`, or
    every `rows_per_document` of them. That is right only where the rows are the same items, in the
    same order, in every language.
    """

    splits: Mapping[Split, str | tuple[str, ...]]
    columns: Mapping[str, str | tuple[str, ...]]
    wordings: Mapping[str, Mapping[str, str]] = {}
    asked: str | None = None
    left_out: str | None = None
    document: str | None = None
    document_runs: str | None = None
    rows_per_document: Annotated[int, Field(gt=0)] = 1

    @model_validator(mode="after")
    def _texts_alone_lie_in_several_columns(self) -> Self:
        for name, column in self.columns.items():
            if name not in _SEVERAL and not isinstance(column, str):
                raise ValueError(f"`{name}` must be one column, got {', '.join(column)}")
        known = {self.asked, *(part for name in self.columns for part in self.columns_of(name))}
        if unknown := sorted(set(self.wordings) - known):
            raise ValueError(f"`wordings` must be of columns that are read, got {unknown[0]}")
        return self

    @model_validator(mode="after")
    def _one_rule_names_documents(self) -> Self:
        rules = (self.document is not None, self.document_runs is not None,
                 self.rows_per_document > 1)
        if sum(rules) > 1:
            raise ValueError("at most one of `document`, `document_runs` and `rows_per_document` "
                             f"must be given, got {sum(rules)}")
        return self

    def column(self, name: str) -> str:
        """Return the table's name of a canonical column, of several their names in a row."""
        return "`, `".join(self.columns_of(name))

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the table's names of what a canonical column is made of."""
        return _several(self.columns[name])

    def splits_of(self, split: Split) -> tuple[str, ...]:
        """Return the names there of what a split is made of; none where it has none."""
        return _several(self.splits.get(split, ()))

    def prefix_of(self, code: str) -> str | None:
        """Return what the ids of a language's rows begin with, None where all rows are its own.

        Raises:
            ValueError: if the language is not catalogued.
        """
        return None


class HubSource(TableSource):
    """Data of a hub repository, or of a clone of one in an offline mirror.

    `config` may hold `{code}` (the language's BCP-47 code), `{udpos}` (its name in XTREME's
    UD-POS) or `{tatoeba}` (its ISO 639-3 code in Tatoeba's file names). `revision` pins a commit,
    branch or tag of the hub. `copies` are other repositories with the same files, read where a
    mirror has one of them only.

    `id_prefix` picks the rows of a language where a config mixes several: those whose `id` begins
    with it; it may hold `{language}` (the language's English name in lower case).
    """

    origin: Literal["hub"] = "hub"
    repository: str
    config: str
    copies: tuple[str, ...] = ()
    id_prefix: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _ids_have_the_prefix(self) -> Self:
        if self.id_prefix is not None and "id" not in self.columns:
            raise ValueError(f"`columns` must have `id` where `id_prefix` is given, got "
                             f"{', '.join(self.columns)}")
        return self

    def config_of(self, code: str) -> str:
        """Return the config that holds a language.

        Raises:
            ValueError: if the language is not catalogued.
        """
        return self.config.format(code=code, udpos=udpos_name(code), tatoeba=tatoeba_code(code))

    def prefix_of(self, code: str) -> str | None:
        """Return what the ids of a language's rows begin with, None where all rows are its own.

        Raises:
            ValueError: if the language is not catalogued.
        """
        return self.id_prefix and self.id_prefix.format(language=udpos_name(code).lower())


class FilesSource(TableSource):
    """Data of a directory of the user's own: `<directory>/<code>/<file>` and an ending.

    `directory` is its whole path. `splits` maps train, validation and test to the files' names
    without their ending; a language need not have them all.
    """

    origin: Literal["files"] = "files"
    directory: str


class PoolSource(Value):
    """Published files that hold queries and a pool of candidates for all of them.

    `origin` says in which format, and with it which of the pool's candidates is right for a query.
    `repository` is the folder of an offline mirror in which the files lie, as published. `splits`
    maps validation and test to the files' names for them. `candidates` is the published pool's
    size, by which work is reckoned before anything is read.
    """

    origin: Literal["lareqa", "mewsli-x"]
    repository: str
    splits: dict[Split, str]
    candidates: Annotated[int, Field(gt=0)]


Source = LabSource | HubSource | FilesSource | PoolSource


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given
