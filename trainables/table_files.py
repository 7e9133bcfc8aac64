"""Table files: in which files a split lies, the hub's or a user's own, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from spaces.data_sources import FilesSource, HubSource, Split
from spaces.tasks import Kind, Task
from trainables.files import find_own_file, missing_file
from trainables.hub import find_files
from trainables.parquet_files import SplitFiles, count_rows
from trainables.rows import AbsentError, Rows
from trainables.table_rows import table_rows, table_sources

__all__ = ["TablePart", "count_table_rows", "parts_of", "read_table_rows"]

# Tables that a process holds; they are memory-mapped, so that the system may take pages back.
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
    for source in table_sources(task, language, split):
        for name in source.splits_of(split) or (split,):
            found = (find_own_file(source, language, name)
                     if isinstance(source, FilesSource) else
                     find_files(source, source.config_of(language), name, mirror))
            yield TablePart(source, name, found)


def count_table_rows(
    task: Task, language: str, split: Split, mirror: Path | None, directory: Path
) -> int:
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
        return len(read_table_rows(task, language, split, mirror, directory))
    return sum(count_rows(part.found) for part in parts)


def read_table_rows(
    task: Task, language: str, split: Split, mirror: Path | None, directory: Path
) -> Rows:
    """Return the rows of all parts of a split, kept under `directory` until a file changes.

    Raises:
        DataError: if a part is missing or anything in it is wrong.
    """
    found = tuple(part.found for part in _existing(task, language, split, mirror))
    return _rows(found, tuple(each.stamps for each in found), task.model_dump_json(), language,
                 split, directory)


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


@lru_cache(maxsize=_KEPT)
def _rows(
    found: tuple[SplitFiles, ...], stamps: tuple[tuple[tuple[int, int], ...], ...], stated: str,
    language: str, split: Split, directory: Path,
) -> Rows:
    """Return what is kept of files; the stamps, in the key alone, have changed ones read again."""
    return table_rows(Task.model_validate_json(stated), language, split, found=found,
                      directory=directory)
