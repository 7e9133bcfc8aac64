"""A full disk: told apart from faults of a trial, for it goes when somebody makes room."""

from __future__ import annotations

import errno
import os

__all__ = ["is_disk_full"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that a disk, or a user's share of it, is full.

    By its text as well: libraries that write by themselves raise errors of their own, with the
    system's words in them.
    """
    return getattr(error, "errno", None) in _FULL or any(
        os.strerror(number) in str(error) for number in _FULL)
