"""A user's own files: where a split of a language lies, and what it holds.

They lie at `<directory>/<code>/<split>` with one of three endings:

- `.parquet`;
- `.jsonl`: one JSON object a line, whose keys are the columns, in UTF-8;
- `.conll`, for tagging: a token, a tab and its tag on each line, a blank line after each sentence,
  in UTF-8. Its columns are `tokens` and `tags`.

`labels.txt` in the directory, one label a line, names the labels that a study does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.json as pj

from spaces.data_sources import FilesSource
from trainables.parquet_files import (
    RawTable,
    SplitFiles,
    check_fetched,
    read_table,
    readable,
)
from trainables.rows import DataError

__all__ = ["LABELS_FILE", "find_own_file", "missing_file", "read_labels", "read_own_file"]

_ENDINGS: Final = (".parquet", ".jsonl", ".conll")
LABELS_FILE: Final = "labels.txt"

_MOST_JSON = 2**31 - 2  # bytes that Arrow reads as one block, so that its rows are the file's


def find_own_file(source: FilesSource, language: str, split: str) -> SplitFiles:
    """Return the file of a language and split (by the file's own name); none where it is not there.

    Raises:
        DataError: if there is no such directory, or the split lies there in several formats.
    """
    root = Path(source.directory)
    with readable(root):
        if not root.is_dir():
            raise DataError(f"`files` must be a directory, got none ({root})")
        paths = (root / language / f"{split}{ending}" for ending in _ENDINGS)
        found = tuple(path for path in paths if path.exists())
    if len(found) > 1:
        raise DataError(f"a split must be one file, got {' and '.join(each.name for each in found)}"
                        f" ({root / language})")
    return SplitFiles(root=root, config=language, files=found)


def missing_file(source: FilesSource, language: str, split: str) -> str:
    """Return, for messages, what lies in the place of a file that is not there."""
    folder = Path(source.directory) / language
    with readable(folder):
        beside = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    shown = ", ".join(beside[:10]) + (" and more" if len(beside) > 10 else "")
    return (f"got none of {', '.join(split + ending for ending in _ENDINGS)}: there is "
            f"{shown or 'nothing'} ({folder})")


def read_own_file(split: SplitFiles, columns: Sequence[str]) -> RawTable:
    """Read the top-level `columns` of a split's file.

    Raises:
        DataError: if the file is not what its ending says, or lacks a column.
    """
    (file,) = split.files
    if file.suffix == ".parquet":
        return read_table(split, columns)
    with readable(file):
        check_fetched(file)
        table = _json(file) if file.suffix == ".jsonl" else _tagged(file)
        table.validate(full=True)
    for column in columns:
        if column not in table.column_names:
            raise DataError(f"a file must have the column `{column}`, got "
                            f"{', '.join(table.column_names) or 'none'} ({file})")
    return RawTable(table=table.select(list(columns)), files=(file,), lengths=(len(table),),
                    class_names={})


def read_labels(directory: Path) -> tuple[str, ...]:
    """Return the labels of the directory's `labels.txt`, in its order.

    Raises:
        DataError: if it cannot be read, a line is blank or has white space at its ends, or a
            label is there twice.
    """
    file = directory / LABELS_FILE
    with readable(file):
        if not file.exists():
            raise DataError(f"labels must be listed, or lie in {LABELS_FILE}, got no such file "
                            f"({file})")
    labels: dict[str, int] = {}
    for number, label in enumerate(_lines(file), 1):
        place = f"({file}, line {number})"
        if not label.strip() or label != label.strip():
            raise DataError(f"a line of {LABELS_FILE} must be a label without white space at its "
                            f"ends, got {label[:60]!r} {place}")
        if labels.setdefault(label, number) != number:
            raise DataError(f"a label must be there once, got {label[:60]!r} in line "
                            f"{labels[label]} too {place}")
    if not labels:
        raise DataError(f"{LABELS_FILE} must have at least one label, got none ({file})")
    return tuple(labels)


def _json(file: Path) -> pa.Table:
    size = file.stat().st_size
    if size > _MOST_JSON:
        raise DataError(f"a file of JSON lines must have at most {_MOST_JSON} bytes, got {size}; "
                        f"Parquet may have more ({file})")
    if not size:
        raise DataError(f"a file must have at least one row, got an empty one ({file})")
    # No threads: while one trial reads, the other cores train.
    whole = pj.ReadOptions(use_threads=False, block_size=size + 1)
    table = pj.read_json(file, read_options=whole)
    as_texts = pa.schema([(field.name, _timeless(field.type)) for field in table.schema])
    if as_texts == table.schema:
        return table
    # Where all texts of a column look like dates, Arrow has taken them for dates.
    return pj.read_json(file, read_options=whole,
                        parse_options=pj.ParseOptions(explicit_schema=as_texts))


def _timeless(given: pa.DataType) -> pa.DataType:
    """Return a type with texts in the place of timestamps, however deep."""
    if pa.types.is_timestamp(given):
        return pa.string()
    if pa.types.is_list(given):
        return pa.list_(_timeless(given.value_type))
    if pa.types.is_struct(given):
        return pa.struct([(field.name, _timeless(field.type)) for field in given])
    return given


def _tagged(file: Path) -> pa.Table:
    tokens: list[str] = []
    tags: list[str] = []
    ends = [0]
    for number, line in enumerate(_lines(file), 1):
        if not line.strip(" "):
            if len(tokens) > ends[-1]:
                ends.append(len(tokens))
            continue
        fields = line.split("\t")
        if len(fields) != 2 or not all(field.strip() for field in fields):
            raise DataError("a line must be a token, a tab and a tag, or blank, got "
                            f"{line[:60]!r} ({file}, line {number})")
        tokens.append(fields[0])
        tags.append(fields[1])
    if len(tokens) > ends[-1]:
        ends.append(len(tokens))
    offsets = pa.array(ends, pa.int32())
    return pa.table({name: pa.ListArray.from_arrays(offsets, pa.array(values, pa.string()))
                     for name, values in (("tokens", tokens), ("tags", tags))})


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of UTF-8; only line feeds, after a carriage return or not, end them."""
    with readable(file):
        check_fetched(file)
        text = file.read_bytes()
    for number, line in enumerate(text.removesuffix(b"\n").split(b"\n") if text else (), 1):
        try:
            decoded = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise DataError(f"a file must be UTF-8, got the byte 0x{line[error.start]:02x} "
                            f"({file}, line {number})") from error
        yield decoded.removeprefix("\ufeff") if number == 1 else decoded
