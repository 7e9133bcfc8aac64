"""Schedulers: who stops a trial early, on rungs, by the objective the sampler maximises.

Tune lets its scheduler alone see trials between two of its steps; so the watchdog looks from here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from search.agenda import Agenda
from search.results import Role
from search.watchdog import Watchdog
from trainables.messages import read_message
from trainables.scores import Scores

__all__ = ["RungScheduler", "SchedulerName", "make_scheduler"]

SchedulerName = Literal["fifo", "asha"]

REDUCTION_FACTOR = 2  # of the trials that reach a rung, about one in this many goes on


class _PlainScheduler(FIFOScheduler):
    """Trials in the order in which they came, each to its end."""

    def __init__(self, watchdog: Watchdog) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._watchdog = watchdog

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Look after the trials that run, and let Ray choose."""
        self._watchdog.look(tune_controller.get_live_trials())
        return super().choose_trial_to_run(tune_controller)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Go on, whatever it is."""
        self._watchdog.heard(trial.trial_id, result)
        return str(TrialScheduler.CONTINUE)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle to nothing: Tune pickles what it is given, and nothing ever reads it back."""
        return {}


class RungScheduler(AsyncHyperBandScheduler):
    """ASHA over a study's declared rungs; only search trials are ever stopped.

    Ray spaces its rungs by powers of the reduction factor; the i-th declared rung is reported
    as the time REDUCTION_FACTOR ** i, so that each declared rung is one of Ray's, wherever it
    lies. What earlier rungs scored is read back from the journal when a search resumes.

    Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning"; the halving
    is Ray's own.
    """

    def __init__(self, agenda: Agenda, rungs: tuple[float, ...], watchdog: Watchdog) -> None:
        super().__init__(
            time_attr="rung_time", metric="objective", mode="max",
            max_t=REDUCTION_FACTOR ** (len(rungs) - 1), grace_period=1,
            reduction_factor=REDUCTION_FACTOR, stop_last_trials=False)
        self._agenda, self._rungs_declared, self._watchdog = agenda, rungs, watchdog
        for event in agenda.journal.of("reported"):
            known = agenda.planned.get(str(event.trial))
            if known is not None and known.role is Role.SEARCH:
                self._decide(str(event.trial), event.data["rung"], event.data["scores"])

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Look after the trials that run, and let Ray choose."""
        self._watchdog.look(tune_controller.get_live_trials())
        return super().choose_trial_to_run(tune_controller)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Decide on a rung's scores; anything else goes on."""
        self._watchdog.heard(trial.trial_id, result)
        message = read_message(result)
        if trial.config["role"] != Role.SEARCH or message.kind != "rung" or not message.result:
            return str(TrialScheduler.CONTINUE)
        return self._decide(trial.config["trial"], message.result["rung"],
                            message.result["scores"])

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """Forget the trial; its last rung was seen when it was reported."""
        self._trial_info.pop(trial.trial_id, None)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle to nothing: Tune pickles what it is given, and nothing ever reads it back."""
        return {}

    def _decide(self, trial: str, rung: float, scores: dict[str, Any]) -> str:
        value = self._agenda.objective(Scores.model_validate(scores))
        if value is None:  # the controls that scale the objective still run
            return str(TrialScheduler.CONTINUE)
        time = REDUCTION_FACTOR ** self._rungs_declared.index(rung)
        named: Any = SimpleNamespace(trial_id=trial)  # all that a bracket asks of a trial
        return str(self._brackets[0].on_result(named, time, value))


def make_scheduler(
    name: SchedulerName, agenda: Agenda, rungs: tuple[float, ...], watchdog: Watchdog
) -> TrialScheduler:
    """Return Tune's scheduler for a study."""
    return (RungScheduler(agenda, rungs, watchdog) if name == "asha"
            else _PlainScheduler(watchdog))
