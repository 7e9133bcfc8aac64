"""Batches: what each optimiser step trains on, as padded arrays with targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spaces.tasks import Kind, Task
from trainables.encoded import IGNORED, Encoded, Padded
from trainables.sampling import DrawPlan, Pool, draw_plan
from trainables.tokenizer import Tokenizer

__all__ = ["Batch", "Batches", "MaskedBatches", "MaskedTaskBatches", "TaskBatches",
           "targets_of"]

Array = NDArray[Any]
MASK_RATE = 0.15  # BERT's


@dataclass(frozen=True)
class Batch:
    """One worker's share of a step's batch.

    `inputs` are the items' sequences, of each item as many. `targets` are int64: [items] of
    labels or right options, [items, length] of tags or masked tokens, [items, 2] of answer
    ends, or [1, pairs, 1] of translations. `count` is what the whole batch's summed loss is
    divided by, over all workers; `examples` and `tokens` are the whole batch's items and real
    (non-padding) tokens.
    """

    head: str
    inputs: Padded
    targets: Array
    count: int
    examples: int
    tokens: int

    def __len__(self) -> int:
        return len(self.targets)

    def slice(self, low: int, high: int) -> tuple[Array, Array, Array, Array]:
        """Return ids, mask, types and targets of some items, without needless padding."""
        each = len(self.inputs.ids) // len(self)
        own = slice(low * each, high * each)
        width = int(self.inputs.mask[own].any(axis=0).sum())
        targets = self.targets[low:high]
        if targets.ndim == 2 and targets.shape[1] == self.inputs.mask.shape[1]:
            targets = targets[:, :width]
        parts = (self.inputs.ids, self.inputs.mask, self.inputs.types)
        ids, mask, types = (np.ascontiguousarray(part[own, :width]) for part in parts)
        return ids, mask, types, np.ascontiguousarray(targets)


class Batches(Protocol):
    """The batches of a phase, by step."""

    steps: int
    batch_size: int

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of the batch of a step."""


class TaskBatches:
    """Batches of tasks, drawn by the mixture's weights; of text, with masked tokens to restore.

    Args:
        cells: of each cell its task, its weight and its items.
        steps: optimiser steps.
        batch_size: items a step.
        seed: of the draws and of the masking.
        tokenizer: of the items.
    """

    def __init__(self, cells: Sequence[tuple[Task, float, Encoded]], steps: int, batch_size: int,
                 *, seed: int, tokenizer: Tokenizer) -> None:
        self.steps, self.batch_size = steps, batch_size
        names = list(dict.fromkeys(task.name for task, _, _ in cells))
        self._tasks = [next(task for task, _, _ in cells if task.name == name) for name in names]
        self._pad_id, self._masking = tokenizer.pad_id, _Masking(tokenizer, seed)
        pools = [Pool(names.index(task.name), weight, encoded.longest)
                 for task, weight, encoded in cells]
        plan = draw_plan(pools, steps, batch_size, seed)
        self._tasks_of_steps = plan.tasks
        self._items, self._encoded = _compact(plan, [encoded for _, _, encoded in cells],
                                              [pool.task for pool in pools])

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of the batch of a step."""
        task, encoded = self._of(step)
        if task.kind is Kind.MLM:
            return self._masking.batch(self.inputs(step), step, rank, size)
        whole = self._items[step]
        own = whole[rank::size]
        inputs = encoded.pad(own, self._pad_id)
        return Batch(task.name, inputs, targets_of(task.kind, encoded, own),
                     _count(task.kind, encoded, whole), len(whole), encoded.tokens_in(whole))

    def inputs(self, step: int) -> Padded:
        """Return what the whole batch of a step reads, nothing of it masked."""
        _, encoded = self._of(step)
        return encoded.pad(self._items[step], self._pad_id)

    def _of(self, step: int) -> tuple[Task, Encoded]:
        number = int(self._tasks_of_steps[step])
        encoded = self._encoded[number]
        assert encoded is not None
        return self._tasks[number], encoded


class MaskedBatches:
    """Batches of plain text with masked tokens to restore, a share of `rate` of them."""

    def __init__(self, encoded: Encoded, steps: int, batch_size: int, *, seed: int,
                 tokenizer: Tokenizer, rate: float = MASK_RATE) -> None:
        self.steps, self.batch_size = steps, batch_size
        self._tokenizer, self._encoded = tokenizer, encoded
        self._masking = _Masking(tokenizer, seed, rate)
        self._plan = draw_plan([Pool(0, 1.0, encoded.longest)], steps, batch_size, seed)

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of the batch of a step; the whole is masked alike."""
        whole = self._encoded.pad(self._plan.items[step], self._tokenizer.pad_id)
        return self._masking.batch(whole, step, rank, size)


class MaskedTaskBatches:
    """The inputs of `TaskBatches`, step by step the same, with masked tokens to restore.

    With the seed of these, their batches of text stay what they are.
    """

    def __init__(self, tasks: TaskBatches, *, seed: int, tokenizer: Tokenizer) -> None:
        self.steps, self.batch_size = tasks.steps, tasks.batch_size
        self._tasks, self._masking = tasks, _Masking(tokenizer, seed)

    def batch(self, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of the batch of a step; the whole is masked alike."""
        return self._masking.batch(self._tasks.inputs(step), step, rank, size)


class _Masking:
    """Masks a whole batch by its step, so that all workers see shares of one masking.

    Of a batch's ordinary tokens a share of `rate` are targets: 80 % of them are masked, 10 %
    replaced by a random token, 10 % left. Source: BERT (Devlin et al. 2019).
    """

    def __init__(self, tokenizer: Tokenizer, seed: int, rate: float = MASK_RATE) -> None:
        self._tokenizer, self._seed, self._rate = tokenizer, seed, rate
        self._special = np.asarray(tokenizer.special_ids)
        self._ordinary = np.setdiff1d(np.arange(len(tokenizer)), self._special)

    def batch(self, whole: Padded, step: int, rank: int, size: int) -> Batch:
        """Return one worker's share of a step's whole batch, masked."""
        ids, targets = self._masked(whole, np.random.default_rng((self._seed, step)))
        count = max(1, int((targets != IGNORED).sum()))  # a batch may hold special tokens only
        inputs = Padded(ids[rank::size], whole.mask[rank::size], whole.types[rank::size])
        return Batch("mlm", inputs, targets[rank::size], count, len(ids), int(whole.mask.sum()))

    def _masked(self, whole: Padded, random: np.random.Generator) -> tuple[Array, Array]:
        ordinary = whole.mask & ~np.isin(whole.ids, self._special)
        draws = random.random(whole.ids.shape)
        chosen = ordinary & (draws < self._rate)
        if not chosen.any():  # a batch without a target would have no loss
            chosen = ordinary & (draws == np.where(ordinary, draws, 2.0).min())
        fate = random.random(whole.ids.shape)
        others = random.choice(self._ordinary, whole.ids.shape)
        ids = np.where(chosen & (fate < 0.8), self._tokenizer.mask_id, whole.ids)
        ids = np.where(chosen & (fate >= 0.9), others, ids)
        return ids, np.where(chosen, whole.ids, IGNORED)


def targets_of(kind: Kind, encoded: Encoded, items: Array) -> Array:
    """Return the targets of some items, in the shape that `Batch` states."""
    match kind:
        case Kind.TAGGING:
            return encoded.pad_tokens("tag", items)
        case Kind.QA:
            ends = (encoded.items["start"][items], encoded.items["end"][items])
            return np.stack(ends, axis=1).astype(np.int64)
        case _:
            return encoded.items["label"][items].astype(np.int64)


def _count(kind: Kind, encoded: Encoded, items: Array) -> int:
    """Return what a batch's summed loss is divided by: its items, or its tagged tokens."""
    if kind is not Kind.TAGGING:
        return len(items)
    return max(1, int((encoded.pad_tokens("tag", items) != IGNORED).sum()))


def _compact(
    plan: DrawPlan, pools: list[Encoded], tasks: list[int]
) -> tuple[Array, list[Encoded | None]]:
    """Return items [steps, batch] within each task's joined pool of the items drawn at all."""
    items = np.zeros_like(plan.items)
    joined: list[Encoded | None] = []
    for task in range(1 + max(tasks)):
        parts: list[Encoded] = []
        for number, (encoded, owner) in enumerate(zip(pools, tasks, strict=True)):
            here = plan.pools == number
            if owner == task and here.any():
                used, places = np.unique(plan.items[here], return_inverse=True)
                items[here] = places + sum(map(len, parts))
                parts.append(encoded.take(used))
        joined.append(Encoded.join(parts) if parts else None)
    return items, joined
