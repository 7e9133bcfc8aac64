"""Columns: a repository's table, as it lies on disk, into a task's canonical rows, checked."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spaces.data_sources import Split, TableSource
from spaces.tasks import CANONICAL_COLUMNS, UNCOUNTED, Kind, Task
from trainables.hub import RawTable
from trainables.raw_columns import RawColumns, with_values
from trainables.rows import AbsentError, DataError, Rows, row_schema

__all__ = ["canonical_rows", "columns_needed", "composed", "fingerprint_of"]

UNLABELLED = -1
"""The hub's mark for a label that is not published."""

SHOWN = 40
"""Labels that a message lists; a task may have more than a thousand."""

AT_ONCE = 8_192
"""Texts that are Python's at once; all of a split's would take ten times the bytes they have."""

ENOUGH = 100
"""In so many rows every label of a classification occurs, or the labels are not the task's."""


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
        own = pc.starts_with(table["id"], prefix)
        table, columns = table.filter(own), {**columns, "id": columns["id"].filter(own)}
        if not len(table):
            raise AbsentError(f"{task.name} {language} {split} must have rows whose "
                              f"`{source.column('id')}` begins with {prefix!r}, got none "
                              f"({raw.files[0]})")
    if task.kind is Kind.MLM:
        table = _without_repeats(table)
    given = len(table)
    if "label" in columns:
        table = table.filter(pc.not_equal(columns["label"], UNLABELLED))
    if not len(table):
        raise DataError(f"{task.name} {language} {split} must have at least one labelled row, "
                        f"got none of {given} ({raw.files[0]})")
    table = table.combine_chunks()
    if len(table) >= ENOUGH:
        _check_variety(task, source, table, raw.files[0])
    return Rows(task=task, language=language, split=split, table=table,
                fingerprint=fingerprint_of(table), unlabelled=given - len(table))


def _without_repeats(table: pa.Table) -> pa.Table:
    """Return the rows whose text stands in no row before them."""
    numbered = table.append_column("row", pa.array(np.arange(len(table))))
    first = numbered.group_by("text").aggregate([("row", "min")])["row_min"]
    return table.take(first.take(pc.sort_indices(first)))


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


def _check_variety(task: Task, source: TableSource, table: pa.Table, file: Path) -> None:
    """Refuse a split whose labels are others than the task's, as far as rows can tell.

    A treebank may do without some tags; with one tag alone it is no treebank.
    """
    name = "tags" if task.kind is Kind.TAGGING else "label"
    if name not in table.column_names:
        return
    values = table["tags"].combine_chunks().flatten() if name == "tags" else table["label"]
    seen = set(pc.unique(values).to_pylist())
    absent = [label for number, label in enumerate(task.labels) if number not in seen]
    if len(seen) == 1 or (absent and name == "label"):
        raise DataError(f"`{source.column(name)}` must take every label of {task.name}, got none "
                        f"that is {_listed(absent)} in {len(table)} rows ({file})")


class _Mapping:
    """One task's reading of one raw table."""

    def __init__(self, task: Task, source: TableSource, raw: RawColumns) -> None:
        self._task, self._source, self._raw = task, source, raw

    def columns(self) -> dict[str, pa.Array]:
        """Return `id`, `document` and the kind's columns, with unlabelled rows still in."""
        kind = self._task.kind
        empty = self._task.unanswerable
        readers: dict[str, Callable[[str], pa.Array]] = {
            "context": self._untrimmed, "question": self._raw.texts, "tags": self._tags,
            "label": self._choices if kind is Kind.MULTIPLE_CHOICE else self._labels,
            "tokens": self._raw.lists_of_texts, "options": self._options,
            "answers": partial(self._raw.lists_of_texts, may_be_empty=empty),
            "answer_starts": partial(self._raw.lists_of_numbers, may_be_empty=empty),
        }
        columns = {name: readers[name](self._source.column(name)) if name in readers
                   else self._text(name) for name in CANONICAL_COLUMNS[kind]}
        if kind is Kind.TAGGING:
            self._check_lengths(columns, "tokens", "tags")
            columns |= _counted(columns["tokens"], columns["tags"])
        if kind is Kind.QA:
            self._check_lengths(columns, "answers", "answer_starts")
            self._check_answers(columns)
            columns["answer_starts"] = self._composed_starts(columns)
        columns = {name: composed(values) for name, values in columns.items()}
        return {"id": self._ids(), "document": self._documents(), **columns}

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

    def _labels(self, column: str) -> pa.Array:
        given = self._raw.numbers_or_texts(column)
        if not pa.types.is_integer(given.type):
            return self._indices(column, given)
        known = pc.not_equal(given, UNLABELLED)
        stand_in = pc.if_else(known, given, 0)
        return pc.if_else(known, self._indices(column, stand_in), UNLABELLED)

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

    def _choices(self, column: str) -> pa.Array:
        """Return the position of each row's right option.

        A label is an option's name, or its position from 0 unless names are numbers; a number
        may be written as a text.
        """
        given = self._raw.numbers_or_texts(column)
        if pa.types.is_integer(given.type) and self._raw.names_of(column):
            return self._labels(column)
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

    def _tags(self, column: str) -> pa.Array:
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

    def _ids(self) -> pa.Array:
        if "id" not in self._source.columns:
            return pa.array(np.arange(self._raw.rows)).cast(pa.string())
        column = self._source.column("id")
        ids = self._raw.texts(column)
        first: dict[str, int] = {}
        for row, name in enumerate(ids.to_pylist()):
            if first.setdefault(name, row) != row:
                raise DataError(f"`{column}` must be unique, got {name!r} twice "
                                f"({self._raw.place(first[name])}; {self._raw.place(row)})")
        return ids

    def _documents(self) -> pa.Array:
        column, runs = self._source.document, self._source.document_runs
        if column is None:
            numbers = (np.arange(self._raw.rows) // self._source.rows_per_document if runs is None
                       else _numbers_of_runs(self._raw.texts(runs, trimmed=False).to_pylist()))
            return pa.array(numbers).cast(pa.string())
        texts = (pc.binary_join(self._raw.lists_of_texts(column), "\x1f")
                 if self._raw.is_list(column) else self._raw.texts(column))
        return _each(lambda text: _digest(_nfc(text)), texts)

    def _check_lengths(self, columns: dict[str, pa.Array], name: str, other: str) -> None:
        wanted, given = (pc.list_value_length(columns[key]) for key in (name, other))
        named = self._source.column
        for row in np.flatnonzero(pc.not_equal(wanted, given))[:1].tolist():
            raise DataError(f"`{named(other)}` must be as long as `{named(name)}`, got "
                            f"{given[row]} for {wanted[row]} ({self._raw.place(row)})")

    def _check_answers(self, columns: dict[str, pa.Array]) -> None:
        named = self._source.column
        texts = zip(*(columns[key].to_pylist() for key in ("context", "answers", "answer_starts")),
                    strict=True)
        for row, (context, answers, starts) in enumerate(texts):
            for answer, start in zip(answers, starts, strict=True):
                if start < 0 or context[start:start + len(answer)] != answer:
                    raise DataError(
                        f"`{named('answers')}` must stand in `{named('context')}` at "
                        f"`{named('answer_starts')}`, got {answer[:60]!r} at {start} "
                        f"({self._raw.place(row)})"
                    )


    def _composed_starts(self, columns: dict[str, pa.Array]) -> pa.Array:
        """Return where answers begin once contexts are composed."""
        contexts, starts = columns["context"], columns["answer_starts"]
        if composed(contexts).equals(contexts):
            return starts
        texts = contexts.to_pylist()
        moved = [[len(_nfc(text[:start])) for start in row] for text, row in
                 zip(texts, starts.to_pylist(), strict=True)]
        answers = columns["answers"].to_pylist()
        for row, (text, places, given) in enumerate(zip(texts, moved, answers, strict=True)):
            for place, answer in zip(places, given, strict=True):
                if not _nfc(text).startswith(_nfc(answer), place):
                    raise DataError(
                        f"`{self._source.column('answers')}` must begin and end with whole "
                        f"characters, got {answer[:60]!r} ({self._raw.place(row)})")
        return pa.array(moved, starts.type)


def composed(values: pa.Array) -> pa.Array:
    """Return texts, or lists of texts, in Unicode's composed form (NFC); all else as it is.

    So a row reads alike however its accents are written, whatever a tokenizer makes of them.
    """
    # By Python's Unicode: Arrow's own normaliser leaves some texts decomposed.
    if pa.types.is_list(values.type):
        return with_values(values, composed(values.flatten()))
    if not pa.types.is_string(values.type) or pc.all(pc.string_is_ascii(values)).as_py():
        return values
    return _each(_nfc, values)


def _each(function: Callable[[str], str], texts: pa.Array) -> pa.Array:
    """Return what a function makes of each text; few of them at once are Python's."""
    parts = [pa.array(map(function, texts.slice(first, AT_ONCE).to_pylist()), pa.string())
             for first in range(0, len(texts), AT_ONCE)]
    return pa.concat_arrays(parts) if parts else texts


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _counted(tokens: pa.Array, tags: pa.Array) -> dict[str, pa.Array]:
    """Return tokens and tags without those whose tag is left out."""
    kept = pc.not_equal(tags.flatten(), UNCOUNTED)
    if pc.all(kept).as_py():
        return {"tokens": tokens, "tags": tags}
    flags = with_values(tags, kept).to_pylist()
    return {name: pa.array(([value for value, flag in zip(*row, strict=True) if flag]
                            for row in zip(lists.to_pylist(), flags, strict=True)), lists.type)
            for name, lists in (("tokens", tokens), ("tags", tags))}


def _numbers_of_runs(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number the longest runs of equal texts from 0. Shape [texts]."""
    return np.cumsum([0, *(one != two for one, two in pairwise(texts))])


def _listed(names: Sequence[str]) -> str:
    """Return names in a row, of more than `SHOWN` the first alone."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
