"""Limits: what a search may cost, looked at between two steps of Tune."""

from __future__ import annotations

import time
from collections.abc import Sequence

from search.interrupts import Interrupted
from search.journal import Event

__all__ = ["SECONDS_PER_HOUR", "DeviceTime", "Limit", "LimitReached", "PilotOver"]

SECONDS_PER_HOUR = 3_600.0


class LimitReached(Interrupted):
    """The device hours that were granted are spent; what ended is kept."""


class PilotOver(Interrupted):
    """A pilot has measured for as long as it was to."""


class DeviceTime:
    """The device time of all trials by the journal, in seconds; `events` may grow meanwhile.

    Of a trial that ended it is the time since its start was told; of one that a kill cut short, the
    time until the last event before the search went on; of one that runs, the time until now.
    """

    def __init__(self, events: Sequence[Event], workers: int) -> None:
        self._events, self._workers = events, workers
        self._seen = 0
        self._spent = 0.0
        self._running: dict[str, float] = {}

    def seconds(self, now: float) -> float:
        """Return what is spent at the Unix time `now`."""
        while self._seen < len(self._events):
            self._take(self._events[self._seen], self._events[max(0, self._seen - 1)].time)
            self._seen += 1
        running = sum(now - since for since in self._running.values())
        return self._workers * (self._spent + running)

    def _take(self, event: Event, before: float) -> None:
        trial = str(event.trial)
        if event.kind in ("interrupted", "resumed", "closed"):
            until = before if event.kind == "resumed" else event.time
            self._spent += sum(until - since for since in self._running.values())
            self._running.clear()
        elif event.kind == "started":
            # A second attempt without a resume: the first one's worker died just before.
            self._spent += event.time - self._running.get(trial, event.time)
            self._running[trial] = event.time
        elif event.kind == "finished" and trial in self._running:
            self._spent += event.time - self._running.pop(trial)


class Limit:
    """Device hours that a search may spend in all, and minutes that it may go on from now.

    A device hour is one worker of a trial for an hour: a GPU where trials have them.

    Args:
        events: the journal's, which grow as the search goes on.
        workers: of one trial.
        device_hours: None for no limit; what was spent before a resume counts.
        minutes: from the first trial's first word on; None for no limit.
    """

    def __init__(self, events: Sequence[Event], workers: int, *, device_hours: float | None = None,
                 minutes: float | None = None) -> None:
        self._events, self._device_hours, self._minutes = events, device_hours, minutes
        self._time = DeviceTime(events, workers)
        self._looked = len(events)
        self._first: float | None = None

    def check(self, now: float | None = None) -> None:
        """Look at what is spent.

        Args:
            now: Unix time in seconds, None for the clock's.

        Raises:
            LimitReached: if the device hours are spent.
            PilotOver: if the minutes are over.
        """
        now = time.time() if now is None else now
        if self._device_hours is not None:
            spent = self._time.seconds(now) / SECONDS_PER_HOUR
            if spent >= self._device_hours:
                raise LimitReached(f"{spent:.3g} of {self._device_hours:g} device hours are spent")
        if self._minutes is not None and self._started():
            assert self._first is not None
            if now - self._first >= 60 * self._minutes:
                raise PilotOver(f"the pilot's {self._minutes:g} minutes are over")

    def _started(self) -> bool:
        while self._first is None and self._looked < len(self._events):
            event = self._events[self._looked]
            self._first = event.time if event.kind == "started" else None
            self._looked += 1
        return self._first is not None
