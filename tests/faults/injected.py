"""Faults injected into the trials of a started search: which trial meets which.

`STILTUNE_TEST_FAULTS` is a JSON mapping of a trial's name to a fault. They strike while a simulated
phase is made, where a real one reads rows and trains.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from tests.faults.patching import Patch

__all__ = ["PATCHES"]

_works_on = {"trial": ""}


def _hang() -> None:
    while True:
        time.sleep(60)


def _memory() -> None:
    bytearray(1 << 60)


def _row() -> None:
    [["a"], ["b"]][1].pop(7)


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_once() -> None:
    """Die on the first attempt; a file in the working directory says that it was made."""
    with suppress(FileExistsError):
        os.close(os.open(os.environ["STILTUNE_TEST_ONCE"], os.O_CREAT | os.O_EXCL))
        _killed()


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_FAULTS: dict[str, Callable[[], None]] = {
    "hangs": _hang, "out of memory": _memory, "crashing row": _row, "killed": _killed,
    "killed once": _killed_once, "disk full": _full,
}


def _note_trial(module: ModuleType) -> None:
    work = module._work

    def noting(assignment: Any, *given: Any, **named: Any) -> None:
        _works_on["trial"] = assignment.trial
        work(assignment, *given, **named)

    module._work = noting  # type: ignore[attr-defined]


def _strike(module: ModuleType) -> None:
    faults: dict[str, str] = json.loads(os.environ.get("STILTUNE_TEST_FAULTS", "{}"))
    make = module.SimulatedPhase.make

    def striking(self: Any, *given: Any) -> Any:
        if _works_on["trial"] in faults:
            _FAULTS[faults[_works_on["trial"]]]()
        return make(self, *given)

    module.SimulatedPhase.make = striking


PATCHES: dict[str, Patch] = {
    "faults": ("trainables.simulated", _strike),
    "names": ("trainables.executors", _note_trial),
}
