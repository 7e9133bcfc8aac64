"""Rows: one split of one task in one language, in canonical columns, checked on construction."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spaces.data_sources import Split
from spaces.faults import UserError
from spaces.tasks import CANONICAL_COLUMNS, Kind, Task
from trainables.pool import Pool

__all__ = ["AbsentError", "DataError", "Rows", "fingerprint_of", "row_schema", "shown"]

_COLUMN_TYPES: dict[str, pa.DataType] = {
    "label": pa.int64(),
    "options": pa.list_(pa.string()),
    "tokens": pa.list_(pa.string()),
    "tags": pa.list_(pa.int64()),
    "answers": pa.list_(pa.string()),
    "answer_starts": pa.list_(pa.int64()),
    "relevant": pa.list_(pa.string()),
}


class DataError(UserError):
    """A fault in data: one line that names the law, the value, and the file, row or column."""


class AbsentError(DataError):
    """Data that is not there; what is there may be whole."""


@dataclass(frozen=True)
class Rows:
    """One split of a task in one language.

    `table` has the string columns `id` and `document` and the canonical columns of the task's
    kind, in `CANONICAL_COLUMNS`' order; labels and tags are indices into `task.labels`
    (a tag may be `UNCOUNTED`), and every row has as many `options` as there are labels.
    `fingerprint` changes whenever any row does. `unlabelled` counts the rows left out because
    their label is -1, the hub's mark for a label that is not published. `pool` holds the candidates
    of a ranking task, of which each row's `relevant` names at least one.
    """

    task: Task
    language: str
    split: Split
    table: pa.Table
    fingerprint: str
    unlabelled: int = 0
    pool: Pool | None = None

    def __post_init__(self) -> None:
        expected = row_schema(self.task.kind)
        if self.table.schema != expected:
            raise DataError(f"{self.place} must have the columns {expected.names}, "
                            f"got {self.table.schema.names}")
        if self.table.num_rows == 0:
            raise DataError(f"{self.place} must have at least one row, got none")
        if self.task.kind is Kind.MULTIPLE_CHOICE:
            self._check_options()
        if (self.task.kind is Kind.RANKING) != (self.pool is not None):
            raise DataError("rows must have a pool of candidates exactly for ranking, got "
                            f"{'none' if self.pool is None else len(self.pool)} ({self.place})")
        if self.pool is not None:
            self._check_relevant(self.pool)

    def _check_relevant(self, pool: Pool) -> None:
        for name, relevant in zip(self.table["id"].to_pylist(),
                                  self.table["relevant"].to_pylist(), strict=True):
            unknown = [each for each in relevant or () if each not in pool.places]
            if unknown or not relevant:
                raise DataError("`relevant` must name candidates of the pool, got "
                                f"{', '.join(unknown) or 'none'} ({self.place}, row {name})")

    def _check_options(self) -> None:
        wanted = self.task.sequences
        for count in pc.unique(pc.list_value_length(self.table["options"])).to_pylist():
            if count != wanted:
                raise DataError(f"`options` must be {wanted} in every row, got {count} "
                                f"({self.place})")

    def taken(self, table: pa.Table, fingerprint: str) -> Rows:
        """Return some of these rows."""
        return replace(self, table=table, fingerprint=fingerprint, unlabelled=0)

    @property
    def place(self) -> str:
        """What these rows are, for messages."""
        return f"{self.task.name} {self.language} {self.split}"

    def __len__(self) -> int:
        return int(self.table.num_rows)


def row_schema(kind: Kind) -> pa.Schema:
    """Return the Arrow schema of a kind's rows."""
    names = ("id", "document", *CANONICAL_COLUMNS[kind])
    return pa.schema([(name, _COLUMN_TYPES.get(name, pa.string())) for name in names])


def fingerprint_of(table: pa.Table) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a table's rows, however chunked or stored."""
    digest = hashlib.sha256()
    # Taken anew, so that nothing a slice or a filter left in the buffers is hashed.
    whole = table.take(pa.array(np.arange(len(table)))).combine_chunks()
    with pa.PythonFile(_Hashed(digest), mode="w") as sink, \
            pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return digest.hexdigest()[:16]


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are written, and not held."""

    def __init__(self, digest: hashlib._Hash) -> None:
        super().__init__()
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return memoryview(data).nbytes


def shown(value: Any) -> str:
    """Return a value as messages show it: its `repr`, of more than 60 characters the beginning."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
