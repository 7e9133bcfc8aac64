"""The objective: what the searcher maximises, the score and the gain in points, and the marks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import model_validator
from scipy import special

from search.results import Outcome, TrialResult
from spaces.tasks import Kind
from spaces.trial_config import TrialConfig
from spaces.value import Shares, Value
from trainables.scores import PanelName, Score, Scores

if TYPE_CHECKING:
    from search.study import Study

__all__ = ["CHANCE_QUANTILE", "SPREAD_FLOOR", "Gain", "Objective", "control_key", "marks",
           "task_points"]

# The least seed spread of a category, in points: fewer than this and a handful of controls that
# happen to agree would let one category decide every trial.
SPREAD_FLOOR = 0.5

# A mean score up to this quantile of what guessing gives on as many rows is at chance level.
CHANCE_QUANTILE = 0.95

Mark = Literal["chance-level", "collapsed"]


class Gain(Value):
    """A score less its controls', in points; `paired` when the control shares the seed block."""

    points: float
    paired: bool
    controls: int


class Objective(Value):
    """The score on a panel, by category, and its standardised mean.

    `kinds` gives each target task's category. `centres` and `spreads` are each category's mean
    and seed standard deviation over controls, in points; a category without controls has centre
    0 and the floor. Training-free retrieval counts only if `retrieval` is set.
    """

    kinds: dict[str, Kind]
    panel: PanelName = "selection"
    retrieval: bool = False
    centres: Shares = ()
    spreads: Shares = ()
    controls: int = 0

    @model_validator(mode="after")
    def _something_counts(self) -> Objective:
        if not self.tasks:
            raise ValueError("`targets` must hold a trained task unless retrieval is asked for, "
                             f"got {', '.join(self.kinds) or 'none'}")
        return self

    @classmethod
    def from_controls(cls, results: Iterable[TrialResult], study: Study) -> Objective:
        """Return a study's objective, scaled by the finished controls among `results`."""
        return cls.scaled(results, study.target_kinds, retrieval=study.search.retrieval)

    @classmethod
    def scaled(
        cls, results: Iterable[TrialResult], kinds: Mapping[str, Kind], *,
        panel: PanelName = "selection", retrieval: bool = False,
    ) -> Objective:
        """Return the objective scaled by the finished controls among `results`.

        Controls of different encoders or recipes are pooled: the centre is the mean of all, the
        spread the root mean square of the deviations from each kind's own mean.
        """
        bare = cls(kinds=dict(kinds), panel=panel, retrieval=retrieval)
        seeds: dict[str, list[Mapping[Kind, float]]] = defaultdict(list)
        for result in results:
            if _is_finished_control(result) and result.scores is not None:
                seeds[control_key(result.config)].append(bare.categories(result.scores))
        pooled = [row for rows in seeds.values() for row in rows]
        if not pooled:
            return bare
        columns = {kind: [[row[kind] for row in rows] for rows in seeds.values()]
                   for kind in pooled[0]}
        return bare.model_copy(update={
            "centres": tuple((kind.value, math.fsum(row[kind] for row in pooled) / len(pooled))
                             for kind in columns),
            "spreads": tuple((kind.value, max(_pooled_sd(groups), SPREAD_FLOOR))
                             for kind, groups in columns.items()),
            "controls": len(pooled),
        })

    @property
    def tasks(self) -> tuple[str, ...]:
        """The target tasks that count."""
        return tuple(task for task, kind in self.kinds.items()
                     if self.retrieval or kind is not Kind.RETRIEVAL)

    def only(self, category: str) -> Objective:
        """Return the objective of one category's targets, counted whatever it is; "" is of all."""
        if not category:
            return self
        kinds = {task: kind for task, kind in self.kinds.items() if kind == category}
        return self.model_copy(update={"kinds": kinds, "retrieval": True})

    def categories(self, scores: Scores, panel: PanelName | None = None) -> dict[Kind, float]:
        """Return category -> mean over its tasks of the tasks' mean primary scores, in points.

        Raises:
            ValueError: if a task that counts was not scored on the panel.
        """
        panel = panel or self.panel
        points = task_points(scores, panel)
        grouped: dict[Kind, list[float]] = defaultdict(list)
        for task in self.tasks:
            if task not in points:
                raise ValueError(f"`scores` must hold every target, got none of {task!r} on the "
                                 f"{panel} panel")
            grouped[self.kinds[task]].append(points[task])
        return {kind: math.fsum(found) / len(found) for kind, found in sorted(grouped.items())}

    def points(self, scores: Scores, panel: PanelName | None = None) -> float:
        """Return the score on the panel in points (0-100): the mean over categories."""
        found = self.categories(scores, panel)
        return _finite(math.fsum(found.values()) / len(found))

    def value(self, scores: Scores) -> float:
        """Return what the sampler is told: the mean standardised category, in control spreads.

        Raises:
            ValueError: if it is not finite or a target was not scored.
        """
        centres, spreads = dict(self.centres), dict(self.spreads)
        found = [(points - centres.get(kind.value, 0.0)) / spreads.get(kind.value, SPREAD_FLOOR)
                 for kind, points in self.categories(scores).items()]
        return _finite(math.fsum(found) / len(found))

    def gain(
        self, result: TrialResult, controls: Iterable[TrialResult], panel: PanelName = "report"
    ) -> Gain | None:
        """Return a finished trial's score less that of its controls, in points.

        A control is the trial without its intermediate phase, all else equal but the seed: the
        one of the same seed block where there is one, else the mean of them all; None without.
        """
        if result.scores is None:
            return None
        key = control_key(result.config)
        scored = {control.config.seed: self.points(control.scores, panel) for control in controls
                  if _is_finished_control(control) and control.scores is not None
                  and control_key(control.config) == key}
        own = self.points(result.scores, panel)
        if result.config.seed in scored:
            return Gain(points=own - scored[result.config.seed], paired=True, controls=1)
        if not scored:
            return None
        mean = math.fsum(scored.values()) / len(scored)
        return Gain(points=own - mean, paired=False, controls=len(scored))


def task_points(scores: Scores, panel: PanelName) -> dict[str, float]:
    """Return task -> mean over the panel's languages of its primary metric, in points."""
    return {task: _mean([score.points for score in found if score.panel == panel])
            for task, found in _primary(scores).items()
            if any(score.panel == panel for score in found)}


def marks(scores: Scores, tasks: Iterable[str] | None = None) -> tuple[Mark, ...]:
    """Return what is wrong with a trial that finished: `chance-level`, `collapsed`, both, neither.

    `chance-level`: in some task the mean primary score over all its languages and panels is at
    most the `CHANCE_QUANTILE` quantile of binomial guessing at the mean of the best constant
    predictions, on the rows that mean rests on (for unequal languages the harmonic equivalent).
    Rows of different languages count as independent; where they are translations of each other
    the mark is given too seldom rather than too often. A row is one guess, which for metrics over
    tokens or spans marks too often rather than too seldom. `collapsed`: in some task one label
    was predicted throughout, in every language. Both are outcomes to be counted: a marked trial
    keeps its score and its place in every mean.
    """
    primary = _primary(scores)
    counted = [primary[task] for task in (primary if tasks is None else tasks) if task in primary]
    given: list[Mark] = []
    if any(_is_at_chance(found) for found in counted):
        given.append("chance-level")
    if any(all(score.collapsed for score in found) for found in counted):
        given.append("collapsed")
    return tuple(given)


def control_key(config: TrialConfig) -> str:
    """Return what a trial and its controls share: the digest without intermediate and seed."""
    return config.control().model_copy(update={"seed": 0}).digest()


def _primary(scores: Scores) -> dict[str, list[Score]]:
    """Return task -> its scores on all rows by its primary metric, the first that they list."""
    found: dict[str, list[Score]] = {}
    for score in scores.scores:
        if score.subset != "all":
            continue
        listed = found.setdefault(score.task, [])
        if not listed or score.metric == listed[0].metric:
            listed.append(score)
    return found


def _is_at_chance(found: Sequence[Score]) -> bool:
    chance = _mean([score.chance for score in found]) / 100
    rows = len(found) ** 2 / math.fsum(1 / score.rows for score in found)
    guesses = max(1, math.floor(rows))
    below = special.bdtr(np.arange(guesses + 1), guesses, chance)
    bound = int(np.searchsorted(below, CHANCE_QUANTILE)) / guesses
    return _mean([score.points for score in found]) / 100 <= max(bound, chance)


def _is_finished_control(result: TrialResult) -> bool:
    return result.config.is_control and result.outcome is Outcome.FINISHED


def _pooled_sd(groups: Sequence[Sequence[float]]) -> float:
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return 0.0
    squares = math.fsum(float(np.sum((np.array(group) - np.mean(group)) ** 2))
                        for group in groups)
    return math.sqrt(squares / freedom)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"an objective must be finite, got {value}")
    return value
