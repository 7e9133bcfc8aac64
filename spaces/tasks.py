"""Tasks: what a row is, which part a task may play, how it is scored, and where its data lies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from spaces.languages import tatoeba_code, udpos_name
from spaces.value import Value

__all__ = ["CANONICAL_COLUMNS", "HubSource", "Kind", "LabSource", "Split", "Task", "find_task"]

Split = Literal["train", "validation", "test"]


class Kind(StrEnum):
    """The formulation of a task; its rows have the columns of `CANONICAL_COLUMNS`."""

    CLASSIFICATION = "classification"
    PAIR = "pair"
    TAGGING = "tagging"
    QA = "qa"
    RETRIEVAL = "retrieval"
    MULTIPLE_CHOICE = "multiple-choice"
    MLM = "mlm"


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
    Kind.MLM: ("text",),
}
MOST_OPTIONS = 10
UNCOUNTED = -1
"""The tag of a token that is neither trained on nor scored."""


class LabSource(Value):
    """The embedded lab makes the data."""

    origin: Literal["lab"] = "lab"


class HubSource(Value):
    """Data of a hub repository, or of a clone of one in an offline mirror.

    `config` may hold `{code}` (the language's BCP-47 code), `{udpos}` (its name in XTREME's
    UD-POS) or `{tatoeba}` (its ISO 639-3 code in Tatoeba's file names). `columns` maps a
    canonical column to the repository's; a dot reads a field of a struct. `options` may lie in a
    column of lists or in several columns of texts, one an option. `splits` maps
    train, validation and test to the repository's split names. `revision` pins a commit, branch
    or tag of the hub.

    `document` is the repository's column whose value names a row's document. Without one, a
    document is consecutive rows, named by their position: those of one value in `document_runs`, or
    every `rows_per_document` of them. That is right only where the rows are the same items, in the
    same order, in every language.

    `id_prefix` picks the rows of a language where a config mixes several: those whose `id` begins
    with it; it may hold `{language}` (the language's English name in lower case).
    """

    origin: Literal["hub"] = "hub"
    repository: str
    config: str
    splits: dict[Split, str]
    columns: Mapping[str, str | tuple[str, ...]]
    id_prefix: str | None = None
    document: str | None = None
    document_runs: str | None = None
    rows_per_document: Annotated[int, Field(gt=0)] = 1
    revision: str | None = None

    @model_validator(mode="after")
    def _options_alone_lie_in_several_columns(self) -> HubSource:
        for name, column in self.columns.items():
            if name != "options" and not isinstance(column, str):
                raise ValueError(f"`{name}` must be one column, got {', '.join(column)}")
        return self

    @model_validator(mode="after")
    def _one_rule_names_documents(self) -> HubSource:
        rules = (self.document is not None, self.document_runs is not None,
                 self.rows_per_document > 1)
        if sum(rules) > 1:
            raise ValueError("at most one of `document`, `document_runs` and `rows_per_document` "
                             f"must be given, got {sum(rules)}")
        if self.id_prefix is not None and "id" not in self.columns:
            raise ValueError(f"`columns` must have `id` where `id_prefix` is given, got "
                             f"{', '.join(self.columns)}")
        return self

    def column(self, name: str) -> str:
        """Return the repository's name of a canonical column, of several their names in a row."""
        found = self.columns[name]
        return found if isinstance(found, str) else "`, `".join(found)

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


class Task(Value):
    """One task: its kind, its parts, its labels, its languages by split, and its metric.

    `train` and `evaluation` list the languages (BCP-47) with a train split and with a
    validation or test split. `metric` names the primary metric of `trainables/metrics.py`, None
    for what is never scored. `train_source` is where the train rows lie, if elsewhere than the
    rest: XNLI trains on MNLI.

    For multiple choice `labels` name a row's options by position, as the data's labels do:
    ("choice1", "choice2"), or ("1", "2", "3") where they count from 1. So it is known before any
    row is read how many options a row has, and which one a label means.

    Plain text (`mlm`) is an intermediate task whose masked tokens are restored: a share of
    continued pretraining, which is never scored. All such tasks of a mixture train one head.
    """

    name: str
    kind: Kind
    roles: tuple[Literal["intermediate", "target"], ...]
    train: tuple[str, ...]
    evaluation: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    metric: str | None = None
    source: LabSource | HubSource
    train_source: HubSource | None = None

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
    def _text_is_trained_on_and_never_scored(self) -> Task:
        text = self.kind is Kind.MLM
        if text != (self.metric is None):
            raise ValueError("`metric` must be given exactly for kinds that are scored, "
                             f"got {self.metric} for {self.kind.value}")
        if not text and self.name == Kind.MLM.value:
            raise ValueError(f"`name` must not be {self.name}, as the head of all text is called, "
                             f"unless the kind is, got {self.kind.value}")
        if not text:
            return self
        if self.roles != ("intermediate",):
            raise ValueError("`roles` must be intermediate alone for mlm, got "
                             f"{', '.join(self.roles) or 'none'}")
        if self.evaluation:
            raise ValueError(f"`evaluation` must be empty for mlm, got {self.evaluation}")
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
            given = source.columns.get("options") if isinstance(source, HubSource) else None
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

    def source_of(self, split: Split) -> LabSource | HubSource:
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
