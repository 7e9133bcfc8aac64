"""Results: what the journal says of each trial, as values."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from search.journal import Journal
from search.storage import relocated, root_of, store_uri
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.scores import Baseline, Cost, PhaseResult, Scores

__all__ = ["Outcome", "Role", "TrialResult", "collect", "unfinished"]


class Role(StrEnum):
    """Why a trial runs."""

    SEARCH = "search"  # proposed by the sampler, or a fixed first point
    CONTROL = "control"  # without the intermediate phase
    CONFIRMATION = "confirmation"  # a winner or a reference mixture on fresh seeds
    CURVE = "curve"  # a point of the designed block of a curve
    TABLE = "table"  # a row of the designed transfer table
    ARM = "arm"  # an arm of the designed contrasts
    TUNING = "tuning"  # a learning rate tried for an arm or a control, on the selection panel
    FURTHER = "further control"  # a winner's inputs without its task, on confirmation's seeds


class Outcome(StrEnum):
    """How a trial ended."""

    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"  # by the scheduler, at a rung


class TrialResult(Value):
    """One trial and how it ended.

    `trial` is the trial's name, unique in the search (`lab-1/007`); `group` names the mixture,
    curve point or row of the table it belongs to among designed trials; `rung` is the last rung
    scored; `marks` holds `chance-level` and `collapsed` where they apply; `objective` is what
    the sampler was told, None when it was told nothing. `baselines` are what characters alone
    score on a control's report panel; only controls hold them, and not every one. `taken_from`
    names the search and trial that ran it, where this search is an extension of that one.
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
    baselines: tuple[Baseline, ...] = ()
    taken_from: str | None = Field(default=None, exclude_if=lambda given: given is None)


def collect(journal: Journal) -> list[TrialResult]:
    """Return each trial that ended, once, in the order the trials were suggested.

    Where a trial ended twice, as after a resume, the last ending counts. Predictions are where the
    storage directory lies now.

    Raises:
        ValueError: if the journal says that a trial ended but not how.
    """
    ended = {str(event.trial): event.data for event in journal.of("finished")}
    ordered = dict.fromkeys((*_suggested(journal), *ended))
    results = [TrialResult.model_validate({"trial": trial, **ended[trial]})
               for trial in ordered if trial in ended]
    root = root_of(journal.path)
    if {event.data.get("storage") for event in journal.of("opened", "resumed")} <= {str(root)}:
        return results
    store = Path(store_uri(root))
    return [each if each.predictions is None else each.model_copy(
        update={"predictions": relocated(each.predictions, store)}) for each in results]


def unfinished(journal: Journal) -> list[str]:
    """Return the trials that were suggested and have not ended, in order."""
    ended = {event.trial for event in journal.of("finished")}
    return [trial for trial in _suggested(journal) if trial not in ended]


def _suggested(journal: Journal) -> list[str]:
    return list(dict.fromkeys(str(event.trial) for event in journal.of("suggested")))
