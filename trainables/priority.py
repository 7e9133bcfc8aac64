"""Priority: how a process gives way to what the user waits for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["give_way"]

_AUTOGROUP: Final = Path("/proc/self/autogroup")


def give_way(niceness: int) -> None:
    """Run with this niceness (0 to 19) from now on, among all processes of the machine.

    Linux shares processor time between sessions first (autogroups, where they are on), and a
    process's own niceness counts within its session alone. So one that leads a session, as
    background processes here do, lowers that too.
    """
    os.nice(max(0, niceness - os.nice(0)))
    if os.getsid(0) != os.getpid():
        return  # others share the session
    try:
        _AUTOGROUP.write_text(str(niceness))
    except OSError:
        return  # not on Linux, or not allowed: the process's own niceness stands
