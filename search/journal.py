"""The journal: the append-only, fsynced record of a search, from which all else is projected."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

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


class JournalError(RuntimeError):
    """A journal that cannot be continued: a line in its middle is damaged."""


class Event(Value):
    """One line of the journal. `sequence` counts from 0; `time` is Unix time in seconds."""

    sequence: int
    time: float
    kind: EventKind
    trial: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Journal:
    """An append-only file of events; an event is on disk before `append` returns.

    A line cut short by a kill is the last one and is dropped when the journal is opened again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = list(_read(path))
        self._file = path.open("ab")
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event once it is on disk."""
        self._listeners.append(listener)

    def append(self, kind: EventKind, trial: str | None = None, /, **data: Any) -> Event:
        """Write one event, flushed to disk, and return it."""
        event = Event(sequence=len(self.events), time=time.time(), kind=kind, trial=trial,
                      data=data)
        self._file.write(event.model_dump_json().encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.events.append(event)
        for listener in self._listeners:
            listener(event)
        return event

    def of(self, *kinds: EventKind) -> list[Event]:
        """Return the events of the given kinds, in order."""
        return [event for event in self.events if event.kind in kinds]

    def close(self) -> None:
        """Close the file; everything is already on disk."""
        self._file.close()


def _read(path: Path) -> Iterator[Event]:
    """Yield the events of a journal, cutting a torn last line off the file."""
    path.touch()
    good_bytes = 0
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        try:
            event = Event.model_validate(json.loads(line)) if line.endswith(b"\n") else None
        except ValueError:
            event = None
        if event is None:
            if number < len(lines):
                raise JournalError(f"{path}: line {number} of {len(lines)} is damaged")
            break
        good_bytes += len(line)
        yield event
    os.truncate(path, good_bytes)
