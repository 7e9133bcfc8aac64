"""Results: what the journal says of each trial, as values."""

from __future__ import annotations

from enum import StrEnum

from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.scores import Cost, PhaseResult, Scores

__all__ = ["Outcome", "Role", "TrialResult"]


class Role(StrEnum):
    """Why a trial runs."""

    SEARCH = "search"  # proposed by the sampler, or a fixed first point
    CONTROL = "control"  # without the intermediate phase
    CONFIRMATION = "confirmation"  # a winner or a reference mixture on fresh seeds
    CURVE = "curve"  # a point of the designed block of a curve


class Outcome(StrEnum):
    """How a trial ended."""

    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"  # by the scheduler, at a rung


class TrialResult(Value):
    """One trial and how it ended.

    `trial` is the trial's name, unique in the search (`lab-1/007`); `group` names the mixture
    or curve point it belongs to among confirmations and curve trials; `rung` is the last rung
    scored; `marks` holds `chance-level` and `collapsed` where they apply; `objective` is what
    the sampler was told, None when it was told nothing.
    """

    trial: str
    role: Role
    group: str = ""
    config: TrialConfig
    outcome: Outcome
    error: str | None = None
    scores: Scores | None = None
    rung: float = 1.0
    marks: tuple[str, ...] = ()
    cost: Cost = Cost()
    phases: tuple[PhaseResult, ...] = ()
    predictions: str | None = None  # URI of the Parquet file of predictions per example
    objective: float | None = None
