"""The pool: the candidates among which every query of a ranking task finds what is right for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from spaces.data_sources import Split

__all__ = ["Candidate", "Corpus", "Pool"]


class Candidate(NamedTuple):
    """One text that may be found, with the text around it where the task has an encoder read it."""

    id: str
    text: str
    context: str | None = None


@dataclass(frozen=True)
class Pool:
    """Candidates in the order of their ids, whatever order they were given in.

    `table` has the string columns `id`, `text` and, where candidates have contexts, `text_pair`.
    `fingerprint` changes whenever any candidate does.
    """

    table: pa.Table
    fingerprint: str

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Pool:
        """Return the pool of some candidates; either all have contexts or none.

        Raises:
            ValueError: if there are none, or two of one id.
        """
        listed = sorted(candidates, key=lambda each: each.id)
        if not listed:
            raise ValueError("a pool must hold at least one candidate, got none")
        ids, texts, contexts = zip(*listed, strict=True)
        if len(set(ids)) < len(ids):
            raise ValueError("candidates must have different ids")
        columns = {"id": ids, "text": texts}
        if contexts[0] is not None:
            columns["text_pair"] = contexts
        digest = hashlib.sha256()
        for each in listed:
            digest.update("\0".join([each.id, each.text, each.context or ""]).encode() + b"\1")
        return cls(pa.table({name: pa.array(values, pa.string())
                             for name, values in columns.items()}), digest.hexdigest()[:16])

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The candidates' ids, in their order."""
        return tuple(self.table["id"].to_pylist())

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each candidate's place in the pool, by its id."""
        return {name: place for place, name in enumerate(self.ids)}


@dataclass(frozen=True)
class Corpus:
    """All that a published ranking set holds: its pool, and its queries by language and split.

    A table of queries has the canonical columns of ranking, with `id` and `document`.
    """

    pool: Pool
    queries: Mapping[tuple[str, Split], pa.Table]
