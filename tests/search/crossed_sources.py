"""Trials of arms of one source language each, crossed with targets, whose effects are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.arms_section import Arms
from search.results import Outcome, Role, TrialResult
from spaces.fidelity import Panel, Panels
from spaces.models import LAB_MODELS
from spaces.tasks import Kind
from spaces.typology import distance
from tests.search.simulated_results import config
from trainables.scores import Score, Scores

SOURCES = ("ar", "bn", "de", "es", "fa", "hi", "ru", "tr")
TARGETS = ("cy", "el", "eu", "fi", "he", "ja", "ka", "mr", "sk", "ur", "uz", "vi")
KINDS = {"tags": Kind.TAGGING}
SIZES = {"lab-small": 50_000, "lab-medium": 400_000}
PANELS = Panels(selection=Panel(languages=TARGETS), report=Panel(languages=TARGETS))


def section(**fields: Any) -> Arms:
    """Return an `arms` section of these sources."""
    return Arms.model_validate({
        "arms": {f"in {code}": {"languages": [code]} for code in SOURCES}, "seeds": 2,
        "sources": True, "primary": {"better": "in ru", "worse": "in ar"}, **fields})


def crossed(
    effect: float, *, sd: float = 0.5, models: Sequence[str] = tuple(SIZES), seeds: int = 2
) -> list[TrialResult]:
    """Return the trials; `effect` is in points per whole unit of syntactic distance."""
    rng = np.random.default_rng(0)
    of_source = dict(zip(SOURCES, rng.normal(0, 3, len(SOURCES)), strict=True))
    of_target = dict(zip(TARGETS, rng.normal(0, 6, len(TARGETS)), strict=True))
    found = []
    for model in models:
        lab = next(each for each in LAB_MODELS if each.name == model)
        for seed in range(seeds):
            for source in (None, *SOURCES):
                gains = {code: 0.0 if source is None else
                         12 + of_source[source] + effect * distance(source, code)
                         for code in TARGETS}
                scores = Scores(scores=tuple(
                    Score(task="tags", language=code, panel="report", metric="accuracy", rows=100,
                          points=45 + of_target[code] + gains[code] + sd * rng.normal(),
                          chance=10.0) for code in TARGETS))
                found.append(_trial(f"{model}-{len(found):03d}", source, seed, scores).model_copy(
                    update={"config": _config(source, seed).model_copy(update={"model": lab})}))
    return found


def _trial(name: str, source: str | None, seed: int, scores: Scores) -> TrialResult:
    return TrialResult(
        trial=name, outcome=Outcome.FINISHED, scores=scores, config=_config(source, seed),
        role=Role.CONTROL if source is None else Role.ARM,
        group="control" if source is None else f"in {source}")


def _config(source: str | None, seed: int) -> Any:
    point = config({"dates": 1.0}, seed=seed, panels=PANELS).model_copy(
        update={"targets": ("tags",)})
    if source is None or point.intermediate is None:
        return point.control()
    cell = point.intermediate.cells[0].model_copy(update={"language": source, "weight": 1.0})
    return point.model_copy(update={
        "intermediate": point.intermediate.model_copy(update={"cells": (cell,)})})
