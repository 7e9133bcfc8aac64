"""What `stiltune` does to who calls it: its first line, its journal, its signals, its exit codes.

`FAKE` says how a search goes: `done`, `failed`, `mistake` (before anything is made), or `waits`,
until it is told to end, which it notes, with everything that reaches it after that.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

CALLED = Path(os.environ["CALLED"])
CODES = {"done": 0, "failed": 1, "mistake": 2}
told: list[int] = []


def note(text: str) -> None:
    with CALLED.open("a") as file:
        file.write(f"{text}\n")


def hear(number: int, frame: FrameType | None) -> None:
    told.append(number)


def begin(storage: Path, study: str) -> None:
    """Begin a search as `start` does: its directory, its journal, then its line."""
    number = 1 + sum(path.is_dir() for path in storage.glob(f"{study}-*"))
    search = storage / f"{study}-{number}"
    search.mkdir(parents=True)
    (search / "journal.jsonl").touch()
    sys.stdout.write(f"{search.name}: Which one: this or that?\nnote: something\n")
    sys.stdout.flush()


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hear)
    command, name, *options = sys.argv[1:]
    note(f"stiltune {' '.join(sys.argv[1:])}")
    how = os.environ.get("FAKE", "done")
    if command == "start" and how != "mistake":
        begin(Path(options[options.index("--storage") + 1]), name)
    note("running")
    if how in CODES:
        return CODES[how]
    while not told:
        time.sleep(0.01)
    time.sleep(0.2)  # it saves; who tells it again is heard
    note(f"told {' '.join(signal.Signals(number).name for number in told)}")
    sys.stdout.write("saved\n")
    sys.stdout.flush()
    return 130


sys.exit(main())
