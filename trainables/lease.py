"""The lease: a store entry is made by one trial at a time.

On one machine a lease is a locked file, which the kernel frees when its holder dies. On a cluster
one small actor keeps who makes what: a maker renews its lease while it works, and a dead maker's
lease runs out. Who waits for longer than a moment holds no slot: a trial that finds its entry
leased gives its slot back.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from trainables.workspace import Workspace

__all__ = ["FileLeases", "LeaseBoard", "Leases", "leases_of"]

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0
NAMESPACE = "stiltune"
ACTOR_NAME = "leases"

# A trial that finds its entry leased waits for so long before it gives its slot back.
_PATIENCE_SECONDS = 1.0
_LOOK_SECONDS = 0.02
# Ray's mark of the head node. A board on any other would be lost with it, and every trial with the
# board. A board that is started again knows nothing until holders renew, which is soon enough:
# whatever two makers of an entry put into the store is the same.
_ON_THE_HEAD = {"node:__internal_head__": 0.001}


class Leases(Protocol):
    """The leases on the entries of one store."""

    def hold(self, entry: str) -> AbstractContextManager[bool]:
        """Yield True while `entry` is leased to the caller, False if another makes it."""

    def is_free(self, entry: str) -> bool:
        """Return whether nobody makes `entry` now."""


def leases_of(workspace: Workspace) -> Leases:
    """Return the leases on the store of a workspace."""
    if workspace.one_machine:
        return FileLeases(Path(workspace.cache) / "leases")
    return _BoardLeases(workspace.store)


class FileLeases:
    """Leases among the processes of one machine: each is a lock on a file of its own."""

    def __init__(self, directory: Path, patience: float = _PATIENCE_SECONDS) -> None:
        self._directory, self._patience = directory, patience
        directory.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def hold(self, entry: str) -> Iterator[bool]:
        """Yield True while `entry` is leased to the caller, False if another goes on making it."""
        lock = self._lock(entry)
        try:
            lock.acquire(timeout=self._patience, poll_interval=_LOOK_SECONDS)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._release(lock)

    def is_free(self, entry: str) -> bool:
        """Return whether nobody makes `entry` now."""
        lock = self._lock(entry)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._release(lock)
        return True

    def _lock(self, entry: str) -> FileLock:
        return FileLock(self._directory / entry)

    @staticmethod
    def _release(lock: FileLock) -> None:
        # First the name, while it is locked: who opened the file meanwhile locks a nameless one,
        # which `filelock` notices.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


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


class _BoardLeases:
    """Leases within a cluster, kept by its board."""

    def __init__(self, store: str) -> None:
        import ray

        self._store, self._get = store, ray.get
        board: Any = ray.remote(LeaseBoard)
        self._board: Any = board.options(
            num_cpus=0, name=ACTOR_NAME, namespace=NAMESPACE, lifetime="detached",
            get_if_exists=True, max_restarts=-1, max_task_retries=-1, resources=_ON_THE_HEAD,
        ).remote()

    @contextmanager
    def hold(self, entry: str) -> Iterator[bool]:
        """Yield True while `entry` is leased to the caller, False if another makes it."""
        holder, key = uuid.uuid4().hex, f"{self._store}|{entry}"
        if not self._get(self._board.acquire.remote(key, holder)):
            yield False
            return
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(key, holder, done), daemon=True)
        renewer.start()
        try:
            yield True
        finally:
            done.set()
            self._get(self._board.release.remote(key, holder))

    def is_free(self, entry: str) -> bool:
        """Return whether nobody makes `entry` now."""
        return bool(self._get(self._board.is_free.remote(f"{self._store}|{entry}")))

    def _renew(self, key: str, holder: str, done: threading.Event) -> None:
        while not done.wait(RENEW_SECONDS):
            self._get(self._board.acquire.remote(key, holder))
