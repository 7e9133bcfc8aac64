"""Pool files: the rows of tasks whose candidates are a pool of their own, from published files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from spaces.data_sources import PoolSource, Split
from spaces.tasks import Task
from spaces.value import digest_of
from trainables.lareqa import lareqa_files, read_lareqa
from trainables.mewslix import mewslix_files, read_mewslix
from trainables.pool import Corpus
from trainables.rows import AbsentError, DataError, Rows, fingerprint_of

__all__ = ["read_pool_rows"]

_KEPT = 64


def read_pool_rows(task: Task, language: str, split: Split, mirror: Path | None) -> Rows:
    """Return a language's queries of a split, with the pool of the whole benchmark.

    They are kept in memory, and read again when a file changes.

    Raises:
        DataError: if a file is missing or anything in it is wrong.
    """
    source = task.source
    assert isinstance(source, PoolSource)
    if mirror is None:
        raise AbsentError(f"{task.name} must be read from a directory given by `hub`, since the "
                          f"hub does not hold its files as published, got none "
                          f"({source.repository})")
    files = _FORMATS[source.origin][0](mirror / source.repository, task.evaluation)
    return _rows(files, _stamps(files), task.model_dump_json(), language, split)


def _stamps(files: tuple[Path, ...]) -> tuple[tuple[int, int], ...]:
    """Return size in bytes and time of change (ns) of each file."""
    stamps = []
    for file in files:
        try:
            stamps.append((file.stat().st_size, file.stat().st_mtime_ns))
        except FileNotFoundError as error:
            raise AbsentError(f"every file of a pool's benchmark must be there: {error.strerror} "
                              f"({file})") from error
        except OSError as error:
            raise DataError("every file of a pool's benchmark must be there: "
                            f"{error.strerror or type(error).__name__} ({file})") from error
    return tuple(stamps)


@lru_cache(maxsize=_KEPT)
def _rows(files: tuple[Path, ...], stamps: tuple[tuple[int, int], ...], stated: str, language: str,
          split: Split) -> Rows:
    task = Task.model_validate_json(stated)
    assert isinstance(task.source, PoolSource)
    corpus = _corpus(task.source.origin, files, stamps, task.evaluation)
    table = corpus.queries.get((language, split))
    if table is None:
        raise AbsentError(f"{task.name} {language} {split} must have at least one row, got none "
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
