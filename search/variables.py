"""Variables of this process's environment, set for what libraries read meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["environment"]


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """Set variables that a library reads meanwhile; what the user set is left alone."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
