"""Sources: where the rows of every task come from, the embedded lab or the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, get_args

import pyarrow as pa
from pydantic import BeforeValidator

from spaces.lab_tasks import lab_rows
from spaces.tasks import HubSource, Kind, LabSource, Split, Task
from spaces.value import Value, digest_of
from trainables.columns import canonical_rows, columns_needed
from trainables.hub import SplitFiles, count_rows, find_files, read_table
from trainables.rows import DataError, Rows
from trainables.scores import PanelName

__all__ = ["Sources", "half", "verify"]

# Of one study's splits the largest, English MNLI, takes about 80 MB; most take less than one.
_KEPT = 256


def _stated(given: object) -> object:
    return str(given) if isinstance(given, Path) else given


Place = Annotated[str, BeforeValidator(_stated)]


class Sources(Value):
    """Where data lies: `hub` is an offline mirror (None for the hub itself); the lab's is cached.

    Rows are kept in memory by the process that read them, and read again when files change.
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
                     and (isinstance(task.source_of(split), LabSource)
                          or self._files(task, language, split).files))

    def size(self, task: Task, language: str) -> int:
        """Return the number of train rows; on the hub the unlabelled ones count.

        Raises:
            DataError: if there is no train split, or it cannot be read.
        """
        if isinstance(task.source_of("train"), LabSource):
            _check_offered(task, language, "train")
            return lab_rows(task, language, "train")
        # One file may hold several languages, and a text may stand in it several times.
        if _hub_source(task, "train").id_prefix is not None or task.kind is Kind.MLM:
            return len(self.rows(task, language, "train"))
        return count_rows(self._existing(task, language, "train"))

    def rows(self, task: Task, language: str, split: Split) -> Rows:
        """Return a split in canonical columns.

        Raises:
            DataError: if the split is missing or anything in it is wrong.
        """
        stated = task.model_dump_json()
        if isinstance(task.source_of(split), LabSource):
            _check_offered(task, language, split)
            return _lab_rows(self.cache, stated, language, split)
        found = self._existing(task, language, split)
        return _hub_rows(found, found.stamps, stated, language, split)

    def panel_rows(self, task: Task, language: str, panel: PanelName) -> tuple[Rows, bool]:
        """Return the rows that score a task on a panel, and whether they are an official split.

        Selection reads the validation split and report the test split where a language has both;
        where it has one, each reads its half.

        Raises:
            DataError: if the language has neither split, or the rows are wrong.
        """
        present = [split for split in self.splits(task, language) if split != "train"]
        if not present:
            source = task.source_of("test")
            config = "" if isinstance(source, LabSource) else (
                f", {source.repository}, config {source.config_of(language)}")
            raise DataError(f"{task.name} must have a validation or a test split to score on, "
                            f"got none for {language!r} ({self.hub or 'hub'}{config})")
        if len(present) == 1:
            return half(self.rows(task, language, present[0]), panel), False
        return self.rows(task, language, "validation" if panel == "selection" else "test"), True

    def _existing(self, task: Task, language: str, split: Split) -> SplitFiles:
        _check_offered(task, language, split)
        found = self._files(task, language, split)
        if not found.files:
            raise DataError(f"{task.name} {language} must have a {split} split, got no Parquet "
                            f"files of config {found.config} in {found.root}")
        return found

    def _files(self, task: Task, language: str, split: Split) -> SplitFiles:
        source = _hub_source(task, split)
        mirror = None if self.hub is None else Path(self.hub).expanduser()
        return find_files(source, source.config_of(language), source.splits.get(split, split),
                          mirror)


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
    return Rows(task=rows.task, language=rows.language, split=rows.split,
                table=rows.table.filter(pa.array(mask)).combine_chunks(),
                fingerprint=digest_of([rows.fingerprint, mask]))


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
    source = task.source_of(split)
    listed = task.train if split == "train" else task.evaluation
    return language in listed and (isinstance(source, LabSource) or split in source.splits)


def _check_offered(task: Task, language: str, split: Split) -> None:
    listed = task.train if split == "train" else task.evaluation
    if language not in listed:
        raise DataError(f"{task.name} must have {split} rows in one of {', '.join(listed) or '-'}, "
                        f"got {language!r}")


def _hub_source(task: Task, split: Split) -> HubSource:
    source = task.source_of(split)
    if isinstance(source, LabSource):
        raise TypeError(f"{task.name} lies in the lab")
    return source


@lru_cache(maxsize=_KEPT)
def _lab_rows(cache: str, stated: str, language: str, split: Split) -> Rows:
    from trainables.lab import Lab  # babel's data takes its time to load; hub studies do without

    return Lab(Path(cache)).rows(Task.model_validate_json(stated), language, split)


@lru_cache(maxsize=_KEPT)
def _hub_rows(
    found: SplitFiles, stamps: tuple[tuple[int, int], ...], stated: str, language: str,
    split: Split,
) -> Rows:
    """Read and check; the stamps are part of the key, so that changed files are read again."""
    task = Task.model_validate_json(stated)
    source = _hub_source(task, split)
    raw = read_table(found, columns_needed(source))
    return canonical_rows(task, language, split, source=source, raw=raw)
