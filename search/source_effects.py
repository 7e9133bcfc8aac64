"""Does a source language help a target the more the nearer it is: arms of one source each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from search.arm_scores import ArmScore, paired_gains
from search.arms_section import Arms
from search.language_effects import DistanceEffect, Effect, LanguageEffects, language_effects
from search.language_grid import Measurement
from search.results import Role, TrialResult
from search.survey import Survey
from search.target_covariates import TargetCovariate, UnknownCovariate, target_covariates
from spaces.models import Model
from spaces.typology import DistanceKind, distance
from spaces.value import Value

__all__ = ["DISTANCES", "SourceEffects", "sources_of", "source_effects"]

DISTANCES: Final = (DistanceKind.SYNTACTIC, DistanceKind.PHONOLOGICAL, DistanceKind.INVENTORY,
                    DistanceKind.GENETIC, DistanceKind.GEOGRAPHIC)
"""The distances that are tested, Holm's correction over them.

`featural` joins three of them; script is held equal beside each, as match or none.
"""


class SourceEffects(Value):
    """What distance between source and target does in one family of models.

    `effects` is None where the trials cannot tell, for the reason in `refused`. `covariates` are
    what is known of its targets, `unknown` what is not.
    """

    family: str
    models: tuple[str, ...]
    effects: LanguageEffects | None = None
    refused: str | None = None
    covariates: tuple[TargetCovariate, ...] = ()
    unknown: tuple[UnknownCovariate, ...] = ()
    sentence: str


def sources_of(results: Iterable[TrialResult]) -> dict[str, str]:
    """Return arm -> the language it trains in, of the trials of arms that train in one."""
    found: dict[str, set[str]] = {}
    for result in results:
        if result.role is Role.ARM and result.config.intermediate is not None:
            found.setdefault(result.group, set()).update(
                cell.language for cell in result.config.intermediate.cells)
    return {arm: next(iter(codes)) for arm, codes in found.items() if len(codes) == 1}


def source_effects(
    scores: Sequence[ArmScore], arms: Arms, sources: Mapping[str, str], tasks: Collection[str],
    *, models: Mapping[str, Model], survey: Survey | None = None,
) -> tuple[SourceEffects, ...]:
    """Return what distances do, by family of models: growth with size is told within one alone.

    Args:
        scores: of the arms and their controls, on the rows that count.
        arms: the study's section.
        sources: arm -> its source language.
        tasks: the target tasks that count, equally.
        models: the encoders by name.
        survey: what was measured of the targets' languages.
    """
    by_family: dict[str, list[ArmScore]] = {}
    for score in scores:
        if score.task in tasks:
            by_family.setdefault(arms.family_of(score.model), []).append(score)
    found = [_of_family(family, own, sources, _Asked(tasks, models, survey))
             for family, own in by_family.items()]
    return tuple(found) if len(found) == 1 else tuple(
        each.model_copy(update={"sentence": f"With {each.family}: {each.sentence}"})
        for each in found)


class _Asked(NamedTuple):
    """What covariates are read from: tasks that count, encoders, and what was measured."""

    tasks: Collection[str]
    models: Mapping[str, Model]
    survey: Survey | None


def _of_family(
    family: str, scores: Sequence[ArmScore], sources: Mapping[str, str], asked: _Asked
) -> SourceEffects:
    names = tuple(dict.fromkeys(score.model for score in scores))
    targets = sorted({score.language for score in scores})
    known, unknown = target_covariates(
        [asked.models[name] for name in names], asked.tasks, targets, asked.survey)
    try:
        effects = language_effects(
            _measurements(scores, sources),
            {kind.value: partial(distance, kind=kind) for kind in DISTANCES},
            target_covariates={each.covariate: each.doublings for each in known})
    except ValueError as error:  # too few languages, no whole block, a language without distances
        return SourceEffects(family=family, models=names, refused=str(error),
                             sentence=f"What distance does is not told: {error}.")
    return SourceEffects(family=family, models=names, effects=effects, covariates=known,
                         unknown=unknown, sentence=_sentence(effects))


def _measurements(
    scores: Iterable[ArmScore], sources: Mapping[str, str]
) -> list[Measurement]:
    """Return a row for each score with its control; seed blocks are shared by sizes and arms."""
    rows = []
    for score, gain in paired_gains(scores):
        if score.parameters is None:
            raise ValueError("`parameters` must be known of every model, got none of "
                             f"{score.model}")
        if score.arm in sources:
            rows.append(Measurement(
                source=sources[score.arm], target=score.language, parameters=score.parameters,
                seed=score.block, score=score.points, control=score.points - gain))
    return rows


def _sentence(effects: LanguageEffects) -> str:
    """Return the distance that is told best, in full, and the others that are by name."""
    ranked = sorted((p, place) for place, each in enumerate(effects.distances)
                    if (p := _least_p(each)) is not None)
    names = [each.distance for each in effects.distances]
    if not ranked:
        return f"No distance between source and target could be tested, of {', '.join(names)}."
    shown = [effects.distances[place] for _, place in ranked
             if any(effect is not None and effect.is_shown
                    for effect in _effects(effects.distances[place]))]
    if not shown:
        (least, _), place = ranked[0]
        return (f"No distance between source and target is shown to matter, of {', '.join(names)} "
                f"(the least p by Holm is {least:.3f}, of {names[place]}).")
    others = ", ".join(each.distance for each in shown[1:])
    also = (f" Told from none as well, each by itself: {others}. Distances go together, so which "
            "of them it is is not told." if others else "")
    return f"{shown[0].sentence}.{also}"


def _effects(each: DistanceEffect) -> tuple[Effect | None, Effect | None]:
    return each.effect, each.per_octave


def _least_p(each: DistanceEffect) -> tuple[float, float] | None:
    """Return the least p of a distance's effect and its growth: by Holm, and its own for ties."""
    return min(((effect.adjusted_p_value, effect.p_value) for effect in _effects(each)
                if effect is not None and effect.adjusted_p_value is not None
                and effect.p_value is not None), default=None)
