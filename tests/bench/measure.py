"""Measuring a command: wall seconds, peak memory of its process tree, and its search's journal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from search.journal import Event, Journal
from search.storage import find_search

ROOT = Path(__file__).resolve().parent.parent.parent
STILTUNE = (sys.executable, "-c", "from search.cli import main; main()")
SAMPLE_SECONDS = 5.0
MIB = 1024


@dataclass(frozen=True)
class Measured:
    """A command that ended: Unix times of its start and end, and peak PSS of its tree in MiB."""

    began: float
    ended: float
    peak_mib: float
    output: str

    @property
    def seconds(self) -> float:
        """Wall seconds."""
        return self.ended - self.began


class _Memory(threading.Thread):
    """Samples the summed PSS of a process and all that ever descended from it.

    PSS counts a shared page once over those who share it. Whoever was seen once is followed even
    when its parent ends, as Ray's processes are.
    """

    def __init__(self, root: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._seen = {root}
        self._seconds = seconds
        self._over = threading.Event()
        self.peak_mib = 0.0

    def run(self) -> None:
        while not self._over.wait(self._seconds):
            self._follow()
            self.peak_mib = max(self.peak_mib, sum(map(_pss_kib, self._seen)) / MIB)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _follow(self) -> None:
        parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
        self._seen &= parents.keys()
        grown = True
        while grown:
            new = {pid for pid, parent in parents.items() if parent in self._seen} - self._seen
            self._seen |= new
            grown = bool(new)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def run(command: Sequence[str], directory: Path, *,
        sampled_every: float = SAMPLE_SECONDS) -> Measured:
    """Run a command in a directory to its end, with the checkout importable.

    Args:
        command: what to run.
        directory: where; its output goes to `output.txt` there.
        sampled_every: seconds between two samples of its memory.

    Raises:
        SystemExit: if the command fails; its last lines are the message.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "output.txt"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("MLFLOW_TRACKING_URI", None)  # each side writes an SQLite file of its own
    began = time.time()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=output,
                                   stderr=subprocess.STDOUT)
        memory = _Memory(process.pid, sampled_every)
        memory.start()
        code = process.wait()
        ended = time.time()
        memory.stop()
    text = log.read_text(errors="replace")
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n"
                         + "\n".join(text.splitlines()[-30:]))
    return Measured(began, ended, memory.peak_mib, text)


def start_search(study: str, settings: Sequence[str], directory: Path, storage: Path) -> Measured:
    """Run `stiltune start` as a user would, from its own process start to its end."""
    given = [word for setting in settings for word in ("--set", setting)]
    return run([*STILTUNE, "start", study, "--storage", str(storage), *given], directory)


def journal_of(storage: Path, name: str) -> list[Event]:
    """Return the events of a search, or of a study's latest search."""
    return Journal(find_search(storage, name).journal).events


def report(rows: Sequence[tuple[str, str]]) -> None:
    """Print labelled values, and the load in which they were measured."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    for label, value in (*rows, ("load over 1, 5, 15 minutes", load)):
        sys.stdout.write(f"{label:<46} {value}\n")
    sys.stdout.flush()
