"""What a trial's phases have trained on: in which languages, and on which targets' own data."""

from __future__ import annotations

from collections.abc import Iterable

from search.results import TrialResult
from spaces.languages import ENGLISH
from spaces.shared_data import SharedData

__all__ = ["active_data", "seen_languages"]


def seen_languages(result: TrialResult) -> frozenset[str]:
    """Return the languages that a trial's phases have trained on; targets train on English."""
    phase = result.config.intermediate
    cells = () if phase is None else phase.cells
    return frozenset({ENGLISH, *(cell.language for cell in cells if cell.weight > 0),
                      *(name.rpartition("/")[2] for each in result.phases
                        for name in each.seen_cells if each.phase != "pretrain")})


def active_data(result: TrialResult, shared: Iterable[SharedData]) -> tuple[SharedData, ...]:
    """Return what of the shared data a trial's mixture holds."""
    phase = result.config.intermediate
    cells = set() if phase is None else {
        (cell.task, cell.language) for cell in phase.cells if cell.weight > 0}
    held = (each.model_copy(update={"languages": tuple(
        code for code in each.languages if (each.intermediate, code) in cells)})
        for each in shared)
    return tuple(each for each in held if each.languages)
