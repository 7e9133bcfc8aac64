"""Landing: the first of a submitted search on the cluster: versions told, a name taken or found.

Until the versions are known to fit, nothing but the standard library is imported.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final

from search.versions import versions

__all__ = ["MARK", "answer_of", "main"]

MARK: Final = "stiltune lands: "
"""How the lines of its answer begin; Ray prints others around them."""


def main(arguments: Sequence[str]) -> None:
    """Print versions, then the name of a search under a storage directory.

    Args:
        arguments: `new`, a study's name, the storage and the study's file, which is laid into the
            search's directory; or `old`, the name of a search there, or of a study for its latest,
            and the storage.
    """
    _say(versions=versions())
    from search.faults import UserError
    from search.storage import find_search, new_search, storage_root

    which, name, storage, *files = arguments
    find = {"new": new_search, "old": find_search}[which]
    try:
        directory = find(storage_root(storage), name)
        for file in files:
            shutil.copyfile(file, directory.study)
        _say(search=directory.name)
    except UserError as error:
        _say(refused=str(error))
    except OSError as error:
        _say(refused=f"`--storage` must take a study, got {error}")


def answer_of(printed: str) -> dict[str, Any]:
    """Return what was said in all: `versions`, and `search` or `refused`."""
    found: dict[str, Any] = {}
    for line in printed.splitlines():
        if line.startswith(MARK):
            found |= json.loads(line.removeprefix(MARK))
    return found


def _say(**said: Any) -> None:
    print(MARK + json.dumps(said), flush=True)  # noqa: T201 - what prints here is its caller's log


if __name__ == "__main__":
    main(sys.argv[1:])
