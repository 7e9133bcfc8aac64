"""Winners: an entry for each mixture that was confirmed or chosen to be, references among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from search.confirmation import Choice, Standing, winner_set
from search.entries import Entry, Question
from search.further import compare_with_further, verdict
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from search.trained_on import active_data
from spaces.search_space import Point

__all__ = ["entries_of", "flagged", "non_copy_entries"]


def entries_of(
    listed: Sequence[TrialResult], objective: Objective, standings: Sequence[Standing],
    choices: Sequence[Choice],
) -> list[Entry]:
    """Return an entry for each confirmed mixture, then those chosen but not confirmed."""
    if any(result.role is Role.CONFIRMATION for result in listed):
        planned = {result.group: result for result in listed if result.role is Role.CONFIRMATION}
        confirmed = [_entry(listed, objective, standing.group, standing.point, standing)
                     for standing in standings]
        known = {standing.group for standing in standings}
        return confirmed + [_entry(listed, objective, group, Point.of(result.config))
                            for group, result in planned.items()
                            if group not in known and not result.config.is_control]
    return [_entry(listed, objective, choice.group, choice.point) for choice in choices
            if choice.trial is not None]


def _entry(
    listed: Sequence[TrialResult], objective: Objective, group: str, point: Point,
    standing: Standing | None = None,
) -> Entry:
    source = _source(listed, objective, point)
    point = point if source is None else Point.of(source.config)
    gain = None if standing is None else standing.gain
    selected = None if source is None else objective.gain(source, listed, "selection")
    further = compare_with_further(listed, group, objective)
    return Entry(
        group=group, mixture=point.mixture.weights, languages=point.languages,
        learning_rate=point.intermediate_learning_rate, point=point,
        trial=None if source is None else source.trial,
        selection_gain=None if selected is None else selected.points,
        score=None if standing is None else standing.score.mean,
        gain=None if gain is None else gain.mean,
        low=None if gain is None else gain.low, high=None if gain is None else gain.high,
        blocks=0 if standing is None else standing.score.units,
        in_winner_set=None if standing is None else standing.in_winner_set,
        further=further, verdict=verdict(gain, further),
    )


def flagged(entry: Entry, listed: Iterable[TrialResult], question: Question) -> Entry:
    """Return the entry with what of its mixture is the targets' own data."""
    trial = next((each for each in listed if each.trial == entry.trial or (
        each.role is Role.CONFIRMATION and each.group == entry.group)), None)
    held = () if trial is None else active_data(trial, question.shared)
    return entry.model_copy(update={"same_data": held})


def non_copy_entries(
    apart: Iterable[TrialResult], entries: Iterable[Entry], objective: Objective
) -> tuple[Entry, ...]:
    """Return the confirmed entries as they stand on rows that are no near-copies of English."""
    by_group = {entry.group: entry for entry in entries}
    standings = winner_set(apart, objective)
    return tuple(by_group[each.group].model_copy(update={
        "score": each.score.mean, "selection_gain": None, "blocks": each.score.units,
        "gain": None if each.gain is None else each.gain.mean,
        "low": None if each.gain is None else each.gain.low,
        "high": None if each.gain is None else each.gain.high,
        "in_winner_set": each.in_winner_set,
    }) for each in standings)


def _source(listed: Iterable[TrialResult], objective: Objective, point: Point
            ) -> TrialResult | None:
    """Return the best finished search trial at a point, whatever its examples."""
    def bare(at: Point) -> Point:
        return at.model_copy(update={"intermediate_examples": None})

    found = [result for result in listed
             if result.role is Role.SEARCH and result.outcome is Outcome.FINISHED
             and result.scores is not None and result.config.intermediate is not None
             and bare(Point.of(result.config)) == bare(point)]
    return max(found, default=None, key=lambda result: (
        -math.inf if result.scores is None else objective.value(result.scores)))
