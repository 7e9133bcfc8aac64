"""Covariates of targets: how much encoders have read of each, and how their tokenizers cut it.

Both count in doublings, so that a unit means alike in all languages: text read as
log2(1 + amount), which is 0 of none, and fertility as log2 of tokens per word or character.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from search.survey import Survey
from spaces.models import Model
from spaces.pretraining_data import PretrainingData, pretraining_data
from spaces.value import Value

__all__ = ["FERTILITY", "PRETRAINING", "TargetCovariate", "UnknownCovariate",
           "target_covariates"]

PRETRAINING: Final = "pretraining data"
FERTILITY: Final = "tokenizer fertility"


class TargetCovariate(Value):
    """What targets are to a family of models: `amounts` in `unit`, and their `doublings`.

    Over several models doublings are means, and amounts are what these amount to.
    """

    covariate: str
    unit: str
    amounts: dict[str, float]
    doublings: dict[str, float]


class UnknownCovariate(Value):
    """A covariate that cannot be known, and why."""

    covariate: str
    why: str


def target_covariates(
    models: Sequence[Model], tasks: Collection[str], targets: Sequence[str],
    survey: Survey | None,
) -> tuple[tuple[TargetCovariate, ...], tuple[UnknownCovariate, ...]]:
    """Return the covariates that are known of every target, and why the others are not.

    Args:
        models: the encoders of one family.
        tasks: the target tasks that count.
        targets: the languages that score.
        survey: what was measured; None where nothing was.
    """
    known: list[TargetCovariate] = []
    unknown: list[UnknownCovariate] = []
    for name, found in ((PRETRAINING, _pretraining(models, targets, survey or Survey())),
                        (FERTILITY, _fertility(models, tasks, targets, survey))):
        if isinstance(found, str):
            unknown.append(UnknownCovariate(covariate=name, why=found))
        else:
            known.append(found)
    return tuple(known), tuple(unknown)


def _pretraining(
    models: Sequence[Model], targets: Sequence[str], survey: Survey
) -> TargetCovariate | str:
    """Return what was read of each target, as measured, else as published, else why not."""
    measured = {(each.model, each.language): each.data for each in survey.read}
    found: dict[str, list[PretrainingData]] = {code: [] for code in targets}
    for model in models:
        for code in targets:
            data = measured.get((model.name, code)) or pretraining_data(model, code)
            if data is None:
                return (f"how much {model.name} was pretrained on of each language is not "
                        "catalogued")
            found[code].append(data)
    units = {each.unit for data in found.values() for each in data}
    if len(units) > 1:
        return f"amounts count in {' and in '.join(sorted(units))}, which do not compare"
    doublings = {code: _mean([each.doublings for each in data]) for code, data in found.items()}
    return TargetCovariate(covariate=PRETRAINING, unit=units.pop(), doublings=doublings,
                           amounts={code: 2**value - 1 for code, value in doublings.items()})


def _fertility(
    models: Sequence[Model], tasks: Collection[str], targets: Sequence[str],
    survey: Survey | None,
) -> TargetCovariate | str:
    """Return the mean fertility over models and tasks by target, or why there is none."""
    if survey is None:
        return ("it is measured once the trials have ended, which this search has not done yet "
                "(`stiltune resume` does)")
    names = [model.name for model in models]
    cut = [each for each in survey.cut if each.model in names and each.task in tasks
           and each.language in targets]
    for name in names:
        lacking = [code for code in targets
                   if not any((each.model, each.language) == (name, code) for each in cut)]
        if lacking:
            why = "; ".join(survey.faults) or "no rows of the targets were measured"
            return f"none of {', '.join(lacking)} with {name}: {why}"
    units = {each.fertility.unit for each in cut}
    if len(units) > 1:
        return f"tasks count in {'s and in '.join(sorted(units))}s, which do not compare"
    doublings = {code: _mean([math.log2(each.fertility.ratio) for each in cut
                              if each.language == code]) for code in targets}
    return TargetCovariate(covariate=FERTILITY, unit=f"tokens per {units.pop()}",
                           doublings=doublings,
                           amounts={code: 2**value for code, value in doublings.items()})


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
