"""What ends a command early: the user's mistake, or the user's wish."""

from __future__ import annotations

from spaces.faults import UserError, UserErrors

__all__ = ["InterruptedSearch", "SpentSearch", "UserError", "UserErrors"]


class InterruptedSearch(Exception):  # noqa: N818 - it is an event, not an error
    """The user stopped a search; the message says how to go on. Exit code 130."""


class SpentSearch(InterruptedSearch):
    """A search has spent what it was granted; the message says how to go on. Exit code 3."""
