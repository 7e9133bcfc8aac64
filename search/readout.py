"""The read-out: what a search found, from its results alone; the same results, the same bytes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from search.advice import advise
from search.benchmark_scores import Predictions, benchmark_sections
from search.comparison import compare, non_copy_metrics, non_copy_results
from search.confirmation import Choice, Standing, candidate, choose, winner_set
from search.entries import Controls, Entry, Excluded, Question, Readout, Selection, Spread
from search.further import compare_with_further, verdict
from search.objective import Objective, control_key, marks, task_points
from search.representation_use import representation_use
from search.results import Outcome, Role, TrialResult
from search.saturation import Saturation, locate
from search.trained_on import active_data
from search.transfer_table import transfer_table
from spaces.languages import ENGLISH
from spaces.search_space import Point
from trainables.scores import Cost

__all__ = ["locate_curve", "read_out", "selection_objective"]

# How many of the search's best are shown where a study confirms none.
UNCONFIRMED_SHOWN = 3


def read_out(
    results: Iterable[TrialResult], question: Question, *, search: str,
    unfinished: Sequence[str] = (), measured: Mapping[str, Any] | None = None,
    predictions: Predictions | None = None,
) -> Readout:
    """Return what a search found; it may have ended early, or in failures only.

    Args:
        results: every trial that ended, each once; their order does not matter.
        question: what was asked.
        search: the search's name.
        unfinished: trials that were suggested and did not end.
        measured: what else time or machine decide, such as wall seconds and dates.
        predictions: where the rows behind a trial's scores are read from; None for no errors over
            test items.
    """
    listed = sorted(results, key=lambda result: result.trial)
    objective = selection_objective(listed, question)
    standings = winner_set(listed, objective)
    choices = choose(listed, objective, question.winners or UNCONFIRMED_SHOWN,
                     question.references)
    entries = [_flagged(entry, listed, question)
               for entry in _entries(listed, objective, standings, choices)]
    outcomes = _outcomes(listed, objective)
    curve = None if question.worth is None else _warned(outcomes[Role.CURVE.value], locate_curve(
        listed, objective, question.worth, axis=question.axis))
    apart = non_copy_results(listed, objective.tasks)
    bare = Readout(
        search=search,
        winners=tuple(entry for entry in entries if entry.is_winner),
        references=tuple(entry for entry in entries if entry.is_reference),
        curve=curve, controls=_controls(listed, objective), outcomes=outcomes,
        excluded=_excluded(listed, standings, unfinished),
        selection=_selection(listed, objective, question), next=(),
        measured={**_costs(listed), **(measured or {})},
        non_copy=_non_copy(apart, entries, objective),
        non_copy_metrics=non_copy_metrics(apart, objective.tasks),
        transfer_table=transfer_table(listed, question.kinds),
        benchmarks=benchmark_sections(
            listed, question.kinds, order=[standing.group for standing in standings],
            shared=question.shared, predictions=predictions),
        representations=representation_use(listed),
    )
    best = next(iter(bare.non_copy or bare.entries), None)
    return bare.model_copy(update={
        "next": advise(bare, standings, question.worth),
        "comparisons": compare(listed, best.group if best else None)})


def selection_objective(results: Iterable[TrialResult], question: Question) -> Objective:
    """Return the objective that the searcher maximised: scaled by controls at search fidelity."""
    listed = list(results)
    levels = {result.config.control().fidelity for result in listed if result.role is Role.SEARCH}
    return Objective.scaled(
        [result for result in listed if result.config.control().fidelity in levels],
        question.kinds, retrieval=question.retrieval)


def locate_curve(
    results: Iterable[TrialResult], objective: Objective, worth: float, *, axis: str = "languages"
) -> Saturation:
    """Return the point of diminishing returns of the designed block, on the report panel.

    x counts the non-English languages of the set; at x = 0 a set has no order.
    """
    rows = [(result.config.intermediate.languages, result.config.seed,
             objective.points(result.scores, "report"))
            for result in results if result.role is Role.CURVE and result.scores is not None
            and result.outcome is Outcome.FINISHED and result.config.intermediate is not None]
    return locate([float(languages.count) for languages, *_ in rows],
                  [points for *_, points in rows],
                  [languages.order if languages.count else "" for languages, *_ in rows],
                  [str(seed) for _, seed, _ in rows], worth=worth, axis=axis)


def _warned(outcomes: Mapping[str, int], curve: Saturation) -> Saturation:
    """Say so where a curve is flat because nothing was learnt at any x."""
    marked, finished = outcomes["chance-level"], outcomes["finished"]
    if 2 * marked < finished or not marked:
        return curve
    return curve.model_copy(update={"sentence": (
        f"{curve.sentence} But {marked} of its {finished} trials are at chance level in a target "
        "task, where a curve is flat whatever x does.")})


# ---- winners and references -----------------------------------------------------------------


def _entries(
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


def _flagged(entry: Entry, listed: Iterable[TrialResult], question: Question) -> Entry:
    """Return the entry with what of its mixture is the targets' own data."""
    trial = next((each for each in listed if each.trial == entry.trial or (
        each.role is Role.CONFIRMATION and each.group == entry.group)), None)
    held = () if trial is None else active_data(trial, question.shared)
    return entry.model_copy(update={"same_data": held})


def _non_copy(
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


# ---- what it rests on -----------------------------------------------------------------------


def _controls(listed: Iterable[TrialResult], objective: Objective) -> tuple[Controls, ...]:
    groups: dict[str, list[TrialResult]] = defaultdict(list)
    for result in listed:
        if (result.config.is_control and result.outcome is Outcome.FINISHED
                and result.scores is not None):
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


def _outcomes(listed: Iterable[TrialResult], objective: Objective) -> dict[str, dict[str, int]]:
    """Count outcomes by role; a marked trial is counted under its mark besides."""
    counts: dict[Role, Counter[str]] = {role: Counter() for role in Role}
    for result in listed:
        found = marks(result.scores, objective.tasks) if result.scores is not None else ()
        counts[result.role].update({result.outcome.value, *found})
    names = [*(outcome.value for outcome in Outcome), "chance-level", "collapsed"]
    return {role.value: {name: counts[role][name] for name in names} for role in Role
            if role is not Role.TABLE or counts[role]}


def _excluded(
    listed: Iterable[TrialResult], standings: Iterable[Standing], unfinished: Iterable[str]
) -> tuple[Excluded, ...]:
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


def _selection(listed: Sequence[TrialResult], objective: Objective, question: Question
               ) -> Selection:
    candidates = {candidate(result) for result in listed
                  if result.role is Role.SEARCH and result.outcome is Outcome.FINISHED
                  and result.config.intermediate is not None}
    panels = listed[0].config.panels if listed else None
    panel = panels.selection.languages if panels else ()
    return Selection(
        panel=panel, report=panels.report.languages if panels else (),
        winners=question.winners, candidates=len(candidates), objective=objective,
        flags=_flags(panel, objective) if _is_selected(listed) else (),
    )


def _is_selected(listed: Iterable[TrialResult]) -> bool:
    """Return whether anything was or will be selected: of a table alone, nothing is."""
    roles = {result.role for result in listed}
    return Role.TABLE not in roles or Role.SEARCH in roles


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


def _costs(listed: Iterable[TrialResult]) -> dict[str, Any]:
    """Return costs by role and in whole."""
    by_role: dict[str, list[Cost]] = {role.value: [] for role in Role}
    for result in listed:
        by_role[result.role.value].append(result.cost)
    every = [cost for costs in by_role.values() for cost in costs]
    return {"cost": {role: Cost.total(costs).model_dump(mode="json")
                     for role, costs in {**by_role, "total": every}.items() if costs}}
