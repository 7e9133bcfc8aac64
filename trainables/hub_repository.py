"""Repositories of the hub: at which commit they are, what files they hold, and bringing some."""

from __future__ import annotations

import glob
import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from spaces.value import Value
from trainables.rows import DataError

__all__ = ["HubFile", "Listing", "bring", "lacking", "list_repository"]

Kind = Literal["model", "dataset"]


class HubFile(Value):
    """A file of a repository: its path there, its bytes, and the SHA-256 where the hub tells it."""

    path: str
    size: int
    sha256: str | None = None


class Listing(Value):
    """The files of a repository at one commit."""

    repository: str
    kind: Kind
    commit: str
    files: dict[str, HubFile]


def list_repository(repository: str, kind: Kind, revision: str | None) -> Listing:
    """Return the files that a repository holds; of a model those that lie in no folder.

    HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are huggingface_hub's to heed.

    Raises:
        DataError: if the hub does not answer, or has no such repository or revision for the user.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(library_name="stiltune")
    with _answering(repository, revision):
        commit = api.repo_info(repository, repo_type=kind, revision=revision).sha
        tree = api.list_repo_tree(repository, recursive=kind == "dataset", revision=commit,
                                  repo_type=kind)
        files = [HubFile(path=each.path, size=each.size,
                         sha256=None if each.lfs is None else each.lfs.sha256)
                 for each in tree if isinstance(each, RepoFile)]
    for file in files:
        _check_stays_within(file.path, repository)
    return Listing(repository=repository, kind=kind, commit=str(commit),
                   files={file.path: file for file in files})


def lacking(wanted: Iterable[HubFile], directory: Path) -> list[HubFile]:
    """Return the files that a directory does not hold at their size."""
    return [file for file in wanted if _size(directory / file.path) != file.size]


def bring(listing: Listing, wanted: Iterable[HubFile], directory: Path) -> int:
    """Bring what a directory lacks of some files of a listing, and return the bytes brought.

    What a broken call left is gone on with.

    Raises:
        DataError: if a file cannot be had or written, or is another one than the hub lists.
    """
    from huggingface_hub import snapshot_download

    missing = lacking(wanted, directory)
    for file in missing:  # huggingface_hub would take a file cut short for whole
        (directory / file.path).unlink(missing_ok=True)
    if missing:
        with _answering(listing.repository, listing.commit), _bars_on_terminals():
            snapshot_download(
                listing.repository, repo_type=listing.kind, revision=listing.commit,
                local_dir=directory, library_name="stiltune",
                allow_patterns=[glob.escape(file.path) for file in missing])
    for file in missing:
        _check(directory / file.path, file)
    return sum(file.size for file in missing)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _check(path: Path, file: HubFile) -> None:
    """Refuse, and remove, a file that is not what the hub lists."""
    size = _size(path)
    if size is not None and size == file.size:
        if file.sha256 is None:
            return
        with path.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256:
                return
    path.unlink(missing_ok=True)
    raise DataError(f"a file must be what the hub lists, of {file.size} bytes, got "
                    f"{'none' if size is None else f'another of {size}'}; fetch again ({path})")


def _check_stays_within(path: str, repository: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise DataError(f"a repository's paths must stay within it, got {path!r} ({repository})")


@contextmanager
def _bars_on_terminals() -> Iterator[None]:
    """Keep huggingface_hub's progress bars out of what is no terminal."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if sys.stderr.isatty() or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _answering(repository: str, revision: str | None) -> Iterator[None]:
    """Turn what huggingface_hub, its HTTP client and the disk say into one line."""
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise DataError("a repository must be open to who fetches it, got a gated one: ask for "
                        f"access on its page and set HF_TOKEN ({repository})") from error
    except errors.RevisionNotFoundError as error:
        raise DataError(f"`revision` must be a commit, branch or tag of the repository, got "
                        f"{revision!r} ({repository})") from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise DataError("a repository must be on the hub and, where it is private, open to "
                        f"HF_TOKEN, got none of this name ({repository})") from error
    except Exception as error:  # the HTTP client's own exceptions pass through, any of them
        reason = " ".join((str(error) or type(error).__name__).split())[:200]
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(f"a mirror must be writable, got {reason} ({repository})") from error
        raise DataError(f"the hub must be reachable to fetch, got {reason} ({repository} of "
                        f"{constants.ENDPOINT})") from error
