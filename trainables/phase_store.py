"""The phase store: what phases made, under digests of all that determined it.

An entry lies at `<phase>/<entry>/`: its files in a folder of one attempt's own, and a manifest
that names the folder and every file's size and SHA-256. The manifest is written last and in one
move, so that an entry is there whole or not at all, whoever else makes it at the same time.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyarrow import fs

from spaces.value import Value
from trainables.manifest import Manifest, Stamp, describe, is_whole, stamps_of

__all__ = ["DRAFTS", "STATES", "Manifest", "PhaseStore", "StoredEntry", "open_store"]

MANIFEST = "manifest.json"
DRAFTS, STATES = ".drafts", ".states"
"""Beside a store that is a directory: entries in the making, train states of phases under way."""
_ABANDONED_DAYS = 1.0  # an attempt without a manifest that is older is nobody's
_DAY = 86_400.0


class StoredEntry(Value):
    """One line of the store's list."""

    phase: str
    entry: str
    manifest: Manifest


class PhaseStore:
    """A store in a directory, or at a URI of any filesystem that pyarrow opens.

    Args:
        uri: where. Entries of a remote store are fetched to `cache` when they are read.
        cache: a local directory; needed for a remote store alone.
    """

    def __init__(self, uri: str, cache: Path | None = None) -> None:
        self.uri = uri
        self._fs, root = _open(uri)
        self._is_local = isinstance(self._fs, fs.LocalFileSystem)
        self._root = root.rstrip("/")
        self._cache = cache
        self._checked: dict[Path, tuple[Stamp, ...]] = {}
        if not self._is_local and cache is None:
            raise ValueError(f"`cache` must be given for a store that is no directory, got {uri}")

    def get(self, phase: str, entry: str) -> Path | None:
        """Return the local directory of an entry's files, or None where there is none.

        An entry whose files are missing, cut short or altered is removed, and None returned.
        """
        manifest = self.manifest(phase, entry)
        if manifest is None:
            return None
        if self._is_local:
            directory = Path(self._place(phase, entry, manifest.folder))
        else:
            assert self._cache is not None
            directory = self._cache / phase / f"{entry}-{manifest.folder}"
            if not directory.exists():
                self._fetch(self._place(phase, entry, manifest.folder), manifest, directory)
        stamps = stamps_of(directory, manifest)
        if self._checked.get(directory) == stamps and directory.exists():
            return directory
        if not is_whole(directory, manifest):
            self.remove(phase, entry)
            if not self._is_local:
                shutil.rmtree(directory, ignore_errors=True)
            return None
        self._checked[directory] = stamps
        return directory

    def manifest(self, phase: str, entry: str) -> Manifest | None:
        """Return an entry's manifest without looking at its files; None where there is none."""
        try:
            with self._fs.open_input_stream(self._place(phase, entry, MANIFEST)) as stream:
                return Manifest.read(stream.readall())
        except FileNotFoundError:
            return None
        except ValueError:
            self.remove(phase, entry)
            return None

    def put(self, phase: str, entry: str, directory: Path, *, description: str = "",
            seconds: float = 0.0, meta: dict[str, Any] | None = None) -> Path:
        """Keep the files of a directory as an entry and return where they can be read.

        The directory may be moved: it belongs to the store from here on.

        Raises:
            OSError: if the store cannot take it; then nothing of it stays there.
        """
        folder = uuid.uuid4().hex[:12]
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        manifest = Manifest(
            folder=folder, files=tuple(describe(path, directory) for path in paths),
            created=time.time(), seconds=seconds, description=description, meta=meta or {})
        try:
            self._bring(phase, entry, directory, manifest)
        except OSError:
            self._drop_attempt(phase, entry, folder)
            raise
        found = self.get(phase, entry)  # perhaps that of another maker, who came later
        if found is None:
            raise OSError(f"a store must keep what is put into it, got a damaged entry {entry} "
                          f"({self.uri})")
        return found

    def entries(self) -> Iterator[StoredEntry]:
        """Yield all entries, by phase and name."""
        for phase in self._phases():
            for entry in self._folders(f"{self._root}/{phase}"):
                manifest = self.manifest(phase, entry)
                if manifest is not None:
                    yield StoredEntry(phase=phase, entry=entry, manifest=manifest)

    def size(self) -> int:
        """Return the bytes of all entries' files."""
        return sum(stored.manifest.size for stored in self.entries())

    def collect(self, *, keep: Collection[str] = (), phases: Collection[str] | None = None,
                older_than_days: float = 0.0, max_bytes: int = 0) -> list[StoredEntry]:
        """Remove entries, the oldest first, and return them; also what makers abandoned.

        Args:
            keep: entries never to remove.
            phases: only entries of these phases; None for all.
            older_than_days: only entries made longer ago than this.
            max_bytes: stop as soon as the store holds no more than this.
        """
        stored = sorted(self.entries(), key=lambda each: each.manifest.created)
        left, removed = sum(each.manifest.size for each in stored), []
        for each in stored:
            old = time.time() - each.manifest.created >= older_than_days * _DAY
            chosen = old and each.entry not in keep and (phases is None or each.phase in phases)
            if chosen and left > max_bytes:
                self.remove(each.phase, each.entry)
                left -= each.manifest.size
                removed.append(each)
        self._drop_abandoned()
        return removed

    def remove(self, phase: str, entry: str) -> None:
        """Remove an entry; the manifest first, so that nobody reads the rest."""
        place = self._place(phase, entry)
        with suppress(FileNotFoundError):  # another process may be removing it too
            self._fs.delete_file(f"{place}/{MANIFEST}")
        with suppress(FileNotFoundError):
            self._fs.delete_dir(place)

    def _place(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _phases(self) -> list[str]:
        return [name for name in self._folders(self._root) if not name.startswith(".")]

    def _folders(self, place: str) -> list[str]:
        selector = fs.FileSelector(place, allow_not_found=True)
        return sorted(info.base_name for info in self._fs.get_file_info(selector)
                      if info.type == fs.FileType.Directory)

    def _bring(self, phase: str, entry: str, directory: Path, manifest: Manifest) -> None:
        """Bring an attempt's files to their place and publish them."""
        target = self._place(phase, entry, manifest.folder)
        self._fs.create_dir(self._place(phase, entry), recursive=True)
        if self._is_local:
            shutil.move(directory, target)
        else:
            self._send(directory, target, manifest)
        self._publish(phase, entry, manifest)

    def _drop_attempt(self, phase: str, entry: str, folder: str) -> None:
        """Remove what an attempt left that could not be published: its room is needed."""
        with suppress(OSError):
            self._fs.delete_file(self._draft(phase, entry, folder))
        with suppress(OSError):
            self._fs.delete_dir(self._place(phase, entry, folder))

    def _draft(self, phase: str, entry: str, folder: str) -> str:
        """Return where a manifest is written first: beside its place, so that a move is enough."""
        return f"{self._place(phase, entry, MANIFEST)}.{folder}"

    def _publish(self, phase: str, entry: str, manifest: Manifest) -> None:
        """Write the manifest: by a rename here, in one object on an object store."""
        final = self._place(phase, entry, MANIFEST)
        draft = self._draft(phase, entry, manifest.folder) if self._is_local else final
        with self._fs.open_output_stream(draft) as stream:
            stream.write(manifest.checked().encode())
        if self._is_local:
            Path(draft).replace(final)

    def _send(self, directory: Path, target: str, manifest: Manifest) -> None:
        for file in manifest.files:
            place = f"{target}/{file.path}"
            self._fs.create_dir(place.rpartition("/")[0], recursive=True)
            fs.copy_files(str(directory / file.path), place,
                          source_filesystem=fs.LocalFileSystem(), destination_filesystem=self._fs)

    def _fetch(self, source: str, manifest: Manifest, directory: Path) -> None:
        """Fetch an entry's files into place in one move; what is missing is found by the check."""
        draft = directory.with_name(f".{uuid.uuid4().hex}")
        draft.mkdir(parents=True)
        for file in manifest.files:
            place = draft / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                fs.copy_files(f"{source}/{file.path}", str(place), source_filesystem=self._fs,
                              destination_filesystem=fs.LocalFileSystem())
            except FileNotFoundError:
                break
        try:
            draft.rename(directory)
        except OSError:  # another process fetched it first
            shutil.rmtree(draft)

    def _drop_abandoned(self) -> None:
        """Remove what nobody can still be writing: folders no manifest names, drafts, states."""
        for beside in (DRAFTS, STATES):
            for folder in self._folders(self._place(beside)):
                if self._age_days(self._place(beside, folder)) > _ABANDONED_DAYS:
                    self._fs.delete_dir(self._place(beside, folder))
        for phase in self._phases():
            for entry in self._folders(f"{self._root}/{phase}"):
                manifest = self.manifest(phase, entry)
                for folder in self._folders(self._place(phase, entry)):
                    place = self._place(phase, entry, folder)
                    named = manifest is not None and manifest.folder == folder
                    if not named and self._age_days(place) > _ABANDONED_DAYS:
                        self._fs.delete_dir(place)

    def _age_days(self, place: str) -> float:
        modified = self._fs.get_file_info(place).mtime_ns
        return 0.0 if modified is None else (time.time() - modified / 1e9) / _DAY


@lru_cache(maxsize=4)
def open_store(uri: str, cache: Path) -> PhaseStore:
    """Return this process's store at a URI, so that trials share what was checked."""
    return PhaseStore(uri, cache)


def _open(uri: str) -> tuple[fs.FileSystem, str]:
    if "://" not in uri:
        return fs.LocalFileSystem(), str(Path(uri).resolve())
    found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(uri)
    return found
