"""What a curve's trials train on at each x: examples, updates, distinct rows, and tokens read.

What is held over x and what is not decides what a curve says: more languages, or more updates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from search.results import Role, TrialResult
from spaces.trial_config import Intermediate
from spaces.value import Value
from trainables.recipes import steps_of

__all__ = ["CurveWork", "curve_tokens", "curve_work", "work_note"]


class CurveWork(Value):
    """A trial's intermediate training at one x: `examples` in `updates` optimiser steps.

    `distinct` is the most different rows that each language has of its own, None for all there are.
    """

    x: int
    examples: int
    updates: int
    distinct: int | None = None


def curve_work(results: Iterable[TrialResult]) -> tuple[CurveWork, ...]:
    """Return what the curve's trials were to train on at each x, rising."""
    found = {}
    for result, phase in _of_curve(results):
        examples = result.config.fidelity.intermediate_examples
        count = phase.languages.count
        found[count] = CurveWork(x=count, examples=examples, distinct=phase.distinct_examples,
                                 updates=steps_of(examples, phase.recipe))
    return tuple(found[count] for count in sorted(found))


def curve_tokens(results: Iterable[TrialResult]) -> dict[str, Any]:
    """Return the tokens read in intermediate training by x, means.

    Of a phase found in the store those that it read when it was made.
    """
    found: dict[int, list[int]] = {}
    for result, phase in _of_curve(results):
        tokens = sum(each.cost.all_tokens for each in result.phases if each.phase == "intermediate")
        if tokens:
            found.setdefault(phase.languages.count, []).append(tokens)
    means = {str(count): sum(each) / len(each) for count, each in sorted(found.items())}
    return {"curve_tokens": means} if means else {}


def work_note(work: Sequence[CurveWork]) -> str:
    """Return what the curve holds over x, in a sentence."""
    if len({each.updates for each in work}) > 1:
        return ("Each language has as many examples at every x, so that examples and updates rise "
                "with it: what more languages bring is not told from what more training brings.")
    if work[0].distinct is None:
        return ("Examples and updates are equal at every x, so that each language has fewer of "
                "them the more there are.")
    return (f"Examples and updates are equal at every x, and so are the {work[0].distinct:,} "
            "different examples of each language, seen more often the fewer languages there are.")


def _of_curve(results: Iterable[TrialResult]) -> list[tuple[TrialResult, Intermediate]]:
    return [(result, result.config.intermediate) for result in results
            if result.role is Role.CURVE and result.config.intermediate is not None]
