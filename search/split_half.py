"""Split halves: does a study's answer depend on which of its seeds were drawn?

The seeds are parted in two, many times. Between halves nothing differs but chance, so a test of
difference should reject seldom, and a verdict should come out alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import Final, TypeVar

import numpy as np

from spaces.value import Value

__all__ = ["FEWEST_SEEDS", "SplitHalf", "spell_halves", "split_half"]

FEWEST_SEEDS: Final = 4
"""Below these a half is one seed, which tells nothing of spread."""

Seed = TypeVar("Seed", bound=Hashable)


class SplitHalf(Value):
    """Over `halves` splits: the shares in which the test rejected and the verdict agreed.

    None of a question that was not asked.
    """

    seeds: int
    halves: int
    rejected: float | None = None
    agreed: float | None = None
    sentence: str


def split_half(
    seeds: Sequence[Seed], *, differ: Callable[[tuple[Seed, ...], tuple[Seed, ...]], bool] | None
    = None, verdict: Callable[[tuple[Seed, ...]], Hashable] | None = None, halves: int = 20,
    seed: int = 0,
) -> SplitHalf:
    """Return how often halves of the seeds differ, and how often they agree.

    Of an odd number of seeds one is left out, another in each split. Splits are distinct: where
    there are fewer than `halves`, all are taken.

    Args:
        seeds: the seeds, or whatever else is a study's unit, each once.
        differ: whether a test tells the first half from the second.
        verdict: what a study with these seeds alone would answer.
        halves: how many random splits.
        seed: the same seed gives the same splits.

    Raises:
        ValueError: if there are fewer than `FEWEST_SEEDS` seeds, one is there twice, `halves` is
            below 1, or neither question is asked.
    """
    if len(seeds) < FEWEST_SEEDS or len(set(seeds)) < len(seeds):
        raise ValueError(f"`seeds` must be at least {FEWEST_SEEDS}, each once, "
                         f"got {', '.join(map(str, seeds))}")
    if halves < 1:
        raise ValueError(f"`halves` must be at least 1, got {halves}")
    if differ is None and verdict is None:
        raise ValueError("`differ` or `verdict` must be given, got neither")
    found = list(_splits(seeds, halves, seed))
    rejected = None if differ is None else _share([differ(*each) for each in found])
    agreed = None if verdict is None else _share(
        [verdict(first) == verdict(second) for first, second in found])
    told = [f"a difference test rejects in {rejected:.0%}"] if rejected is not None else []
    told += [f"the verdict agrees in {agreed:.0%}"] if agreed is not None else []
    return SplitHalf(seeds=len(seeds), halves=len(found), rejected=rejected, agreed=agreed,
                     sentence=f"over {len(found)} random halves of {len(seeds)} seeds "
                              + " and ".join(told))


def spell_halves(found: SplitHalf, units: str) -> str:
    """Return a sentence about halves of which both questions were asked."""
    return (f"Over {found.halves} random halves of the {units} the two have one verdict in "
            f"{found.agreed:.0%}, and a test tells them apart in {found.rejected:.0%}.")


def _splits(
    seeds: Sequence[Seed], halves: int, seed: int
) -> Iterator[tuple[tuple[Seed, ...], tuple[Seed, ...]]]:
    """Yield distinct splits, the halves in the seeds' own order."""
    random = np.random.default_rng(seed)
    count, half = len(seeds), len(seeds) // 2
    # Which half comes first does not matter.
    distinct = math.comb(count, half) * math.comb(count - half, half) // 2
    if distinct <= halves:
        yield from (_named(seeds, pair) for pair in _every(range(count), half))
        return
    known: set[frozenset[frozenset[int]]] = set()
    while len(known) < halves:
        drawn = random.permutation(count)[: 2 * half].tolist()
        pair = (frozenset(drawn[:half]), frozenset(drawn[half:]))
        if frozenset(pair) not in known:
            known.add(frozenset(pair))
            yield _named(seeds, pair)


def _every(numbers: Sequence[int], half: int) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    for first in combinations(numbers, half):
        rest = [number for number in numbers if number not in first]
        for second in combinations(rest, half):
            if first < second:
                yield frozenset(first), frozenset(second)


def _named(
    seeds: Sequence[Seed], pair: tuple[frozenset[int], frozenset[int]]
) -> tuple[tuple[Seed, ...], tuple[Seed, ...]]:
    first, second = (tuple(seeds[number] for number in sorted(half)) for half in pair)
    return first, second


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)
