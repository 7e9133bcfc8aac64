"""A published encoder's own head: what transformers computes with the same checkpoint is law."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoModelForMaskedLM,
    BertForSequenceClassification,
    DebertaV2Config,
    ModernBertForSequenceClassification,
)

from spaces.models import HubModel
from spaces.tasks import Kind
from tests.trainables.masked_encoders import CONFIGS, SHAPE, rewrite, write_masked
from tests.trainables.tiny import SIZE, write_encoder
from trainables.device import Device
from trainables.encoded import IGNORED
from trainables.encoder import Encoder, load_encoder
from trainables.encoder_ref import EncoderRef, count_parameters
from trainables.heads import MaskedTokenHead
from trainables.probe import probe
from trainables.published_head import find_published_head, load_published_head
from trainables.rows import DataError

IDS = torch.tensor([[1, 7, 8, 4, 2], [1, 9, 2, 0, 0]])
MASK = IDS != 0


def reload(model: HubModel) -> tuple[Encoder, MaskedTokenHead]:
    find_published_head.cache_clear()
    place = Path(model.path)
    found = find_published_head(place)
    assert found is not None
    encoder = load_encoder(EncoderRef(model=model, uri=model.path, published=True,
                                      identity=f"{place} {place.stat().st_mtime_ns}"))
    return encoder.eval(), load_published_head(found, encoder)


def ours(model: HubModel) -> Tensor:
    encoder, head = reload(model)
    with torch.no_grad():
        found: Tensor = head(encoder(IDS, MASK, torch.zeros_like(IDS)), MASK)[MASK]
    return found


def theirs(model: HubModel) -> Tensor:
    whole = AutoModelForMaskedLM.from_pretrained(model.path, dtype=torch.float32).eval()
    with torch.no_grad():
        found: Tensor = whole(IDS, attention_mask=MASK.long()).logits[MASK]
    return found


# ---- a head is what transformers computes ---------------------------------------------------


@pytest.mark.parametrize("family", CONFIGS)
def test_logits_are_those_of_transformers(family: str, tmp_path: Path) -> None:
    model = write_masked(tmp_path, family)
    expected = theirs(model)
    assert torch.allclose(ours(model), expected, atol=1e-5)
    assert expected.std() > 0.1


@pytest.mark.parametrize("family", CONFIGS)
def test_a_head_is_no_part_of_the_body(family: str, tmp_path: Path) -> None:
    model = write_masked(tmp_path, family)
    encoder, _ = reload(model)
    counts = count_parameters(model, tmp_path)
    assert counts.body == encoder.body_parameters
    assert counts.total == sum(value.numel() for value in encoder.module.parameters())


@pytest.mark.parametrize("family", ["bert", "distilbert", "modernbert", "xlm-roberta"])
def test_an_output_table_of_its_own_is_kept(family: str, tmp_path: Path) -> None:
    model = write_masked(tmp_path, family, tie_word_embeddings=False)
    _, head = reload(model)
    assert "table" in dict(head.named_parameters())
    assert torch.allclose(ours(model), theirs(model), atol=1e-5)


@pytest.mark.parametrize("same", [True, False])
def test_a_table_in_the_file_is_shared_where_it_is_the_embeddings(
    same: bool, tmp_path: Path
) -> None:
    model = write_masked(tmp_path)

    def added(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        table = tensors["roberta.embeddings.word_embeddings.weight"]
        return tensors | {"lm_head.decoder.weight": table.clone() if same else -table}

    rewrite(model, added)
    _, head = reload(model)
    assert (head.table is None) is same
    assert torch.allclose(ours(model), theirs(model), atol=1e-5)


def test_the_table_is_shared_as_published_whatever_training_made_of_it(tmp_path: Path) -> None:
    model = write_masked(tmp_path)
    rewrite(model, lambda tensors: tensors | {
        "lm_head.decoder.weight":
            tensors["roberta.embeddings.word_embeddings.weight"].clone()})
    encoder, _ = reload(model)
    with torch.no_grad():
        encoder.embeddings.weight.add_(1.0)  # type: ignore[operator]
    found = find_published_head(tmp_path)
    assert found is not None
    assert load_published_head(found, encoder).table is None
    load_encoder(EncoderRef(model=model, uri=model.path, published=True, identity="trained"),
                 to_train=True)


def test_names_of_older_checkpoints_are_known(tmp_path: Path) -> None:
    model = write_masked(tmp_path, "bert")
    expected = theirs(model)
    rewrite(model, lambda tensors: {
        name.replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta"): value for name, value in tensors.items()})
    assert any(name.endswith("gamma") for name in load_file(tmp_path / "model.safetensors"))
    assert torch.allclose(ours(model), expected, atol=1e-5)


def test_a_sharded_checkpoint_is_read_by_its_index(tmp_path: Path) -> None:
    model = write_masked(tmp_path / "whole")
    expected = theirs(model)
    AutoModelForMaskedLM.from_pretrained(model.path).save_pretrained(
        tmp_path / "whole", max_shard_size="4KB")
    (tmp_path / "whole" / "model.safetensors").unlink(missing_ok=True)
    assert len(list((tmp_path / "whole").glob("*.safetensors"))) > 2
    assert torch.allclose(ours(model), expected, atol=1e-5)


def test_half_precision_is_read_into_float32(tmp_path: Path) -> None:
    model = write_masked(tmp_path)
    rewrite(model, lambda tensors: {name: value.bfloat16() for name, value in tensors.items()})
    _, head = reload(model)
    assert {value.dtype for value in head.parameters()} == {torch.float32}
    assert torch.allclose(ours(model), theirs(model), atol=1e-5)


@pytest.mark.parametrize("family", ["xlm-roberta", "modernbert", "rembert"])
def test_mixed_precision_is_near_to_float32(family: str, tmp_path: Path) -> None:
    encoder, head = reload(write_masked(tmp_path, family))
    targets = torch.where(IDS > 3, IDS, IGNORED)
    losses = []
    for precision in ("float32", "bfloat16"):
        with Device("cpu", precision).autocast():  # type: ignore[arg-type]
            loss = head.loss(encoder(IDS, MASK, torch.zeros_like(IDS)), MASK, targets)
        loss.backward()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert all(value.grad is not None and value.grad.isfinite().all()
               for value in head.parameters())


# ---- a checkpoint without one ---------------------------------------------------------------


def without(directory: Path, how: str) -> None:
    """Write a checkpoint that has no head, or none that is known."""
    match how:
        case "an encoder alone":
            write_encoder(directory)
        case "another head":
            BertForSequenceClassification(CONFIGS["bert"]()).save_pretrained(directory)
        case "a classifier with the same transform":
            ModernBertForSequenceClassification(CONFIGS["modernbert"]()).save_pretrained(directory)
        case "a part missing":
            rewrite(write_masked(directory), lambda tensors: {
                name: value for name, value in tensors.items()
                if name != "lm_head.layer_norm.bias"})
        case "no table where none is shared":
            model = write_masked(directory, tie_word_embeddings=False)
            rewrite(model, lambda tensors: {name: value for name, value in tensors.items()
                                            if name != "lm_head.decoder.weight"})
        case "an unknown family":
            AutoModelForMaskedLM.from_config(DebertaV2Config(**SHAPE)).save_pretrained(directory)
        case "no family":
            write_masked(directory)
            (directory / "config.json").write_text("{}")


@pytest.mark.parametrize("how", [
    "an encoder alone", "another head", "a classifier with the same transform", "a part missing",
    "no table where none is shared", "an unknown family", "no family"])
def test_a_checkpoint_without_a_whole_known_head_has_none(how: str, tmp_path: Path) -> None:
    without(tmp_path, how)
    assert find_published_head(tmp_path) is None


# ---- a head at fault ------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shape", "line"), [
    ("lm_head.bias", (SIZE - 1,), rf"`lm_head.bias` must be of shape \[{SIZE}\], got \[{SIZE - 1}"),
    ("lm_head.dense.weight", (16, 8), r"must be of shape \[16, 16\], got \[16, 8\]"),
    ("lm_head.dense.weight", (), r"must be of shape \[16, 16\], got \[\]"),
    ("lm_head.layer_norm.weight", (1,), r"must be of shape \[16\], got \[1\]"),
    ("lm_head.decoder.weight", (SIZE, 8), rf"must be of shape \[{SIZE}, 16\], got \[{SIZE}, 8\]"),
])
def test_a_head_of_the_wrong_shape_is_one_line(
    name: str, shape: tuple[int, ...], line: str, tmp_path: Path
) -> None:
    model = write_masked(tmp_path)
    rewrite(model, lambda tensors: tensors | {name: torch.zeros(shape)})
    with pytest.raises(DataError, match=rf"{line}.*model\.safetensors\)$") as caught:
        reload(model)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="a head for masked tokens must fit its encoder"):
        probe(model, None, [Kind.MLM])
    probe(model, None, [Kind.TAGGING])  # whoever does not need it is not told


def test_weights_that_are_not_finite_are_one_line(tmp_path: Path) -> None:
    model = write_masked(tmp_path)
    rewrite(model, lambda tensors: tensors | {"lm_head.bias": torch.full((SIZE,), torch.nan)})
    with pytest.raises(DataError, match=r"must be finite, got others in lm_head.bias \(.*ors\)$"):
        probe(model, None, [Kind.TAGGING], masks=True)


@pytest.mark.parametrize(("file", "text"), [
    ("model.safetensors", "no weights"), ("config.json", "{"), ("config.json", "[1]")])
def test_a_file_that_is_not_whole_is_one_line(file: str, text: str, tmp_path: Path) -> None:
    write_masked(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=rf"must be readable and whole: .*{file}\)$") as caught:
        find_published_head(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_index_of_tensors_that_are_not_there_is_one_line(tmp_path: Path) -> None:
    model = write_masked(tmp_path)
    names = load_file(tmp_path / "model.safetensors")
    encoder, _ = reload(model)
    (tmp_path / "model.safetensors").rename(tmp_path / "model-00001-of-00002.safetensors")
    index = {name: "model-00002-of-00002.safetensors" if name == "lm_head.bias"
             else "model-00001-of-00002.safetensors" for name in names}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    find_published_head.cache_clear()
    found = find_published_head(tmp_path)
    assert found is not None
    with pytest.raises(DataError, match=r"readable and whole: .*00002-of-00002\.safetensors\)$"):
        load_published_head(found, encoder)
