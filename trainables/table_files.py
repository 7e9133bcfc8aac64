"""Table files: in which files a split lies, the hub's or a user's own, and its rows, joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from spaces.data_sources import FilesSource, HubSource, Split, TableSource
from spaces.tasks import Kind, Task
from spaces.value import digest_of
from trainables.columns import canonical_rows, columns_needed
from trainables.files import find_own_file, missing_file, read_own_file
from trainables.hub import find_files
from trainables.parquet_files import RawTable, SplitFiles, count_rows, read_table
from trainables.rows import AbsentError, Rows

__all__ = ["TablePart", "count_table_rows", "parts_of", "read_table_rows"]

# Of one study's splits the largest, English MNLI, takes about 80 MB; most take less than one.
_KEPT = 256


class TablePart(NamedTuple):
    """One of the splits there (`name`) of which a split is made, and its files."""

    source: HubSource | FilesSource
    name: str
    found: SplitFiles


def parts_of(task: Task, language: str, split: Split, mirror: Path | None) -> Iterator[TablePart]:
    """Yield what a split is made of: of each source each of the splits there.

    A part of which nothing is there has no files.

    Args:
        task: the task.
        language: the language's code.
        split: which split.
        mirror: the directory of an offline mirror; None for the hub.

    Raises:
        DataError: if the mirror, a repository or a directory cannot be had.
    """
    for source in _table_sources(task, language, split):
        for name in source.splits_of(split) or (split,):
            found = (find_own_file(source, language, name)
                     if isinstance(source, FilesSource) else
                     find_files(source, source.config_of(language), name, mirror))
            yield TablePart(source, name, found)


def count_table_rows(task: Task, language: str, split: Split, mirror: Path | None) -> int:
    """Return the number of a split's rows; in the hub's repositories the unlabelled ones count.

    Raises:
        DataError: if a part of the split is missing, or cannot be read.
    """
    parts = _existing(task, language, split, mirror)
    # Files may be no Parquet, one of the hub may hold several languages, and a text may stand
    # in one several times.
    if task.kind is Kind.MLM or any(
            isinstance(part.source, FilesSource) or part.source.prefix_of(language)
            for part in parts):
        return len(read_table_rows(task, language, split, mirror))
    return sum(count_rows(part.found) for part in parts)


def read_table_rows(task: Task, language: str, split: Split, mirror: Path | None) -> Rows:
    """Return the rows of all parts of a split, kept in memory until one of its files changes.

    Raises:
        DataError: if a part is missing or anything in it is wrong.
    """
    found = tuple(part.found for part in _existing(task, language, split, mirror))
    return _rows(found, tuple(each.stamps for each in found), task.model_dump_json(), language,
                 split)


def _existing(
    task: Task, language: str, split: Split, mirror: Path | None
) -> tuple[TablePart, ...]:
    parts = tuple(parts_of(task, language, split, mirror))
    for source, name, found in parts:
        if not found.files:
            lacking = (missing_file(source, language, name)
                       if isinstance(source, FilesSource) else
                       f"got no Parquet files of config {found.config} in {found.root}")
            raise AbsentError(f"{task.name} {language} must have a {name} split, {lacking}")
    return parts


def _table_sources(
    task: Task, language: str, split: Split
) -> Iterator[HubSource | FilesSource]:
    for source in task.sources_of(split, language):
        if not isinstance(source, HubSource | FilesSource):
            raise TypeError(f"{task.name} lies in no tables")
        yield source


@lru_cache(maxsize=_KEPT)
def _rows(
    found: tuple[SplitFiles, ...], stamps: tuple[tuple[tuple[int, int], ...], ...], stated: str,
    language: str, split: Split,
) -> Rows:
    """Read and check; the stamps are part of the key, so that changed files are read again."""
    task = Task.model_validate_json(stated)
    sources = [source for source in _table_sources(task, language, split)
               for _ in source.splits_of(split) or (split,)]
    return _joined([
        canonical_rows(task, language, split, source=source,
                       raw=_read(source)(files, columns_needed(source)))
        for source, files in zip(sources, found, strict=True)])


def _read(source: TableSource) -> Callable[[SplitFiles, Sequence[str]], RawTable]:
    return read_own_file if isinstance(source, FilesSource) else read_table


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
