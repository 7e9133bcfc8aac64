"""Parquet files: what the files of one split hold, whole, with the names of its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from trainables.label_names import label_names
from trainables.readme import read_readme
from trainables.rows import DataError

__all__ = ["RawTable", "SplitFiles", "check_fetched", "count_rows", "read_table", "readable"]

# How the file begins that Git LFS leaves in a clone in place of one it has not fetched.
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class SplitFiles:
    """The Parquet files of one split of a config, in order, in the clone at `root`."""

    root: Path
    config: str
    files: tuple[Path, ...]

    @property
    def stamps(self) -> tuple[tuple[int, int], ...]:
        """Size in bytes and time of change (ns) of the README and of each file.

        Raises:
            DataError: if a file is gone.
        """
        readme = self.root / "README.md"
        stamps = []
        for path in (readme, *self.files) if readme.exists() else self.files:
            with readable(path):
                stamps.append((path.stat().st_size, path.stat().st_mtime_ns))
        return tuple(stamps)


@dataclass(frozen=True)
class RawTable:
    """One split of a config as it lies on disk.

    `lengths` are the files' numbers of rows; `class_names` maps a column to the names of its
    integer labels, in the order of the integers, where the repository states them.
    """

    table: pa.Table
    files: tuple[Path, ...]
    lengths: tuple[int, ...]
    class_names: Mapping[str, tuple[str, ...]]

    def place(self, row: int) -> str:
        """Return the file and the row in it, counted from 0, for messages."""
        for file, length in zip(self.files, self.lengths, strict=True):
            if row < length:
                return f"{file}, row {row}"
            row -= length
        raise IndexError(row)


def count_rows(split: SplitFiles) -> int:
    """Return the number of rows, from the files' footers alone.

    Raises:
        DataError: if a file is not readable Parquet.
    """
    return sum(_footer(file).num_rows for file in split.files)


def read_table(split: SplitFiles, columns: Sequence[str]) -> RawTable:
    """Read the top-level `columns` of a split's files.

    Raises:
        DataError: if a file is not readable Parquet, lacks a column, or differs in its columns'
            types or label names from the first.
    """
    tables = [_read_file(file, columns) for file in split.files]
    _check_copies(split.files, tables)
    declared = read_readme(split.root).class_names.get(split.config, {})
    names = [label_names(file, table.schema, declared)
             for file, table in zip(split.files, tables, strict=True)]
    first = split.files[0]
    for file, table, named in zip(split.files, tables, names, strict=True):
        if not table.schema.equals(tables[0].schema):
            raise DataError("shards of a split must have columns of the same types, but "
                            f"{file} differs from {first}")
        if named != names[0]:
            raise DataError("shards of a split must have the same label names, but "
                            f"{file} differs from {first}")
    return RawTable(
        table=pa.concat_tables(table.replace_schema_metadata() for table in tables),
        files=split.files,
        lengths=tuple(table.num_rows for table in tables),
        class_names=names[0],
    )


def _check_copies(files: Sequence[Path], tables: Sequence[pa.Table]) -> None:
    """Refuse a shard that is a copy of another: its rows would count twice."""
    for (file, table), (other, same) in combinations(zip(files, tables, strict=True), 2):
        if len(table) and table.equals(same):
            raise DataError(f"shards of a split must hold different rows, but {other} is a copy "
                            f"of {file}")


def _read_file(file: Path, columns: Sequence[str]) -> pa.Table:
    with readable(file):
        _check_magic(file)
    with readable(file), pq.ParquetFile(file) as parquet:
        present = parquet.schema_arrow.names
        for column in columns:
            if present.count(column) != 1:
                once = " once" if column in present else ""
                raise DataError(f"a file must have the column `{column}`{once}, got "
                                f"{', '.join(present)} ({file})")
        try:
            return _whole(parquet, columns)
        except (OSError, pa.ArrowException):
            for column in columns:  # Arrow does not say in which it was
                with readable(file, f"column `{column}` of a file"):
                    _whole(parquet, [column])
            raise


def _whole(parquet: pq.ParquetFile, columns: Sequence[str]) -> pa.Table:
    # No threads: while one trial reads, the other cores train.
    table = parquet.read(columns=list(columns), use_threads=False)
    table.validate(full=True)
    return table


def _footer(file: Path) -> pq.FileMetaData:
    with readable(file):
        _check_magic(file)
        return pq.read_metadata(file)


def check_fetched(file: Path) -> bytes:
    """Return a file's first bytes.

    Raises:
        DataError: if it is no regular file, which might block a reader for ever, or what Git LFS
            leaves in the place of one.
        OSError: if it cannot be read.
    """
    if file.exists() and not file.is_file():
        raise DataError(f"a file must be readable and whole: it is no regular file ({file})")
    with file.open("rb") as opened:
        start = opened.read(len(_POINTER))
    if start == _POINTER:
        raise DataError("a file must be readable and whole: it is a pointer of Git LFS; "
                        f"`git lfs pull` in the clone fetches the file ({file})")
    return start


def _check_magic(file: Path) -> None:
    """Refuse what is no Parquet; Arrow itself looks at a file's end alone."""
    start = check_fetched(file)
    if start and start[:4] not in (b"PAR1", b"PARE"):
        raise DataError("a file must be readable and whole: Parquet magic bytes not found at its "
                        f"start ({file})")


@contextmanager
def readable(path: Path, what: str = "a file") -> Iterator[None]:
    """Turn what the file system and Arrow say of a bad file into one line that names it."""
    try:
        yield
    except DataError:
        raise
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{what} must be readable and whole: {reason} ({path})") from error
