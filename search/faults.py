"""Faults of the user's: one line each, exit code 2, never a traceback."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(ValueError):
    """A mistake the user can mend; the message is one line with the law, value and place."""
