"""Kills: a search's driver ended as by `kill -9`, at a moment, with the processes it started."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["below", "ends_within", "kill_with_all", "spread_moments"]


def spread_moments(duration: float, count: int, seed: int) -> list[float]:
    """Return random moments within a duration, in seconds: one in each of `count` equal parts."""
    draw = random.Random(seed)
    moments = [(part + draw.random()) * duration / count for part in range(count)]
    draw.shuffle(moments)
    return moments


def ends_within(process: subprocess.Popen[str], seconds: float) -> bool:
    """Wait; return whether the process ended meanwhile, which it must do well."""
    try:
        printed, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    assert process.returncode == 0, printed + errors
    return True


def kill_with_all(process: subprocess.Popen[str], *, sparing: str = "") -> None:
    """End a process and all that it started at once, and wait until they are gone.

    Args:
        process: killed first.
        sparing: what the command of a process that lives on has in it; empty for none.
    """
    others = [number for number in below(process.pid)
              if not (sparing and sparing in _command(number))]
    process.kill()
    for number in others:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.communicate()
    while any(_lives(number) for number in others):
        time.sleep(0.02)


def below(number: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for other, parent in _parents():
        children.setdefault(parent, []).append(other)
    found = list(children.get(number, []))
    for each in found:  # grows meanwhile
        found.extend(children.get(each, []))
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield int(place.name), int(_fields(place)[1])


def _lives(number: int) -> bool:
    try:
        return _fields(Path("/proc") / str(number))[0] != "Z"
    except OSError:
        return False


def _fields(place: Path) -> list[str]:
    """Return the state, the parent and more of a process; its name may hold blanks."""
    return (place / "stat").read_text().rpartition(")")[2].split()


def _command(number: int) -> str:
    try:
        return (Path("/proc") / str(number) / "cmdline").read_text()
    except OSError:
        return ""
