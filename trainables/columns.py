"""Columns: a repository's table, as it lies on disk, into a task's canonical rows, checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spaces.data_sources import Split, TableSource
from spaces.tasks import CANONICAL_COLUMNS, Kind, Task
from trainables.composed_text import answer_starts, composed
from trainables.documents import documents_of, ids_of
from trainables.label_columns import UNLABELLED, LabelColumns, check_variety, counted
from trainables.parquet_files import RawTable
from trainables.raw_columns import RawColumns, with_values
from trainables.rows import AbsentError, DataError, Rows, fingerprint_of, row_schema

__all__ = ["canonical_rows", "columns_needed"]


def columns_needed(source: TableSource) -> tuple[str, ...]:
    """Return the top-level columns of the repository that canonical rows are made of."""
    named = {*chain.from_iterable(map(source.columns_of, source.columns)),
             *filter(None, (source.document, source.document_runs, source.asked))}
    return tuple(sorted({path.split(".")[0] for path in named}))


def canonical_rows(
    task: Task, language: str, split: Split, *, source: TableSource, raw: RawTable
) -> Rows:
    """Return a language's rows of a split in canonical columns, without its unlabelled rows.

    Labels are mapped by name: the repository's order of names may differ from the task's, its
    set of names may not. Where it names none, its integers are taken to be in the task's order.
    For multiple choice they are taken for names where the task's labels are numbers. Of plain
    texts that are equal the first is kept: several questions may share a paragraph.

    Raises:
        DataError: if a column has a wrong type; a text, a token or a list is null or empty (but
            for the answers of a task that knows questions without); a label or a value that stands
            for a wording is unknown; tokens and tags differ in number; a row has more or fewer
            options than the task; an answer is not at its place in the context; an id is repeated;
            or no labelled row is left.
    """
    if not len(raw.table):
        raise DataError(f"{task.name} {language} {split} must have at least one row, got none "
                        f"({raw.files[0]})")
    columns = _Mapping(task, source, RawColumns(raw)).columns()
    schema = row_schema(task.kind)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    prefix = source.prefix_of(language)
    if prefix is not None:
        table = table.filter(pc.starts_with(table["id"], prefix))
        if not len(table):
            raise AbsentError(f"{task.name} {language} {split} must have rows whose "
                              f"`{source.column('id')}` begins with {prefix!r}, got none "
                              f"({raw.files[0]})")
    if task.kind is Kind.MLM:
        table = _without_repeats(table)
    given = len(table)
    if "label" in schema.names:
        table = table.filter(pc.not_equal(table["label"], UNLABELLED))
    if not len(table):
        raise DataError(f"{task.name} {language} {split} must have at least one labelled row, "
                        f"got none of {given} ({raw.files[0]})")
    table = table.combine_chunks()
    check_variety(task, source, table, raw.files[0])
    return Rows(task=task, language=language, split=split, table=table,
                fingerprint=fingerprint_of(table), unlabelled=given - len(table))


def _without_repeats(table: pa.Table) -> pa.Table:
    """Return the rows whose text stands in no row before them."""
    numbered = table.append_column("row", pa.array(np.arange(len(table))))
    first = numbered.group_by("text").aggregate([("row", "min")])["row_min"]
    return table.take(first.take(pc.sort_indices(first)))


class _Mapping:
    """One task's reading of one raw table."""

    def __init__(self, task: Task, source: TableSource, raw: RawColumns) -> None:
        self._task, self._source, self._raw = task, source, raw
        self._labels = LabelColumns(task, source, raw)

    def columns(self) -> dict[str, pa.Array]:
        """Return `id`, `document` and the kind's columns, with unlabelled rows still in."""
        kind = self._task.kind
        empty = self._task.unanswerable
        readers: dict[str, Callable[[str], pa.Array]] = {
            "context": self._untrimmed, "question": self._raw.texts, "tags": self._labels.tags,
            "label": (self._labels.choices if kind is Kind.MULTIPLE_CHOICE
                      else self._labels.labels),
            "tokens": self._raw.lists_of_texts, "options": self._options,
            "answers": partial(self._raw.lists_of_texts, may_be_empty=empty),
            "answer_starts": partial(self._raw.lists_of_numbers, may_be_empty=empty),
        }
        columns = {name: readers[name](self._source.column(name)) if name in readers
                   else self._text(name) for name in CANONICAL_COLUMNS[kind]}
        if kind is Kind.TAGGING:
            self._raw.check_lengths(*((self._source.column(name), columns[name])
                                      for name in ("tokens", "tags")))
            left = counted(columns["tokens"], columns["tags"])
            self._raw.refuse(self._source.column("tags"),
                             pc.equal(pc.list_value_length(left["tags"]), 0), columns["tags"],
                             f"a list with another tag than {self._source.left_out}")
            columns |= left
        if kind is Kind.QA:
            columns["answer_starts"] = answer_starts(self._source, self._raw, columns)
        columns = {name: composed(values) for name, values in columns.items()}
        return {"id": ids_of(self._source, self._raw),
                "document": documents_of(self._source, self._raw), **columns}

    def _untrimmed(self, column: str) -> pa.Array:
        # Answers count from the context's first character, white space or not.
        return self._raw.texts(column, trimmed=False)

    def _text(self, name: str) -> pa.Array:
        """Return a text, of several columns their values in a row, each in its wording."""
        parts = [self._worded(column) for column in self._source.columns_of(name)]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, " ")

    def _worded(self, column: str) -> pa.Array:
        texts = self._raw.texts(column)
        wordings = self._source.wordings.get(column)
        if wordings is None:
            return texts
        found = pc.index_in(texts, value_set=pa.array(list(wordings)))
        self._raw.refuse(column, pc.is_null(found), texts, f"one of {', '.join(wordings)}")
        return pa.array(list(wordings.values())).take(found)

    def _options(self, column: str) -> pa.Array:
        """Return each row's options, after its question where they answer one."""
        options = self._bare_options(column)
        if self._source.asked is None:
            return options
        questions = self._worded(self._source.asked).to_pylist()
        return pa.array([[f"{question} {option}" for option in row] for question, row in
                         zip(questions, options.to_pylist(), strict=True)], options.type)

    def _bare_options(self, column: str) -> pa.Array:
        """Return each row's options, from a column of lists or from one column an option."""
        given = self._source.columns["options"]
        if isinstance(given, tuple):
            return pa.array(zip(*(self._raw.texts(each).to_pylist() for each in given),
                                strict=True), pa.list_(pa.string()))
        lists = self._raw.lists_of_texts(column)
        wanted = len(self._task.labels)
        other = pc.not_equal(pc.list_value_length(lists), wanted)
        self._raw.refuse(column, other, lists, f"a list of {wanted} texts, one a label of "
                                               f"{self._task.name}")
        return with_values(lists, pc.utf8_trim_whitespace(lists.flatten()))
