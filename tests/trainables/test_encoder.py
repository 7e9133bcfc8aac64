from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from spaces.models import LAB_MODELS
from spaces.representations import Pooling, Representation
from tests.trainables.tiny import FAMILIES, write_encoder
from trainables import encoder as encoder_file
from trainables.encoder import Encoder, fresh_encoder, load_encoder, save_encoder
from trainables.encoder_ref import (
    EncoderRef,
    count_parameters,
    model_directory,
    read_ref,
    weights_identity,
    write_ref,
)
from trainables.rows import DataError

BATCH = (torch.tensor([[1, 7, 8, 2], [1, 9, 2, 0]]),
         torch.tensor([[True] * 4, [True] * 3 + [False]]),
         torch.tensor([[0, 0, 1, 1], [0, 0, 0, 0]]))


def published(directory: Path, family: str) -> tuple[EncoderRef, Encoder]:
    model = write_encoder(directory, family)
    ref = EncoderRef(model=model, uri=model.path, published=True,
                     identity=weights_identity(directory))
    return ref, load_encoder(ref)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_loads_by_its_encoder_and_comes_back_from_disk(
    family: str, tmp_path: Path
) -> None:
    ref, encoder = published(tmp_path / "hub", family)
    encoder.eval()
    states = encoder(*BATCH).detach()
    assert states.shape == (2, 4, 16)
    assert not any("decoder" in name for name, _ in encoder.named_parameters())
    saved = tmp_path / "saved"
    saved.mkdir()
    save_encoder(encoder, saved)
    write_ref(saved, "saved")
    encoder_file._loaded.encoder = None  # as in another process
    again = load_encoder(read_ref(saved, ref.model))
    assert again is not encoder
    assert torch.equal(again.eval()(*BATCH), states)


def total(encoder: Encoder) -> int:
    return sum(value.numel() for value in encoder.module.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_are_counted_alike_from_headers_and_modules(
    family: str, tmp_path: Path
) -> None:
    ref, encoder = published(tmp_path, family)
    counts = count_parameters(ref.model, tmp_path)
    assert (counts.body, counts.total) == (encoder.body_parameters, total(encoder))


@pytest.mark.parametrize("model", LAB_MODELS, ids=lambda model: model.name)
def test_parameters_of_lab_encoders_are_counted_from_their_shape(model: object) -> None:
    assert isinstance(model, type(LAB_MODELS[0]))
    encoder = fresh_encoder(model, pad_id=1, seed=0)
    counts = count_parameters(model, None)
    assert (counts.body, counts.total) == (encoder.body_parameters, total(encoder))


def test_a_trained_module_is_not_given_out_as_the_reference(tmp_path: Path) -> None:
    ref, encoder = published(tmp_path, "bert")
    before = load_encoder(ref, to_train=True).eval()(*BATCH).detach()
    with torch.no_grad():
        for value in encoder.parameters():
            value.add_(0.1)
    assert torch.equal(load_encoder(ref).eval()(*BATCH), before)


def pooled(encoder: Encoder, *layers: int | None, pooling: Pooling = "mean") -> torch.Tensor:
    return encoder.pooled(*BATCH, [Representation(layer=layer, pooling=pooling)
                                   for layer in layers])


def test_padding_does_not_change_states(tmp_path: Path) -> None:
    _, encoder = published(tmp_path, "xlm-roberta")
    encoder.eval()
    ids, mask, types = BATCH
    alone = encoder(ids[1:, :3], mask[1:, :3], types[1:, :3])
    assert torch.allclose(encoder(*BATCH)[1, :3], alone[0], atol=1e-6)
    assert torch.allclose(pooled(encoder, None)[1, 0], alone[0].mean(0), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_counted_from_the_embeddings(family: str, tmp_path: Path) -> None:
    _, encoder = published(tmp_path, family)
    encoder.eval()
    found = pooled(encoder, 0, 1, 2)
    assert found.shape == (2, 3, 16)
    assert torch.equal(found[:, 2:], pooled(encoder, None))
    assert torch.equal(found[:, 1:2], pooled(encoder, 1))
    assert not torch.equal(found[:, 0], found[:, 1])
    with pytest.raises(ValueError, match="`layer` must be at most 2, got 3"):
        pooled(encoder, 1, 3)


def test_a_text_is_its_tokens_mean_special_ones_included_or_its_first_token(
    tmp_path: Path
) -> None:
    _, encoder = published(tmp_path, "bert")
    states = encoder.eval()(*BATCH)
    assert torch.allclose(pooled(encoder, None)[:, 0],
                          torch.stack([states[0].mean(0), states[1, :3].mean(0)]), atol=1e-6)
    for layer in (None, 2):
        assert torch.equal(pooled(encoder, layer, pooling="cls")[:, 0], states[:, 0])


def test_declared_dropout_replaces_the_checkpoints(tmp_path: Path) -> None:
    model = write_encoder(tmp_path)
    ref = EncoderRef(model=model.model_copy(update={"dropout": 0.25}), uri=model.path,
                     published=True, identity="quarter")
    config = load_encoder(ref).config
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.25, 0.25)


def broken(directory: Path, how: str) -> None:
    weights = directory / "model.safetensors"
    match how:
        case "no config":
            (directory / "config.json").unlink()
        case "no weights":
            weights.unlink()
        case "cut weights":
            weights.write_bytes(weights.read_bytes()[:2_000])
        case "a weight missing":
            tensors = load_file(weights)
            del tensors["encoder.layer.1.output.dense.weight"]
            save_file(tensors, weights, {"format": "pt"})
        case "unknown family":
            config = json.loads((directory / "config.json").read_text())
            config["model_type"] = "nobody"
            (directory / "config.json").write_text(json.dumps(config))
        case "a shape differs":
            tensors = load_file(weights)
            tensors["encoder.layer.1.output.dense.weight"] = torch.zeros(3, 3)
            save_file(tensors, weights, {"format": "pt"})


@pytest.mark.parametrize("how", ["no config", "no weights", "cut weights", "a weight missing",
                                 "unknown family", "a shape differs"])
def test_a_broken_checkpoint_is_one_line(tmp_path: Path, how: str) -> None:
    model = write_encoder(tmp_path)
    broken(tmp_path, how)
    model_directory.cache_clear()
    with pytest.raises(DataError) as caught:
        load_encoder(EncoderRef(model=model, uri=model.path, published=True, identity=how))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_length_beyond_the_positions_is_refused(tmp_path: Path) -> None:
    model = write_encoder(tmp_path).model_copy(update={"max_length": 41})
    with pytest.raises(DataError, match="`max_length` must be at most the encoder's 40, got 41"):
        load_encoder(EncoderRef(model=model, uri=model.path, published=True, identity="long"))
