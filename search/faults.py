"""Faults of the user's: one line each, exit code 2, never a traceback."""

from __future__ import annotations

__all__ = ["InterruptedSearch", "UserError"]


class UserError(ValueError):
    """A mistake the user can mend; the message is one line with the law, value and place."""


class InterruptedSearch(Exception):  # noqa: N818 - it is an event, not an error
    """The user stopped a search; the message says how to go on. Exit code 130."""
