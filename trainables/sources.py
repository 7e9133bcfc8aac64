"""Sources: where the rows of every task come from: the embedded lab, the hub, or own files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple, get_args

import pyarrow as pa
from pydantic import BeforeValidator

from spaces.data_sources import (
    FilesSource,
    HubSource,
    LabSource,
    PoolSource,
    Split,
    TableSource,
)
from spaces.lab_tasks import lab_rows
from spaces.tasks import Kind, Task
from spaces.value import Value, digest_of
from trainables.files import find_own_file, missing_file
from trainables.hub import SplitFiles, count_rows, find_files
from trainables.pool_files import read_pool_rows
from trainables.rows import AbsentError, DataError, Rows
from trainables.scores import PanelName
from trainables.table_rows import table_rows, table_sources

__all__ = ["Sources", "half", "verify"]

# Tables that a process holds; they are memory-mapped, so that the system may take pages back.
_KEPT = 256


def _stated(given: object) -> object:
    return str(given) if isinstance(given, Path) else given


Place = Annotated[str, BeforeValidator(_stated)]


class _Part(NamedTuple):
    """One of the repository's splits that a split is made of, and its files."""

    source: HubSource | FilesSource
    name: str
    found: SplitFiles


class Sources(Value):
    """Where data lies: `hub` is an offline mirror (None for the hub itself); the lab's is cached.

    A user's own files lie where their task says. Their rows and the hub's are read and checked once
    and kept under `cache`; files that change are read again.
    """

    hub: Place | None = None
    cache: Place

    def splits(self, task: Task, language: str) -> tuple[Split, ...]:
        """Return the splits that can be had of a task in a language.

        Raises:
            DataError: if the mirror or the repository cannot be had.
        """
        return tuple(split for split in get_args(Split)
                     if _is_offered(task, language, split)
                     and (not isinstance(task.source_of(split, language), TableSource)
                          or any(part.found.files for part in self._parts(task, language, split))))

    def size(self, task: Task, language: str) -> int:
        """Return the number of train rows; in the hub's repositories the unlabelled ones count.

        Raises:
            DataError: if there is no train split, or it cannot be read.
        """
        if isinstance(task.source_of("train", language), LabSource):
            _check_offered(task, language, "train")
            return lab_rows(task, language, "train")
        parts = self._existing(task, language, "train")
        # Files may be no Parquet, one of the hub may hold several languages, and a text may stand
        # in one several times.
        if task.kind is Kind.MLM or any(
                isinstance(part.source, FilesSource) or part.source.prefix_of(language)
                for part in parts):
            return len(self.rows(task, language, "train"))
        return sum(count_rows(part.found) for part in parts)

    def rows(self, task: Task, language: str, split: Split) -> Rows:
        """Return a split in canonical columns.

        Raises:
            DataError: if the split is missing or anything in it is wrong.
        """
        stated = task.model_dump_json()
        if isinstance(task.source_of(split, language), LabSource):
            _check_offered(task, language, split)
            return _lab_rows(self.cache, stated, language, split)
        if isinstance(task.source, PoolSource):
            _check_offered(task, language, split)
            return read_pool_rows(task, language, split, self._mirror)
        found = tuple(part.found for part in self._existing(task, language, split))
        stamps = tuple(each.stamps for each in found)
        return _table_rows(self.cache, found, stamps, stated, language, split)

    def panel_rows(self, task: Task, language: str, panel: PanelName) -> tuple[Rows, bool]:
        """Return the rows that score a task on a panel, and whether they are an official split.

        Selection reads the validation split and report the test split where a language has both;
        where it has one, each reads its half.

        Raises:
            DataError: if the language has neither split, or the rows are wrong.
        """
        present = [split for split in self.splits(task, language) if split != "train"]
        if not present:
            raise AbsentError(f"{task.name} must have a validation or a test split to score on, "
                              f"got none for {language!r} ({self._place(task, language)})")
        if len(present) == 1:
            return half(self.rows(task, language, present[0]), panel), False
        return self.rows(task, language, "validation" if panel == "selection" else "test"), True

    def _existing(self, task: Task, language: str, split: Split) -> tuple[_Part, ...]:
        _check_offered(task, language, split)
        parts = tuple(self._parts(task, language, split))
        for source, name, found in parts:
            if not found.files:
                lacking = (missing_file(source, language, name)
                           if isinstance(source, FilesSource) else
                           f"got no Parquet files of config {found.config} in {found.root}")
                raise AbsentError(f"{task.name} {language} must have a {name} split, {lacking}")
        return parts

    def _parts(self, task: Task, language: str, split: Split) -> Iterator[_Part]:
        """Yield what a split is made of: of each source each of its repository's splits."""
        for source in table_sources(task, language, split):
            for name in source.splits_of(split) or (split,):
                found = (find_own_file(source, language, name)
                         if isinstance(source, FilesSource) else
                         find_files(source, source.config_of(language), name, self._mirror))
                yield _Part(source, name, found)

    def place(self, task: Task) -> str:
        """Return where the rows that score a task lie, for messages."""
        source = task.source
        return source.directory if isinstance(source, FilesSource) else self.hub or "hub"

    @property
    def _mirror(self) -> Path | None:
        return None if self.hub is None else Path(self.hub).expanduser()

    def _place(self, task: Task, language: str) -> str:
        source = task.source_of("test", language)
        config = (f", {source.repository}, config {source.config_of(language)}"
                  if isinstance(source, HubSource) else "")
        return f"{self.place(task)}{config}"


def half(rows: Rows, panel: PanelName) -> Rows:
    """Return the panel's half of a split: the rows whose document's hash falls to it.

    The same documents go to the same half in every language and every process.

    Raises:
        DataError: if no row falls to it.
    """
    wanted = 0 if panel == "selection" else 1
    mask = [hashlib.sha256(name.encode()).digest()[0] % 2 == wanted
            for name in rows.table["document"].to_pylist()]
    if not any(mask):
        raise DataError(f"{rows.place} must have rows in both of its halves, got none in the half "
                        f"of the {panel} panel")
    return rows.taken(rows.table.filter(pa.array(mask)).combine_chunks(),
                      digest_of([rows.fingerprint, mask]))


def verify(
    task: Task,
    sources: Sources,
    *,
    train: Sequence[str] | None = None,
    evaluation: Sequence[str] | None = None,
) -> list[str]:
    """Return one line per fault in the data that a study needs of a task; none is best.

    Args:
        task: the task.
        sources: where its rows come from.
        train: the languages whose train split is needed; None for all that the task lists.
        evaluation: the languages scored on either panel; None for all that the task lists.
    """
    return list(dict.fromkeys(_faults(
        task, sources,
        task.train if train is None else train,
        task.evaluation if evaluation is None else evaluation,
    )))


def _faults(
    task: Task, sources: Sources, train: Sequence[str], evaluation: Sequence[str]
) -> Iterator[str]:
    for language in train:
        try:
            sources.rows(task, language, "train")
        except DataError as error:
            yield str(error)
    for language in evaluation:
        for panel in get_args(PanelName):
            try:
                sources.panel_rows(task, language, panel)
            except DataError as error:
                yield str(error)


def _is_offered(task: Task, language: str, split: Split) -> bool:
    source = task.source_of(split, language)
    listed = task.train if split == "train" else task.evaluation
    return language in listed and (isinstance(source, LabSource) or split in source.splits)


def _stamps(files: tuple[Path, ...]) -> tuple[tuple[int, int], ...]:
    """Return size in bytes and time of change (ns) of each file."""
    stamps = []
    for file in files:
        try:
            stamps.append((file.stat().st_size, file.stat().st_mtime_ns))
        except OSError as error:
            raise DataError("every file of a pool's benchmark must be there: "
                            f"{error.strerror or type(error).__name__} ({file})") from error
    return tuple(stamps)


def _check_offered(task: Task, language: str, split: Split) -> None:
    listed = task.train if split == "train" else task.evaluation
    if language not in listed:
        raise DataError(f"{task.name} must have {split} rows in one of {', '.join(listed) or '-'}, "
                        f"got {language!r}")


@lru_cache(maxsize=_KEPT)
def _lab_rows(cache: str, stated: str, language: str, split: Split) -> Rows:
    from trainables.lab import Lab  # babel's data takes its time to load; hub studies do without

    return Lab(Path(cache)).rows(Task.model_validate_json(stated), language, split)


@lru_cache(maxsize=_KEPT)
def _table_rows(
    cache: str, found: tuple[SplitFiles, ...], stamps: tuple[tuple[tuple[int, int], ...], ...],
    stated: str, language: str, split: Split,
) -> Rows:
    """Return what is kept of files; the stamps, in the key alone, have changed ones read again."""
    return table_rows(Task.model_validate_json(stated), language, split, found=found,
                      directory=Path(cache) / "rows")
