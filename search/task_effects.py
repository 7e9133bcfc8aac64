"""Task effects: what a score gains where an intermediate task's weight doubles against the others.

Weights sum to 1, so no weight can grow alone, and a score's mean over the trials with much of a
task says as much about what those trials lack. Ratios of weights have no such bond.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy import linalg, special

from search.intervals import LEVEL
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from spaces.value import Value

__all__ = ["FLOOR", "TRIALS_PER_TERM", "TaskEffect", "TaskEffects", "centred_log_ratios",
           "estimate", "task_effects_of"]

FLOOR: Final = 0.01
"""A weight below this counts as this, since no ratio to 0 exists; effects are also told at half
and at twice of it."""

TRIALS_PER_TERM: Final = 3
"""Fewer trials than this for each term of the regression bear no effects."""

_FEWEST_BLOCKS: Final = 5  # fewer are adjusted for, and trials are left out instead
_LARGEST_CONDITION: Final = 1e6  # of the standardised terms; beyond it they are not told apart


class TaskEffect(Value):
    """One task: points per doubling of its weight against all others, with a t interval.

    `trials` had at least the floor of it. `at_half_floor` and `at_double_floor` are the effect
    where zeros count as half as much and twice as much.
    """

    task: str
    effect: float
    low: float
    high: float
    trials: int
    at_half_floor: float
    at_double_floor: float


class TaskEffects(Value):
    """Effects of all tasks, which add up to 0, or in `refused` why there are none.

    `units` counts what was left out in turn, each a `unit`; `adjusted` names what else varied and
    was held. `predicted` is the share of the variance of scores of left-out trials that the
    regression predicts: 0 or less is no better than their mean.
    """

    effects: tuple[TaskEffect, ...] = ()
    trials: int
    unit: Literal["trial", "block"] = "trial"
    units: int = 0
    adjusted: tuple[str, ...] = ()
    predicted: float | None = None
    floor: float = FLOOR
    level: float = LEVEL
    refused: str | None = None


def centred_log_ratios(weights: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Return log2 of each weight over the geometric mean of its row; rows sum to 0.

    Weights below `floor` are raised to it and rows closed to 1 again (simple replacement). Source:
    Aitchison 1986, "The statistical analysis of compositional data".

    Args:
        weights: shape [trials, tasks], not negative, rows of sum 1.
        floor: the least share, positive.
    """
    logs = np.log2(np.maximum(weights, floor))
    centred: np.ndarray = logs - logs.mean(axis=1, keepdims=True)
    return centred


def estimate(
    weights: Mapping[str, Sequence[float]], scores: Sequence[float],
    blocks: Sequence[str] | None = None, *, others: Mapping[str, Sequence[float]] | None = None,
) -> TaskEffects:
    """Return each task's effect by least squares of scores on centred log-ratios of weights.

    Intervals are by leaving out each seed block in turn where there are at least 5, else each
    trial (the jackknife: Efron and Stein 1981, "The jackknife estimate of variance"), with t
    quantiles; fewer blocks, but more than one, are terms of the regression.

    Args:
        weights: task -> its weights, shape [trials].
        scores: shape [trials], in points.
        blocks: shape [trials], the seed block of each; None for one block.
        others: name -> what else varied, shape [trials]; held where it varies.

    Raises:
        ValueError: if shapes differ or a number is not finite.
    """
    tasks = tuple(weights)
    table = np.array([weights[task] for task in tasks], dtype=float).T if tasks else (
        np.zeros((len(scores), 0)))
    points = np.array(scores, dtype=float)
    block = np.array([""] * len(points) if blocks is None else list(blocks))
    held = {name: np.array(values, dtype=float) for name, values in (others or {}).items()}
    _check(table, points, block, held)
    held = {name: values for name, values in held.items() if len(np.unique(values)) > 1}
    names, unit = np.unique(block), block
    by_block = len(names) >= _FEWEST_BLOCKS
    if not by_block:
        unit = np.arange(len(points))
        held |= {f"block {name}": (block == name).astype(float) for name in names[1:]}
    bare = TaskEffects(trials=len(points), unit="block" if by_block else "trial",
                       units=len(np.unique(unit)),
                       adjusted=tuple(name for name in held if not name.startswith("block ")))
    fits = [_fit(table, points, unit, held, floor) for floor in (FLOOR, FLOOR / 2, 2 * FLOOR)]
    refused = _refusal(table, points, 1 + len(tasks) - 1 + len(held), fits)
    if refused is not None:
        return bare.model_copy(update={"refused": refused})
    told, half, double = (fit for fit in fits if fit is not None)
    freedom = bare.units - 1 if by_block else len(points) - (len(tasks) + len(held))
    reach = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * told.errors
    with_it = (table >= FLOOR).sum(axis=0)
    return bare.model_copy(update={"predicted": told.predicted, "effects": tuple(
        TaskEffect(task=task, effect=float(told.effects[i]), trials=int(with_it[i]),
                   low=float(told.effects[i] - reach[i]), high=float(told.effects[i] + reach[i]),
                   at_half_floor=float(half.effects[i]), at_double_floor=float(double.effects[i]))
        for i, task in enumerate(tasks))})


def task_effects_of(results: Iterable[TrialResult], objective: Objective) -> TaskEffects:
    """Return the effects on the selection panel's score over the search's finished trials.

    The report panel has no part in it, and neither have confirmations, which were chosen. Numbers
    of languages, learning rates, English and encoders are held where they vary.
    """
    found = [(result.config, result.config.intermediate, result.scores) for result in results
             if result.role is Role.SEARCH and result.outcome is Outcome.FINISHED]
    listed = [(config, phase, objective.points(scores, "selection"))
              for config, phase, scores in found if phase is not None and scores is not None]
    tasks = sorted({task for _, phase, _ in listed for task in phase.mixture.tasks})
    models = sorted({config.model.name for config, _, _ in listed})
    others = {
        "number of languages": [np.log2(1 + phase.languages.count) for _, phase, _ in listed],
        "English": [float(phase.languages.english) for _, phase, _ in listed],
        "learning rate": [np.log2(phase.recipe.learning_rate) for _, phase, _ in listed],
        "target learning rate": [np.log2(config.target.learning_rate) for config, *_ in listed],
        "examples": [np.log2(config.fidelity.intermediate_examples) for config, *_ in listed],
        **{f"encoder {model}": [float(config.model.name == model) for config, *_ in listed]
           for model in models[1:]},
    }
    return estimate({task: [phase.mixture[task] for _, phase, _ in listed] for task in tasks},
                    [points for *_, points in listed],
                    [str(config.seed) for config, *_ in listed], others=others)


class _Fit(NamedTuple):
    effects: np.ndarray  # shape [tasks]
    errors: np.ndarray  # shape [tasks], jackknife standard errors
    predicted: float | None


def _fit(
    table: np.ndarray, points: np.ndarray, unit: np.ndarray, held: Mapping[str, np.ndarray],
    floor: float,
) -> _Fit | None:
    """Return the fit at one floor, None where the terms are not told apart without some unit."""
    trials, tasks = table.shape
    if tasks < 2 or not trials:
        return None
    basis = linalg.helmert(tasks).T  # orthonormal, so that effects add up to 0
    ratios = centred_log_ratios(table, floor) @ basis
    columns = [ratios, *(values[:, None] for values in held.values())]
    terms = np.hstack(columns)
    scale = terms.std(axis=0)
    if trials <= terms.shape[1] + 1 or (scale == 0).any():
        return None
    terms = np.hstack([np.ones((trials, 1)), (terms - terms.mean(axis=0)) / scale])
    back = basis / scale[: tasks - 1]  # from standardised terms to tasks
    units, which = np.unique(unit, return_inverse=True)
    squares = np.zeros((len(units), terms.shape[1], terms.shape[1]))
    products = np.zeros((len(units), terms.shape[1]))
    np.add.at(squares, which, terms[:, :, None] * terms[:, None, :])
    np.add.at(products, which, terms * points[:, None])
    without = squares.sum(axis=0) - squares
    if (np.linalg.cond(without) > _LARGEST_CONDITION).any():
        return None
    whole = np.linalg.solve(squares.sum(axis=0), products.sum(axis=0))
    parts = np.linalg.solve(without, (products.sum(axis=0) - products)[:, :, None])[:, :, 0]
    left = parts[:, 1:tasks] @ back.T
    spread = ((left - left.mean(axis=0)) ** 2).sum(axis=0) * (len(units) - 1) / len(units)
    return _Fit(back @ whole[1:tasks], np.sqrt(spread),
                _predicted(points, (terms * parts[which]).sum(axis=1), which))


def _predicted(points: np.ndarray, told: np.ndarray, which: np.ndarray) -> float | None:
    """Return how much less a left-out unit's scores miss the prediction than the others' mean."""
    counts = np.bincount(which)
    totals = np.bincount(which, weights=points)
    means = (points.sum() - totals) / (len(points) - counts)
    around = float(((points - means[which]) ** 2).sum())
    return None if around == 0 else 1 - float(((points - told) ** 2).sum()) / around


def _refusal(
    table: np.ndarray, points: np.ndarray, terms: int, fits: Sequence[_Fit | None]
) -> str | None:
    trials, tasks = table.shape
    if not trials:
        return "no trial of the search finished"
    if tasks < 2:
        return "with one intermediate task there is no mixture to tell apart"
    if trials < TRIALS_PER_TERM * terms:
        return (f"{terms} terms of the regression need at least {TRIALS_PER_TERM * terms} finished "
                f"trials, got {trials}")
    if np.ptp(points) == 0:
        return "all trials have the same score"
    if any(fit is None for fit in fits):
        return "the mixtures tried are too few or too alike to tell the tasks apart"
    return None


def _check(
    table: np.ndarray, points: np.ndarray, block: np.ndarray, held: Mapping[str, np.ndarray]
) -> None:
    lengths = {len(table), len(points), len(block), *map(len, held.values())}
    if len(lengths) > 1 and table.size:
        raise ValueError(f"`weights`, `scores`, `blocks` and `others` must be equally long, "
                         f"got {sorted(lengths)}")
    if not all(np.isfinite(each).all() for each in (table, points, *held.values())):
        raise ValueError("`weights`, `scores` and `others` must be finite, got one that is not")
