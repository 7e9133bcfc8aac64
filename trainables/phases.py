"""Phases: the nodes of a trial's work, each stored under a digest of all that determines it.

A phase knows its parents and its inputs; what it makes is a directory of files. Making one goes
through the store: an entry that is there is read, a missing one is leased, made and kept.
"""

from __future__ import annotations

import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from spaces.value import digest_of
from trainables.context import Context, Progress, Setting
from trainables.scores import Cost, PhaseResult

__all__ = ["EntryBusy", "Made", "Phase", "PhaseKind", "Runner"]

PhaseKind = Literal["pretrain", "intermediate", "target", "evaluate", "baselines"]


class EntryBusy(Exception):  # noqa: N818  it is no error: the trial gives way and comes back
    """Another trial is making the entry that this one needs."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"entry {entry} is being made by another trial")
        self.entry = entry


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
