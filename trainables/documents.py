"""Documents: what a row is called, and with which rows it belongs together, in every language."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spaces.data_sources import TableSource
from trainables.composed_text import composed_text, made_of_each
from trainables.raw_columns import RawColumns
from trainables.rows import DataError

__all__ = ["documents_of", "ids_of"]


def ids_of(source: TableSource, raw: RawColumns) -> pa.Array:
    """Return each row's id, its number from 0 where the table has none.

    Raises:
        DataError: if an id is empty or repeated.
    """
    if "id" not in source.columns:
        return pa.array(np.arange(raw.rows)).cast(pa.string())
    column = source.column("id")
    ids = raw.texts(column)
    first: dict[str, int] = {}
    for row, name in enumerate(ids.to_pylist()):
        if first.setdefault(name, row) != row:
            raise DataError(f"`{column}` must be unique, got {name!r} twice "
                            f"({raw.place(first[name])}; {raw.place(row)})")
    return ids


def documents_of(source: TableSource, raw: RawColumns) -> pa.Array:
    """Return the name of each row's document, by the rule of `TableSource.document`.

    A document named by a column has 16 hexadecimal digits of the SHA-256 of its composed text.

    Raises:
        DataError: if a value of the column that tells documents apart is empty.
    """
    column, runs = source.document, source.document_runs
    if column is None:
        numbers = (np.arange(raw.rows) // source.rows_per_document if runs is None
                   else _numbers_of_runs(raw.texts(runs, trimmed=False).to_pylist()))
        return pa.array(numbers).cast(pa.string())
    texts = (pc.binary_join(raw.lists_of_texts(column), "\x1f") if raw.is_list(column)
             else raw.texts(column))
    return made_of_each(lambda text: _digest(composed_text(text)), texts)


def _numbers_of_runs(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number the longest runs of equal texts from 0. Shape [texts]."""
    return np.cumsum([0, *(one != two for one, two in pairwise(texts))])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
