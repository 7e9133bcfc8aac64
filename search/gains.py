"""Gains: a mixture's score less another's over seed blocks, on the report panel, in points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from search.error_terms import welch_interval
from search.intervals import Interval, t_interval
from search.objective import Objective, control_key
from search.results import Outcome, TrialResult

__all__ = ["by_seed", "finished_controls", "gain_between", "gain_over_controls"]


def by_seed(found: Iterable[TrialResult], objective: Objective) -> dict[int, float]:
    """Return seed -> score on the report panel, in points."""
    return {result.config.seed: objective.points(result.scores, "report") for result in found
            if result.scores is not None}


def finished_controls(results: Iterable[TrialResult]) -> list[TrialResult]:
    """Return the controls that have a score; further controls are none of them."""
    return [result for result in results if result.config.is_control
            and result.outcome is Outcome.FINISHED and result.scores is not None]


def gain_over_controls(
    found: Sequence[TrialResult], controls: Iterable[TrialResult], objective: Objective
) -> Interval | None:
    """Return the gain of a mixture's trials over those of `controls` that are theirs."""
    key = control_key(found[0].config)
    bare = by_seed([each for each in controls if control_key(each.config) == key], objective)
    return gain_between(by_seed(found, objective), bare)


def gain_between(own: Mapping[int, float], other: Mapping[int, float]) -> Interval | None:
    """Return the gain over seed blocks, paired where any are shared, else between the means."""
    shared = sorted(own.keys() & other.keys())
    if shared:
        return t_interval([own[seed] - other[seed] for seed in shared])
    return welch_interval(list(own.values()), list(other.values()))
