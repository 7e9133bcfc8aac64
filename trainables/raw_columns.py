"""Raw columns: typed reading of a repository's table, refusing what is not there or not right.

Every fault is one line that names the law, the value, and the file, row or column; rows are
counted from 0 within their file, and columns are named as the repository names them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.parquet_files import RawTable
from trainables.rows import DataError, shown

__all__ = ["RawColumns", "with_values"]


class RawColumns:
    """The columns of one raw table; a dot in a column's name reads a field of a struct."""

    def __init__(self, raw: RawTable) -> None:
        self._raw = raw
        self.rows = int(raw.table.num_rows)

    @property
    def file(self) -> str:
        """The first file, for messages about a whole column."""
        return str(self._raw.files[0])

    def place(self, row: int) -> str:
        """Return the file and the row in it, for messages."""
        return self._raw.place(row)

    def names_of(self, column: str) -> tuple[str, ...] | None:
        """Return the names of a column's integer labels, None where nothing states them."""
        return self._raw.class_names.get(column)

    def is_list(self, column: str) -> bool:
        """Return whether a column holds a list in each row."""
        return _is_list(self._column(column).type)

    def texts(self, column: str, *, trimmed: bool = True) -> pa.Array:
        """Return strings, none of them null or blank, without white space at their ends.

        Raises:
            DataError: if one is, or the column holds something else.
        """
        texts = self._typed(column, self._column(column), _is_text, "a text")
        short = pc.utf8_trim_whitespace(texts)
        self.refuse(column, pc.equal(short, ""), texts, "a text that is not empty")
        return short if trimmed else texts

    def numbers_or_texts(self, column: str) -> pa.Array:
        """Return int64 or strings, none of them null.

        Raises:
            DataError: if one is, or the column holds something else.
        """
        return self._typed(column, self._column(column), _is_number_or_text,
                           "an integer or a text")

    def lists_of_texts(self, column: str, *, may_be_empty: bool = False) -> pa.Array:
        """Return lists of strings; no list is null, none empty unless it may, no string blank.

        Raises:
            DataError: if one is, or the column holds something else.
        """
        lists = self.lists(column, may_be_empty=may_be_empty)
        texts = self._typed(column, lists.flatten(), _is_text, "a list of texts", lists)
        blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
        self.refuse(column, blank, texts, "a list of texts that are not empty", lists)
        return with_values(lists, texts)

    def lists_of_numbers(self, column: str, *, may_be_empty: bool = False) -> pa.Array:
        """Return lists of int64; no list is null, none empty unless it may, no integer null.

        Raises:
            DataError: if one is, or the column holds something else.
        """
        lists = self.lists(column, may_be_empty=may_be_empty)
        return with_values(lists, self._typed(column, lists.flatten(), pa.types.is_integer,
                                              "a list of integers", lists))

    def lists_of_numbers_or_texts(self, column: str) -> pa.Array:
        """Return lists of int64 or of strings; no list is null or empty, no value null.

        Raises:
            DataError: if one is, or the column holds something else.
        """
        lists = self.lists(column)
        return with_values(lists, self._typed(column, lists.flatten(), _is_number_or_text,
                                              "a list of integers or of texts", lists))

    def lists(self, column: str, *, may_be_empty: bool = False) -> pa.Array:
        """Return lists of whatever the column has, none of them null or, unless it may be, empty.

        Raises:
            DataError: if one is, or the column is no list.
        """
        lists = self._column(column)
        if not _is_list(lists.type):
            raise DataError(f"`{column}` must be a list, got {lists.type} ({self.file})")
        lists = lists.cast(pa.list_(lists.type.value_type))
        if may_be_empty:
            self.refuse(column, pc.is_null(lists), lists, "a list")
        else:
            empty = pc.fill_null(pc.equal(pc.list_value_length(lists), 0), True)
            self.refuse(column, empty, lists, "a list that is not empty")
        return lists

    def refuse(
        self, column: str, wrong: pa.Array, values: pa.Array, wanted: str,
        lists: pa.Array | None = None,
    ) -> None:
        """Raise for the first wrong value; with `lists`, `values` are those inside them.

        Raises:
            DataError: if any of `wrong` is true.
        """
        mask = pc.fill_null(wrong, False).to_numpy(zero_copy_only=False)
        for number in np.flatnonzero(mask)[:1].tolist():
            row = number if lists is None else _row_of(lists, number)
            raise DataError(f"`{column}` must be {wanted}, got {shown(values[number].as_py())} "
                            f"({self.place(row)})")

    def check_lengths(self, one: tuple[str, pa.Array], other: tuple[str, pa.Array]) -> None:
        """Refuse lists of which some row has more or fewer in the other column; each has its name.

        Raises:
            DataError: if there is such a row.
        """
        (name, lists), (other_name, others) = one, other
        wanted, given = pc.list_value_length(lists), pc.list_value_length(others)
        for row in np.flatnonzero(pc.not_equal(wanted, given))[:1].tolist():
            raise DataError(f"`{other_name}` must be as long as `{name}`, got {given[row]} for "
                            f"{wanted[row]} ({self.place(row)})")

    def _column(self, path: str) -> pa.Array:
        """Return a column, or by a dot a field of a struct or of a list of structs."""
        name, _, field = path.partition(".")
        column = _decoded(_whole(self._raw.table[name]))
        if pa.types.is_list_view(column.type) or pa.types.is_large_list_view(column.type):
            # By Python's lists: Arrow's own cast miscounts the last list of several chunks.
            column = pa.array(column.to_pylist(), pa.large_list(column.type.value_type))
        if not field:
            return column
        inner = column.flatten() if _is_list(column.type) else column
        if not pa.types.is_struct(inner.type) or inner.type.get_field_index(field) < 0:
            raise DataError(f"`{name}` must have the field `{field}`, got {column.type} "
                            f"({self.file})")
        values = pc.struct_field(inner, field)
        return with_values(column, values) if _is_list(column.type) else values

    def _typed(
        self, column: str, values: pa.Array, fits: Callable[[pa.DataType], bool], wanted: str,
        lists: pa.Array | None = None,
    ) -> pa.Array:
        """Return `values` as int64 or strings, refusing other types and nulls."""
        values = _decoded(values)
        if not fits(values.type):
            raise DataError(f"`{column}` must be {wanted}, got {values.type} ({self.file})")
        self.refuse(column, pc.is_null(values), values, wanted, lists)
        if not pa.types.is_integer(values.type):
            return values.cast(pa.string())
        if pa.types.is_uint64(values.type):
            self.refuse(column, pc.greater(values, pa.scalar(2**63 - 1, pa.uint64())), values,
                        "an integer below 2**63", lists)
        return values.cast(pa.int64())


def with_values(lists: pa.Array, values: pa.Array) -> pa.Array:
    """Return lists of the same lengths as `lists` over other values; a null list is empty."""
    offsets = np.concatenate([[0], np.cumsum(_lengths(lists))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _lengths(lists: pa.Array) -> NDArray[np.int64]:
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)


def _row_of(lists: pa.Array, number: int) -> int:
    """Return the row whose list holds the value that has this number among all values."""
    return int(np.searchsorted(np.cumsum(_lengths(lists)), number, side="right"))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _decoded(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _is_list(given: pa.DataType) -> bool:
    return bool(pa.types.is_list(given) or pa.types.is_large_list(given)
                or pa.types.is_fixed_size_list(given))


def _is_text(given: pa.DataType) -> bool:
    return bool(pa.types.is_string(given) or pa.types.is_large_string(given)
                or pa.types.is_string_view(given))


def _is_number_or_text(given: pa.DataType) -> bool:
    return bool(pa.types.is_integer(given)) or _is_text(given)
