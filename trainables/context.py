"""The context of a trial: where its data and store lie, who works on it, and whom it reports to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Task, find_task
from spaces.value import Value
from trainables.encoded_cache import EncodedCache, open_cache
from trainables.kept_files import ENCODED
from trainables.phase_store import DRAFTS, STATES, PhaseStore, open_store
from trainables.sources import Sources
from trainables.workers import Alone, Workers
from trainables.workspace import Workspace

__all__ = ["Context", "Progress", "Setting", "computing_libraries"]

_COMPUTING: Final = ("torch", "transformers", "tokenizers")
# Several workers wait for each other when they report, and when they agree whether to.
_TIMES_TO_AGREE: Final = 200  # in a phase
_GROUP_SECONDS: Final = 10.0


def computing_libraries() -> dict[str, str]:
    """Return the versions of the libraries of which another version may compute other scores."""
    return {name: version(name) for name in _COMPUTING}


class Setting(Value):
    """How a trial computes, as far as its scores depend on it.

    `device` is cpu or cuda; `libraries` are the versions of those that compute.
    """

    workers: int = 1
    device: str = "cpu"
    precision: str = "float32"
    libraries: dict[str, str] = {}


class Progress(NamedTuple):
    """What a trial is doing: a phase's name, the steps done and the steps in all."""

    phase: str
    step: int
    steps: int


@contextmanager
def _always(entry: str) -> Iterator[bool]:
    yield True


@dataclass
class Context:
    """What a trial runs in, and no score depends on but through its `setting`.

    `lease(entry)` is entered before a missing entry is made and yields whether the caller may
    make it. `report` is called by every worker alike: when a phase begins (step 0) and now and then
    while it lasts, at most about once a second. `tasks` is the catalogue in which
    a trial's tasks are looked up. A train state is kept every `keep_seconds`.
    """

    workspace: Workspace
    tasks: tuple[Task, ...] = LAB_TASKS + BENCHMARK_TASKS
    workers: Workers = field(default_factory=Alone)
    report: Callable[[Progress], None] = lambda progress: None
    lease: Callable[[str], AbstractContextManager[bool]] = _always
    keep_seconds: float = 60.0

    def task(self, name: str) -> Task:
        """Return a task of the catalogue."""
        return find_task(name, self.tasks)

    @cached_property
    def setting(self) -> Setting:
        """How this trial computes, as part of every digest."""
        from trainables.device import choose_device  # torch takes seconds to import

        device = choose_device(self.workspace.precision)
        return Setting(workers=self.workers.size, device=device.name, precision=device.precision,
                       libraries=computing_libraries())

    @cached_property
    def sources(self) -> Sources:
        """The data of the workspace."""
        return Sources(hub=self.workspace.hub, cache=self.workspace.cache)

    @cached_property
    def store(self) -> PhaseStore:
        """The phase store of the workspace."""
        return open_store(self.workspace.store, Path(self.workspace.cache) / "fetched")

    @cached_property
    def encoded(self) -> EncodedCache:
        """The encoded rows of the workspace."""
        return open_cache(Path(self.workspace.cache) / ENCODED)

    @property
    def hub(self) -> Path | None:
        """The offline mirror, None for the hub itself."""
        return None if self.workspace.hub is None else Path(self.workspace.hub)

    @property
    def drafts(self) -> Path:
        """Where entries are made: beside a store that is a directory, so that they need no copy."""
        remote = "://" in self.workspace.store
        return Path(self.workspace.cache if remote else self.workspace.store) / DRAFTS

    @property
    def states(self) -> Path:
        """Where the train states of phases in progress lie, by entry."""
        remote = "://" in self.workspace.store
        return Path(self.workspace.cache if remote else self.workspace.store) / STATES

    def throttled(self, phase: str, steps: int) -> Callable[[int], None]:
        """Return a function of the steps done that reports at most once a second, and not at once.

        The phase's beginning has just been reported. Several workers do not call it as often as
        each other, and so report nothing by it.
        """
        latest = time.monotonic()

        def report(step: int) -> None:
            nonlocal latest
            if step and self.workers.size == 1 and time.monotonic() - latest >= 1.0:
                latest = time.monotonic()
                self.report(Progress(phase, step, steps))

        return report

    def in_step(self, phase: str, steps: int) -> Callable[[int], None]:
        """Return what `throttled` does, for every worker to call after every step.

        Several workers do so less often, and agree on when.
        """
        if self.workers.size == 1:
            return self.throttled(phase, steps)
        every, latest = max(1, steps // _TIMES_TO_AGREE), time.monotonic()

        def report(step: int) -> None:
            nonlocal latest
            is_time = time.monotonic() - latest >= _GROUP_SECONDS
            if step % every == 0 and self.workers.agree(is_time):
                latest = time.monotonic()
                self.report(Progress(phase, step, steps))

        return report
