from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2Model

from spaces.models import HubModel
from spaces.tasks import Kind
from tests.trainables.tiny import FAMILIES, SIZE, write_encoder, write_tokenizer
from trainables.encoder_ref import model_directory
from trainables.probe import probe, probe_faults
from trainables.rows import DataError

WEIGHT = "encoder.layer.1.output.dense.weight"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes(family: str, tmp_path: Path) -> None:
    probe(write_encoder(tmp_path, family), None, list(Kind))


def spoil(directory: Path, how: str) -> None:
    weights = directory / "model.safetensors"
    config = json.loads((directory / "config.json").read_text())
    tensors = load_file(weights)
    match how:
        case "no tokenizer":
            for path in directory.glob("*token*"):
                path.unlink()
        case "a damaged tokenizer":
            (directory / "tokenizer.json").write_text("{")
        case "no token to pad with":
            write_tokenizer(directory, pad_token=None, sep_token=None, unk_token=None)
        case "a table too small":
            tensors["embeddings.word_embeddings.weight"] = torch.zeros(20, 16)
            config["vocab_size"] = 20
        case "a number that is none":
            tensors[WEIGHT][0, 0] = float("nan")
        case "damaged weights":
            weights.write_bytes(weights.read_bytes()[:3_000])
        case "a pointer for weights":
            weights.write_bytes(b"version https://git-lfs.github.com/spec/v1")
        case "a damaged configuration":
            (directory / "config.json").write_text("{")
        case "code of its own":
            config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
            (directory / "own.py").write_text("raise SystemExit('was run')")
        case "a decoder":
            GPT2Model(GPT2Config(vocab_size=SIZE, n_embd=16, n_layer=1, n_head=2,
                                 n_positions=40)).save_pretrained(directory)
    if how in ("a table too small", "a number that is none"):
        save_file(tensors, weights, {"format": "pt"})
    if how in ("a table too small", "code of its own"):
        (directory / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(("how", "line"), [
    ("no tokenizer", "tokenizer"),
    ("a damaged tokenizer", "a tokenizer must load"),
    ("no token to pad with", "a tokenizer must have a pad, end or unknown token"),
    ("a table too small", "at most the 20 tokens that its encoder embeds, got 38"),
    ("a number that is none", f"weights must be finite, got others in {WEIGHT}"),
    ("damaged weights", "an encoder must load"),
    ("a pointer for weights", "an encoder must load"),
    ("a damaged configuration", "config.json' is not a valid JSON file"),
    ("code of its own", "an encoder must load"),
    ("a decoder", "must read a text in both directions"),
])
def test_a_bad_checkpoint_is_one_line_that_names_it(tmp_path: Path, how: str, line: str) -> None:
    model = write_encoder(tmp_path)
    spoil(tmp_path, how)
    model_directory.cache_clear()
    with pytest.raises(DataError) as caught:
        probe(model, None, list(Kind))
    assert line in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layer", [9, [1, 9, 10]])
def test_a_layer_beyond_the_last_is_one_line(tmp_path: Path, layer: object) -> None:
    model = HubModel.model_validate(write_encoder(tmp_path).model_dump() | {"layer": layer})
    with pytest.raises(DataError, match=r"^`layer` must be at most 2, got 9 \(/"):
        probe(model, None, [Kind.RETRIEVAL])


def test_no_first_token_is_pooled_where_there_is_none(tmp_path: Path) -> None:
    both = {"pooling": ("mean", "cls")}
    probe(write_encoder(tmp_path / "with").model_copy(update=both), None, [Kind.RETRIEVAL])
    model = write_encoder(tmp_path / "without").model_copy(update=both)
    file = tmp_path / "without" / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"post_processor": None}))
    with pytest.raises(DataError, match=r"^`pooling` must be mean unless .*, got cls \(/"):
        probe(model, None, [Kind.RETRIEVAL])


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    good = write_encoder(tmp_path / "good")
    bad = HubModel(name="bad", path=str(tmp_path / "good"), max_length=90)
    (line,) = probe_faults([good, bad], None, [Kind.PAIR])
    assert line.startswith("`max_length` must be at most the encoder's 40, got 90")
