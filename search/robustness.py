"""Robustness read out: by target and condition, what each arm loses beside its controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from search.effective_robustness import (
    CONTROL,
    Measured,
    Observations,
    drop,
    effective_robustness,
    excess_drop,
)
from search.results import Outcome, Role, TrialResult
from spaces.value import Value
from trainables.scores import PerturbedScore

__all__ = ["RobustnessLine", "RobustnessSection", "arm_of", "compared", "matched_languages",
           "observations", "robustness_sections"]


class RobustnessLine(Value):
    """An arm of one model: means over seeds and languages in points, and what it loses.

    `excess` is its drop less its control's, `effective` its score less that of controls that are
    as good on clean rows; both are None for a control itself.
    """

    arm: str
    model: str
    clean: float
    perturbed: float
    drop: Measured
    excess: Measured | None = None
    effective: Measured | None = None


class RobustnessSection(Value):
    """One target under one condition.

    `languages` are those in which every trial was asked at the declared severity, `unmatched` the
    others, whose texts cannot be changed that much; they count nowhere. `queries` is how many
    perturbations each row's worst was taken of.
    """

    task: str
    condition: str
    metric: str
    languages: tuple[str, ...]
    unmatched: tuple[str, ...]
    queries: int
    lines: tuple[RobustnessLine, ...]


def robustness_sections(results: Iterable[TrialResult]) -> tuple[RobustnessSection, ...]:
    """Return what finished trials lose where they were asked changed rows; empty if none was.

    Only designed trials count, those of the fidelity and targets at which arms were trained: the
    sampler's trials have no seeds to be compared over.
    """
    trials = compared(results)
    asked = dict.fromkeys((score.task, score.condition) for result in trials
                          for score in _perturbed(result))
    return tuple(_section(task, condition, trials) for task, condition in asked)


def arm_of(result: TrialResult) -> str:
    """Return what a trial is called among arms: its group, or `control`."""
    return CONTROL if result.config.is_control else result.group


def observations(
    results: Iterable[TrialResult], task: str, condition: str, languages: Sequence[str]
) -> Observations:
    """Return a row for each trial and language in which a target was asked under a condition."""
    rows = [(arm_of(result), result.config.model.name, result.config.seed,
             score.clean, score.points, score.chance)
            for result in results for score in _perturbed(result)
            if (score.task, score.condition) == (task, condition) and score.language in languages]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(6)]
    return Observations(*columns)


def _perturbed(result: TrialResult) -> tuple[PerturbedScore, ...]:
    return () if result.scores is None else result.scores.perturbed


def compared(results: Iterable[TrialResult]) -> list[TrialResult]:
    """Return the finished trials that were asked changed rows and can be held to each other.

    Each configuration once.
    """
    asked = [each for each in sorted(results, key=lambda each: (len(each.trial), each.trial))
             if each.outcome is Outcome.FINISHED and _perturbed(each)
             and each.role is not Role.TUNING and (each.config.is_control or each.group)]
    arms = [each for each in asked if not each.config.is_control] or asked
    settings = {_setting(each) for each in arms}
    return list({each.config: each for each in asked if _setting(each) in settings}.values())


def _setting(result: TrialResult) -> str:
    """Return what trials must share to be compared: all but model, seed and intermediate phase."""
    own = result.config.control()
    first = own.model_dump(mode="json", exclude={"model", "seed", "target", "pretraining_seed"})
    return repr(first)


def matched_languages(
    results: Sequence[TrialResult], task: str, condition: str
) -> dict[str, bool]:
    """Return the languages in which a target was asked -> whether every trial was asked alike."""
    scores = _scores(results, task, condition)
    seen = dict.fromkeys(score.language for listed in scores for score in listed)
    return {code: all(any(score.language == code and score.matched for score in listed)
                      for listed in scores) for code in seen}


def _scores(
    results: Sequence[TrialResult], task: str, condition: str
) -> list[list[PerturbedScore]]:
    return [[score for score in _perturbed(result)
             if (score.task, score.condition) == (task, condition)] for result in results]


def _section(task: str, condition: str, trials: Sequence[TrialResult]) -> RobustnessSection:
    asked = matched_languages(trials, task, condition)
    languages = tuple(code for code, matched in asked.items() if matched)
    first = next(score for listed in _scores(trials, task, condition) for score in listed)
    table = observations(trials, task, condition, languages)
    return RobustnessSection(
        task=task, condition=condition, metric=first.metric, languages=languages,
        unmatched=tuple(code for code, matched in asked.items() if not matched),
        queries=first.queries,
        lines=tuple(_lines(table)))


def _lines(seen: Observations) -> Iterator[RobustnessLine]:
    for arm, model in dict.fromkeys(zip(seen.arms, seen.models, strict=True)):
        rows = seen.where(arm, model)
        means = {name: float(values[rows].mean()) for name, values in
                 (("clean", seen.clean_points), ("perturbed", seen.perturbed_points))}
        bare = arm == CONTROL
        yield RobustnessLine(
            arm=arm, model=model, **means, drop=drop(seen, arm, model),
            excess=None if bare else excess_drop(seen, arm, model),
            effective=None if bare else effective_robustness(seen, arm, model))
