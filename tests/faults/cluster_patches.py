"""The patches of the faults of clusters: one that looks on, the others take a protection away."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.faults.patching import Patch

__all__ = ["HELD_STEP", "KEEP_SECONDS", "PATCHES", "TRACE", "let_go"]

TRACE = "STILTUNE_TEST_TRACE"
"""Names the file to which `traced_steps` writes; STILTUNE_TEST_NODE says on which node."""
KEEP_SECONDS = 1.0
HELD_STEP = 45
"""The step at which every phase of so many waits for `let_go`; two states are kept by then."""
_STEP_SECONDS = 0.05


def traced_steps(train_loop: ModuleType) -> None:
    """Have training steps take their time, keep a state each KEEP_SECONDS, and write both down."""
    run, save = train_loop.TrainLoop.run, train_loop.TrainLoop.save

    def traced_run(self: Any, stop: int, *, keep: Path, on_step: Any, **_: Any) -> Any:
        def on_traced_step(step: int) -> None:
            time.sleep(_STEP_SECONDS)
            if self._workers.rank == 0:
                _note("step", keep.name, step)
                while step == HELD_STEP and not _gate(os.environ[TRACE]).exists():
                    time.sleep(_STEP_SECONDS)
            on_step(step)

        return run(self, stop, on_step=on_traced_step, keep=keep, keep_seconds=KEEP_SECONDS)

    def traced_save(self: Any, directory: Path) -> None:
        save(self, directory)
        _note("kept", directory.name, self.state.step)

    train_loop.TrainLoop.run, train_loop.TrainLoop.save = traced_run, traced_save


def let_go(trace: Path) -> None:
    """Let the phases that write to `trace` go on from HELD_STEP."""
    _gate(str(trace)).touch()


def _gate(trace: str) -> Path:
    return Path(f"{trace}.go")


def _note(what: str, entry: str, step: int) -> None:
    line = json.dumps({"what": what, "entry": entry, "step": step, "time": time.monotonic(),
                       "node": os.environ.get("STILTUNE_TEST_NODE", "")})
    with Path(os.environ[TRACE]).open("a") as file:  # one write: lines of others do not mix
        file.write(line + "\n")


def no_second_attempt(searchers: ModuleType) -> None:
    """Fail a trial as soon as its node is lost."""
    searchers.MAX_DEATHS = searchers.MAX_LOST_NODES = 1


def no_train_state(train_loop: ModuleType) -> None:
    """Begin every phase anew, whatever was kept of it."""
    train_loop.load_state = lambda directory: None


def lost_is_failed(executors: ModuleType) -> None:
    """Fail a trial whose group has lost a worker."""
    executors._lost_a_worker = lambda error: False  # type: ignore[attr-defined]


def own_jobs_alone(submission: ModuleType) -> None:
    """Resume only what the cluster's own jobs began."""
    landed = submission._landed

    def asked(jobs: Any, arguments: Any) -> str:
        if arguments[0] == "old":
            return str(jobs.of(arguments[1])[0].search)
        return str(landed(jobs, arguments))

    submission._landed = asked  # type: ignore[attr-defined]


def no_retry(tracking_process: ModuleType) -> None:
    """End the writer when MLflow is away for the first time."""
    deliver = tracking_process.Writer.deliver

    def deliver_or_end(self: Any) -> None:
        try:
            deliver(self)
        except tracking_process.Away as away:
            raise SystemExit(str(away)) from away

    tracking_process.Writer.deliver = deliver_or_end


def no_turns(tracking_client: ModuleType) -> None:
    """Let several writers make the same new database at once."""
    tracking_client._alone = lambda uri: nullcontext()  # type: ignore[attr-defined]


def no_look(tracking_writer: ModuleType) -> None:
    """Make a run without a look whether it is there."""
    tracking_writer.Writer._find_runs = lambda self, key: []


def waiting_offers(tracking: ModuleType) -> None:
    """Have the search wait until MLflow has taken each event."""
    offer = tracking.Tracker.offer

    def offer_and_wait(self: Any, event: Any) -> None:
        offer(self, event)
        while self.undelivered:
            time.sleep(0.1)

    tracking.Tracker.offer = offer_and_wait


def one_directory(storage: ModuleType) -> None:
    """Give every search of a study the same directory."""

    def same_search(root: Path, study: str) -> Any:
        directory = storage.SearchDirectory(root / f"{study}-1")
        directory.path.mkdir(exist_ok=True)
        return directory

    storage.new_search = same_search  # type: ignore[attr-defined]


def no_lease(lease: ModuleType) -> None:
    """Let everybody make every entry."""

    @contextmanager
    def granted(self: Any, entry: str) -> Iterator[bool]:
        yield True

    lease.FileLeases.hold = lease._BoardLeases.hold = granted


def no_second_place(storage: ModuleType) -> None:
    """Look for files where they were when they were written down."""
    storage.relocated = lambda path, folder: path  # type: ignore[attr-defined]


PATCHES: dict[str, Patch] = {
    "traced_steps": ("trainables.train_loop", traced_steps),
    "no_second_attempt": ("search.searchers", no_second_attempt),
    "no_train_state": ("trainables.train_loop", no_train_state),
    "lost_is_failed": ("trainables.executors", lost_is_failed),
    "own_jobs_alone": ("search.submission", own_jobs_alone),
    "no_retry": ("search.tracking_process", no_retry),
    "no_turns": ("search.tracking_client", no_turns),
    "no_look": ("search.tracking_writer", no_look),
    "waiting_offers": ("search.tracking", waiting_offers),
    "one_directory": ("search.storage", one_directory),
    "no_lease": ("trainables.lease", no_lease),
    "no_second_place": ("search.storage", no_second_place),
}
