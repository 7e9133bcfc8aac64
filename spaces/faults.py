"""Faults of the user's, in studies, options or data: one line each, never a traceback."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["UserError", "UserErrors"]


class UserError(ValueError):
    """A mistake the user can mend; the message is one line with the law, value and place."""


class UserErrors(UserError):
    """Several mistakes, `lines`; as one line it is the first of them and how many more."""

    def __init__(self, lines: Sequence[str]) -> None:
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        super().__init__(f"{lines[0]}{more}")
        self.lines = tuple(lines)
