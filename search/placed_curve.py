"""A curve's block that is placed: of its trials those run, unit by unit, that the verdict needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from search.curve_section import Curve
from search.doublings import Observation
from search.objective import Objective
from search.placement import Cell, Placement
from search.planned import Planned
from search.results import Outcome, TrialResult
from search.worth import Worth
from spaces.trial_config import TrialConfig

__all__ = ["PlacedCurve", "cell_of", "device_hours", "observation_of", "observations_of"]


class PlacedCurve:
    """What of a designed block has been placed so far: a function of what its trials found.

    A unit is placed when the one before has ended, so that the same results, in whatever order
    they came, place the same trials: a resumed search goes on as if it had not been cut short.
    Where each category has a curve, a unit has what any of these lacks, until all verdicts stand.
    """

    def __init__(self, curve: Curve, block: Sequence[Planned], seed: int) -> None:
        """Take the block of a study whose search begins with `seed`."""
        self._cells = {cell_of(planned): planned for planned in block}
        self._placements = {category: Placement(
            xs=tuple(float(count) for count in curve.counts if count), orders=curve.orders,
            blocks=tuple(str(seed + offset) for offset in range(curve.seeds)),
            worth=worth, seed=seed) for category, worth in curve.worth.each.items()}
        self._begun = 0
        self.trials: list[Planned] = []
        self.is_complete = False

    def place(self, results: Mapping[str, TrialResult], objective: Objective | None) -> None:
        """Add the next unit's trials once those before have ended and the controls have too."""
        while objective is not None and not self.is_complete and all(
                planned.trial in results for planned in self.trials):
            ended = [results[planned.trial] for planned in self.trials]
            lacking = {cell for category, placement in self._placements.items()
                       for cell in placement.next(self._begun, observations_of(
                           ended, objective.only(category), placement.worth))}
            cells = sorted(lacking)
            self.is_complete = not cells
            self._begun += 1
            blocks = {cell.block for cell in cells}
            bare = [Cell(0.0, "", block) for block in sorted(blocks)]
            self.trials += [planned for cell in (*bare, *cells)
                            if (planned := self._cells.pop(cell, None)) is not None]


def cell_of(planned: Planned) -> Cell:
    """Return where on the curve a trial lies; without languages beside English it has no order."""
    cell = _cell(planned.config)
    assert cell is not None  # it is a trial of a curve
    return cell


def observations_of(
    results: Iterable[TrialResult], objective: Objective, worth: Worth
) -> list[Observation]:
    """Return what trials of a curve say of it; their device hours only where the worth needs them.

    Hours are measured, so that without them the same trials say the same again.
    """
    found = [(result, observation_of(result, objective)) for result in results]
    seen = [(result, each) for result, each in found if each is not None]
    if worth.per_device_hour is None:
        return [each for _, each in seen]
    return [each.model_copy(update={"hours": device_hours(result)}) for result, each in seen]


def device_hours(result: TrialResult) -> float | None:
    """Return the device hours of a trial's training and scoring, None unless all are recorded.

    What came from the store counts as it did when it was made. Pretraining, done once for all
    trials, does not count.
    """
    costs = [phase.cost for phase in result.phases
             if phase.phase in ("intermediate", "target", "evaluate")]
    seconds = [cost.device_seconds + cost.saved_seconds for cost in costs]
    return math.fsum(seconds) / 3600 if seconds and all(seconds) else None


def observation_of(result: TrialResult, objective: Objective) -> Observation | None:
    """Return what a trial of a curve says of it, on the report panel; None if it did not finish."""
    cell = _cell(result.config)
    if result.outcome is not Outcome.FINISHED or result.scores is None or cell is None:
        return None
    return Observation(score=objective.points(result.scores, "report"), **cell._asdict())


def _cell(config: TrialConfig) -> Cell | None:
    if config.intermediate is None:
        return None
    languages = config.intermediate.languages
    return Cell(float(languages.count), languages.order if languages.count else "",
                str(config.seed))
