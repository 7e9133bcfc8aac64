"""Batches of translations that are to find each other, and batches of two kinds in turn."""

from __future__ import annotations

import math

import numpy as np

from trainables.batches import Batch, Batches
from trainables.encoded import IGNORED, Encoded
from trainables.sampling import Pool, draw_plan

__all__ = ["ParallelBatches", "TakingTurns"]


class ParallelBatches:
    """Batches of pairs of translations.

    A batch is one item of all its pairs' sequences, since each pair is told from all others:
    every worker reads the whole and counts its own pairs, so that any number of workers sums to
    the same loss.

    Args:
        encoded: items of two sequences.
        steps: optimiser steps.
        batch_size: pairs a step.
        seed: of the draws.
        pad_id: what fills a batch.
    """

    def __init__(self, encoded: Encoded, steps: int, batch_size: int, *, seed: int,
                 pad_id: int) -> None:
        self.steps, self.batch_size = steps, batch_size
        self._encoded, self._pad_id = encoded, pad_id
        self._plan = draw_plan([Pool(0, 1.0, encoded.longest)], steps, batch_size, seed)

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return the whole batch of a step, with one worker's share of its targets."""
        items = self._plan.items[step]
        pairs = np.arange(self.batch_size)
        own = np.where(pairs % size == rank, pairs, IGNORED)
        return Batch("translation", self._encoded.pad(items, self._pad_id), own.reshape(1, -1, 1),
                     self.batch_size, self.batch_size, self._encoded.tokens_in(items))


class TakingTurns:
    """The batches of two sources, of which the second has an even share of the steps."""

    def __init__(self, first: Batches, second: Batches) -> None:
        self.steps = first.steps + second.steps
        self.batch_size = min(first.batch_size, second.batch_size)
        self._sources = (first, second)

    @staticmethod
    def shared(steps: int, share: float) -> tuple[int, int]:
        """Return how many of `steps` are the first's and the second's of a share."""
        second = math.floor(steps * share)
        return steps - second, second

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of the batch of a step."""
        before, after = (done * self._sources[1].steps // self.steps for done in (step, step + 1))
        if after > before:
            return self._sources[1].batch(before, rank, size)
        return self._sources[0].batch(step - before, rank, size)
