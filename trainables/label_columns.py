"""Label columns: labels and tags by name or by number, as positions in the task's own order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from spaces.data_sources import TableSource
from spaces.tasks import UNCOUNTED, Kind, Task
from trainables.raw_columns import RawColumns, with_values
from trainables.rows import DataError

__all__ = ["UNLABELLED", "LabelColumns", "check_variety", "counted"]

UNLABELLED = -1
"""The hub's mark for a label that is not published."""

_SHOWN = 40  # labels that a message lists; a task may have more than a thousand
_ENOUGH = 100  # rows in which every label of a classification occurs, or they are not the task's


class LabelColumns:
    """One task's reading of a table's labels; `UNLABELLED` stays as it is."""

    def __init__(self, task: Task, source: TableSource, raw: RawColumns) -> None:
        self._task, self._source, self._raw = task, source, raw

    def labels(self, column: str) -> pa.Array:
        """Return the position of each row's label, given by its name or by its number.

        Raises:
            DataError: if one is neither.
        """
        given = self._raw.numbers_or_texts(column)
        if not pa.types.is_integer(given.type):
            return self._indices(column, given)
        known = pc.not_equal(given, UNLABELLED)
        stand_in = pc.if_else(known, given, 0)
        return pc.if_else(known, self._indices(column, stand_in), UNLABELLED)

    def choices(self, column: str) -> pa.Array:
        """Return the position of each row's right option.

        A label is an option's name, or its position from 0 unless names are numbers; a number
        may be written as a text.

        Raises:
            DataError: if one is neither.
        """
        given = self._raw.numbers_or_texts(column)
        if pa.types.is_integer(given.type) and self._raw.names_of(column):
            return self.labels(column)
        names = self._task.labels
        wanted = f"one of {', '.join(names)}"
        texts = given.cast(pa.string())
        found = pc.index_in(texts, value_set=pa.array(names))
        if not all(name.isdecimal() for name in names):
            wanted += f", or an integer from 0 to {len(names) - 1}"
            positions = pa.array(map(str, range(len(names))))
            found = pc.coalesce(found, pc.index_in(texts, value_set=positions))
        found = pc.if_else(pc.equal(texts, str(UNLABELLED)), UNLABELLED, found.cast(pa.int64()))
        self._raw.refuse(column, pc.is_null(found), given, wanted)
        return found

    def tags(self, column: str) -> pa.Array:
        """Return the positions of each sentence's tags; of those left out `UNCOUNTED`.

        Raises:
            DataError: if one is neither a tag's name nor its number.
        """
        lists = self._raw.lists_of_numbers_or_texts(column)
        return with_values(lists, self._indices(column, lists.flatten(), lists))

    def _indices(self, column: str, values: pa.Array, lists: pa.Array | None = None) -> pa.Array:
        """Return the task's index of each label given by integer or by name."""
        labels = self._task.labels
        if not pa.types.is_integer(values.type):
            found = pc.index_in(values, value_set=pa.array(labels))
            if self._source.left_out is not None:
                found = pc.if_else(pc.equal(values, self._source.left_out), UNCOUNTED, found)
            self._raw.refuse(column, pc.is_null(found), values, f"one of {_listed(labels)}",
                             lists)
            return found.cast(pa.int64())
        names = self._raw.names_of(column) or labels
        self._check_names(column, [name for name in names if name != self._source.left_out])
        outside = pc.or_(pc.less(values, 0), pc.greater_equal(values, len(names)))
        self._raw.refuse(column, outside, values, f"an integer from 0 to {len(names) - 1}", lists)
        places = [UNCOUNTED if name == self._source.left_out else labels.index(name)
                  for name in names]
        return pa.array(places, pa.int64()).take(values)

    def _check_names(self, column: str, names: Sequence[str]) -> None:
        labels = self._task.labels
        if sorted(names) != sorted(labels):
            missing = [name for name in labels if name not in names]
            unknown = [name for name in names if name not in labels]
            raise DataError(
                f"label names of `{column}` must be those of {self._task.name}, each once, got "
                f"{_listed(names)}; missing: {_listed(missing) or 'none'}, unknown: "
                f"{_listed(unknown) or 'none'} ({self._raw.file})"
            )


def counted(tokens: pa.Array, tags: pa.Array) -> dict[str, pa.Array]:
    """Return `tokens` and `tags` without those whose tag is `UNCOUNTED`."""
    kept = pc.not_equal(tags.flatten(), UNCOUNTED)
    if pc.all(kept).as_py():
        return {"tokens": tokens, "tags": tags}
    flags = with_values(tags, kept).to_pylist()
    return {name: pa.array(([value for value, flag in zip(*row, strict=True) if flag]
                            for row in zip(lists.to_pylist(), flags, strict=True)), lists.type)
            for name, lists in (("tokens", tokens), ("tags", tags))}


def check_variety(task: Task, source: TableSource, table: pa.Table, file: Path) -> None:
    """Refuse a split whose labels are others than the task's, as far as rows can tell.

    A treebank may do without some tags; with one tag alone it is no treebank. A split of few rows
    passes.

    Raises:
        DataError: if a label of the task occurs in no row, or one tag in all.
    """
    if len(table) < _ENOUGH:
        return
    name = "tags" if task.kind is Kind.TAGGING else "label"
    if name not in table.column_names:
        return
    values = table["tags"].combine_chunks().flatten() if name == "tags" else table["label"]
    seen = set(pc.unique(values).to_pylist())
    absent = [label for number, label in enumerate(task.labels) if number not in seen]
    if len(seen) == 1 or (absent and name == "label"):
        raise DataError(f"`{source.column(name)}` must take every label of {task.name}, got none "
                        f"that is {_listed(absent)} in {len(table)} rows ({file})")


def _listed(names: Sequence[str]) -> str:
    """Return names in a row, of more than `_SHOWN` the first alone."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
