"""The journal: the append-only, fsynced record of a search, from which all else is projected."""

from __future__ import annotations

import fcntl
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from search.credentials import holds_credentials, without_credentials_in
from search.faults import UserError
from spaces.value import Value

__all__ = ["Event", "Journal", "JournalError", "parse_event"]

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
    "surveyed",  # what encoders have read of the targets' languages, how tokenizers cut them
    "closed",  # the read-out was made
]


# Each line ends with a check sum of the rest, so that a flipped digit is no other score.
_CHECK: Final = re.compile(rb',"check":"([0-9a-f]{8})"}$')


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
    `fault` is why the latest event that could not be written was not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._whole_bytes = 0
        self._read_on()
        self._file: FileIO | None = None
        self.fault: JournalError | None = None
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event once it is on disk."""
        self._listeners.append(listener)

    def append(self, kind: EventKind, trial: str | None = None, /, **data: Any) -> Event:
        """Write one event, flushed to disk, and return it; credentials are cut out of its texts.

        Raises:
            JournalError: if another process writes to this journal, or the disk takes nothing;
                the journal then is as it was.
        """
        file = self._file or self._open()
        event = Event(sequence=len(self.events), time=time.time(), kind=kind, trial=trial,
                      data=data)
        line = _line(event)
        if holds_credentials(line.decode()):  # rarely, and to look at every text takes long
            event = event.model_copy(update={"data": without_credentials_in(data)})
            line = _line(event)
        try:
            _write(file, line)
        except BaseException as error:  # a signal's too
            self._take_back()
            if not isinstance(error, OSError):
                raise
            self.fault = JournalError(
                f"a journal must be writable to go on, got {error.strerror} ({self.path}); once it "
                f"is, go on with: stiltune resume {self.path.parent.name}")
            raise self.fault from error
        self._whole_bytes += len(line)
        self.events.append(event)
        for listener in self._listeners:
            listener(event)
        return event

    def of(self, *kinds: EventKind) -> list[Event]:
        """Return the events of the given kinds, in order."""
        return [event for event in self.events if event.kind in kinds]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile.

        Raises:
            JournalError: if another process writes to this journal.
        """
        self._file = self._file or self._open()
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Let other processes write; everything is already on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take_back(self) -> None:
        """Cut off what a write that failed may have left of a line, and let go of the file."""
        with suppress(OSError):  # whoever writes next cuts it off
            os.truncate(self.path, self._whole_bytes)
        self.close()

    def _open(self) -> FileIO:
        """Take the right to write, which ends with this process, and cut a torn line off."""
        try:
            file = self.path.open("ab", buffering=0)  # a buffer would keep what did not fit
        except OSError as error:
            raise JournalError(f"a journal must be writable to go on, got {error.strerror} "
                               f"({self.path})") from error
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise JournalError(f"a search must be written by one process at a time, and another "
                               f"runs this one now ({self.path})") from error
        # Another process may have written, and ended, since this one read.
        self._read_on()
        os.truncate(self.path, self._whole_bytes)
        self._file = file
        return file

    def _read_on(self) -> None:
        """Take in the whole events after those that are known."""
        for event, size in _read(self.path, self._whole_bytes, len(self.events)):
            self.events.append(event)
            self._whole_bytes += size


def _write(file: FileIO, line: bytes) -> None:
    """Write a line to disk; a disk that is nearly full may take the first part of it."""
    left = line
    while left:
        left = left[file.write(left):]
    os.fsync(file.fileno())


def _lock(file: FileIO) -> None:
    """Take the file's lock; who looks whether it is held holds it for a moment.

    Raises:
        OSError: if another process keeps it.
    """
    for wait in (0.01, 0.05, 0.2):
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(wait)
    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def parse_event(line: bytes) -> Event:
    """Return the event of a journal's line, without its newline.

    Raises:
        ValueError: if the line is not what was written.
    """
    check = _CHECK.search(line)
    if check is None:
        return Event.model_validate_json(line)
    body = line[: check.start()] + b"}"
    if zlib.crc32(body) != int(check[1], 16):
        raise ValueError("a line must fit its check sum")
    return Event.model_validate_json(body)


def _line(event: Event) -> bytes:
    body = event.model_dump_json().encode()
    return body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body)


def _read(path: Path, offset: int, known: int) -> Iterator[tuple[Event, int]]:
    """Yield the whole events of a journal from `offset` on, and their sizes in bytes.

    Args:
        path: the journal.
        offset: where to begin, in bytes.
        known: how many events lie before.

    Raises:
        JournalError: if a line but the last is damaged, or lines are missing or doubled.
    """
    try:
        lines = path.read_bytes()[offset:].splitlines(keepends=True) if path.exists() else []
    except OSError as error:
        raise JournalError(f"a journal must be readable, got {error.strerror} ({path})") from error
    total = known + len(lines)
    for number, line in enumerate(lines, start=known + 1):
        try:
            event = parse_event(line[:-1]) if line.endswith(b"\n") else None
        except ValueError:
            event = None
        if event is None:
            if number < total or line.endswith(b"\n"):
                raise JournalError(f"a journal must hold whole events, got line {number} of "
                                   f"{total} damaged, or written by a newer stiltune ({path})")
            return
        if event.sequence != number - 1:
            raise JournalError(f"a journal must hold its events in order, got event "
                               f"{event.sequence} on line {number} of {total}, where event "
                               f"{number - 1} belongs: lines are missing or doubled ({path})")
        yield event, len(line)
