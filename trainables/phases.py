"""Phases: the nodes of a trial's work, each stored under a digest of all that determines it.

A phase knows its parents and its inputs; what it makes is a directory of files. Making one goes
through the store: an entry that is there is read, a missing one is leased, made and kept.
"""

from __future__ import annotations

import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Task, find_task
from spaces.value import Value, digest_of
from trainables.encoded_cache import EncodedCache, open_cache
from trainables.kept_files import ENCODED
from trainables.phase_store import DRAFTS, STATES, PhaseStore, open_store
from trainables.scores import Cost, PhaseResult
from trainables.sources import Sources
from trainables.workers import Alone, Workers
from trainables.workspace import Workspace

__all__ = ["Context", "EntryBusy", "Made", "Phase", "PhaseKind", "Progress", "Runner",
           "Setting"]

PhaseKind = Literal["pretrain", "intermediate", "target", "evaluate", "baselines"]
# Another version of one of these may compute other scores.
_COMPUTING = ("torch", "transformers", "tokenizers")
# Several workers wait for each other when they report, and when they agree whether to.
_TIMES_TO_AGREE = 200  # in a phase
_GROUP_SECONDS = 10.0


class EntryBusy(Exception):  # noqa: N818  it is no error: the trial gives way and comes back
    """Another trial is making the entry that this one needs."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"entry {entry} is being made by another trial")
        self.entry = entry


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
                       libraries={name: version(name) for name in _COMPUTING})

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


class Made(NamedTuple):
    """What making a phase cost and showed: fields of its `PhaseResult`."""

    cost: Cost
    learning_curve: tuple[tuple[int, float], ...] = ()
    seen_cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phase(ABC):
    """A node of a trial's work with any number of parents.

    `name` says what it is to people and is no part of the digest; `setting` is.
    """

    kind: ClassVar[PhaseKind]
    # Bumped when the same inputs give another result; a test watches the code for changes.
    version: ClassVar[int]

    name: str
    parents: tuple[Phase, ...]
    setting: Setting

    @property
    @abstractmethod
    def inputs(self) -> Mapping[str, Any]:
        """All that determines the result, beside parents and setting, as JSON."""

    @abstractmethod
    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Make the phase's files in an empty directory; only rank 0's are kept."""

    @cached_property
    def entry(self) -> str:
        """The digest under which the result is stored."""
        return digest_of({
            "kind": self.kind, "version": self.version, "setting": self.setting.model_dump(),
            "parents": [parent.entry for parent in self.parents], "inputs": self.inputs,
        })


class Runner:
    """Runs phases through the store, each at most once; keeps what came of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._paths: dict[str, Path] = {}
        self._results: dict[str, PhaseResult] = {}

    def path(self, phase: Phase) -> Path:
        """Return the directory of a phase's files, making it and its parents if need be.

        Raises:
            EntryBusy: if another trial is making an entry that is needed.
        """
        if phase.entry not in self._paths:
            self._paths[phase.entry] = self._stored(phase) or self._make(phase)
        return self._paths[phase.entry]

    def results(self, phase: Phase) -> list[PhaseResult]:
        """Return what is known of a phase and its ancestors, ancestors first."""
        found: dict[str, PhaseResult] = {}
        for parent in phase.parents:
            found |= {result.entry: result for result in self.results(parent)}
        own = self._results.get(phase.entry) or self._read_result(phase)
        return [*found.values(), *([own] if own else [])]

    def _stored(self, phase: Phase) -> Path | None:
        """Look an entry up; rank 0 decides for all workers."""
        workers, store = self._context.workers, self._context.store
        path = store.get(phase.kind, phase.entry) if workers.rank == 0 else None
        if not workers.agree(path is not None):
            return None
        return path or store.get(phase.kind, phase.entry)

    def _make(self, phase: Phase) -> Path:
        context = self._context
        parents = tuple(self.path(parent) for parent in phase.parents)
        if context.workers.rank > 0:
            return self._join_in(phase, parents)
        with context.lease(phase.entry) as granted:
            # The entry may have been made between the look and the lease.
            found = context.store.get(phase.kind, phase.entry) if granted else None
            if context.workers.agree("busy" if not granted else "found" if found else "make") \
                    == "busy":
                raise EntryBusy(phase.entry)
            return found or self._make_first(phase, parents)

    def _join_in(self, phase: Phase, parents: tuple[Path, ...]) -> Path:
        """Do another rank's part of what rank 0 decides."""
        context = self._context
        decision = context.workers.agree("")
        if decision == "busy":
            raise EntryBusy(phase.entry)
        if decision == "make":
            context.report(Progress(phase.name, 0, 0))
            with _draft(context) as directory:
                phase.make(context, parents, directory)
            self._results[phase.entry] = context.workers.agree(_nothing(phase))
        path = context.store.get(phase.kind, phase.entry)
        if path is None:
            raise OSError(f"a store must be shared by all workers, got one without entry "
                          f"{phase.entry} ({context.store.uri})")
        return path

    def _make_first(self, phase: Phase, parents: tuple[Path, ...]) -> Path:
        context = self._context
        context.report(Progress(phase.name, 0, 0))
        begun = time.perf_counter()
        with _draft(context) as directory:
            made = phase.make(context, parents, directory)
            seconds = time.perf_counter() - begun
            result = PhaseResult(phase=phase.kind, name=phase.name, entry=phase.entry,
                                 cost=made.cost, learning_curve=made.learning_curve,
                                 seen_cells=made.seen_cells)
            path = context.store.put(
                phase.kind, phase.entry, directory, description=phase.name, seconds=seconds,
                meta={"result": result.model_dump(mode="json")})
        shutil.rmtree(context.states / phase.entry, ignore_errors=True)
        self._results[phase.entry] = context.workers.agree(result)
        return path

    def _read_result(self, phase: Phase) -> PhaseResult | None:
        """Return a stored phase's result with its cost as what the store saved."""
        manifest = self._context.store.manifest(phase.kind, phase.entry)
        if manifest is None:
            return None
        made = PhaseResult.model_validate(manifest.meta["result"])
        cost = Cost(saved_seconds=made.cost.device_seconds, saved_tokens=made.cost.tokens,
                    device=made.cost.device, precision=made.cost.precision)
        return made.model_copy(update={"name": phase.name, "stored": True, "cost": cost})


def _nothing(phase: Phase) -> PhaseResult:
    return PhaseResult(phase=phase.kind, name=phase.name, entry=phase.entry)


@contextmanager
def _draft(context: Context) -> Iterator[Path]:
    directory = context.drafts / uuid.uuid4().hex
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
