"""What a started search takes, written down by its own processes, for a benchmark alone.

As patches of the started processes (see `tests/faults/patching.py`): lines of JSON are appended to
the file that `STILTUNE_TEST_TIMES` names.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.faults.patching import Patch

__all__ = ["PATCHES"]

EVERY = 10  # trials between two looks at memory


def _write(**line: Any) -> None:
    with Path(os.environ["STILTUNE_TEST_TIMES"]).open("a") as file:
        file.write(json.dumps(line) + "\n")


def _time_suggestions(module: ModuleType) -> None:
    ask = module.Sampler.ask

    def timed(self: Any, fixed: Any = None) -> Any:
        began = time.perf_counter()
        asked = ask(self, fixed)
        _write(kind="suggestion", number=asked[0], seconds=time.perf_counter() - began)
        return asked

    module.Sampler.ask = timed


def _time_deliveries(module: ModuleType) -> None:
    """Of each change sent to MLflow: the processor's seconds in its writer, and its trial."""
    send = module.Writer._send

    def timed(self: Any, change: Any) -> None:
        began = time.process_time()
        send(self, change)
        _write(kind="delivery", trial=change.run.trial, seconds=time.process_time() - began)

    module.Writer._send = timed


def _look_at_memory(module: ModuleType) -> None:
    changed = module.LiveView.changed

    def looking(self: Any, trial: str, message: Any) -> None:
        changed(self, trial, message)
        done = len(self._agenda.results)
        if message.kind == "ended" and done % EVERY == 0:
            _write(kind="memory", done=done, driver_kib=_resident_kib(), store_bytes=_in_store(),
                   journal_bytes=self._agenda.journal.path.stat().st_size)

    module.LiveView.changed = looking


def _resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _in_store() -> float:
    """Return the bytes in Ray's object store."""
    import ray

    key = "object_store_memory"
    return float(ray.cluster_resources()[key]  # type: ignore[no-untyped-call]
                 - ray.available_resources()[key])  # type: ignore[no-untyped-call]


PATCHES: dict[str, Patch] = {
    "timed_suggestions": ("search.sampler", _time_suggestions),
    "timed_deliveries": ("search.tracking_writer", _time_deliveries),
    "memory": ("search.live", _look_at_memory),
}
