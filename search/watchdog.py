"""The watchdog: ends a trial that makes no progress, whatever its process hangs in.

A hanging read, a deadlock or a stopped process raises nothing, and would hold its slot for ever.
Only the search can tell: it hears no more of the trial.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ray
from ray.tune.experiment import Trial

from trainables.messages import read_message

__all__ = ["Watchdog"]

# Time in which the search itself did not look, being stopped or busy, is counted up to this share
# of the limit: what its trials said meanwhile has not been read yet.
_MOST_AT_ONCE = 0.1


class Watchdog:
    """Looks after the trials that run, between two steps of Tune.

    Args:
        minutes: how long a trial may say nothing; it says when a phase begins, and at most a
            second later each step that it trains and batch that it scores.
        stalled: called with Tune's id of a trial that is to end, and why.
        clock: monotonic seconds.
    """

    def __init__(self, minutes: float, stalled: Callable[[str, str], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._minutes, self._stalled, self._clock = minutes, stalled, clock
        self._looked = clock()
        self._silent: dict[str, float] = {}  # Tune's id -> seconds since its last word
        self._doing: dict[str, str] = {}

    def heard(self, tune_id: str, result: Mapping[str, Any]) -> None:
        """Take note that a trial said something."""
        self._silent[tune_id] = 0.0
        self._doing[tune_id] = read_message(result).doing or self._doing.get(tune_id, "")

    def look(self, trials: Iterable[Trial]) -> None:
        """End those of the live trials that have been silent for too long.

        A trial that waits for its process is not yet one that runs.
        """
        now = self._clock()
        limit = 60.0 * self._minutes
        passed = min(now - self._looked, _MOST_AT_ONCE * limit)
        self._looked = now
        actors = {trial.trial_id: actor for trial in trials if trial.status == Trial.RUNNING
                  and (actor := trial.temporary_state.ray_actor) is not None}
        self._silent = {tune_id: self._silent[tune_id] + passed if tune_id in self._silent else 0.0
                        for tune_id in actors}
        for tune_id, seconds in self._silent.items():
            if seconds >= limit:
                self._stalled(tune_id, self._why(tune_id))
                ray.kill(actors[tune_id])  # Tune then hears that it died
                self._silent[tune_id] = 0.0

    def _why(self, tune_id: str) -> str:
        doing = self._doing.pop(tune_id, "")
        return (f"no progress for {self._minutes:g} minutes (resources.stalled_minutes), "
                + (f"last heard of at: {doing}" if doing else "not a word since it started"))
