"""Sampling: which items each optimiser step trains on, all of it drawn beforehand from the seed.

The plan is exact in expectation: systematic sampling with a random offset shares steps over
tasks and examples over languages, so that every share is met within one unit. Because the whole
plan is a function of the seed, the step number is the sampler's whole state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.encoded import Encoded

__all__ = ["DrawPlan", "Pool", "draw_plan", "of_some_rows", "systematic_counts"]

# Batches are formed by length within windows of this many, as in transformers' grouped sampler.
WINDOW = 50
Array = NDArray[Any]


@dataclass(frozen=True)
class Pool:
    """One cell to draw from: its task's number, its weight, and its items' lengths in tokens.

    An item of several sequences is as long as its longest.
    """

    task: int
    weight: float
    lengths: Array


@dataclass(frozen=True)
class DrawPlan:
    """What each step trains on: `tasks` int [steps], `pools` and `items` int [steps, batch].

    A step's items are all of one task; `items` index into their pool.
    """

    tasks: Array
    pools: Array
    items: Array

    def __len__(self) -> int:
        return len(self.tasks)


def draw_plan(pools: Sequence[Pool], steps: int, batch_size: int, seed: int) -> DrawPlan:
    """Draw the items of every step.

    Args:
        pools: the cells; weights need not sum to 1.
        steps: optimiser steps.
        batch_size: items a step, over all workers and micro-batches.
        seed: the same seed gives the same plan.
    """
    random = np.random.default_rng(seed)
    count = 1 + max(pool.task for pool in pools)
    weights = np.zeros(count)
    np.add.at(weights, [pool.task for pool in pools], [pool.weight for pool in pools])
    step_counts = systematic_counts(weights, steps, random)
    tasks = random.permutation(np.repeat(np.arange(count), step_counts))
    chosen = np.zeros((2, steps, batch_size), np.int64)
    for task in np.flatnonzero(step_counts):
        own = [number for number, pool in enumerate(pools) if pool.task == task]
        drawn = _draw_task(pools, own, int(step_counts[task]) * batch_size, random)
        chosen[:, tasks == task] = _grouped(pools, drawn, batch_size, random)
    return DrawPlan(tasks, *chosen)


def of_some_rows(encoded: Encoded, rows: int, seed: int) -> Encoded:
    """Return the items of at most so many rows, drawn by the seed alone, in the items' order."""
    known = np.unique(encoded.items["row"])
    drawn = known[np.random.default_rng(seed).permutation(len(known))[:rows]]
    return encoded.take(np.flatnonzero(np.isin(encoded.items["row"], drawn)))


def systematic_counts(weights: Array, total: int, random: np.random.Generator) -> Array:
    """Share `total` units by weight: each count within 1 of its share and exact in expectation.

    Source: systematic sampling (Madow and Madow 1944): one random offset, equal strides.
    """
    edges = np.cumsum(weights) / np.sum(weights) * total
    edges[np.flatnonzero(weights)[-1] :] = total  # rounding must not lose the last unit
    counts: Array = np.diff(np.floor(edges + random.random()), prepend=0.0).astype(np.int64)
    return counts


def _draw_task(
    pools: Sequence[Pool], own: list[int], count: int, random: np.random.Generator
) -> Array:
    """Return (pools, items) int [2, count] of one task, in random order."""
    weights = np.asarray([pools[number].weight for number in own])
    counts = systematic_counts(weights, count, random)
    numbers = np.repeat(own, counts)
    items = np.concatenate([
        _epochs(len(pools[number].lengths), int(drawn), random)
        for number, drawn in zip(own, counts, strict=True)
    ])
    return np.stack([numbers, items])[:, random.permutation(count)]


def _epochs(size: int, count: int, random: np.random.Generator) -> Array:
    """Return `count` items without replacement, reshuffled whenever all `size` were drawn."""
    rounds = [random.permutation(size) for _ in range(-(-count // size))]
    return np.concatenate(rounds)[:count] if rounds else np.zeros(0, np.int64)


def _grouped(
    pools: Sequence[Pool], drawn: Array, batch_size: int, random: np.random.Generator
) -> Array:
    """Return the drawn items as batches [2, batches, batch_size] of like length, shuffled."""
    lengths = np.zeros(drawn.shape[1], np.int64)
    for number in np.unique(drawn[0]):
        here = drawn[0] == number
        lengths[here] = pools[number].lengths[drawn[1, here]]
    windows = np.arange(drawn.shape[1]) // (WINDOW * batch_size)
    by_length = np.lexsort((lengths, windows))
    batches = drawn[:, by_length].reshape(2, -1, batch_size)
    batch_windows = np.arange(batches.shape[1]) // WINDOW
    order = np.lexsort((random.random(batches.shape[1]), batch_windows))
    return batches[:, order]
