"""Tasks: what a row is, which part a task may play, and how it is scored."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from spaces.data_sources import HubSource, PoolSource, Source, Split, TableSource
from spaces.value import Value

__all__ = ["CANONICAL_COLUMNS", "UNCOUNTED", "Kind", "Provenance", "Task", "find_task"]

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
    RANKING = "ranking"
    MLM = "mlm"


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
    Kind.MLM: ("text",),
}
MOST_OPTIONS = 10
UNCOUNTED = -1
"""The tag of a token that is neither trained on nor scored."""


def _is_native(given: Provenance) -> bool:
    return given == "native"


def _is_none(given: object) -> bool:
    return given is None


class Task(Value):
    """One task: its kind, its parts, its labels, its languages by split, and its metric.

    `train` and `evaluation` list the languages (BCP-47) with a train split and with a
    validation or test split. `metric` names the primary metric of `trainables/metrics.py`, None
    for what is never scored.
    `train_sources` are where the train rows lie, if elsewhere than the rest: XNLI trains on MNLI,
    ANLI+ on the rows of three repositories. `elsewhere` is where the rows of some languages lie.
    `translates` is where the train rows lie of which these are translations.
    `train_provenance` and `evaluation_provenance` say how rows in other languages than English
    came to be.

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
    source: Source
    train_sources: tuple[HubSource, ...] = ()
    elsewhere: Mapping[str, HubSource] = {}
    # Left out where they are as they are for most, so that the lab keeps the digest it always had.
    translates: HubSource | None = Field(default=None, exclude_if=_is_none)
    train_provenance: Provenance = Field(default="native", exclude_if=_is_native)
    evaluation_provenance: Provenance = Field(default="native", exclude_if=_is_native)

    @model_validator(mode="after")
    def _labels_fit_the_kind(self) -> Task:
        labelled = self.kind in (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING,
                                 Kind.MULTIPLE_CHOICE)
        if labelled != bool(self.labels):
            raise ValueError("`labels` must be given exactly for labelled kinds, "
                             f"got {self.labels}")
        if self.category is Kind.RETRIEVAL and self.train:
            raise ValueError(f"`train` must be empty for {self.kind.value}, got {self.train}")
        if self.kind is Kind.RANKING and isinstance(self.source, TableSource):
            raise ValueError("`source` must hold a pool of candidates for ranking, got tables "
                             f"({self.name})")
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
        for source in (self.source, *self.train_sources):
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
        return self.metric is not None and self.metric.startswith("squad2_")

    def repositories(self) -> dict[str, str | None]:
        """Return the hub's repositories that the task reads, each with its pinned revision."""
        return {source.repository: source.revision for source in self._of_the_hub()}

    def pinned(self, revisions: Mapping[str, str]) -> Task:
        """Return the task with its repositories read at these revisions, where they name them."""
        if not revisions.keys() & self.repositories().keys():
            return self

        def pin(source: Source) -> Source:
            wanted = revisions.get(source.repository) if isinstance(source, HubSource) else None
            return source.model_copy(update={"revision": wanted}) if wanted else source

        return self.model_copy(update={
            "source": pin(self.source), "train_sources": tuple(map(pin, self.train_sources)),
            "elsewhere": {code: pin(source) for code, source in self.elsewhere.items()},
            "translates": self.translates and pin(self.translates)})

    def _of_the_hub(self) -> Iterator[HubSource]:
        for source in (self.source, *self.train_sources, *self.elsewhere.values(),
                       self.translates):
            if isinstance(source, HubSource):
                yield source

    def source_of(self, split: Split, language: str | None = None) -> Source:
        """Return where the rows of a split lie, of several sources the first."""
        return self.sources_of(split, language)[0]

    def sources_of(self, split: Split, language: str | None = None) -> tuple[Source, ...]:
        """Return all sources whose rows make up a split, of a language or of most languages."""
        if language is not None and language in self.elsewhere:
            return (self.elsewhere[language],)
        return self.train_sources if split == "train" and self.train_sources else (self.source,)


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
