"""Confirmation: which mixtures are run again on fresh seeds, and which of them may be the best."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from search.gains import by_seed, finished_controls, gain_over_controls
from search.intervals import LEVEL, Interval, best_critical, t_interval
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from spaces.mixtures import Mixture, uniform
from spaces.search_space import Point
from spaces.value import Value

__all__ = ["Choice", "Standing", "candidate", "choose", "is_winner", "winner_set"]


class Choice(Value):
    """A point to confirm, in the form in which it is fed back into a study.

    `group` is `winner-1` and so on, the name of a reference, or both joined by `+` where a
    winner is a reference. `trial` is the search trial it comes from and `value` the objective
    it had there; None for a reference that no search trial finished with.
    """

    group: str
    point: Point
    trial: str | None = None
    value: float | None = None


class Standing(Value):
    """How a confirmed mixture did on the report panel, in points over its seed blocks.

    `gain` is against the controls, paired by seed block where blocks are shared. `behind` is the
    score less that of the best of the others (negative: it trails), with Hsu's interval, which
    has 0 as a bound where the sign is not in doubt; `in_winner_set` says that it may be the best.
    Both are None where fewer than two common blocks leave nothing to compare. `failed` counts
    blocks that gave no score: nobody knows how bad they are, so with one there is no `True`.
    """

    group: str
    point: Point
    trials: tuple[str, ...]
    score: Interval
    gain: Interval | None
    failed: int = 0
    behind: Interval | None = None
    in_winner_set: bool | None = None


def choose(
    results: Iterable[TrialResult], objective: Objective, k: int,
    references: Mapping[str, Mixture] | None = None,
) -> list[Choice]:
    """Return the `k` best candidates of the search by the objective, then the references.

    A candidate is a model with weights over (task, language) cells; it stands for itself by its
    best trial. A reference is a mixture of tasks, which stands for itself likewise; one that is a
    winner is chosen once. Trials that failed or were stopped early are no winners. The best
    single task that finished is always a reference.

    Args:
        results: every trial that ended; all but search trials are passed over.
        objective: the selection objective.
        k: how many winners, fixed before the search.
        references: name -> mixture, as by `SearchSpace.references`; None for uniform over all
            tasks that the search used.

    Raises:
        ValueError: if `k` is negative.
    """
    if k < 0:
        raise ValueError(f"`winners` must not be negative, got {k}")
    listed = [result for result in results if result.role is Role.SEARCH
              and result.config.intermediate is not None]
    ranked = _ranked(listed, objective)
    values = {result.trial: (result, value) for result, value in ranked}
    labels: dict[str | Mixture, list[str]] = defaultdict(list)  # of trials, or mixtures untried
    for rank, (result, _) in enumerate(ranked[:k], start=1):
        labels[result.trial].append(f"winner-{rank}")
    for name, mixture in _references(listed, ranked, references).items():
        labels[next((result.trial for result, _ in ranked if _mixture(result) == mixture),
                    mixture)].append(name)
    return [_untried("+".join(names), of, listed) if isinstance(of, Mixture)
            else _chosen("+".join(names), *values[of]) for of, names in labels.items()]


def winner_set(results: Iterable[TrialResult], objective: Objective) -> tuple[Standing, ...]:
    """Return how each confirmed mixture did, the best first, and which of them may be the best.

    Multiple comparison with the best: with a probability of (1 + `LEVEL`) / 2 the truly best of
    the mixtures compared is in the winner set. The residual variance is that of mixtures within
    seed blocks, pooled, with (mixtures - 1)(blocks - 1) degrees of freedom, over the blocks that
    all of them finished; a mixture with fewer than two blocks is not compared. Source: Hsu 1984,
    "Constrained simultaneous confidence intervals for multiple comparisons with the best".
    """
    listed = list(results)
    groups: dict[str, list[TrialResult]] = defaultdict(list)
    failed: Counter[str] = Counter()
    for result in listed:
        if result.role is Role.CONFIRMATION and not result.config.is_control:
            if result.outcome is Outcome.FINISHED:
                groups[result.group].append(result)
            else:
                failed[result.group] += 1
    controls = finished_controls(listed)
    scores = {group: by_seed(found, objective) for group, found in groups.items()}
    compared = _compare(scores)
    standings = [
        Standing(group=group, point=_point(found[0]), trials=tuple(each.trial for each in found),
                 score=_over(scores[group].values()),
                 gain=gain_over_controls(found, controls, objective),
                 failed=failed[group], behind=compared.get(group),
                 in_winner_set=_may_be_best(compared.get(group), failed[group]))
        for group, found in groups.items()
    ]
    return tuple(sorted(standings, key=lambda each: (-each.score.mean, each.group)))


def is_winner(group: str) -> bool:
    """Return whether one of the names that a group joins by `+` is a winner's."""
    return any(name.startswith("winner-") for name in group.split("+"))


def candidate(result: TrialResult) -> Hashable:
    """Return what makes search trials one candidate: the model and the weights of the cells."""
    assert result.config.intermediate is not None  # the caller's filter
    return result.config.model.name, result.config.intermediate.cells


def _ranked(listed: Iterable[TrialResult], objective: Objective
            ) -> list[tuple[TrialResult, float]]:
    """Return each candidate's best finished trial with its objective, the best first."""
    valued = [(result, objective.value(result.scores)) for result in listed
              if result.outcome is Outcome.FINISHED and result.scores is not None]
    valued.sort(key=lambda pair: (-pair[1], pair[0].trial))
    best: dict[Hashable, tuple[TrialResult, float]] = {}
    for result, value in valued:
        best.setdefault(candidate(result), (result, value))
    return list(best.values())


def _references(
    listed: Iterable[TrialResult], ranked: Iterable[tuple[TrialResult, float]],
    given: Mapping[str, Mixture] | None,
) -> dict[str, Mixture]:
    found = dict(given or {})
    tasks = sorted({task for result in listed for task in _mixture(result).tasks})
    if given is None and tasks:
        found["uniform"] = uniform(tasks)
    single = next((_mixture(result) for result, _ in ranked
                   if len(_mixture(result).tasks) == 1), None)
    if single is not None:
        found["single"] = single
    return found


def _chosen(group: str, result: TrialResult, value: float) -> Choice:
    return Choice(group=group, point=_point(result), trial=result.trial, value=value)


def _untried(group: str, mixture: Mixture, listed: Iterable[TrialResult]) -> Choice:
    """Return a mixture that no search trial finished with, at the point of one that failed."""
    tried = next((result for result in listed if _mixture(result) == mixture), None)
    return Choice(group=group, point=Point(mixture=mixture) if tried is None else _point(tried))


def _mixture(result: TrialResult) -> Mixture:
    assert result.config.intermediate is not None  # the caller's filter
    return result.config.intermediate.mixture


def _point(result: TrialResult) -> Point:
    return Point.of(result.config)


def _over(values: Iterable[float]) -> Interval:
    found = t_interval(list(values))
    assert found is not None  # a group has a finished trial
    return found


def _compare(scores: Mapping[str, Mapping[int, float]]) -> dict[str, Interval]:
    """Return group -> its mean less that of the best other one, with Hsu's interval."""
    groups = [group for group, by_seed in scores.items() if len(by_seed) > 1]
    if len(groups) < 2:
        return {}
    blocks = sorted(set.intersection(*(set(scores[group]) for group in groups)))
    if len(blocks) < 2:
        return {}
    table = np.array([[scores[group][seed] for seed in blocks] for group in groups])
    means = table.mean(axis=1)
    residuals = table - means[:, None] - table.mean(axis=0) + table.mean()
    freedom = (len(groups) - 1) * (len(blocks) - 1)
    sd = math.sqrt(float((residuals**2).sum()) / freedom)
    reach = best_critical(len(groups), freedom, level=LEVEL) * sd * math.sqrt(2 / len(blocks))
    return {group: _behind(float(means[i] - np.delete(means, i).max()), reach, len(blocks))
            for i, group in enumerate(groups)}


def _behind(difference: float, reach: float, blocks: int) -> Interval:
    return Interval(mean=difference, low=min(0.0, difference - reach),
                    high=max(0.0, difference + reach), units=blocks)


def _may_be_best(behind: Interval | None, failed: int) -> bool | None:
    if behind is None or behind.high is None:
        return None
    may_be = behind.high > 0 or behind.mean >= 0
    return None if may_be and failed else may_be
