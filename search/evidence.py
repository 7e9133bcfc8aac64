"""Evidence: what a read-out rests on: controls, outcomes, what is left out, the choice, costs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from search.confirmation import Standing, candidate
from search.entries import Controls, Excluded, Question, Selection, Spread
from search.objective import Objective, control_key, marks, task_points
from search.results import Outcome, Role, TrialResult
from spaces.languages import ENGLISH
from trainables.scores import Cost

__all__ = ["controls_of", "costs_of", "excluded_of", "outcomes_of", "selection_of"]


def controls_of(listed: Iterable[TrialResult], objective: Objective) -> tuple[Controls, ...]:
    """Return what the finished controls score on the report panel, by model, recipe, fidelity."""
    groups: dict[str, list[TrialResult]] = defaultdict(list)
    for result in listed:
        if (result.config.is_control and result.outcome is Outcome.FINISHED
                and result.scores is not None and result.role is not Role.TUNING):
            groups[control_key(result.config)].append(result)
    return tuple(_control(found, objective) for found in groups.values())


def _control(found: Sequence[TrialResult], objective: Objective) -> Controls:
    scored = [result.scores for result in found if result.scores is not None]
    tasks = [task_points(scores, "report") for scores in scored]
    config = found[0].config
    return Controls(
        model=config.model.name, fidelity=config.fidelity.name, n=len(found),
        score=_spread([objective.points(scores, "report") for scores in scored]),
        tasks={task: _spread([each[task] for each in tasks if task in each])
               for task in sorted(tasks[0])},
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(mean=math.fsum(values) / len(values),
                  sd=float(np.std(values, ddof=1)) if len(values) > 1 else None)


def outcomes_of(listed: Iterable[TrialResult], objective: Objective) -> dict[str, dict[str, int]]:
    """Count outcomes by role; a marked trial is counted under its mark besides."""
    counts: dict[Role, Counter[str]] = {role: Counter() for role in Role}
    for result in listed:
        found = marks(result.scores, objective.tasks) if result.scores is not None else ()
        counts[result.role].update({result.outcome.value, *found})
    names = [*(outcome.value for outcome in Outcome), "chance-level", "collapsed"]
    return {role.value: {name: counts[role][name] for name in names} for role in Role
            if role not in (Role.TABLE, Role.ARM, Role.TUNING) or counts[role]}


def excluded_of(
    listed: Iterable[TrialResult], standings: Iterable[Standing], unfinished: Iterable[str]
) -> tuple[Excluded, ...]:
    """Return the trials and confirmed groups that have no part in the answer, and why."""
    found = []
    for result in listed:
        if result.outcome is Outcome.FAILED:
            reason = f"failed: {(result.error or 'no error was given').splitlines()[0]}"
            found.append(Excluded(trial=result.trial, role=result.role.value, reason=reason))
        elif result.outcome is Outcome.STOPPED:
            reason = f"stopped by the scheduler after {result.rung:g} of its examples"
            found.append(Excluded(trial=result.trial, role=result.role.value, reason=reason))
    listed_standings = tuple(standings)
    for standing in listed_standings:
        if standing.in_winner_set is None:
            found.append(Excluded(trial=standing.group, role=Role.CONFIRMATION.value,
                                  reason=_not_compared(standing, len(listed_standings))))
    return (*found, *(Excluded(trial=trial, role="", reason="did not end")
                      for trial in sorted(unfinished)))


def _not_compared(standing: Standing, groups: int) -> str:
    finished = standing.score.units
    if standing.failed:
        return (f"may be the best of its {finished} finished seed blocks, which says little: "
                f"{standing.failed} failed")
    if groups < 2:
        return "not compared: no other mixture was confirmed"
    return f"not compared: fewer than two seed blocks in common, {finished} finished"


def selection_of(
    listed: Sequence[TrialResult], objective: Objective, question: Question
) -> Selection:
    """Return how winners were chosen, with what makes the choice say less than it seems to."""
    candidates = {candidate(result) for result in listed
                  if result.role is Role.SEARCH and result.outcome is Outcome.FINISHED
                  and result.config.intermediate is not None}
    panels = listed[0].config.panels if listed else None
    panel = panels.selection.languages if panels else ()
    return Selection(
        panel=panel, report=panels.report.languages if panels else (),
        winners=question.winners, candidates=len(candidates), objective=objective,
        flags=_flags(panel, objective) if _is_selected(listed) else (), of=question.of,
    )


def _is_selected(listed: Iterable[TrialResult]) -> bool:
    """Return whether anything was or will be selected: of a table or arms alone, nothing is."""
    roles = {result.role for result in listed}
    return not roles & {Role.TABLE, Role.ARM, Role.TUNING} or Role.SEARCH in roles


def _flags(panel: Sequence[str], objective: Objective) -> tuple[str, ...]:
    flags = []
    if tuple(panel) == (ENGLISH,):
        flags.append("selected on English alone, which says little of other languages "
                     "(Keung et al. 2020)")
    if objective.controls == 0:
        flags.append("no control finished: categories count in points, not in seed spreads")
    elif objective.controls < 2:
        flags.append("one control finished: the seed spread is unknown and taken as its floor")
    if set(objective.tasks) < set(objective.kinds):
        flags.append("training-free retrieval is no part of the score")
    return tuple(flags)


def costs_of(listed: Iterable[TrialResult]) -> dict[str, Any]:
    """Return costs by role and in whole."""
    by_role: dict[str, list[Cost]] = {role.value: [] for role in Role}
    for result in listed:
        by_role[result.role.value].append(result.cost)
    every = [cost for costs in by_role.values() for cost in costs]
    return {"cost": {role: Cost.total(costs).model_dump(mode="json")
                     for role, costs in {**by_role, "total": every}.items() if costs}}
