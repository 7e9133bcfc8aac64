"""Sources: where the rows of every task come from, the embedded lab or the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, get_args

import pyarrow as pa
from pydantic import BeforeValidator

from spaces.lab_tasks import LAB_ROWS
from spaces.tasks import HubSource, LabSource, PoolSource, Split, Task
from spaces.value import Value, digest_of
from trainables.columns import canonical_rows, columns_needed, fingerprint_of
from trainables.hub import SplitFiles, count_rows, find_files, read_table
from trainables.lareqa import lareqa_files, read_lareqa
from trainables.mewslix import mewslix_files, read_mewslix
from trainables.pool import Corpus
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
                     and (not isinstance(task.source_of(split), HubSource)
                          or self._files(task, language, split).files))

    def size(self, task: Task, language: str) -> int:
        """Return the number of train rows; on the hub the unlabelled ones count.

        Raises:
            DataError: if there is no train split, or it cannot be read.
        """
        if isinstance(task.source_of("train"), LabSource):
            _check_offered(task, language, "train")
            return LAB_ROWS["train"]
        if _hub_source(task, "train").id_prefix is not None:  # one file holds several languages
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
        if isinstance(task.source_of(split), PoolSource):
            _check_offered(task, language, split)
            files = self._published(task)
            return _pool_rows(files, _stamps(files), stated, language, split)
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
            config = "" if not isinstance(source, HubSource) else (
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
        return find_files(source, source.config_of(language), source.splits.get(split, split),
                          self._mirror)

    def _published(self, task: Task) -> tuple[Path, ...]:
        """Return all files of a benchmark whose pool spans its languages."""
        source = task.source
        assert isinstance(source, PoolSource)
        if self._mirror is None:
            raise DataError(f"{task.name} must be read from a directory given by `hub`, since the "
                            f"hub does not hold its files as published, got none "
                            f"({source.repository})")
        return _FORMATS[source.origin][0](self._mirror / source.repository, task.evaluation)

    @property
    def _mirror(self) -> Path | None:
        return None if self.hub is None else Path(self.hub).expanduser()


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
    source = task.source_of(split)
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


def _hub_source(task: Task, split: Split) -> HubSource:
    source = task.source_of(split)
    if not isinstance(source, HubSource):
        raise TypeError(f"{task.name} lies in no repository of the hub")
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


@lru_cache(maxsize=_KEPT)
def _pool_rows(
    files: tuple[Path, ...], stamps: tuple[tuple[int, int], ...], stated: str, language: str,
    split: Split,
) -> Rows:
    task = Task.model_validate_json(stated)
    assert isinstance(task.source, PoolSource)
    corpus = _corpus(task.source.origin, files, stamps, task.evaluation)
    table = corpus.queries.get((language, split))
    if table is None:
        raise DataError(f"{task.name} {language} {split} must have at least one row, got none "
                        f"({files[-1].parent})")
    return Rows(task=task, language=language, split=split, table=table, pool=corpus.pool,
                fingerprint=digest_of([fingerprint_of(table), corpus.pool.fingerprint]))


# Mewsli-X's pool of a million takes about a gigabyte; a study has one or both.
@lru_cache(maxsize=2)
def _corpus(origin: str, files: tuple[Path, ...], stamps: tuple[tuple[int, int], ...],
            languages: tuple[str, ...]) -> Corpus:
    """Read and check a whole benchmark; the stamps make changed files be read again."""
    return _FORMATS[origin][1](files, languages)


_FORMATS: Final = {"lareqa": (lareqa_files, read_lareqa), "mewsli-x": (mewslix_files, read_mewslix)}
