"""Landing: the first of a submitted search on the cluster: versions told, a name taken.

Until the versions are known to fit, nothing but the standard library is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from search.versions import versions

__all__ = ["MARK", "answer_of", "main"]

MARK: Final = "stiltune lands: "
"""How the lines of its answer begin; Ray prints others around them."""


def main(arguments: Sequence[str]) -> None:
    """Print versions, then the name of a new search of a study under a storage directory.

    Args:
        arguments: the study's name and the storage; without them versions are all.
    """
    _say(versions=versions())
    if not arguments:
        return
    from search.faults import UserError
    from search.storage import new_search, storage_root

    study, storage = arguments
    try:
        _say(search=new_search(storage_root(storage), study).name)
    except UserError as error:
        _say(refused=str(error))


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
