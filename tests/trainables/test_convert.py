from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, XLMRobertaConfig, XLMRobertaForMaskedLM, XLMRobertaModel

from trainables.convert import ConvertError, convert


def tiny() -> XLMRobertaConfig:
    return XLMRobertaConfig(vocab_size=40, hidden_size=8, num_hidden_layers=2,
                            num_attention_heads=2, intermediate_size=16,
                            max_position_embeddings=20, tie_word_embeddings=True)


@pytest.fixture
def model() -> XLMRobertaForMaskedLM:
    torch.manual_seed(0)
    return XLMRobertaForMaskedLM(tiny())


@pytest.fixture
def checkpoint(tmp_path: Path, model: XLMRobertaForMaskedLM) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    tiny().save_pretrained(source)
    torch.save(model.state_dict(), source / "pytorch_model.bin")
    for name in ("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"):
        (source / name).write_text(name)
    (source / "modeling_mine.py").write_text("raise SystemExit")
    return source


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name])
                                                 for name in wanted)


def test_tensors_come_through_unchanged_tied_ones_too(
    checkpoint: Path, tmp_path: Path, model: XLMRobertaForMaskedLM
) -> None:
    tensors = model.state_dict()
    words, output = (tensors[name] for name in ("roberta.embeddings.word_embeddings.weight",
                                                "lm_head.decoder.weight"))
    assert words.data_ptr() == output.data_ptr()
    (written,) = convert(checkpoint, tmp_path / "target")
    assert same(load_file(written), tensors)
    loaded = AutoModel.from_pretrained(tmp_path / "target", add_pooling_layer=False)
    assert isinstance(loaded, XLMRobertaModel)
    rows = torch.tensor([[0, 5, 6, 2]])
    wanted = model.eval().roberta(rows).last_hidden_state
    torch.testing.assert_close(loaded.eval()(rows).last_hidden_state, wanted)


def test_config_and_tokenizer_come_along_and_code_does_not(
    checkpoint: Path, tmp_path: Path
) -> None:
    convert(checkpoint, tmp_path / "target")
    assert {path.name for path in (tmp_path / "target").iterdir()} == {
        "config.json", "tokenizer.json", "vocab.txt", "sentencepiece.bpe.model",
        "model.safetensors"}


def split_in_two(checkpoint: Path, model: XLMRobertaForMaskedLM) -> None:
    tensors = model.state_dict()
    names = sorted(tensors)
    (checkpoint / "pytorch_model.bin").unlink()
    places = {}
    for number, part in enumerate((names[:20], names[20:]), start=1):
        shard = f"pytorch_model-0000{number}-of-00002.bin"
        torch.save({name: tensors[name] for name in part}, checkpoint / shard)
        places |= dict.fromkeys(part, shard)
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (checkpoint / "pytorch_model.bin.index.json").write_text(json.dumps(index))


def test_shards_stay_shards(
    checkpoint: Path, tmp_path: Path, model: XLMRobertaForMaskedLM
) -> None:
    split_in_two(checkpoint, model)
    written = convert(checkpoint, tmp_path / "target")
    assert [path.name for path in written] == ["model-00001-of-00002.safetensors",
                                               "model-00002-of-00002.safetensors"]
    found = {name: tensor for path in written for name, tensor in load_file(path).items()}
    assert same(found, model.state_dict())
    index = json.loads((tmp_path / "target/model.safetensors.index.json").read_text())
    assert set(index["weight_map"]) == set(found)
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in found.values())
    loaded = XLMRobertaForMaskedLM.from_pretrained(tmp_path / "target")
    assert same(loaded.state_dict(), model.state_dict())


def test_views_are_written_without_what_lies_around_them(checkpoint: Path, tmp_path: Path) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    parts = {"columns": whole[:, 1:3], "turned": whole.T, "row": whole[2]}
    torch.save(parts, checkpoint / "pytorch_model.bin")
    (written,) = convert(checkpoint, tmp_path / "target")
    assert same(load_file(written), parts)
    assert written.stat().st_size < 1_000


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harmed",)


def saved(loaded: Any) -> Callable[[Path], Any]:
    return lambda source: torch.save(loaded, source / "pytorch_model.bin")


def written(data: bytes) -> Callable[[Path], Any]:
    return lambda source: (source / "pytorch_model.bin").write_bytes(data)


def halved(source: Path) -> None:
    file = source / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def indexed(text: str) -> Callable[[Path], None]:
    def spoil(source: Path) -> None:
        (source / "pytorch_model.bin").rename(source / "shard.bin")
        (source / "pytorch_model.bin.index.json").write_text(text)
    return spoil


@pytest.mark.parametrize(("spoil", "line"), [
    (saved({"weight": Harmful()}), "must hold tensors and plain containers alone"),
    (written(pickle.dumps({"weight": Harmful()})), "must hold tensors and plain containers alone"),
    (saved({"layer": torch.nn.Linear(2, 2)}), "must hold tensors and plain containers alone"),
    (written(b"version https://git-lfs.github.com/spec/v1"), "a checkpoint"),
    (written(b""), "must be a whole PyTorch file"),
    (halved, "must be a whole PyTorch file"),
    (saved([torch.zeros(1)]), "must map names to dense tensors, got list"),
    (saved({"state_dict": {"a": torch.zeros(1)}}), "got dict under 'state_dict'"),
    (saved({"a": torch.zeros(2, 2).to_sparse()}), "got Tensor under 'a'"),
    (lambda source: (source / "pytorch_model.bin").unlink(), "got neither in"),
    (lambda source: (source / "config.json").unlink(), "must have a config.json"),
    (indexed("{"), "must be JSON with a `weight_map`"),
    (indexed('{"weight_map": []}'), "must be JSON with a `weight_map`"),
    (indexed('{"weight_map": {"a": "absent.bin"}}'), "got none called absent.bin"),
    (indexed('{"weight_map": {"a": "../shard.bin"}}'), "must be a .bin file beside its index"),
    (indexed('{"weight_map": {"a": "shard.bin"}}'), "got none called a"),
])
def test_a_bad_checkpoint_is_one_line_and_leaves_nothing(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], Any], line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    spoil(checkpoint)
    with pytest.raises(ConvertError) as caught:
        convert(checkpoint, tmp_path / "made/target")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "made").glob("*"))
    assert not (tmp_path / "harmed").exists()


def test_what_is_there_is_not_written_over(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target/mine").touch()
    with pytest.raises(ConvertError, match=r"^the target must be a new or an empty directory"):
        convert(checkpoint, tmp_path / "target")
