"""The lease: within a cluster, a store entry is made by one trial at a time.

One small actor keeps who makes what. A maker renews its lease while it works; a dead maker's
lease runs out. Waiters hold no slot: a trial that finds its entry leased gives its slot back.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

__all__ = ["LeaseBoard", "Leases"]

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0
NAMESPACE = "stiltune"
ACTOR_NAME = "leases"


class LeaseBoard:
    """Which entry is leased to which holder, until when (monotonic seconds)."""

    def __init__(self, seconds: float = LEASE_SECONDS) -> None:
        self._seconds = seconds
        self._held: dict[str, tuple[str, float]] = {}

    def acquire(self, entry: str, holder: str) -> bool:
        """Lease `entry` to `holder`, or renew it; False while another holds it."""
        owner, until = self._held.get(entry, (holder, 0.0))
        if owner != holder and until > time.monotonic():
            return False
        self._held[entry] = (holder, time.monotonic() + self._seconds)
        return True

    def release(self, entry: str, holder: str) -> None:
        """End the lease if `holder` has it."""
        if self._held.get(entry, ("", 0.0))[0] == holder:
            del self._held[entry]

    def is_free(self, entry: str) -> bool:
        """Return whether nobody makes `entry` now."""
        return self._held.get(entry, ("", 0.0))[1] <= time.monotonic()


class Leases:
    """The cluster's leases on the entries of one store."""

    def __init__(self, store: str) -> None:
        self._store = store
        board: Any = ray.remote(LeaseBoard)
        self._board: Any = board.options(
            num_cpus=0, name=ACTOR_NAME, namespace=NAMESPACE, lifetime="detached",
            get_if_exists=True,
        ).remote()

    @contextmanager
    def hold(self, entry: str) -> Iterator[bool]:
        """Yield True while `entry` is leased to the caller, False if another makes it."""
        holder, key = uuid.uuid4().hex, f"{self._store}|{entry}"
        if not ray.get(self._board.acquire.remote(key, holder)):
            yield False
            return
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(key, holder, done), daemon=True)
        renewer.start()
        try:
            yield True
        finally:
            done.set()
            ray.get(self._board.release.remote(key, holder))

    def is_free(self, entry: str) -> bool:
        """Return whether nobody makes `entry` now."""
        return bool(ray.get(self._board.is_free.remote(f"{self._store}|{entry}")))

    def _renew(self, key: str, holder: str, done: threading.Event) -> None:
        while not done.wait(RENEW_SECONDS):
            ray.get(self._board.acquire.remote(key, holder))
