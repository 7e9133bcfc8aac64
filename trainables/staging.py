"""Staging: a published encoder is copied once to a machine's own disk, if STILTUNE_STAGE names one.

Each trial reads its encoder's weights anew, which from a slow shared directory takes longer than
small trials train. Data need no copy: rows are read and tokenised once per storage, and mapped.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from spaces.value import digest_of
from trainables.rows import DataError

__all__ = ["staged"]

_VARIABLE: Final = "STILTUNE_STAGE"


def staged(directory: Path, patterns: Sequence[str]) -> Path:
    """Return this machine's copy of a directory's files, made by the first process that asks.

    A directory whose files change has another copy. Without the variable, or where its disk has no
    room, the directory itself is returned.

    Args:
        directory: where the files lie, in no folder.
        patterns: of the names of those that are read.

    Raises:
        DataError: if the variable names no directory that can be written to.
    """
    stage = os.environ.get(_VARIABLE)
    if not stage:
        return directory
    files = {path.name: path.stat() for pattern in patterns for path in directory.glob(pattern)}
    sizes = {name: stat.st_size for name, stat in files.items()}
    place = Path(stage).expanduser().absolute()
    copy = place / digest_of([str(directory), sorted(
        (name, stat.st_size, stat.st_mtime_ns) for name, stat in files.items())])
    if _is_whole(copy, sizes):
        return copy
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{copy}.lock"):
            if not _is_whole(copy, sizes):
                if sum(sizes.values()) > shutil.disk_usage(place).free:
                    return directory
                _copy(directory, copy, sizes)
    except OSError as error:
        raise DataError(f"{_VARIABLE} must name a directory into which encoders can be copied, got "
                        f"{stage!r}: {error.strerror or error} ({directory})") from error
    return copy


def _is_whole(copy: Path, sizes: Mapping[str, int]) -> bool:
    return copy.is_dir() and all(
        (copy / name).is_file() and (copy / name).stat().st_size == size
        for name, size in sizes.items())


def _copy(directory: Path, copy: Path, sizes: Mapping[str, int]) -> None:
    """Copy files in one move; who finds the copy finds all of it.

    Raises:
        OSError: if a file cannot be read or written, or has changed meanwhile.
    """
    shutil.rmtree(copy, ignore_errors=True)  # somebody has cut it short
    draft = copy.with_name(f".{uuid.uuid4().hex}")
    draft.mkdir()
    try:
        for name in sizes:
            shutil.copyfile(directory / name, draft / name)
        if not _is_whole(draft, sizes):
            raise OSError(f"files must not change while they are copied ({directory})")
        draft.rename(copy)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
