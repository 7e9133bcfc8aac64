"""The arms' read-out: the primary contrast as it was declared, then every arm's gain by model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from search.arm_entries import (
    ArmControl,
    ArmGain,
    ArmsReadout,
    FamilySlope,
    PrimaryAnswer,
)
from search.arm_means import ArmMeans, KeptMeans
from search.arm_scores import arm_scores
from search.arm_sentence import primary_sentence
from search.arms_section import CONTROL, Arms, Side
from search.contrasts import (
    decide,
    holm,
    max_t,
    minimal_detectable_effect,
    p_value,
    simultaneous,
    verdict_halves,
)
from search.intervals import t_interval
from search.octave_line import unit_slopes
from search.octave_slopes import MIN_SIZES, HeldAgainst, held_against, octave_slope
from search.results import Outcome, Role, TrialResult
from search.source_effects import source_effects, sources_of
from search.survey import Survey
from spaces.tasks import Kind

__all__ = ["MAX_T", "read_arms"]

MAX_T: Final = "max-T over sign flips of units"


def read_arms(
    results: Iterable[TrialResult], arms: Arms, kinds: Mapping[str, Kind], *,
    parameters: Mapping[str, int] | None = None, retrieval: bool = False,
    survey: Survey | None = None,
) -> ArmsReadout | None:
    """Return the read-out of the arms, None where none of their trials ended.

    Args:
        results: every trial that ended, each once; their order does not matter.
        arms: the study's section.
        kinds: each target task's category.
        parameters: body parameters by model; slopes need them.
        retrieval: whether training-free retrieval counts where the contrast names no tasks.
        survey: what was measured of the targets' languages.
    """
    listed = sorted(results, key=lambda result: (len(result.trial), result.trial))
    ran = [result for result in listed if result.role is Role.ARM]
    if not ran:
        return None
    tasks = arms.primary.tasks or tuple(
        task for task, kind in kinds.items() if retrieval or kind is not Kind.RETRIEVAL)
    found = ArmMeans(arms, arm_scores(listed, kinds, parameters), tasks, parameters or {})
    gains, correction = _corrected(found, _gains_of(found, ran))
    asked = found if arms.primary.under is None else KeptMeans(
        arms, found.scores, tasks, parameters or {}, listed)
    return ArmsReadout(
        unit="pretraining seeds" if arms.pretraining_seeds > 1 else "seed blocks",
        units=len({unit for by_unit in found.means().values() for unit in by_unit}),
        primary=_primary(asked), gains=gains, controls=_controls_of(found, listed, ran),
        slopes=_slopes(found), correction=correction,
        sources=source_effects(
            found.scores, arms, sources_of(ran), tasks, survey=survey,
            models={result.config.model.name: result.config.model for result in ran})
        if arms.sources else ())


def _gains_of(found: ArmMeans, ran: Sequence[TrialResult]) -> list[ArmGain]:
    """Return each arm's gain with each model, in the order of the design."""
    groups: dict[tuple[str, str], list[TrialResult]] = {}
    for result in ran:
        groups.setdefault((result.group, result.config.model.name), []).append(result)
    control = (Side(arm=CONTROL),)
    return [ArmGain(
        arm=arm, model=model, family=found.arms.family_of(model),
        parameters=found.parameters.get(model), learning_rate=_rate(trials),
        gain=t_interval(list(found.difference(model, (Side(arm=arm),), control).values())),
        tokens=_tokens(trials), examples=trials[0].config.fidelity.intermediate_examples,
        failed=sum(each.outcome is not Outcome.FINISHED for each in trials))
        for (arm, model), trials in groups.items()]


def _controls_of(
    found: ArmMeans, listed: Sequence[TrialResult], ran: Sequence[TrialResult]
) -> tuple[ArmControl, ...]:
    """Return each model's controls."""
    rates = {result.config.model.name: result.config.target.learning_rate for result in ran}
    chance: dict[str, list[float]] = {}
    for score in found.scores:
        if not score.arm and score.task in found.tasks:
            chance.setdefault(score.model, []).append(score.chance)
    return tuple(ArmControl(
        model=model, parameters=found.parameters.get(model), learning_rate=rates[model],
        score=t_interval(list(points.values())), chance=float(np.mean(chance[model])))
        for (arm, model), points in found.means().items() if not arm)


def _primary(found: ArmMeans) -> PrimaryAnswer:
    declared = found.arms.primary
    values, models = _primary_values(found)
    estimate = t_interval(list(values.values()))
    answer = PrimaryAnswer(
        declared=declared, declared_digest=declared.digest(), estimate=estimate,
        p_value=p_value(list(values.values())), verdict=decide(estimate, declared.minimal),
        minimal_detectable_effect=None if estimate is None or estimate.sd is None else
        minimal_detectable_effect(estimate.sd, estimate.units),
        split_half=verdict_halves(list(values.values()), declared.minimal), values=values,
        sentence="")
    unit = "pretraining seeds" if found.arms.pretraining_seeds > 1 else "seed blocks"
    usual = declared.languages or found.languages
    counted = {code for side in declared.sides for code in side.languages or usual}
    sentence = primary_sentence(answer, unit=unit, tasks=found.tasks, models=models,
                                languages=len(counted))
    return answer.model_copy(update={"sentence": sentence})


def _primary_values(found: ArmMeans) -> tuple[dict[int, float], list[str]]:
    """Return unit -> what is contrasted, and the models it rests on."""
    declared = found.arms.primary
    models = [model for model in dict.fromkeys(score.model for score in found.scores)
              if (declared.models is None or model in declared.models)
              and declared.family in (None, found.arms.family_of(model))]
    by_model = {model: found.difference(model, declared.better, declared.worse)
                for model in models}
    if declared.per is not None:
        one = len({found.arms.family_of(model) for model in models}) == 1
        return (_unit_slopes(found, by_model) if one else {}), models
    units = set.intersection(*(set(each) for each in by_model.values())) if by_model else set()
    return {unit: math.fsum(by_model[model][unit] for model in models) / len(models)
            for unit in sorted(units)}, models


def _unit_slopes(
    found: ArmMeans, by_model: Mapping[str, Mapping[int, float]]
) -> dict[int, float]:
    """Return unit -> its slope per octave; none over fewer than three sizes."""
    rows = [(float(found.parameters[model]), gain, unit) for model, gains in by_model.items()
            if found.parameters.get(model) for unit, gain in gains.items()]
    if len({size for size, *_ in rows}) < MIN_SIZES:
        return {}
    return unit_slopes([size for size, *_ in rows], [gain for _, gain, _ in rows],
                       [unit for *_, unit in rows])


def _slopes(found: ArmMeans) -> tuple[FamilySlope, ...]:
    """Return each arm's slope in each family with enough sizes, corrected over all of them."""
    families: dict[str, list[str]] = {}
    for model in dict.fromkeys(score.model for score in found.scores):
        if found.parameters.get(model):
            families.setdefault(found.arms.family_of(model), []).append(model)
    listed, tested = [], []
    for family, models in families.items():
        if len({found.parameters[model] for model in models}) < MIN_SIZES:
            continue
        for arm in found.arms.arms:
            gains = {model: found.difference(model, (Side(arm=arm),), (Side(arm=CONTROL),))
                     for model in models}
            values = list(_unit_slopes(found, gains).values())
            listed.append(FamilySlope(arm=arm, family=family, sizes=len(models),
                                      slope=t_interval(values), held=_held(found, family, gains)))
            tested.append(p_value(values))
    return tuple(slope.model_copy(update={"p_value": adjusted})
                 for slope, adjusted in zip(listed, holm(tested), strict=True))


def _held(
    found: ArmMeans, family: str, gains: Mapping[str, Mapping[int, float]]
) -> HeldAgainst | None:
    """Return the largest size beside what the smaller ones say of it, over units that have all."""
    sizes = {found.parameters[model]: by_unit for model, by_unit in gains.items()}
    units = sorted(set.intersection(*(set(each) for each in sizes.values())))
    *smaller, largest = sorted(sizes)
    if len(smaller) < MIN_SIZES or not units:
        return None
    rows = [(float(size), sizes[size][unit], unit) for size in smaller for unit in units]
    law = octave_slope([size for size, *_ in rows], [gain for _, gain, _ in rows],
                       [unit for *_, unit in rows], [family] * len(rows),
                       next_parameters=float(largest))
    return held_against(law, [sizes[largest][unit] for unit in units])


def _corrected(
    found: ArmMeans, gains: Sequence[ArmGain]
) -> tuple[tuple[ArmGain, ...], str | None]:
    """Return the gains with intervals and, where all have the same units, p values over all."""
    gains = [each.model_copy(update={"simultaneous": simultaneous(each.gain, len(gains))})
             for each in gains]
    by_unit = [found.difference(each.model, (Side(arm=each.arm),), (Side(arm=CONTROL),))
               for each in gains]
    units = set.intersection(*(set(each) for each in by_unit))
    adjusted = max_t(np.array([[each[unit] for unit in sorted(units)] for each in by_unit]))
    if adjusted is None:
        return tuple(gains), None
    return tuple(each.model_copy(update={"p_value": float(p)})
                 for each, p in zip(gains, adjusted, strict=True)), MAX_T


def _rate(trials: Sequence[TrialResult]) -> float:
    phase = trials[0].config.intermediate
    assert phase is not None  # an arm has one
    return phase.recipe.learning_rate


def _tokens(trials: Sequence[TrialResult]) -> float | None:
    """Return the tokens read in intermediate training, now or when what is stored was made."""
    counts = [sum(phase.cost.all_tokens for phase in result.phases
                  if phase.phase == "intermediate") for result in trials]
    made = [count for count in counts if count]
    return sum(made) / len(made) if made else None
