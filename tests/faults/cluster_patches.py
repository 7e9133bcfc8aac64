"""The patches of the faults of clusters: one that looks on, the others take a protection away."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["KEEP_SECONDS", "PATCHES", "TRACE"]

TRACE = "STILTUNE_TEST_TRACE"
"""Names the file to which `traced_steps` writes; STILTUNE_TEST_NODE says on which node."""
KEEP_SECONDS = 1.0
_STEP_SECONDS = 0.05


def traced_steps(train_loop: ModuleType) -> None:
    """Have training steps take their time, keep a state each KEEP_SECONDS, and write both down."""
    run, save = train_loop.TrainLoop.run, train_loop.TrainLoop.save

    def traced_run(self: Any, stop: int, *, keep: Path, on_step: Any, **_: Any) -> Any:
        def on_traced_step(step: int) -> None:
            time.sleep(_STEP_SECONDS)
            _note("step", keep.name, step)
            on_step(step)

        return run(self, stop, on_step=on_traced_step, keep=keep, keep_seconds=KEEP_SECONDS)

    def traced_save(self: Any, directory: Path) -> None:
        save(self, directory)
        _note("kept", directory.name, self.state.step)

    train_loop.TrainLoop.run, train_loop.TrainLoop.save = traced_run, traced_save


def _note(what: str, entry: str, step: int) -> None:
    line = json.dumps({"what": what, "entry": entry, "step": step, "time": time.monotonic(),
                       "node": os.environ.get("STILTUNE_TEST_NODE", "")})
    with Path(os.environ[TRACE]).open("a") as file:  # one write: lines of others do not mix
        file.write(line + "\n")


def no_second_attempt(searchers: ModuleType) -> None:
    """Fail a trial as soon as its node is lost."""
    searchers.MAX_ATTEMPTS = searchers.MAX_LOST_NODES = 1


def no_train_state(train_loop: ModuleType) -> None:
    """Begin every phase anew, whatever was kept of it."""
    train_loop.load_state = lambda directory: None


PATCHES = {
    "traced_steps": ("trainables.train_loop", traced_steps),
    "no_second_attempt": ("search.searchers", no_second_attempt),
    "no_train_state": ("trainables.train_loop", no_train_state),
}
