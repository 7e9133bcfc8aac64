"""Arm scores: what every finished trial of the arms scored, as values that statistics start from.

A control stands beside its arms under the name "": the same model, seed block, pretraining seed
and target recipe, without the intermediate phase.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from search.gains import finished_controls
from search.objective import control_key
from search.results import Outcome, Role, TrialResult
from spaces.tasks import Kind
from spaces.value import Value
from trainables.scores import Subset

__all__ = ["ArmScore", "arm_scores", "block_means", "encoders_of", "paired_gains"]


class ArmScore(Value):
    """One trial's score on one target task in one language of the report panel, in points.

    `arm` is "" for a control. `parameters` are the body's, None where they are not known. `block`
    is the seed block, `pretraining_seed` that of the trial's encoder. `metric` is the task's
    primary one on these `rows`, `chance` what the best constant prediction scores by it.
    """

    arm: str
    model: str
    parameters: int | None
    block: int
    pretraining_seed: int
    task: str
    category: Kind
    language: str
    points: float
    chance: float
    metric: str
    rows: Subset = "all"


def arm_scores(
    results: Iterable[TrialResult], kinds: Mapping[str, Kind],
    parameters: Mapping[str, int] | None = None,
) -> tuple[ArmScore, ...]:
    """Return the scores of the finished arms and of their controls, by trial.

    Args:
        results: every trial that ended, each once; their order does not matter.
        kinds: each target task's category.
        parameters: body parameters by model.
    """
    listed = sorted(results, key=lambda result: (len(result.trial), result.trial))
    ran = [result for result in listed if result.role is Role.ARM]
    keys = {_key(result) for result in ran}
    controls = [result for result in finished_controls(listed)
                if result.role is Role.CONTROL and _key(result) in keys]
    finished = [result for result in ran
                if result.outcome is Outcome.FINISHED and result.scores is not None]
    # A search's own control may share everything with the arms': one of a block is enough.
    once = {_key(result): result for result in reversed(controls)}
    return tuple(score for result in (*once.values(), *finished)
                 for score in _scores_of(result, kinds, parameters or {}))


def paired_gains(scores: Iterable[ArmScore]) -> list[tuple[ArmScore, float]]:
    """Return each arm's score with its gain over the control of its model and block, in points.

    Scores without a control are left out.
    """
    listed = list(scores)
    bare = {_place(score): score.points for score in listed if not score.arm}
    return [(score, score.points - bare[_place(score)]) for score in listed
            if score.arm and _place(score) in bare]


def block_means(
    scores: Iterable[ArmScore], *, tasks: Collection[str] | None = None,
    languages: Collection[str] | None = None, rows: Subset = "all",
) -> dict[tuple[str, str], dict[int, float]]:
    """Return (arm, model) -> seed block -> mean over tasks of the means over languages, in points.

    Args:
        scores: the scores.
        tasks: the tasks that count, None for all.
        languages: the languages that count, None for all; a task counts in those that it has.
        rows: which rows.
    """
    found: dict[tuple[str, str], dict[int, dict[str, list[float]]]] = {}
    for score in scores:
        if score.rows == rows and (tasks is None or score.task in tasks) and (
                languages is None or score.language in languages):
            by_task = found.setdefault((score.arm, score.model), {}).setdefault(score.block, {})
            by_task.setdefault(score.task, []).append(score.points)
    return {pair: {block: _mean([_mean(points) for points in by_task.values()])
                   for block, by_task in sorted(blocks.items())}
            for pair, blocks in found.items()}


def encoders_of(scores: Iterable[ArmScore]) -> dict[int, int]:
    """Return seed block -> pretraining seed."""
    return {score.block: score.pretraining_seed for score in scores}


def _scores_of(
    result: TrialResult, kinds: Mapping[str, Kind], parameters: Mapping[str, int]
) -> Iterable[ArmScore]:
    assert result.scores is not None  # finished trials alone are asked
    config = result.config
    metrics = {(task, rows): metric for rows in ("all", "non-copy")
               for task, metric in result.scores.primary_metrics(rows).items()}
    for score in result.scores.scores:
        if score.panel == "report" and score.metric == metrics[score.task, score.subset]:
            yield ArmScore(
                arm="" if config.is_control else result.group, model=config.model.name,
                parameters=parameters.get(config.model.name), block=config.seed,
                pretraining_seed=config.pretraining_seed, task=score.task,
                category=kinds[score.task], language=score.language, points=score.points,
                chance=score.chance, metric=score.metric, rows=score.subset)


def _key(result: TrialResult) -> tuple[str, int]:
    return control_key(result.config), result.config.seed


def _place(score: ArmScore) -> tuple[str, int, str, str, str]:
    return score.model, score.block, score.task, score.language, score.rows


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
