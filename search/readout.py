"""The read-out: what a search found, from its results alone; the same results, the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from search.advice import advise
from search.arm_readout import read_arms
from search.benchmark_scores import Predictions, benchmark_sections
from search.comparison import compare, non_copy_metrics, non_copy_results
from search.confirmation import choose, winner_set
from search.curve_coverage import read_coverage
from search.curve_halves import with_halves
from search.curve_work import curve_tokens, curve_work
from search.entries import Question, Readout
from search.evidence import controls_of, costs_of, excluded_of, outcomes_of, selection_of
from search.objective import Objective
from search.placed_curve import observations_of
from search.representation_use import representation_use
from search.results import Role, TrialResult
from search.robustness import robustness_sections
from search.saturation import Saturation, locate_observations
from search.transfer_table import transfer_table
from search.winners import entries_of, flagged, non_copy_entries
from search.worth import Worth

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
    entries = [flagged(entry, listed, question)
               for entry in entries_of(listed, objective, standings, choices)]
    outcomes = outcomes_of(listed, objective)
    curves = {} if question.worth is None else {
        category: _warned(outcomes[Role.CURVE.value], locate_curve(
            listed, objective.only(category), worth, axis=question.axis))
        for category, worth in question.worth.each.items()}
    coverages = {category: told for category in curves
                 if (told := read_coverage(listed, objective.only(category))) is not None}
    curve, coverage = curves.pop("", None), coverages.pop("", None)
    apart = non_copy_results(listed, objective.tasks)
    bare = Readout(
        search=search,
        winners=tuple(entry for entry in entries if entry.is_winner),
        references=tuple(entry for entry in entries if entry.is_reference),
        curve=curve, controls=controls_of(listed, objective), outcomes=outcomes,
        excluded=excluded_of(listed, standings, unfinished),
        selection=selection_of(listed, objective, question), next=(),
        measured={**costs_of(listed), **curve_tokens(listed), **(measured or {})},
        non_copy=non_copy_entries(apart, entries, objective),
        non_copy_metrics=non_copy_metrics(apart, objective.tasks),
        transfer_table=transfer_table(listed, question.kinds, question.absent),
        arms=None if question.arms is None else read_arms(
            listed, question.arms, question.kinds, parameters=question.parameters,
            retrieval=question.retrieval, survey=question.survey),
        benchmarks=benchmark_sections(
            listed, question.kinds, order=[standing.group for standing in standings],
            shared=question.shared, predictions=predictions),
        representations=representation_use(listed),
        robustness=robustness_sections(listed),
        coverage=coverage, curves=curves, coverages=coverages,
        curve_work=curve_work(listed) if curve is not None or curves else (),
    )
    best = next(iter(bare.non_copy or bare.entries), None)
    return bare.model_copy(update={
        "next": advise(bare, standings, question.worth.points if question.worth else None),
        "comparisons": compare(listed, best.group if best else None)})


def selection_objective(results: Iterable[TrialResult], question: Question) -> Objective:
    """Return the objective that the searcher maximised: scaled by controls at search fidelity.

    Trials of the curve have that fidelity too, and are all there is where nothing is searched for.
    """
    listed = list(results)
    levels = {result.config.control().fidelity for result in listed
              if result.role in (Role.SEARCH, Role.CURVE)}
    return Objective.scaled(
        [result for result in listed if result.config.control().fidelity in levels],
        question.kinds, retrieval=question.retrieval)


def locate_curve(
    results: Iterable[TrialResult], objective: Objective, worth: float | Worth, *,
    axis: str = "languages",
) -> Saturation:
    """Return the point of diminishing returns of the designed block, on the report panel.

    x counts the non-English languages of the set; at x = 0 a set has no order.
    """
    worth = Worth.of(worth)
    ran = [result for result in results if result.role is Role.CURVE]
    return with_halves(locate_observations(
        observations_of(ran, objective, worth), worth=worth, axis=axis))


def _warned(outcomes: Mapping[str, int], curve: Saturation) -> Saturation:
    """Say so where a curve is flat because nothing was learnt at any x."""
    marked, finished = outcomes["chance-level"], outcomes["finished"]
    if 2 * marked < finished or not marked:
        return curve
    return curve.model_copy(update={"sentence": (
        f"{curve.sentence} But {marked} of its {finished} trials are at chance level in a target "
        "task, where a curve is flat whatever x does.")})
