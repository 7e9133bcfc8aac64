"""What arms keep of their scores on changed rows: the same shape as scores, for contrasts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from search.effective_robustness import CONTROL, Observations
from search.results import TrialResult
from search.robustness import compared, matched_languages, observations

__all__ = ["LEAST_ABOVE_CHANCE", "block_kept"]

LEAST_ABOVE_CHANCE = 5.0
"""Points above chance that a clean score must have for a share of them to be told."""


def block_kept(
    results: Iterable[TrialResult], *, tasks: Collection[str], conditions: Collection[str],
    languages: Collection[str] | None = None,
) -> dict[tuple[str, str], dict[int, float]]:
    """Return (arm, model) -> seed block -> the share kept, as points of 100; a control's arm is "".

    Kept is (changed - chance) / (clean - chance), each a mean over languages: what is left of what
    the clean score has above guessing, 100 less the chance-corrected drop. It is averaged over
    conditions, then over tasks; a block in which one of them has a clean score nearer to chance
    than `LEAST_ABOVE_CHANCE` has none.

    Args:
        results: every trial that ended.
        tasks: the target tasks that count.
        conditions: kinds of perturbation, `attack`, or `code-mix` and a language.
        languages: the languages that count, None for all that every trial was asked in alike.
    """
    listed = compared(results)
    parts: dict[tuple[str, str, int], list[list[float | None]]] = {}
    for task in tasks:
        by_condition: dict[tuple[str, str, int], list[float | None]] = {}
        for condition in conditions:
            codes = [code for code, matched in matched_languages(listed, task, condition).items()
                     if matched and (languages is None or code in languages)]
            for place, kept in _kept(observations(listed, task, condition, codes)).items():
                by_condition.setdefault(place, []).append(kept)
        for place, shares in by_condition.items():
            parts.setdefault(place, []).append(shares)
    found: dict[tuple[str, str], dict[int, float]] = {}
    for (arm, model, block), by_task in parts.items():
        whole = len(by_task) == len(set(tasks)) and all(
            len(shares) == len(set(conditions)) and None not in shares for shares in by_task)
        if whole:
            found.setdefault((arm, model), {})[block] = _mean(
                [_mean([share for share in shares if share is not None]) for shares in by_task])
    return found


def _kept(seen: Observations) -> Mapping[tuple[str, str, int], float | None]:
    """Return (arm, model, seed block) -> the share kept, None too near chance."""
    found: dict[tuple[str, str, int], float | None] = {}
    for arm, model, block in dict.fromkeys(zip(seen.arms, seen.models, seen.blocks, strict=True)):
        rows = seen.where(arm, model) & (np.asarray(seen.blocks) == block)
        clean, changed, chance = (float(np.mean(np.asarray(values, float)[rows])) for values in
                                  (seen.clean, seen.perturbed, seen.chance))
        assert isinstance(block, int)  # a seed block
        found["" if arm == CONTROL else arm, model, block] = (
            100 * (changed - chance) / (clean - chance)
            if clean - chance >= LEAST_ABOVE_CHANCE else None)
    return found


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
