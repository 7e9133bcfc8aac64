"""Run content: the parameters and metrics by which an MLflow run shows a trial.

Names are the field's, dotted: `intermediate.weight.<task>`, `report.<task>`, `target.<x>.loss`.
A rung is a step: the per mille of the intermediate examples after which it was scored, so that
the last rung, and a control's only one, is step 1000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, get_args

from search.credentials import without_credentials
from search.results import TrialResult
from spaces.trial_config import TrialConfig
from spaces.value import digest_of
from trainables.scores import Baseline, PanelName, PhaseResult, Scores, Subset

__all__ = ["LAST_STEP", "Point", "baseline_points", "cost_points", "curve_points",
           "language_points", "parameters_of", "representation_points", "rung_points", "step_of",
           "study_parameters"]

LAST_STEP: Final = 1000
_VALUE_LIMIT: Final = 6000  # characters of a parameter's value; MLflow's own limit
_STUDY_PARAMETERS: Final = 90  # a long study's rest is in its YAML, an artifact
_FORBIDDEN: Final = re.compile(r"[^\w\-./ ]", re.ASCII)  # in a metric's or parameter's name


class Point(NamedTuple):
    """One value of one metric at one step; `time` is Unix seconds."""

    key: str
    value: float
    step: int = 0
    time: float = 0.0


def step_of(rung: float) -> int:
    """Return a rung as a step: per mille of the intermediate examples."""
    return round(rung * LAST_STEP)


def parameters_of(config: TrialConfig) -> dict[str, str]:
    """Return what a reader compares trials by; the whole config is an artifact.

    Cells are left out, since mixture and language set say them shorter; a control shows
    `intermediate` as `none`.
    """
    data = config.model_dump(mode="json", exclude={"intermediate", "model", "fidelity"})
    fidelity = config.fidelity.model_dump(mode="json", exclude={"name"})
    flat = dict(_flattened("", data))
    flat |= {"model": config.model.name, "fidelity": config.fidelity.name}
    flat |= dict(_flattened("fidelity.", fidelity))
    if config.intermediate is None:
        flat["intermediate"] = "none"
    else:
        phase = config.intermediate
        flat |= {f"intermediate.weight.{task}": str(weight)
                 for task, weight in phase.mixture.weights}
        rest = phase.model_dump(mode="json", exclude={"mixture", "cells", "recipe"})
        flat |= dict(_flattened("intermediate.", rest | phase.recipe.model_dump(mode="json")))
    return {_name(key): without_credentials(value)[:_VALUE_LIMIT] for key, value in flat.items()}


def study_parameters(study: dict[str, Any]) -> dict[str, str]:
    """Return a study's values by their dotted keys, as in its YAML, and its digest."""
    shown = islice(_flattened("", study), _STUDY_PARAMETERS)
    return {_name(key): without_credentials(value)[:_VALUE_LIMIT] for key, value in shown} | {
        "study.digest": digest_of(study)}


def rung_points(scores: Scores, rung: float) -> list[Point]:
    """Return each task's mean over each panel's languages, by its primary metric, at the rung.

    The mean over a subset of the rows ends with the subset's name and metric:
    `report.<task>.non-copy.balanced_accuracy`.
    """
    scored = {(score.task, score.panel, score.subset) for score in scores.scores}
    return [Point(_name(f"{panel}.{task}" + ("" if subset == "all" else f".{subset}.{metric}")),
                  scores.mean(task, panel, metric, subset), step_of(rung))
            for subset in get_args(Subset)
            for task, metric in scores.primary_metrics(subset).items()
            for panel in get_args(PanelName) if (task, panel, subset) in scored]


def representation_points(scores: Scores, rung: float) -> list[Point]:
    """Return the selection points of what a trial chose from: `representation.<task>.layer 7.cls`.

    The chosen one's layer, where it has a number, is `representation.<task>.layer`.
    """
    found = []
    for choice in scores.representations:
        key = f"representation.{choice.task}"
        for each in choice.considered:
            name = each.representation.name.replace(", ", ".")  # MLflow allows no comma
            found.append(Point(_name(f"{key}.{name}"), each.points, step_of(rung)))
        if choice.chosen.layer is not None:
            found.append(Point(_name(f"{key}.layer"), choice.chosen.layer, step_of(rung)))
    return found


def baseline_points(baselines: Iterable[Baseline]) -> list[Point]:
    """Return the baselines' means: `baseline.<name>.<task>`, of a subset as `rung_points`."""
    return [Point(f"baseline.{baseline.name}.{point.key.removeprefix('report.')}", point.value,
                  LAST_STEP)
            for baseline in baselines for point in rung_points(baseline.scores, 1.0)
            if point.key.startswith("report.")]


def language_points(scores: Scores, rung: float) -> list[Point]:
    """Return each task's primary metric in each language of the report panel."""
    return [Point(_name(f"report.{task}.{language}"), points, step_of(rung))
            for task, metric in scores.primary_metrics().items()
            for language, points in scores.points(task, "report", metric).items()]


def curve_points(phases: Iterable[PhaseResult]) -> list[Point]:
    """Return the learning curves of a trial's phases: `<phase>.loss`, `target.<task>.loss`.

    A stored encoder's pretraining is left out: it is the same curve in every trial.
    """
    points: dict[tuple[str, int], Point] = {}
    for phase in phases:
        if phase.phase == "pretrain" and phase.stored:
            continue
        task = phase.name.removeprefix("target").strip() if phase.phase == "target" else ""
        key = _name(f"{phase.phase}.{task}.loss" if task else f"{phase.phase}.loss")
        # The intermediate phase goes on at the next rung and repeats no step; a target phase
        # starts again from there, and then the last rung's curve is shown.
        points |= {(key, step): Point(key, loss, step) for step, loss in phase.learning_curve}
    return list(points.values())


def cost_points(result: TrialResult) -> list[Point]:
    """Return what a trial cost, in whole and in device seconds by phase."""
    cost = result.cost
    points = [Point(f"cost.{name}", float(getattr(cost, name)), LAST_STEP)
              for name in ("examples", "tokens", "flops", "device_seconds", "saved_seconds")]
    seconds: dict[str, float] = {}
    for phase in result.phases:
        seconds[phase.phase] = seconds.get(phase.phase, 0.0) + phase.cost.device_seconds
    return points + [Point(f"cost.{phase}.device_seconds", value, LAST_STEP)
                     for phase, value in seconds.items()]


def _flattened(prefix: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flattened(f"{prefix}{key}.", value)
        elif isinstance(value, list | tuple):
            yield prefix + key, ", ".join(str(item) for item in value)
        elif value is not None:
            yield prefix + key, str(value)


def _name(key: str) -> str:
    return _FORBIDDEN.sub("_", key)
