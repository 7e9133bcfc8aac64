"""A published encoder's own head for masked tokens: whether its checkpoint has one, and loading it.

Whether there is one is read from names alone, without torch, so that studies are checked and
digests made without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trainables.rows import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.encoder import Encoder
    from trainables.heads import MaskedTokenHead

__all__ = ["PublishedHead", "find_published_head", "load_published_head"]

_EPS: Final = 1e-12  # of the LayerNorm of DistilBERT's head, whatever its configuration says
_CONFIG, _WHOLE, _INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True)
class _Layout:
    """How a family of encoders names the tensors of its head, and what the head computes.

    `dense` and `norm` are modules, `table` and `bias` the output's tensors: of several biases
    the first that is there, the decoder's, is what the family computes with. `activation` and
    `eps` are the configuration's keys for them; None is GELU, and `_EPS`. `plain` says that dense
    and norm may have no bias; `tied`, that the table may be the embeddings'.
    """

    dense: str
    norm: str
    bias: tuple[str, ...]
    table: str
    activation: str | None = None
    eps: str | None = "layer_norm_eps"
    plain: bool = False
    tied: bool = True

    def names(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield our name of each of the head's parameters and the checkpoint's, best first."""
        yield "dense.weight", (f"{self.dense}.weight",)
        yield "dense.bias", (f"{self.dense}.bias",)
        # Checkpoints that were first written by TensorFlow, such as multilingual BERT, say gamma.
        yield "norm.weight", (f"{self.norm}.weight", f"{self.norm}.gamma")
        yield "norm.bias", (f"{self.norm}.bias", f"{self.norm}.beta")
        yield "bias", self.bias
        yield "table", (self.table,)


_ROBERTA: Final = _Layout("lm_head.dense", "lm_head.layer_norm",
                          ("lm_head.decoder.bias", "lm_head.bias"), "lm_head.decoder.weight")
# Source: the masked-language models of transformers, by `model_type`. A family that is not here
# is taken to have no head, since its names alone do not say what its head computes.
_LAYOUTS: Final[Mapping[str, _Layout]] = {
    **dict.fromkeys(("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet"), _ROBERTA),
    "bert": _Layout(
        "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm",
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
        "cls.predictions.decoder.weight", activation="hidden_act"),
    "rembert": _Layout(
        "cls.predictions.dense", "cls.predictions.LayerNorm", ("cls.predictions.decoder.bias",),
        "cls.predictions.decoder.weight", activation="hidden_act", tied=False),
    "albert": _Layout(
        "predictions.dense", "predictions.LayerNorm",
        ("predictions.decoder.bias", "predictions.bias"), "predictions.decoder.weight",
        activation="hidden_act"),
    "electra": _Layout(
        "generator_predictions.dense", "generator_predictions.LayerNorm",
        ("generator_lm_head.bias",), "generator_lm_head.weight"),
    "distilbert": _Layout(
        "vocab_transform", "vocab_layer_norm", ("vocab_projector.bias",),
        "vocab_projector.weight", activation="activation", eps=None),
    "modernbert": _Layout(
        "head.dense", "head.norm", ("decoder.bias",), "decoder.weight",
        activation="classifier_activation", eps="norm_eps", plain=True),
}
_EMBEDDINGS: Final = ("embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight")


@dataclass(frozen=True)
class _Stored:
    """A tensor of a checkpoint: its name and its file."""

    name: str
    file: Path


@dataclass(frozen=True)
class PublishedHead:
    """A checkpoint's head: what it computes, and each tensor by our name of the parameter.

    `tied` says that the output table is the `embeddings`, unless there is a `table` that differs.
    """

    layout: _Layout
    tensors: Mapping[str, _Stored]
    tied: bool


@lru_cache(maxsize=64)
def find_published_head(directory: Path) -> PublishedHead | None:
    """Return the head that the checkpoint in a directory has for masked tokens.

    There is none where the family is not known here or one of the head's tensors is not there.

    Raises:
        DataError: if configuration, index or weights cannot be read.
    """
    with _readable(directory / _CONFIG):
        config = json.loads((directory / _CONFIG).read_text(encoding="utf-8"))
        layout = _LAYOUTS.get(config.get("model_type"))
        tied = config.get("tie_word_embeddings", True)
    if layout is None:
        return None
    tied = bool(tied) and layout.tied
    found = dict(_present(layout, dict(_places(directory))))
    needed = {ours for ours, _ in layout.names()}
    needed -= {"table"} if tied else set()
    needed -= {"dense.bias", "norm.bias"} if layout.plain else set()
    return PublishedHead(layout, found, tied) if needed <= found.keys() else None


def _present(layout: _Layout, places: Mapping[str, Path]) -> Iterator[tuple[str, _Stored]]:
    """Yield our name of each tensor that is there, and where it lies."""
    tables = tuple(name for name in places if name.endswith(_EMBEDDINGS))
    for ours, names in (*layout.names(), ("embeddings", tables)):
        name = next((name for name in names if name in places), None)
        if name is not None:
            yield ours, _Stored(name, places[name])


def load_published_head(head: PublishedHead, encoder: Encoder) -> MaskedTokenHead:
    """Return a checkpoint's head, in float32, on its encoder.

    Raises:
        DataError: if a tensor cannot be read, does not fit the encoder, or is not finite.
    """
    import torch

    from trainables.heads import HeadForm, MaskedTokenHead

    layout, config = head.layout, encoder.config
    own_table = not _is_tied(head)
    kept = {ours: stored for ours, stored in head.tensors.items()
            if ours != "embeddings" and (ours != "table" or own_table)}
    read = {ours: _read(stored) for ours, stored in kept.items()}
    made = MaskedTokenHead(encoder, HeadForm(
        activation=encoder.activation(layout.activation),
        eps=_EPS if layout.eps is None else float(getattr(config, layout.eps)),
        dense_bias="dense.bias" in read, norm_bias="norm.bias" in read,
        own_width=next(iter(read["dense.weight"].shape), 0) if own_table else None))
    with torch.no_grad():
        for name, value in made.named_parameters():
            _check(read[name], value.shape, kept[name])
            value.copy_(read[name])
    return made


def _is_tied(head: PublishedHead) -> bool:
    """Whether the output table is the checkpoint's embeddings, whatever these have become since.

    Source: transformers, which ties them unless both are there and differ.
    """
    import torch

    if not head.tied or not {"table", "embeddings"} <= head.tensors.keys():
        return head.tied
    return torch.equal(_read(head.tensors["table"]), _read(head.tensors["embeddings"]))


def _check(tensor: Tensor, shape: Iterable[int], stored: _Stored) -> None:
    wanted, got = list(shape), list(tensor.shape)
    if got != wanted:
        raise DataError(f"a head for masked tokens must fit its encoder: `{stored.name}` must be "
                        f"of shape {wanted}, got {got} ({stored.file})")
    if not tensor.isfinite().all():
        raise DataError(f"weights must be finite, got others in {stored.name} ({stored.file})")


def _places(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield each tensor's name and file, of one file or of shards, as transformers chooses them."""
    from safetensors import safe_open

    whole, index = directory / _WHOLE, directory / _INDEX
    if whole.exists():
        with _readable(whole), safe_open(whole, framework="numpy") as file:
            yield from ((name, whole) for name in file.keys())  # noqa: SIM118  it is no dict
    elif index.exists():
        with _readable(index):
            shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            yield from ((name, directory / shard) for name, shard in shards.items())


def _read(stored: _Stored) -> Tensor:
    from safetensors import safe_open

    with _readable(stored.file), safe_open(stored.file, framework="pt") as file:
        tensor: Tensor = file.get_tensor(stored.name)
        return tensor


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what is wrong with a file into one line that names it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise DataError(f"a file must be readable and whole: {type(error).__name__} {reason} "
                        f"({file})") from error
