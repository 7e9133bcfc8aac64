"""Comparison: each target's scores beside chance and what characters alone reach."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from search.objective import control_key
from search.results import Outcome, Role, TrialResult
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.scores import Score, Scores, Subset

__all__ = ["CONTROL", "Comparison", "Level", "Line", "compare", "non_copy_metrics",
           "non_copy_results"]

CONTROL: Final = "control"
"""What a line of controls is called, or begins with where each model has its own."""


class Level(Value):
    """A mean of a metric in points over languages of the report panel, and how many they are."""

    metric: str
    points: float
    languages: int


class Line(Value):
    """What one method scores on all rows, and on those that are no near-copies of English.

    The second is None for tasks that do not tell them apart, or have too few in any language.
    """

    name: str
    whole: Level
    non_copy: Level | None = None


class Comparison(Value):
    """One target task: chance, baselines, controls and the best confirmed mixture."""

    task: str
    lines: tuple[Line, ...]


def compare(results: Iterable[TrialResult], best: str | None) -> tuple[Comparison, ...]:
    """Return each target's comparison, on the rows that confirmed the best mixture.

    Without one, on the rows of the first control, each model's controls apart; empty if no control
    finished. Means over seeds, of pretraining too, are of the trials' means over languages.

    Args:
        results: every trial that ended.
        best: the group of the best confirmed mixture.
    """
    finished = [result for result in results
                if result.outcome is Outcome.FINISHED and result.scores is not None]
    confirmed = [result for result in finished
                 if result.role is Role.CONFIRMATION and result.group == best]
    every_control = [result for result in finished
                     if result.config.is_control and result.role is not Role.TUNING]
    if not every_control:
        return ()
    like = (confirmed or every_control)[0].config.control()
    controls = [(CONTROL, _scores(
        each for each in every_control if control_key(each.config) == control_key(like)
    ))] if confirmed else _by_model(every_control, like)
    methods = [*_baselines(every_control, like), *controls,
               ("best confirmed mixture", _scores(confirmed))]
    return tuple(Comparison(task=task, lines=tuple(_lines(task, methods)))
                 for task in like.targets)


def non_copy_results(results: Iterable[TrialResult], tasks: Sequence[str]) -> list[TrialResult]:
    """Return the trials with the scores of their rows that are no near-copies of English.

    Finished trials that score one of the tasks on no such row of the report panel are left out;
    trials without scores stay, for they count as failed.
    """
    found = []
    for result in results:
        if result.scores is None:
            found.append(result)
            continue
        scores = result.scores.of_subset("non-copy")
        reported = {score.task for score in scores.scores if score.panel == "report"}
        if reported >= set(tasks):
            found.append(result.model_copy(update={"scores": scores}))
    return found


def non_copy_metrics(apart: Iterable[TrialResult], tasks: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the metrics by which `non_copy_results` are scored, each once."""
    found = [result.scores.primary_metrics() for result in apart if result.scores is not None]
    return tuple(dict.fromkeys(metrics[task] for metrics in found for task in tasks))


def _baselines(controls: Iterable[TrialResult], like: TrialConfig
               ) -> Iterator[tuple[str, list[Scores]]]:
    """Yield each baseline's scores as the first control on the same rows tells them."""
    told: dict[str, Scores] = {}
    for control in controls:
        own = control.config.control()  # examples of an intermediate phase are no difference
        for baseline in control.baselines if _same_rows(own, like) else ():
            told.setdefault(baseline.name, baseline.scores)
    for name, scores in told.items():
        yield name, [scores]


def _by_model(controls: Sequence[TrialResult], like: TrialConfig
              ) -> list[tuple[str, list[Scores]]]:
    """Return the scores of each model's controls on the same rows, by its name where several."""
    same = [each for each in controls if _same_rows(each.config.control(), like)]
    models = list(dict.fromkeys(each.config.model.name for each in same))
    return [(f"{CONTROL}, {model}" if len(models) > 1 else CONTROL,
             _scores(each for each in same if each.config.model.name == model))
            for model in models]


def _same_rows(config: TrialConfig, like: TrialConfig) -> bool:
    return (config.fidelity, config.panels, config.targets) == (
        like.fidelity, like.panels, like.targets)


def _scores(results: Iterable[TrialResult]) -> list[Scores]:
    return [result.scores for result in results if result.scores is not None]


def _lines(task: str, methods: Sequence[tuple[str, Sequence[Scores]]]) -> Iterator[Line]:
    """Yield chance on the controls' rows, then every method that scored the task."""
    controls = next(scores for name, scores in methods if name.startswith(CONTROL))
    yield from _line("chance", task, controls, chance=True)
    for name, listed in methods:
        yield from _line(name, task, listed)


def _line(name: str, task: str, listed: Sequence[Scores], *, chance: bool = False
          ) -> Iterator[Line]:
    whole = _level(task, listed, "all", chance=chance)
    if whole is not None:
        yield Line(name=name, whole=whole,
                   non_copy=_level(task, listed, "non-copy", chance=chance))


def _level(task: str, listed: Sequence[Scores], subset: Subset, *, chance: bool) -> Level | None:
    """Return the mean over trials of the mean primary score over the report panel's languages."""
    means, languages, metric = [], 0, ""
    for scores in listed:
        found = _primary(task, scores, subset)
        if found:
            means.append(math.fsum(score.chance if chance else score.points for score in found)
                         / len(found))
            languages, metric = len(found), found[0].metric
    return Level(metric=metric, points=math.fsum(means) / len(means),
                 languages=languages) if means else None


def _primary(task: str, scores: Scores, subset: Subset) -> list[Score]:
    metric = scores.primary_metrics(subset).get(task)
    return [score for score in scores.scores
            if (score.task, score.panel, score.metric, score.subset)
            == (task, "report", metric, subset)]
