"""Tasks: what a row is, which part a task may play, how it is scored, and where its data lies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spaces.languages import tatoeba_code, udpos_name
from spaces.value import Value

__all__ = ["CANONICAL_COLUMNS", "FilesSource", "HubSource", "Kind", "LabSource", "Provenance",
           "Split", "TableSource", "Task", "find_task"]

Split = Literal["train", "validation", "test"]
Provenance = Literal["native", "machine-translated", "human-translated"]
"""How rows came to be in their language."""


class Kind(StrEnum):
    """The formulation of a task; its rows have the columns of `CANONICAL_COLUMNS`."""

    CLASSIFICATION = "classification"
    PAIR = "pair"
    TAGGING = "tagging"
    QA = "qa"
    RETRIEVAL = "retrieval"
    MULTIPLE_CHOICE = "multiple-choice"


# Canonical columns by kind. Every kind also has `id` (string, unique within a split) and
# `document` (string): rows of one document never fall into different halves of a split, and a
# document has the same name in every language it was translated to.
CANONICAL_COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.CLASSIFICATION: ("text", "label"),
    Kind.PAIR: ("text", "text_pair", "label"),
    Kind.TAGGING: ("tokens", "tags"),
    Kind.QA: ("question", "context", "answers", "answer_starts"),
    Kind.RETRIEVAL: ("text", "english"),
    Kind.MULTIPLE_CHOICE: ("prompt", "options", "label"),
}
MOST_OPTIONS = 10
UNCOUNTED = -1
"""The tag of a token that is neither trained on nor scored."""


class LabSource(Value):
    """The embedded lab makes the data."""

    origin: Literal["lab"] = "lab"


class TableSource(Value):
    """Data that lies in tables of columns: how they are read as canonical ones.

    `columns` maps a canonical column to the table's; a dot reads a field of a struct. `options`
    may lie in a column of lists or in several columns of texts, one an option.

    `document` is the table's column whose value names a row's document. Without one, a
    document is consecutive rows, named by their position: those of one value in `document_runs`, or
    every `rows_per_document` of them. That is right only where the rows are the same items, in the
    same order, in every language.
    """

    columns: Mapping[str, str | tuple[str, ...]]
    document: str | None = None
    document_runs: str | None = None
    rows_per_document: Annotated[int, Field(gt=0)] = 1

    @model_validator(mode="after")
    def _options_alone_lie_in_several_columns(self) -> Self:
        for name, column in self.columns.items():
            if name != "options" and not isinstance(column, str):
                raise ValueError(f"`{name}` must be one column, got {', '.join(column)}")
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
        found = self.columns[name]
        return found if isinstance(found, str) else "`, `".join(found)

    def prefix_of(self, code: str) -> str | None:
        """Return what the ids of a language's rows begin with, None where all rows are its own.

        Raises:
            ValueError: if the language is not catalogued.
        """
        return None


class HubSource(TableSource):
    """Data of a hub repository, or of a clone of one in an offline mirror.

    `config` may hold `{code}` (the language's BCP-47 code), `{udpos}` (its name in XTREME's
    UD-POS) or `{tatoeba}` (its ISO 639-3 code in Tatoeba's file names). `splits` maps
    train, validation and test to the repository's split names. `revision` pins a commit, branch
    or tag of the hub.

    `id_prefix` picks the rows of a language where a config mixes several: those whose `id` begins
    with it; it may hold `{language}` (the language's English name in lower case).
    """

    origin: Literal["hub"] = "hub"
    repository: str
    config: str
    splits: dict[Split, str]
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
    splits: dict[Split, str]


def _is_native(given: Provenance) -> bool:
    return given == "native"


class Task(Value):
    """One task: its kind, its parts, its labels, its languages by split, and its metric.

    `train` and `evaluation` list the languages (BCP-47) with a train split and with a
    validation or test split. `metric` names the primary metric of `trainables/metrics.py`.
    `train_source` is where the train rows lie, if elsewhere than the rest: XNLI trains on MNLI.
    `train_provenance` and `evaluation_provenance` say how rows in other languages than English
    came to be.

    For multiple choice `labels` name a row's options by position, as the data's labels do:
    ("choice1", "choice2"), or ("1", "2", "3") where they count from 1. So it is known before any
    row is read how many options a row has, and which one a label means.
    """

    name: str
    kind: Kind
    roles: tuple[Literal["intermediate", "target"], ...]
    train: tuple[str, ...]
    evaluation: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    metric: str
    source: LabSource | HubSource | FilesSource
    train_source: HubSource | None = None
    # Left out where rows are native, so that the lab keeps the digest it always had.
    train_provenance: Provenance = Field(default="native", exclude_if=_is_native)
    evaluation_provenance: Provenance = Field(default="native", exclude_if=_is_native)

    @model_validator(mode="after")
    def _labels_fit_the_kind(self) -> Task:
        labelled = self.kind in (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING,
                                 Kind.MULTIPLE_CHOICE)
        if labelled != bool(self.labels):
            raise ValueError("`labels` must be given exactly for labelled kinds, "
                             f"got {self.labels}")
        if self.kind is Kind.RETRIEVAL and self.train:
            raise ValueError(f"`train` must be empty for retrieval, got {self.train}")
        return self

    @model_validator(mode="after")
    def _labels_name_the_options(self) -> Task:
        if self.kind is not Kind.MULTIPLE_CHOICE:
            return self
        count = len(self.labels)
        if not 2 <= count <= MOST_OPTIONS or len(set(self.labels)) < count:
            raise ValueError(f"`labels` must name 2 to {MOST_OPTIONS} options, each once, "
                             f"got {', '.join(self.labels)}")
        for source in (self.source, self.train_source):
            given = source.columns.get("options") if isinstance(source, TableSource) else None
            if isinstance(given, tuple) and len(given) != count:
                raise ValueError(f"`options` must be one column for each of the {count} labels, "
                                 f"got {', '.join(given)}")
        return self

    @property
    def sequences(self) -> int:
        """How many sequences an encoder reads for a row: for multiple choice one an option."""
        return len(self.labels) if self.kind is Kind.MULTIPLE_CHOICE else 1

    @property
    def trained(self) -> bool:
        """Whether the task has a train set at all; retrieval does not."""
        return bool(self.train)

    def source_of(self, split: Split) -> LabSource | HubSource | FilesSource:
        """Return where the rows of a split lie."""
        return self.train_source if split == "train" and self.train_source else self.source


def find_task(name: str, tasks: Iterable[Task]) -> Task:
    """Return the task called `name`.

    Raises:
        ValueError: if there is none; the message offers the nearest name.
    """
    by_name = {task.name: task for task in tasks}
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, n=1)
        hint = f"; nearest: {near[0]!r}" if near else ""
        raise ValueError(f"a task must be one of {', '.join(sorted(by_name))}, got {name!r}{hint}")
    return by_name[name]
