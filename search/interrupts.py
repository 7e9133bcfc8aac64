"""Interrupts: Ctrl-C and termination, noted whatever the code they arrive in makes of them.

A KeyboardInterrupt alone can be lost: raised inside a library's import or a finaliser it may be
swallowed there, and the search would run on. So each is noted first, and looked for between steps.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupted", "Interrupts"]


class Interrupted(Exception):  # noqa: N818 - it is an event, not an error
    """The user asked the search to stop; everything that ended is in the journal."""


class Interrupts:
    """Within it, SIGINT and SIGTERM are noted; they raise KeyboardInterrupt but in `gently`."""

    def __init__(self) -> None:
        self._asked = False
        self._gently = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.getsignal(number)
                        for number in (signal.SIGINT, signal.SIGTERM)}
        self.install()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def install(self) -> None:
        """Take the signals again, from a library that has put its own handlers there."""
        for number in self._before:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise what was asked for.

        Raises:
            Interrupted: if the user asked to stop.
        """
        if self._asked:
            raise Interrupted

    @contextmanager
    def gently(self) -> Iterator[None]:
        """Let a first signal be noted only: who is inside calls `check` between its steps."""
        self.install()
        self._gently = True
        try:
            yield
        finally:
            self._gently = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_first, self._asked = not self._asked, True
        if not (self._gently and is_first):
            raise KeyboardInterrupt
