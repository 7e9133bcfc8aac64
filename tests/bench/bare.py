"""The bare side of `platform_cost`: a list of trials in plain processes, no Ray and no MLflow.

Usage: python -m tests.bench.bare PLAN STORAGE, where PLAN is a JSON file of `processes`, of
`configs` in the order in which they are taken, and of the lab's `vocabularies` and `rows`.
Prints the seconds of training and evaluation that the trials counted themselves.
"""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

MAKER = "from trainables.lab.prepare import main; main()"


def waiting_lease(locks: Path) -> Callable[[str], AbstractContextManager[bool]]:
    """Return a lease by a file of `locks` an entry: who comes second sleeps in the kernel.

    A search's own trials give way instead, since another trial may run meanwhile.
    """
    locks.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lease(entry: str) -> Iterator[bool]:
        with (locks / entry).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield True

    return lease


def work(plan: dict[str, Any], storage: str, next_trial: Any, ready: Any, seconds: Any) -> None:
    """Take trials until none is left."""
    from spaces.trial_config import TrialConfig
    from trainables import evaluation, intermediate, pretrain, target, training  # noqa: F401
    from trainables.context import Context
    from trainables.trial import run_trial
    from trainables.workspace import Workspace

    context = Context(Workspace(store=f"{storage}/store", cache=f"{storage}/cache"),
                      lease=waiting_lease(Path(storage) / "locks"))
    ready.wait()
    while True:
        with next_trial.get_lock():
            number = next_trial.value
            next_trial.value += 1
        if number >= len(plan["configs"]):
            return
        config = TrialConfig.model_validate(plan["configs"][number])
        spent = sum(phase.cost.device_seconds
                    for outcome in run_trial(config, context) for phase in outcome.phases)
        with seconds.get_lock():
            seconds.value += spent


def main() -> None:
    """Run the plan: the lab's data is made beside imports and pretraining, as in a search."""
    plan, storage = json.loads(Path(sys.argv[1]).read_text()), sys.argv[2]
    Path(storage).mkdir(parents=True, exist_ok=True)
    maker = subprocess.Popen([sys.executable, "-c", MAKER], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    wanted = {"cache": f"{storage}/cache"} | {key: plan[key] for key in ("vocabularies", "rows")}
    maker.stdin.write(json.dumps(wanted).encode())
    maker.stdin.close()
    context = multiprocessing.get_context("spawn")
    next_trial, seconds = context.Value("i", 0), context.Value("d", 0.0)
    ready = context.Event()
    workers = [context.Process(target=work, args=(plan, storage, next_trial, ready, seconds))
               for _ in range(plan["processes"])]
    for worker in workers:
        worker.start()
    maker.stdout.readline()  # the tokenizers are there; rows follow while the encoder pretrains
    ready.set()
    for worker in workers:
        worker.join()
    if maker.wait() or any(worker.exitcode for worker in workers):
        raise SystemExit(1)
    sys.stdout.write(f"{seconds.value}\n")


if __name__ == "__main__":
    main()
