"""Finding a search by its name: under the storage, else where MLflow says that it wrote."""

from __future__ import annotations

from pathlib import Path

from search.faults import UserError
from search.storage import SearchDirectory, find_search, is_name, storage_root

__all__ = ["find_anywhere"]


def find_anywhere(
    name: str, *, storage: str | None, tracking_uri: str | None
) -> tuple[Path, SearchDirectory]:
    """Return a search's storage and its directory.

    Where no storage is given, a search that is not in the default one is looked up in MLflow by
    its own name or its study's.

    Raises:
        UserError: if there is no such search, or its storage is not within this machine's reach.
    """
    root = storage_root(storage, writes=False)
    try:
        return root, find_search(root, name)
    except UserError as missing:
        there = None if storage or not is_name(name) else _tracked(name, tracking_uri)
        if there is None:
            raise
        if not there.is_dir():
            raise UserError(f"a search's storage must be within reach, got {there}, where MLflow "
                            f"says that {name!r} is; give --storage") from missing
        return there, find_search(there, name)


def _tracked(name: str, tracking_uri: str | None) -> Path | None:
    """Return the storage of which MLflow knows, None where it knows none or does not answer."""
    from search.tracking_reader import storage_of

    try:
        return Path(storage_of(name, tracking_uri))
    except UserError:
        return None
