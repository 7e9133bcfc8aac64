"""Arm means: what arms and controls come to by model and unit, in scores or in what is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from search.arm_kept import block_kept
from search.arm_scores import ArmScore, block_means, encoders_of
from search.arms_section import CONTROL, Arms, Side
from search.results import TrialResult
from search.robustness import compared, matched_languages

__all__ = ["ArmMeans", "KeptMeans"]

Means = Mapping[tuple[str, str], Mapping[int, float]]  # (arm, model) -> unit -> points


class ArmMeans:
    """The scores of the arms, and what they come to by arm, model and unit.

    Args:
        arms: the study's section.
        scores: of the arms and their controls; those of the primary contrast's rows count.
        tasks: the target tasks that count, equally.
        parameters: body parameters by model.
    """

    def __init__(self, arms: Arms, scores: Sequence[ArmScore], tasks: Sequence[str],
                 parameters: Mapping[str, int]) -> None:
        self.arms, self.tasks, self.parameters = arms, tasks, parameters
        self.scores = [score for score in scores if score.rows == arms.primary.rows]
        self._means: dict[tuple[str, ...] | None, Means] = {}
        encoders = encoders_of(scores)
        self._unit = (encoders.__getitem__ if arms.pretraining_seeds > 1 else int)

    @property
    def languages(self) -> set[str]:
        """The languages that count where a contrast or side names none."""
        return {score.language for score in self.scores if score.task in self.tasks}

    def means(self, languages: tuple[str, ...] | None = None) -> Means:
        """Return (arm, model) -> unit -> points, of units with all blocks beside a control."""
        if languages not in self._means:
            self._means[languages] = self._measured(languages)
        return self._means[languages]

    def _measured(self, languages: tuple[str, ...] | None) -> Means:
        by_block = self._by_block(languages or self.arms.primary.languages)
        found = {}
        for (arm, model), points in by_block.items():
            bare = by_block.get(("", model), {})
            found[arm, model] = self._by_unit({block: each for block, each in points.items()
                                               if block in bare})
        return found

    def _by_block(self, languages: tuple[str, ...] | None) -> Means:
        return block_means(self.scores, tasks=self.tasks, rows=self.arms.primary.rows,
                           languages=languages)

    def _by_unit(self, points: Mapping[int, float]) -> dict[int, float]:
        """Return unit -> the mean over its blocks, of units of which no block is missing."""
        grouped: dict[int, list[float]] = {}
        for block, each in points.items():
            grouped.setdefault(self._unit(block), []).append(each)
        whole = self.arms.seeds // self.arms.units
        return {unit: math.fsum(each) / len(each) for unit, each in sorted(grouped.items())
                if len(each) == whole}

    def difference(
        self, model: str, better: Sequence[Side], worse: Sequence[Side]
    ) -> dict[int, float]:
        """Return unit -> the mean of one side less that of the other, of units that have all."""
        sides = [[self.means(side.languages).get(
            ("" if side.arm == CONTROL else side.arm, model), {}) for side in listed]
            for listed in (better, worse)]
        units = set.intersection(*(set(each) for listed in sides for each in listed))
        first, second = ({unit: math.fsum(each[unit] for each in listed) / len(listed)
                          for unit in units} for listed in sides)
        return {unit: first[unit] - second[unit] for unit in sorted(units)}


class KeptMeans(ArmMeans):
    """The same of what is kept on changed rows, as points of 100."""

    def __init__(self, arms: Arms, scores: Sequence[ArmScore], tasks: Sequence[str],
                 parameters: Mapping[str, int], results: Sequence[TrialResult]) -> None:
        super().__init__(arms, scores, tasks, parameters)
        self._results = results

    def _by_block(self, languages: tuple[str, ...] | None) -> Means:
        return block_kept(self._results, tasks=self.tasks, languages=languages,
                          conditions=self.arms.primary.under or ())

    @property
    def languages(self) -> set[str]:
        """Those in which every trial was asked alike, under some condition."""
        trials = compared(self._results)
        return {code for task in self.tasks for condition in self.arms.primary.under or ()
                for code, matched in matched_languages(trials, task, condition).items() if matched}
