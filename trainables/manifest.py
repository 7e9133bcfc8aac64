"""Manifests: what an entry of the phase store holds, and whether it still is what was written."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from spaces.value import Value, digest_of

__all__ = ["Manifest", "Stamp", "StoredFile", "describe", "is_whole", "stamps_of"]

Stamp = tuple[int, int, int]
"""A file's size, time of writing in ns and inode: another one is another file."""


class StoredFile(Value):
    """One file of an entry: its path in the entry, its bytes and their SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(Value):
    """What an entry holds. `created` is Unix time; `seconds` is what the entry took to make.

    `check` is the digest of all else, since costs and curves stand here alone; "" in entries of a
    stiltune that wrote none.
    """

    folder: str
    files: tuple[StoredFile, ...]
    created: float
    seconds: float
    description: str
    meta: dict[str, Any]
    check: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Return the manifest in a text.

        Raises:
            ValueError: if it is none, or not what was written.
        """
        found = cls.model_validate_json(text)
        if found.check not in ("", found._own_digest()):
            raise ValueError("a manifest must fit its check sum")
        return found

    def checked(self) -> str:
        """Return the manifest's text, its check sum in it."""
        whole = self.model_copy(update={"check": self._own_digest()})
        return json.dumps(whole.model_dump(mode="json"), indent=1)

    def _own_digest(self) -> str:
        return digest_of(self.model_dump(mode="json", exclude={"check"}))


def describe(path: Path, directory: Path) -> StoredFile:
    """Return what a manifest says of a file of the entry in `directory`."""
    return StoredFile(path=path.relative_to(directory).as_posix(), size=path.stat().st_size,
                      sha256=_sha256(path))


def stamps_of(directory: Path, manifest: Manifest) -> tuple[Stamp, ...]:
    """Return the stamps of an entry's files, as many as are there."""
    found = []
    for file in manifest.files:
        with suppress(FileNotFoundError):
            stat = (directory / file.path).stat()
            found.append((stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)


def is_whole(directory: Path, manifest: Manifest) -> bool:
    """Return whether every file is there with the bytes it was written with."""
    return all(
        (directory / file.path).is_file()
        and (directory / file.path).stat().st_size == file.size
        and _sha256(directory / file.path) == file.sha256
        for file in manifest.files
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
