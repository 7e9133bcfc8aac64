"""Kept files: what is made once of data, mapped by every process, and can be made again.

They lie in three folders of a workspace's cache: checked rows, changed ones, encoded ones. Beside
each lies its seal, a JSON of its size and CRC-32, against which a process checks it when it first
opens it: what is damaged is made again. The file's time of change is when it was last opened, to
the hour.
"""

from __future__ import annotations

import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from spaces.value import Value

__all__ = ["CHANGED", "ENCODED", "ROWS", "KeptFile", "collect_kept", "is_whole", "keep",
           "kept_files", "opened"]

ROWS: Final = "rows"
CHANGED: Final = "changed"
ENCODED: Final = "encoded"
_FOLDERS: Final = (ROWS, CHANGED, ENCODED)
_SEAL: Final = ".json"
T = TypeVar("T")
_HOUR, _DAY = 3_600.0, 86_400.0
_BLOCK: Final = 2**20
_whole: set[tuple[str, int, int]] = set()
"""Path, inode and CRC-32 of what this process has found whole."""


class _Seal(Value):
    size: int
    crc32: int
    what: str


class KeptFile(Value):
    """A kept file: in which folder, under which name, of what; `used` is Unix time."""

    folder: str
    name: str
    what: str
    size: int
    used: float


def keep(path: Path, what: str, write: Callable[[Path], None]) -> None:
    """Put a file in place with its seal; two makers of the same file put the same bytes there.

    Args:
        path: where.
        what: what it holds, for people.
        write: writes it to the path that it is given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, seal = (path.with_name(f".{uuid.uuid4().hex}") for _ in range(2))
    write(draft)
    stated = _Seal(size=draft.stat().st_size, crc32=_crc32(draft), what=what)
    seal.write_text(stated.model_dump_json(), encoding="utf-8")
    draft.replace(path)
    seal.replace(path.with_suffix(_SEAL))


def opened(
    path: Path, what: str, *, write: Callable[[Path], None], read: Callable[[Path], T]
) -> T:
    """Return what is read of a kept file, made first where there is none or a damaged one.

    Args:
        path: where it lies.
        what: what it holds, for people.
        write: writes it to the path that it is given.
        read: reads it.
    """
    try:
        if is_whole(path):
            return read(path)
    except FileNotFoundError:  # collected in between
        pass
    keep(path, what, write)
    return read(path)


def is_whole(path: Path) -> bool:
    """Return whether a kept file is there as it was made; its bytes are read once per process."""
    seal = _seal_of(path)
    try:
        there = path.stat()
        if seal is None or there.st_size != seal.size:
            return False
        checked = (str(path), there.st_ino, seal.crc32)
        if checked not in _whole:
            if _crc32(path) != seal.crc32:
                return False
            _whole.add(checked)
    except FileNotFoundError:
        return False
    if time.time() - there.st_mtime > _HOUR:
        with suppress(OSError):  # another user's, say
            os.utime(path)
    return True


def kept_files(cache: Path) -> Iterator[KeptFile]:
    """Yield what is kept under a workspace's cache, the longest unused first."""
    found = []
    for folder in _FOLDERS:
        for path in _listed(cache / folder):
            seal = _seal_of(path)
            with suppress(FileNotFoundError):  # collected meanwhile
                there = path.stat()
                found.append(KeptFile(folder=folder, name=path.name, size=there.st_size,
                                      what=seal.what if seal else "", used=there.st_mtime))
    yield from sorted(found, key=lambda each: (each.used, each.name))


def collect_kept(
    cache: Path, *, older_than_days: float = 0.0, max_bytes: int = 0
) -> list[KeptFile]:
    """Remove kept files, the longest unused first, and return them; also drafts nobody finished.

    A process that has one mapped goes on with it.

    Args:
        cache: a workspace's cache.
        older_than_days: only files last opened longer ago than this.
        max_bytes: stop as soon as all of them are no larger than this.
    """
    found = list(kept_files(cache))
    left, removed = sum(each.size for each in found), []
    for each in found:
        if left > max_bytes and time.time() - each.used >= older_than_days * _DAY:
            path = cache / each.folder / each.name
            for gone in (path.with_suffix(_SEAL), path):  # the seal first: nobody trusts the rest
                gone.unlink(missing_ok=True)
            left -= each.size
            removed.append(each)
    _drop_drafts(cache)
    return removed


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir()
            if not path.name.startswith(".") and path.suffix != _SEAL]


def _drop_drafts(cache: Path) -> None:
    for folder in _FOLDERS:
        for draft in (cache / folder).glob(".*"):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > _DAY:
                    draft.unlink()


def _seal_of(path: Path) -> _Seal | None:
    try:
        return _Seal.model_validate_json(path.with_suffix(_SEAL).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _crc32(path: Path) -> int:
    """Return the CRC-32 of a file, read in blocks: mapped, it would count as this process's."""
    total = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            total = zlib.crc32(block, total)
    return total
