"""Representation use: what trials chose to read retrieval by, for the read-out and for people."""

from __future__ import annotations

import math
from collections.abc import Iterable

from search.results import Outcome, TrialResult
from search.text_tables import TextRow, TextTable
from spaces.representations import Representation
from spaces.value import Value

__all__ = ["RepresentationUse", "representation_table", "representation_use"]



class RepresentationUse(Value):
    """One representation that finished trials of a model considered for a task.

    `points` is the mean over them of the mean score over the selection panel's languages;
    `chosen` counts those that chose it, and `controls` the controls among these.
    """

    model: str
    task: str
    representation: Representation
    trials: int
    chosen: int
    controls: int
    points: float


def representation_use(results: Iterable[TrialResult]) -> tuple[RepresentationUse, ...]:
    """Return each model's and task's representations in the order in which they were considered."""
    points: dict[tuple[str, str, Representation], list[float]] = {}
    chosen: dict[tuple[str, str, Representation], list[bool]] = {}
    for result in results:
        if result.outcome is not Outcome.FINISHED or result.scores is None:
            continue
        model = result.config.model.name
        for choice in result.scores.representations:
            for each in choice.considered:
                key = (model, choice.task, each.representation)
                points.setdefault(key, []).append(each.points)
            chosen.setdefault((model, choice.task, choice.chosen), []).append(
                result.config.is_control)
    return tuple(
        RepresentationUse(
            model=key[0], task=key[1], representation=key[2], trials=len(found),
            chosen=len(chosen.get(key, ())), controls=sum(chosen.get(key, ())),
            points=math.fsum(found) / len(found))
        for key, found in sorted(points.items(), key=lambda pair: pair[0][:2]))


def representation_table(uses: Iterable[RepresentationUse]) -> TextTable:
    """Return what was chosen, a row a target and model, for people."""
    listed = list(uses)
    several = len({use.model for use in listed}) > 1
    rows: list[TextRow] = [
        (f"{use.task} ({use.model})" if several else use.task, use.representation.name,
         f"{use.points:.2f}", f"{use.chosen} of {use.trials}", str(use.controls))
        for use in listed]
    return TextTable(
        "What retrieval was read by",
        ("target", "representation", "selection panel (points)", "chosen by trials",
         "of them controls"), rows,
        ["Each trial chose by its own mean over the selection panel's languages, and scored both "
         "panels by its choice alone. The points are means over all finished trials."])
