from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AlbertConfig, AlbertModel

from spaces.tasks import Kind
from tests.trainables.tiny import task, write_encoder
from trainables.encoded import IGNORED
from trainables.encoder import Encoder, load_encoder
from trainables.encoder_ref import EncoderRef
from trainables.heads import Head, MaskedTokenHead, fresh_head, initialised

STATES = torch.randn(6, 5, 16, generator=torch.Generator().manual_seed(0))
MASK = torch.arange(5) < torch.tensor([5, 5, 4, 3, 2, 5])[:, None]
TARGETS = {
    Kind.CLASSIFICATION: torch.tensor([0, 1, 0, 1, 1, 0]),
    Kind.PAIR: torch.tensor([0, 1, 0, 1, 1, 0]),
    Kind.TAGGING: torch.where(MASK, 1, IGNORED),
    Kind.QA: torch.tensor([[0, 1], [2, 3], [1, 1], [0, 0], [1, 1], [0, 4]]),
    Kind.MULTIPLE_CHOICE: torch.tensor([0, 2]),  # of three sequences each
}


def masked_token_head(place: Path) -> Head:
    model = write_encoder(place)
    ref = EncoderRef(model=model, uri=model.path, published=True, identity="heads")
    return initialised(MaskedTokenHead(load_encoder(ref)), "0:mlm")


@pytest.mark.parametrize("kind", [*TARGETS, "mlm"])
def test_losses_of_parts_sum_to_the_whole(kind: Kind | str, tmp_path: Path) -> None:
    head = (masked_token_head(tmp_path) if kind == "mlm"
            else fresh_head(task(Kind(kind)), 16, seed=1))
    targets = TARGETS[Kind.TAGGING] if kind == "mlm" else TARGETS[Kind(kind)]
    whole = head.loss(STATES, MASK, targets)
    each = len(STATES) // len(targets)
    parts = [head.loss(STATES[n * each:(n + 1) * each], MASK[n * each:(n + 1) * each],
                       targets[n:n + 1]) for n in range(len(targets))]
    assert whole.item() == pytest.approx(sum(part.item() for part in parts), rel=1e-6)
    assert whole.item() > 0


@pytest.mark.parametrize("kind", TARGETS)
def test_a_fresh_head_depends_on_task_and_seed_alone(kind: Kind) -> None:
    weights = []
    for noise, seed, name in [(0, 1, "a"), (1, 1, "a"), (0, 2, "a"), (0, 1, "b")]:
        torch.manual_seed(noise)
        head = fresh_head(task(kind, name), 16, seed)
        weights.append(torch.cat([value.flatten() for value in head.parameters()]))
    first, same, other_seed, other_task = weights
    assert torch.equal(first, same)
    assert not torch.equal(first, other_seed)
    assert not torch.equal(first, other_task)


def test_options_are_weighed_by_a_softmax_over_their_row() -> None:
    head = fresh_head(task(Kind.MULTIPLE_CHOICE), 16, seed=1)
    scores = head(STATES, MASK)
    alone = torch.cat([head.out(torch.tanh(head.dense(STATES[n, MASK[n]].mean(0))))
                       for n in range(6)])
    assert torch.allclose(scores, alone.view(2, 3), atol=1e-6)
    right = scores.softmax(1)[[0, 1], [0, 2]]
    loss = head.loss(STATES, MASK, TARGETS[Kind.MULTIPLE_CHOICE])
    assert loss.item() == pytest.approx(-right.log().sum().item(), rel=1e-5)


@pytest.mark.parametrize("kind", [Kind.RETRIEVAL, Kind.MLM])
def test_a_task_without_labels_or_answers_has_no_head_of_its_own(kind: Kind) -> None:
    with pytest.raises(ValueError, match=rf"labels or answers, got {kind.value} \(tiny-"):
        fresh_head(task(kind), 16, 0)


def test_the_language_model_head_shares_the_encoders_table(tmp_path: Path) -> None:
    head = masked_token_head(tmp_path)
    assert {name for name, _ in head.named_parameters()} == {
        "bias", "dense.bias", "dense.weight", "norm.bias", "norm.weight"}
    head.loss(STATES, MASK, TARGETS[Kind.TAGGING]).backward()
    assert head._tied[0].weight.grad is not None


def test_the_language_model_head_fits_a_table_narrower_than_the_states() -> None:
    encoder = Encoder(AlbertModel(AlbertConfig(
        vocab_size=30, embedding_size=8, hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=32), add_pooling_layer=False))
    head = initialised(MaskedTokenHead(encoder), "0:mlm")
    assert head(STATES, MASK).shape == (6, 5, 30)
