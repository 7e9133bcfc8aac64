"""Tasks: what a row is, which part a task may play, how it is scored, and where its data lies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from spaces.languages import tatoeba_code, udpos_name
from spaces.value import Value

__all__ = ["CANONICAL_COLUMNS", "HubSource", "Kind", "LabSource", "PoolSource", "Split", "Task",
           "find_task"]

Split = Literal["train", "validation", "test"]


class Kind(StrEnum):
    """The formulation of a task; its rows have the columns of `CANONICAL_COLUMNS`."""

    CLASSIFICATION = "classification"
    PAIR = "pair"
    TAGGING = "tagging"
    QA = "qa"
    RETRIEVAL = "retrieval"
    MULTIPLE_CHOICE = "multiple-choice"
    RANKING = "ranking"


_SEVERAL = ("options", "prompt", "text", "text_pair")
"""What may lie in several columns: an option each, or the parts of a text in order."""

# Canonical columns by kind. Every kind also has `id` (string, unique within a split) and
# `document` (string): rows of one document never fall into different halves of a split, and a
# document has the same name in every language it was translated to. In retrieval the candidates
# are the rows' own texts; in ranking they are a pool of the whole task, and a row's `relevant`
# names those that are right.
CANONICAL_COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.CLASSIFICATION: ("text", "label"),
    Kind.PAIR: ("text", "text_pair", "label"),
    Kind.TAGGING: ("tokens", "tags"),
    Kind.QA: ("question", "context", "answers", "answer_starts"),
    Kind.RETRIEVAL: ("text", "english"),
    Kind.MULTIPLE_CHOICE: ("prompt", "options", "label"),
    Kind.RANKING: ("text", "relevant"),
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
    column of lists or in several columns of texts, one an option; a text may lie in several, whose
    values are joined by a space. `wordings` says what the values of a column read as, where they
    are no text themselves. `splits` maps train, validation and test to the repository's split
    names, of which one may be made of several. `revision` pins a commit, branch or tag of the hub.
    `copies` are other repositories with the same files, read where a mirror has one of them only.

    `document` is the repository's column whose value names a row's document. Without one, a
    document is consecutive rows, named by their position: those of one value in `document_runs`, or
    every `rows_per_document` of them. That is right only where the rows are the same items, in the
    same order, in every language.

    `asked` is a column with a question that stands before each option, so that a prompt too long
    for an encoder is cut and the question is not.

    `left_out` is a tag whose tokens are left out.

    `id_prefix` picks the rows of a language where a config mixes several: those whose `id` begins
    with it; it may hold `{language}` (the language's English name in lower case).
    """

    origin: Literal["hub"] = "hub"
    repository: str
    config: str
    copies: tuple[str, ...] = ()
    splits: dict[Split, str | tuple[str, ...]]
    columns: Mapping[str, str | tuple[str, ...]]
    wordings: Mapping[str, Mapping[str, str]] = {}
    asked: str | None = None
    left_out: str | None = None
    id_prefix: str | None = None
    document: str | None = None
    document_runs: str | None = None
    rows_per_document: Annotated[int, Field(gt=0)] = 1
    revision: str | None = None

    @model_validator(mode="after")
    def _texts_alone_lie_in_several_columns(self) -> HubSource:
        for name, column in self.columns.items():
            if name not in _SEVERAL and not isinstance(column, str):
                raise ValueError(f"`{name}` must be one column, got {', '.join(column)}")
        known = {self.asked, *(part for name in self.columns for part in self.columns_of(name))}
        if unknown := sorted(set(self.wordings) - known):
            raise ValueError(f"`wordings` must be of columns that are read, got {unknown[0]}")
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
        return "`, `".join(self.columns_of(name))

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the repository's names of what a canonical column is made of."""
        return _several(self.columns[name])

    def splits_of(self, split: Split) -> tuple[str, ...]:
        """Return the repository's names of what a split is made of; none where it has none."""
        return _several(self.splits.get(split, ()))

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


Source = LabSource | HubSource | PoolSource


class Task(Value):
    """One task: its kind, its parts, its labels, its languages by split, and its metric.

    `train` and `evaluation` list the languages (BCP-47) with a train split and with a
    validation or test split. `metric` names the primary metric of `trainables/metrics.py`.
    `train_sources` are where the train rows lie, if elsewhere than the rest: XNLI trains on MNLI,
    ANLI+ on the rows of three repositories. `elsewhere` is where the rows of some languages lie.

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
    source: Source
    train_sources: tuple[HubSource, ...] = ()
    elsewhere: Mapping[str, HubSource] = {}

    @model_validator(mode="after")
    def _labels_fit_the_kind(self) -> Task:
        labelled = self.kind in (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING,
                                 Kind.MULTIPLE_CHOICE)
        if labelled != bool(self.labels):
            raise ValueError("`labels` must be given exactly for labelled kinds, "
                             f"got {self.labels}")
        if self.category is Kind.RETRIEVAL and self.train:
            raise ValueError(f"`train` must be empty for {self.kind.value}, got {self.train}")
        if self.kind is Kind.RANKING and isinstance(self.source, HubSource):
            raise ValueError("`source` must hold a pool of candidates for ranking, got "
                             f"{self.source.repository}")
        return self

    @model_validator(mode="after")
    def _labels_name_the_options(self) -> Task:
        if self.kind is not Kind.MULTIPLE_CHOICE:
            return self
        count = len(self.labels)
        if not 2 <= count <= MOST_OPTIONS or len(set(self.labels)) < count:
            raise ValueError(f"`labels` must name 2 to {MOST_OPTIONS} options, each once, "
                             f"got {', '.join(self.labels)}")
        for source in (self.source, *self.train_sources):
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
    def category(self) -> Kind:
        """The kind among whose tasks it is averaged: ranking is retrieval, as in XTREME-R."""
        return Kind.RETRIEVAL if self.kind is Kind.RANKING else self.kind

    @property
    def candidates(self) -> int:
        """How many texts an encoder reads beside the rows: the pool of all languages, if any."""
        return self.source.candidates if isinstance(self.source, PoolSource) else 0

    @property
    def trained(self) -> bool:
        """Whether the task has a train set at all; retrieval and ranking do not."""
        return bool(self.train)

    @property
    def unanswerable(self) -> bool:
        """Whether a question may have no answer in its context, as SQuAD v2's metrics know."""
        return self.metric.startswith("squad2_")

    def source_of(self, split: Split, language: str | None = None) -> Source:
        """Return where the rows of a split lie, of several sources the first."""
        return self.sources_of(split, language)[0]

    def sources_of(
        self, split: Split, language: str | None = None
    ) -> tuple[Source, ...]:
        """Return all sources whose rows make up a split, of a language or of most languages."""
        if language is not None and language in self.elsewhere:
            return (self.elsewhere[language],)
        return self.train_sources if split == "train" and self.train_sources else (self.source,)


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


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
