"""A process in the background gives way to all others of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")
GROUPED = AUTOGROUP.exists()
# The file is empty in the machine's first session, which is no group.
SHOW = ("import os, pathlib; from trainables.priority import give_way; {calls}; "
        "group = pathlib.Path('/proc/self/autogroup'); "
        "print(os.nice(0), *(group.read_text().split()[-1:] if group.exists() else []))")


@pytest.mark.parametrize(("calls", "niceness"), [
    ("give_way(10)", 10), ("give_way(10); give_way(19)", 19), ("give_way(12); give_way(5)", 12)])
def test_a_process_and_its_session_give_way(calls: str, niceness: int) -> None:
    shown = _shown(calls, alone=True)
    assert shown[0] == str(max(niceness, os.nice(0)))
    if GROUPED:
        assert shown[1] == calls.rpartition("(")[2].rstrip(")")


@pytest.mark.skipif(not GROUPED, reason="the machine shares no time between sessions")
def test_a_session_of_others_keeps_its_rank() -> None:
    before = AUTOGROUP.read_text()
    assert _shown("give_way(10)", alone=False)[0] == str(max(10, os.nice(0)))
    assert AUTOGROUP.read_text() == before


def _shown(calls: str, *, alone: bool) -> list[str]:
    shown = subprocess.run([sys.executable, "-c", SHOW.format(calls=calls)], check=True,
                           capture_output=True, text=True, start_new_session=alone)
    return shown.stdout.split()
