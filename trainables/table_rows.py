"""Rows that lie in tables: read and checked once, kept as Arrow, memory-mapped by every process.

An entry's name is a digest of the files' bytes, of the label names beside them, and of the task,
so that a changed file is read anew wherever it lies. Data at fault is never kept. Entries are kept
and checked by `kept_files.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from spaces.data_sources import FilesSource, HubSource, Split, TableSource
from spaces.tasks import Task
from spaces.value import digest_of
from trainables.arrow_files import map_table, write_table
from trainables.columns import canonical_rows, columns_needed
from trainables.files import read_own_file
from trainables.kept_files import is_whole, keep
from trainables.parquet_files import RawTable, SplitFiles, check_fetched, read_table, readable
from trainables.readme import read_readme
from trainables.rows import Rows, row_schema

__all__ = ["table_rows", "table_sources"]

VERSION = 1  # of reading and checking, part of every key; a test watches the code for changes
_FINGERPRINT, _UNLABELLED = b"fingerprint", b"unlabelled"


def table_sources(task: Task, language: str, split: Split) -> Iterator[HubSource | FilesSource]:
    """Yield the sources of tables that make up a split."""
    for source in task.sources_of(split, language):
        if not isinstance(source, HubSource | FilesSource):
            raise TypeError(f"{task.name} lies in no tables")
        yield source


def table_rows(
    task: Task, language: str, split: Split, *, found: Sequence[SplitFiles], directory: Path
) -> Rows:
    """Return a split, from the entry kept under a directory or from its files.

    Args:
        task: the task.
        language: the code of the language.
        split: ours.
        found: of each of its sources the files of each of their splits, in order.
        directory: where entries are kept.

    Raises:
        DataError: if a file cannot be read or anything in it is wrong.
    """
    key = digest_of([VERSION, task.model_dump(mode="json"), language, split,
                     [_contents(files) for files in found]])
    path = directory / f"{key}.arrow"
    kept = _kept(path, task, language, split)
    if kept is None:
        rows = _checked(task, language, split, found)
        keep(path, rows.place, partial(_write, rows))
        kept = _kept(path, task, language, split)
    if kept is None:
        raise OSError(f"an entry must be readable once it is written ({path})")
    return kept


def _contents(split: SplitFiles) -> list[object]:
    """Return what reading depends on: of each file its name and bytes, and the names of labels."""
    digests = []
    for file in split.files:
        with readable(file):
            check_fetched(file)  # a pipe would block
            with file.open("rb") as opened:
                digests.append([file.name, hashlib.file_digest(opened, "sha256").hexdigest()])
    declared = read_readme(split.root).class_names.get(split.config, {})
    return [digests, sorted(declared.items())]


def _checked(task: Task, language: str, split: Split, found: Sequence[SplitFiles]) -> Rows:
    sources = [source for source in table_sources(task, language, split)
               for _ in source.splits_of(split) or (split,)]
    return _joined([canonical_rows(task, language, split, source=source, raw=_raw(source, files))
                    for source, files in zip(sources, found, strict=True)])


def _raw(source: TableSource, files: SplitFiles) -> RawTable:
    read = read_own_file if isinstance(source, FilesSource) else read_table
    return read(files, columns_needed(source))


def _joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts; where there are several, ids begin with the part's number."""
    first = parts[0]
    if len(parts) == 1:
        return first
    tables = [part.table.set_column(0, "id", pa.array(f"{number}:{name}" for name in
                                                      part.table["id"].to_pylist()))
              for number, part in enumerate(parts)]
    return Rows(task=first.task, language=first.language, split=first.split,
                table=pa.concat_tables(tables).combine_chunks(),
                fingerprint=digest_of([part.fingerprint for part in parts]),
                unlabelled=sum(part.unlabelled for part in parts))


def _write(rows: Rows, path: Path) -> None:
    table = rows.table.replace_schema_metadata({
        _FINGERPRINT: rows.fingerprint, _UNLABELLED: str(rows.unlabelled)})
    write_table(table, path)


def _kept(path: Path, task: Task, language: str, split: Split) -> Rows | None:
    """Return the rows of an entry, None where there is none or a damaged one."""
    if not is_whole(path):
        return None
    try:
        table = map_table(path)
    except (OSError, pa.ArrowException):
        return None
    stated = table.schema.metadata or {}
    if table.schema != row_schema(task.kind) or _FINGERPRINT not in stated:
        return None
    return Rows(task=task, language=language, split=split, table=table.replace_schema_metadata(),
                fingerprint=stated[_FINGERPRINT].decode(), unlabelled=int(stated[_UNLABELLED]))
