"""The driver: one trial inside Ray Tune, by one of two executors behind one interface.

With one worker the phases run in the Tune trial's own process, through Ray Train's local mode;
Tune reuses that process for the next trial, so that a trial costs hundredths of a second more
than its phases. With several workers one Ray Train worker group runs all phases of the trial.

Trial and search speak in messages, each one entry of Tune's result dictionary.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import ray.train
from ray import tune
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.lease import Leases
from trainables.messages import MESSAGE_KEY, Message
from trainables.phases import Context, EntryBusy, Progress
from trainables.scores import Cost, PhaseResult
from trainables.trial import RungOutcome, run_trial
from trainables.workers import Alone, ProcessGroup, Workers
from trainables.workspace import Workspace

__all__ = ["RAY_ENVIRONMENT", "Task", "drive"]

log = logging.getLogger(__name__)

# What Tune and Train read from the environment of the process that starts them.
RAY_ENVIRONMENT: Final = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the journal is the record, not Tune's files
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a message may carry no metric
    "TUNE_GLOBAL_CHECKPOINT_S": "600",  # nothing resumes from Tune's own state
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the search has its own
    "TUNE_RESULT_BUFFER_LENGTH": "1",
    "TUNE_WARN_THRESHOLD_S": "30",
    "RAY_AIR_NEW_OUTPUT": "0",  # whose banner ignores `verbose=0`
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",  # its default of 2 s is added to every trial
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "120",
}

Emit = Callable[[Message], None]


class Task(Value):
    """What Tune hands to a trial: its name, its role, its point, and where it works."""

    trial: str
    role: str
    config: TrialConfig
    workspace: Workspace
    cpus: float = 1.0
    gpus: float = 0.0
    run_name: str


def drive(config: dict[str, Any]) -> None:
    """Run one trial; the function that Tune calls."""
    task = Task.model_validate_json(config["task"])
    if task.workspace.workers == 1:
        _drive_here(task)
    else:
        _drive_group(task)


# ---- one worker: in this process ----------------------------------------------------------


def _drive_here(task: Task) -> None:
    def loop() -> None:
        _work(task, Alone(), emit=_report_to_tune)

    TorchTrainer(loop, scaling_config=ray.train.ScalingConfig(num_workers=0)).fit()


def _report_to_tune(message: Message) -> None:
    tune.report({MESSAGE_KEY: message.model_dump_json()})


# ---- several workers: one worker group ----------------------------------------------------


def _drive_group(task: Task) -> None:
    """Run all phases of the trial in one worker group, and wait for its end."""
    trainer = TorchTrainer(
        _group_loop,
        train_loop_config={"task": task.model_dump_json()},
        scaling_config=ray.train.ScalingConfig(
            num_workers=task.workspace.workers, use_gpu=task.gpus > 0,
            resources_per_worker={"CPU": task.cpus} | ({"GPU": task.gpus} if task.gpus else {})),
        run_config=ray.train.RunConfig(
            # Unique, and never reused: Train would silently go on from an older run's state.
            name=f"{task.run_name}-{tune.get_context().get_trial_id()}",
            callbacks=[TuneReportCallback()],
            failure_config=ray.train.FailureConfig(max_failures=0, controller_failure_limit=1)),
    )
    try:
        trainer.fit()
    except ray.train.TrainingFailedError as error:
        _report_to_tune(_failure(error))


def _group_loop(config: dict[str, Any]) -> None:
    """Work as one rank of a group; every rank reports as often as every other."""
    task = Task.model_validate_json(config["task"])
    workers = ProcessGroup()

    def emit(message: Message) -> None:
        if message.kind != "doing":  # told by one rank alone, at moments of its own
            metrics = {MESSAGE_KEY: message.model_dump_json()} if workers.rank == 0 else {}
            ray.train.report(metrics)

    _work(task, workers, emit=emit)


# ---- the trial ----------------------------------------------------------------------------


def _work(task: Task, workers: Workers, *, emit: Emit) -> None:
    """Run the trial's phases and tell what happens."""
    leases = Leases(task.workspace.store)
    context = Context(
        workspace=task.workspace, workers=workers, lease=leases.hold,
        report=lambda progress: emit(Message(kind="doing", doing=_doing(progress))))
    phases: list[PhaseResult] = []
    try:
        for outcome in run_trial(task.config, context):
            phases += outcome.phases
            kind: Literal["finished", "rung"] = "finished" if outcome.fraction == 1 else "rung"
            emit(Message(kind=kind, result=_fields(outcome, phases)))
    except EntryBusy as busy:
        emit(Message(kind="deferred", entry=busy.entry))
    except Exception as error:  # noqa: BLE001  one trial's failure is an outcome of the search
        log.exception("trial %s failed", task.trial)
        emit(_failure(error))


def _failure(error: Exception) -> Message:
    line = next(iter(str(error).strip().splitlines()), "")
    expected = isinstance(error, ValueError)
    text = line if expected and line else f"{type(error).__name__}: {line}".rstrip(": ")
    return Message(kind="finished", result={"outcome": "failed", "error": text})


def _fields(outcome: RungOutcome, phases: Sequence[PhaseResult]) -> dict[str, Any]:
    """Return a rung and all phases up to it as fields of a `TrialResult`."""
    return {
        "rung": outcome.fraction,
        "scores": outcome.scores.model_dump(mode="json"),
        "phases": [phase.model_dump(mode="json") for phase in phases],
        "cost": Cost.total(phase.cost for phase in phases).model_dump(mode="json"),
        "predictions": str(outcome.predictions),
    }


def _doing(progress: Progress) -> str:
    if not progress.steps:
        return progress.phase
    return f"{progress.phase}, step {progress.step} of {progress.steps}"
