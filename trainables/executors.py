"""Executors: how a trial's phases run, in this process or in a worker group, said alike.

With one worker the phases run in the Tune trial's own process, through Ray Train's local mode;
Tune reuses that process for the next trial, so that a trial costs hundredths of a second more
than its phases. With several workers one Ray Train worker group runs all phases of the trial.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

import ray.train
from ray import tune
from ray.exceptions import RayActorError
from ray.train.torch import TorchTrainer
from ray.train.v2._internal.exceptions import (
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
    WorkerHealthCheckTimeoutError,
)
from ray.train.v2.api.config import FailureConfig
from ray.tune.integration.ray_train import TuneReportCallback

from spaces.tasks import Task
from trainables.assignment import Assignment
from trainables.context import Context, Progress
from trainables.full_disk import is_disk_full
from trainables.lease import leases_of
from trainables.messages import MESSAGE_KEY, Message
from trainables.phases import EntryBusy
from trainables.scores import Cost, PhaseResult
from trainables.trial import RungOutcome, is_stored, run_trial
from trainables.workers import Alone, LostPeer, ProcessGroup, Workers

__all__ = ["execute"]

log = logging.getLogger(__name__)

# What Ray and the other workers of a group say of one that is gone.
_LOST = (LostPeer, RayActorError, WorkerHealthCheckFailedError, WorkerHealthCheckTimeoutError)

Emit = Callable[[Message], None]


def execute(assignment: Assignment) -> None:
    """Run a trial by the executor that its number of workers asks for, or here if all is stored."""
    if assignment.workspace.workers == 1 or _needs_no_group(assignment):
        _run_here(assignment)
    else:
        _run_group(assignment)


def _needs_no_group(assignment: Assignment) -> bool:
    """Whether everything is in the store; a group takes its time to start.

    What lies on GPUs' workers only they can tell, since precision is theirs. Faults in data are
    told by the trial.
    """
    if assignment.gpus:
        return False
    try:
        return is_stored(assignment.config, Context(workspace=assignment.workspace,
                                                    tasks=_tasks(assignment)))
    except ValueError:
        return False


def _tasks(assignment: Assignment) -> tuple[Task, ...]:
    """Return the catalogue in force: every task's, and the study's own."""
    return (*Context.tasks, *assignment.tasks)


# ---- one worker: in this process ----------------------------------------------------------


def _run_here(assignment: Assignment) -> None:
    def loop() -> None:
        _work(assignment, Alone(), emit=_report_to_tune)

    TorchTrainer(loop, scaling_config=ray.train.ScalingConfig(num_workers=0)).fit()


def _report_to_tune(message: Message) -> None:
    tune.report({MESSAGE_KEY: message.model_dump_json()})


# ---- several workers: one worker group ----------------------------------------------------


def _run_group(assignment: Assignment) -> None:
    """Run all phases of the trial in one worker group, and wait for its end."""
    forward: Any = TuneReportCallback()  # type: ignore[no-untyped-call]
    trainer = TorchTrainer(
        _group_loop,
        train_loop_config={"assignment": assignment.model_dump_json()},
        scaling_config=ray.train.ScalingConfig(
            num_workers=assignment.workspace.workers, use_gpu=assignment.gpus > 0,
            resources_per_worker={"CPU": assignment.cpus, "GPU": assignment.gpus}),
        run_config=ray.train.RunConfig(
            # Unique, and never reused: Train would silently go on from an older run's state.
            name=f"{assignment.run_name}-{tune.get_context().get_trial_id()}",
            callbacks=[forward],
            failure_config=FailureConfig(max_failures=0, controller_failure_limit=1)),
    )
    try:
        trainer.fit()
    except ray.train.TrainingFailedError as error:
        if _found_no_room(error):
            _report_to_tune(Message(kind="deferred", entry=""))
        elif _lost_a_worker(error):
            raise  # as where the lone worker of a trial is lost: the search starts it again
        else:
            _report_to_tune(_failure(_cause(error)))


def _found_no_room(error: ray.train.TrainingFailedError) -> bool:
    """Whether the group never started: a node was lost, and what is left of the cluster is busy."""
    return isinstance(getattr(error, "controller_failure", None), WorkerGroupStartupTimeoutError)


def _lost_a_worker(error: ray.train.TrainingFailedError) -> bool:
    """Whether the group ended for no fault of the trial's: a process or a node of it is gone."""
    raised = [getattr(each, "_base_exc", each)
              for each in getattr(error, "worker_failures", {}).values()]
    return bool(raised) and all(isinstance(each, _LOST) for each in raised)


def _cause(error: ray.train.TrainingFailedError) -> BaseException:
    """Return what a worker of a group raised: what was wrong with data or study, if that was it.

    Others may have failed because that one did.
    """
    raised = [getattr(each, "_base_exc", each)
              for _, each in sorted(getattr(error, "worker_failures", {}).items())]
    return next((each for each in raised if isinstance(each, ValueError)), (raised or [error])[0])


def _group_loop(config: dict[str, Any]) -> None:
    """Work as one rank of a group; every rank reports as often as every other."""
    assignment = Assignment.model_validate_json(config["assignment"])
    workers = ProcessGroup()

    def emit(message: Message) -> None:
        metrics = {MESSAGE_KEY: message.model_dump_json()} if workers.rank == 0 else {}
        ray.train.report(metrics)

    _work(assignment, workers, emit=emit)


# ---- the trial ----------------------------------------------------------------------------


def _work(assignment: Assignment, workers: Workers, *, emit: Emit) -> None:
    """Run the trial's phases and tell what happens."""
    leases = leases_of(assignment.workspace)

    def report(progress: Progress) -> None:
        emit(Message(kind="doing", doing=_doing(progress)))

    context = Context(workspace=assignment.workspace, tasks=_tasks(assignment), workers=workers,
                      lease=leases.hold, report=report)
    phases: list[PhaseResult] = []
    try:
        for outcome in run_trial(assignment.config, context):
            phases += outcome.phases
            kind: Literal["finished", "rung"] = "finished" if outcome.fraction == 1 else "rung"
            emit(Message(kind=kind, result=_fields(outcome, phases)))
    except EntryBusy as busy:
        _import_ahead()
        emit(Message(kind="deferred", entry=busy.entry))
    except Exception as error:  # noqa: BLE001  one trial's failure is an outcome of the search
        log.exception("trial %s failed", assignment.trial)
        if workers.size > 1:  # the others may wait for this one: Train ends them all
            raise
        emit(_failure(error))


def _import_ahead() -> None:
    """Import what this process needs later; while it waits for another's phase it has the time."""
    from trainables import evaluation, training  # noqa: F401


def _failure(error: BaseException) -> Message:
    line = next(iter(str(error).strip().splitlines()), "")
    if is_disk_full(error):
        return Message(kind="full", doing=line)
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
        "baselines": [each.model_dump(mode="json") for each in outcome.baselines],
    }


def _doing(progress: Progress) -> str:
    if not progress.steps:
        return progress.phase
    return f"{progress.phase}, step {progress.step} of {progress.steps}"
