"""Where searches live: one directory per search under the storage, made once, found by name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from search.faults import UserError

__all__ = ["CACHE", "SearchDirectory", "cache_directory", "find_search", "is_name",
           "new_search", "relocated", "root_of", "storage_root", "store_uri", "taken_search"]

CACHE = "cache"
"""The folder of a storage directory with what is made once of data."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
DEFAULT_STORAGE = "~/ray_results"  # Ray's own convention


class SearchDirectory:
    """The directory of one search: its journal, its study, its read-out, Tune's own files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "journal.jsonl"
        self.study = path / "study.yaml"
        self.spool = path / "mlflow"
        self.figures = path / "figures"
        self.readout = path / "readout.json"

    @property
    def name(self) -> str:
        """The search's name, such as `lab-1`."""
        return self.path.name


def storage_root(given: str | None, *, writes: bool = True) -> Path:
    """Return the storage directory, made where it is missing.

    Args:
        given: what the user said, None for the default.
        writes: whether it will be written to; a reader makes nothing.

    Raises:
        UserError: if it is not a directory, or not one that this process can write to.
    """
    text = given or DEFAULT_STORAGE
    if "://" in text:
        raise UserError("`--storage` must be a directory that every node sees, since the journal "
                        f"is appended to and synced, got {text!r}")
    try:
        root = Path(text).expanduser().absolute()
        if not writes and not root.exists():
            return root
        root.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:  # ~no-such-user, a null byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"`--storage` must be a directory that can be made, got {text!r}: "
                        f"{reason}") from error
    if writes and not os.access(root, os.W_OK):
        raise UserError(f"`--storage` must be writable, got {text!r}")
    return root


def store_uri(root: Path) -> str:
    """Return the phase store of a storage directory; all its searches share it."""
    return str(root / "store")


def root_of(journal: Path) -> Path:
    """Return the storage directory in which a search's journal lies."""
    return journal.absolute().parent.parent


def relocated(path: str, folder: Path) -> str:
    """Return where a file of `folder` lies now, whose path was written down before.

    A storage directory may have been moved since, or another machine may reach it by another path.
    What is still there, is no path, or never lay in a folder of this name is returned as it is.
    """
    parts = Path(path).parts
    if "://" in path or folder.name not in parts or Path(path).exists():
        return path
    after = len(parts) - parts[::-1].index(folder.name)
    return str(folder.joinpath(*parts[after:]))


def cache_directory(root: Path) -> Path:
    """Return where a storage directory keeps what is made once of data."""
    return root / CACHE


def new_search(root: Path, study: str) -> SearchDirectory:
    """Make the directory of the study's next search: `lab-1`, `lab-2`, ...

    Two starts at once get two directories: making one is atomic.

    Raises:
        ValueError: if the study has a name that no study can have.
    """
    if not is_name(study):
        raise ValueError(f"a study's name must be a plain one, got {study!r}")
    number = max((number for _, number in _searches(root, study)), default=0)
    while True:
        number += 1
        path = root / f"{study}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return SearchDirectory(path)


def taken_search(root: Path, name: str) -> SearchDirectory:
    """Return the directory that `new_search` made for a search which has not begun yet.

    Raises:
        UserError: if there is none, or the search has begun.
    """
    directory = SearchDirectory(root / name)
    if not is_name(name) or not directory.path.is_dir() or directory.journal.exists():
        raise UserError(f"a search's name must have been taken for it, got {name!r} in {root}")
    return directory


def is_name(name: str) -> bool:
    """Return whether a study or a search could have this name; it then is a plain file name."""
    return _NAME.fullmatch(name) is not None


def find_search(root: Path, name: str) -> SearchDirectory:
    """Return the search called `name`, or the latest search of the study called `name`.

    Raises:
        UserError: if there is neither.
    """
    known = sorted(path.parent.name for path in root.glob("*/journal.jsonl"))
    if name in known:
        return SearchDirectory(root / name)
    numbered = sorted(_searches(root, name), key=lambda pair: pair[1])
    if numbered:
        return SearchDirectory(numbered[-1][0])
    raise UserError(f"a search must be one of {', '.join(known) or '(none yet)'} in {root}, "
                    f"got {name!r}")


def _searches(root: Path, study: str) -> list[tuple[Path, int]]:
    pattern = re.compile(re.escape(study) + r"-([1-9][0-9]*)")
    return [(path, int(match.group(1))) for path in root.glob("*")
            if path.is_dir() and (match := pattern.fullmatch(path.name))]
