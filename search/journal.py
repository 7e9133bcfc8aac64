"""The journal: the append-only, fsynced record of a search, from which all else is projected."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import Field

from search.faults import UserError
from spaces.value import Value

__all__ = ["Event", "Journal", "JournalError"]

EventKind = Literal[
    "opened",  # the search: study, versions, data snapshot
    "suggested",  # a trial exists: role, group, suggestion, config
    "started",  # the trial runs: attempt
    "reported",  # a rung was scored
    "finished",  # the trial ended: a TrialResult
    "told",  # the sampler was told the objective
    "confirming",  # winners and references to confirm were chosen
    "interrupted",
    "resumed",
    "closed",  # the read-out was made
]


class JournalError(UserError):
    """A journal that cannot be continued: a line inside it is damaged, or another writes it."""


class Event(Value):
    """One line of the journal. `sequence` counts from 0; `time` is Unix time in seconds."""

    sequence: int
    time: float
    kind: EventKind
    trial: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Journal:
    """An append-only file of events; an event is on disk before `append` returns.

    A line cut short by a kill can only be the last one: it is passed over when the journal is
    read, and cut off when it is next written to. One process writes at a time; any may read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._whole_bytes = 0
        for event, size in _read(path):
            self.events.append(event)
            self._whole_bytes += size
        self._file: BinaryIO | None = None
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event once it is on disk."""
        self._listeners.append(listener)

    def append(self, kind: EventKind, trial: str | None = None, /, **data: Any) -> Event:
        """Write one event, flushed to disk, and return it.

        Raises:
            JournalError: if another process writes to this journal.
        """
        file = self._file or self._open()
        event = Event(sequence=len(self.events), time=time.time(), kind=kind, trial=trial,
                      data=data)
        file.write(event.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self.events.append(event)
        for listener in self._listeners:
            listener(event)
        return event

    def of(self, *kinds: EventKind) -> list[Event]:
        """Return the events of the given kinds, in order."""
        return [event for event in self.events if event.kind in kinds]

    def close(self) -> None:
        """Let other processes write; everything is already on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        """Take the right to write, which ends with this process, and cut a torn line off."""
        file = self.path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise JournalError(f"a search must be written by one process at a time, and another "
                               f"runs this one now ({self.path})") from error
        if self._file is None:
            os.truncate(self.path, self._whole_bytes)
        self._file = file
        return file


def _read(path: Path) -> Iterator[tuple[Event, int]]:
    """Yield the whole events of a journal and their sizes in bytes."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            event = Event.model_validate_json(line) if line.endswith(b"\n") else None
        except ValueError:
            event = None
        if event is None:
            if number < len(lines):
                raise JournalError(f"{path}: line {number} of {len(lines)} is damaged")
            return
        yield event, len(line)
