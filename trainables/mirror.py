"""Mirrors that were fetched: each clone in them keeps at which commit of the hub it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from spaces.value import Value
from trainables.rows import DataError

__all__ = ["Fetched", "check_pin", "fetched_commits", "read_fetched", "write_fetched"]

_RECORD: Final = ".fetched"  # no name that a pattern of an encoder's files could take up
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class Fetched(Value):
    """What a clone was fetched from.

    `converted` is the commit of the hub's branch of converted files, where some of its files are
    from there.
    """

    kind: Literal["model", "dataset"]
    commit: str
    converted: str | None = None


def read_fetched(clone: Path) -> Fetched | None:
    """Return what a clone was fetched from, None of one that was made otherwise.

    Raises:
        DataError: if its record is damaged.
    """
    path = clone / _RECORD
    try:
        return Fetched.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError("a clone's record must be as it was fetched, got a damaged one; remove "
                        f"the clone and fetch it again ({path})") from error


def write_fetched(clone: Path, fetched: Fetched) -> None:
    """Keep what a clone is fetched from."""
    clone.mkdir(parents=True, exist_ok=True)
    draft = clone / f"{_RECORD}.draft"
    draft.write_text(fetched.model_dump_json(exclude_none=True) + "\n", encoding="utf-8")
    draft.replace(clone / _RECORD)


def fetched_commits(clone: Path) -> tuple[str, ...]:
    """Return the commits that a clone's files are of; none of one that was not fetched."""
    fetched = read_fetched(clone)
    if fetched is None:
        return ()
    return (fetched.commit,) + ((fetched.converted,) if fetched.converted else ())


def check_pin(clone: Path, revision: str | None) -> None:
    """Check that a clone that was fetched is at the commit at which a study pins it.

    Raises:
        DataError: if it is at another.
    """
    commits = fetched_commits(clone)
    if revision and commits and _COMMIT.fullmatch(revision) and revision != commits[0]:
        raise DataError(f"a repository must be at the commit that the study pins, got {commits[0]} "
                        f"in the mirror and {revision} in the study ({clone})")
