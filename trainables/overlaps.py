"""Overlaps: rows that a study scores and also trains on, or scores twice under two names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, get_args

import pyarrow as pa

from spaces.tasks import CANONICAL_COLUMNS, Task
from trainables.rows import Rows
from trainables.scores import PanelName
from trainables.sources import Sources

__all__ = ["overlap_faults"]

# Treebanks repeat short sentences, and translators leave some lines as they are; a file in the
# place of another repeats nearly all.
_MOST: Final = 0.5
_NOT_TEXT: Final = ("label", "tags", "answers", "answer_starts", "relevant")


def overlap_faults(
    trained: Sequence[tuple[Task, str]], scored: Sequence[tuple[Task, str]], sources: Sources
) -> list[str]:
    """Return one line per panel most of whose rows are training rows or another panel's.

    Args:
        trained: the (task, language) pairs whose train split a study reads.
        scored: the (task, language) pairs that it scores on both panels.
        sources: where their rows come from.

    Raises:
        DataError: if rows are missing or wrong.
    """
    sets = [(f"{rows.place} split", _texts(rows))
            for task, language in trained if (rows := sources.rows(task, language, "train"))]
    return list(_faults(sets, scored, sources))


def _faults(
    sets: list[tuple[str, frozenset[int]]], scored: Sequence[tuple[Task, str]], sources: Sources
) -> Iterator[str]:
    """Compare each panel with the train splits and with the panels before it."""
    for task, language in scored:
        for panel in get_args(PanelName):
            rows, _ = sources.panel_rows(task, language, panel)
            texts, name = _texts(rows), f"{rows.place} split ({panel} panel)"
            for other, known in sets:
                shared = len(texts & known)
                if shared > _MOST * len(texts):
                    yield (f"what is scored must not be known already, got {shared} of "
                           f"{len(texts)} texts of the {name} also in the {other} "
                           f"({sources.place(task)})")
                    break
            sets.append((name, texts))


def _texts(rows: Rows) -> frozenset[int]:
    """Return hashes of the different inputs of rows, without what is to be predicted."""
    names = [name for name in CANONICAL_COLUMNS[rows.task.kind] if name not in _NOT_TEXT]
    columns = [_joined(rows.table[name]) for name in names]
    return frozenset(hash(row) for row in zip(*columns, strict=True))


def _joined(column: pa.ChunkedArray) -> list[str]:
    values = column.to_pylist()
    return ["\x1f".join(each) for each in values] if pa.types.is_list(column.type) else values
