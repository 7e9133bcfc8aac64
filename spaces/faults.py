"""Faults of the user's, in studies, options or data: one line each, never a traceback."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(ValueError):
    """A mistake the user can mend; the message is one line with the law, value and place."""
