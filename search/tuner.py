"""The tuner: one search from its journal to its last trial, on Ray Tune.

A search is started and resumed by the same code: the agenda is rebuilt from the journal, which
is empty at first, and Tune is fresh each time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ray import tune
from ray.train.constants import _get_ray_train_session_dir
from ray.tune.execution import class_cache

from search.agenda import Agenda
from search.cluster import Capacity, Slots, trial_resources, worker_cpus
from search.interrupts import Interrupted, Interrupts
from search.limits import Limit
from search.live import LiveView
from search.planned import Planned
from search.schedulers import make_scheduler
from search.searchers import NODE_LOST, AgendaSearcher
from search.storage import SearchDirectory
from search.variables import environment
from search.watchdog import Watchdog
from trainables.assignment import Assignment
from trainables.driver import RAY_ENVIRONMENT, drive
from trainables.lease import leases_of
from trainables.workspace import Workspace

__all__ = ["run_search"]

_MOST_PENDING: Final = 100


def run_search(
    agenda: Agenda, directory: SearchDirectory, *, workspace: Workspace, capacity: Capacity,
    view: LiveView, interrupts: Interrupts, limit: Limit,
) -> None:
    """Run every trial that the agenda still has, on the Ray cluster already joined.

    Raises:
        Interrupted: on Ctrl-C, a termination signal or at the limit, after the step at hand.
        UserError: if the disk of the journal or of a trial is full.
    """
    study = agenda.study
    single = study.resources.workers == 1
    leases = leases_of(workspace)

    def hand_out(planned: Planned) -> dict[str, Any]:
        assignment = Assignment(
            trial=planned.trial, role=planned.role, config=planned.config, workspace=workspace,
            tasks=study.trial_tasks, cpus=worker_cpus(study.resources), gpus=study.resources.gpus,
            run_name=f"{directory.name}-{planned.trial}")
        return {"trial": planned.trial, "role": str(planned.role),
                "assignment": assignment.model_dump_json()}

    searcher = AgendaSearcher(agenda, hand_out=hand_out, changed=view.changed,
                              max_concurrent=Slots(study.resources, capacity.max_concurrent),
                              is_free=leases.is_free,
                              last_words=lambda tune_id: _last_words(directory.path, tune_id))
    watchdog = Watchdog(study.resources.stalled_minutes, searcher.stalled)
    trainable = tune.with_resources(drive, trial_resources(study.resources))
    tuner = tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=make_scheduler(study.search.scheduler, agenda, study.intermediate.rungs,
                                     watchdog),
            num_samples=-1,
            # A worker group whose driver is reused after an early stop hangs; see Ray's
            # `reset_config`, which waits for a thread that never ends.
            reuse_actors=single,
            trial_name_creator=lambda trial: f"{trial.config['trial']}_{trial.trial_id}",
            trial_dirname_creator=lambda trial: f"{trial.config['trial']}_{trial.trial_id}",
        ),
        run_config=tune.RunConfig(
            name=directory.name, storage_path=str(directory.path.parent), verbose=0,
            failure_config=tune.FailureConfig(max_failures=0),
            stop=_StopWhenAsked(interrupts.check, limit.check, searcher.check)),
    )
    _send_no_credentials()
    # Or else Tune starts a second trial only once the first one's process is up; how many there
    # may be, the searcher decides.
    at_once = {"TUNE_MAX_PENDING_TRIALS_PG": str(max(capacity.max_concurrent, _MOST_PENDING))}
    with environment(RAY_ENVIRONMENT | at_once), interrupts.gently(), view:
        try:
            tuner.fit()
        except Exception:
            if agenda.journal.fault is not None:  # which Tune has wrapped in errors of its own
                raise agenda.journal.fault from None
            raise
    if not agenda.is_done:
        raise Interrupted


def _send_no_credentials() -> None:
    """Leave the credentials of AWS to each machine's own environment.

    Tune would send them along with every trial, and Ray then writes them into a log of its session
    that everyone on the machine can read.
    """
    sent = class_cache.ENV_VARS_TO_PROPAGATE
    sent -= {name for name in sent if name.startswith("AWS_")}


def _last_words(search: Path, tune_id: str) -> str:
    """Return what Tune kept of why a trial died, in one line after a colon; empty if nothing.

    It is the last line of the traceback, or that which says that a node is gone. Tune has written
    it by now to its own directory on this machine, from which it copies to the storage later.
    """
    session = Path(_get_ray_train_session_dir())
    for path in (*session.glob(f"*/{search.name}/driver_artifacts/*_{tune_id}/error.txt"),
                 *search.glob(f"*_{tune_id}/error.txt")):
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            lost = (line for line in lines if any(words in line for words in NODE_LOST))
            return f": {next(lost, lines[-1]).strip()}"
    return ""


class _StopWhenAsked(tune.Stopper):
    """Ends Tune after one of its steps once the user asked for it, or a limit is reached.

    Not a callback: for any of those Tune imports every logger that it knows, MLflow's for a second.
    """

    def __init__(self, *checks: Callable[[], None]) -> None:
        self._checks = checks

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        for check in self._checks:
            check()
        return False

    def __reduce__(self) -> tuple[type[_StopWhenAsked], tuple[()]]:
        # Tune keeps a copy beside the search; signals and the journal are this process's alone.
        return _StopWhenAsked, ()
