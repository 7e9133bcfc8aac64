"""Translations find each other; any number of workers counts each pair once."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.batches import Batch
from trainables.encoded import IGNORED, Encoded
from trainables.heads import TranslationHead
from trainables.parallel_batches import ParallelBatches, TakingTurns


def encoded(pairs: int) -> Encoded:
    """Pairs of one text of three tokens and one of two: (10 i, ., .), (10 i + 5, .)."""
    ids = [token for pair in range(pairs)
           for token in (10 * pair, 1, 2, 10 * pair + 5, 3)]
    offsets = np.concatenate([[0], np.cumsum([3, 2] * pairs)])
    return Encoded(np.array(ids, np.int32), offsets, {
        "row": np.arange(pairs), "second": np.array([[3, 2]] * pairs)})


def test_a_text_and_its_translation_lie_side_by_side() -> None:
    batch = ParallelBatches(encoded(9), 5, 4, seed=0, pad_id=7).batch(2, 0, 1)
    assert batch.inputs.ids.shape == (8, 3)
    assert (batch.inputs.ids[1::2, 0] - batch.inputs.ids[0::2, 0] == 5).all()
    assert (batch.inputs.ids[1::2, 2] == 7).all()
    assert (batch.count, batch.examples, batch.tokens, len(batch)) == (4, 4, 20, 1)


@given(st.integers(1, 7))
def test_workers_read_the_whole_and_count_each_pair_once(size: int) -> None:
    batches = ParallelBatches(encoded(9), 3, 6, seed=1, pad_id=0)
    shares = [batches.batch(1, rank, size) for rank in range(size)]
    assert all((share.inputs.ids == shares[0].inputs.ids).all() for share in shares)
    counted = np.stack([share.targets.ravel() for share in shares])
    assert ((counted != IGNORED).sum(axis=0) == 1).all()
    assert counted.max(axis=0).tolist() == list(range(6))


def test_shares_of_the_loss_sum_to_the_whole() -> None:
    batches = ParallelBatches(encoded(9), 3, 6, seed=1, pad_id=0)
    torch.manual_seed(0)
    states = torch.randn(12, 3, 8)
    losses = [TranslationHead().loss(states, *(torch.from_numpy(part) for part in (
        batch.inputs.mask, batch.targets)))
        for size in (1, 2, 5) for rank in range(size) for batch in [batches.batch(0, rank, size)]]
    whole = float(losses[0])
    assert float(sum(losses[1:3])) == pytest.approx(whole, rel=1e-5)
    assert float(sum(losses[3:])) == pytest.approx(whole, rel=1e-5)


def test_translations_are_worked_out_by_hand() -> None:
    states = torch.tensor([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 2.0]], [[0.0, 3.0]]])
    mask = torch.ones(4, 1, dtype=torch.bool)
    head = TranslationHead()
    assert torch.allclose(head(states, mask), torch.tensor([[10.0, 0.0], [0.0, 10.0]]))
    own = torch.tensor([[[0], [1]]])
    expected = 2 * math.log(1 + math.exp(-10))
    assert float(head.loss(states, mask, own)) == pytest.approx(expected, rel=1e-3)


class Numbered:
    """Batches that say which they are."""

    def __init__(self, steps: int) -> None:
        self.steps, self.batch_size = steps, 8

    def batch(self, step: int, rank: int, size: int) -> Batch:
        return step  # type: ignore[return-value]


@given(st.integers(1, 60), st.floats(0, 0.99))
def test_turns_are_taken_evenly_and_every_batch_comes_once(steps: int, share: float) -> None:
    counts = TakingTurns.shared(steps, share)
    assert sum(counts) == steps
    assert counts[1] == math.floor(steps * share)
    first, second = Numbered(counts[0]), Numbered(counts[1])
    seen: dict[int, list[int]] = {0: [], 1: []}
    turns = TakingTurns(first, second)
    for number, source in enumerate((first, second)):
        source.batch = (  # type: ignore[method-assign]
            lambda step, rank, size, number=number: seen[number].append(step))
    for step in range(steps):
        turns.batch(step, 0, 1)
        assert abs(len(seen[1]) - (step + 1) * counts[1] / steps) <= 1
    assert seen == {0: list(range(counts[0])), 1: list(range(counts[1]))}


def test_a_pair_that_is_read_has_both_its_texts(tmp_path: Path) -> None:
    from trainables.encoding import encode_translations
    from trainables.lab.pretraining import train_tokenizer
    from trainables.tokenizer import load_tokenizer

    texts = ["eins und zwei", "drei"], ["one and two", "three"]
    train_tokenizer(pa.table({"text": [*texts[0], *texts[1]],
                              "text_pair": pa.nulls(4, pa.string())}), 200, tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    found = encode_translations(
        pa.table({"text": texts[0], "translation": texts[1]}), tokenizer, 16)
    assert (len(found), found.width) == (2, 2)
    wanted = tokenizer.encode([texts[0][0], texts[1][0], texts[0][1], texts[1][1]], None,
                              max_length=16)["input_ids"]
    assert found.ids.tolist() == [token for ids in wanted for token in ids]
