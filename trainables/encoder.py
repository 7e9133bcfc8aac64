"""Encoders: the one file that owns the transformers library's models.

Loading, saving and hidden states live here; phases hand each other `EncoderRef`s.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    PreTrainedConfig,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from transformers.activations import ACT2FN
from transformers.utils import logging as transformers_logging

from spaces.models import HubModel, LabModel
from spaces.representations import Pooling, Representation
from trainables.encoder_ref import EncoderRef, model_directory
from trainables.rows import DataError

__all__ = ["Encoder", "fresh_encoder", "load_encoder", "mean_pooled", "save_encoder"]

CONFIG, WEIGHTS = "config.json", "model.safetensors"
# What the model families call their dropout rates.
_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout",
             "attention_dropout", "activation_dropout", "dropout_rate")


class Encoder(nn.Module):
    """A text encoder of any family, called with ids, mask and segment types.

    `hidden` is the width of its states.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.config: PreTrainedConfig = module.config  # type: ignore[assignment]
        self.hidden = int(self.config.hidden_size)
        takes_types = "token_type_ids" in inspect.signature(module.forward).parameters
        self._takes_types = takes_types and (getattr(self.config, "type_vocab_size", 0) or 0) > 1

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """Return the last hidden states [items, length, hidden]."""
        states: Tensor = self.module(**self._inputs(ids, mask, types)).last_hidden_state
        return states

    def pooled(
        self, ids: Tensor, mask: Tensor, types: Tensor, wanted: Sequence[Representation]
    ) -> Tensor:
        """Return each item's pooled states [items, representations, hidden], of one reading.

        `mean` is the mean over all of an item's tokens, special ones included, and `cls` the state
        of its first token. Source: `third_party/evaluate_retrieval.py` of github.com/
        google-research/xtreme as `scripts/run_tatoeba.sh` calls it, by mean and without
        `--pool_skip_special_token`; its `--specific_layer 13`, of the last 24, is layer 14 here.

        Raises:
            ValueError: if the encoder has no such layer (0 is the embeddings, None the last).
        """
        inputs = self._inputs(ids, mask, types)
        if all(each.layer is None for each in wanted):
            layers: tuple[Tensor, ...] = (self.module(**inputs).last_hidden_state,)
        else:
            found = self.module(**inputs, output_hidden_states=True)
            layers = (*found.hidden_states, found.last_hidden_state)
        most = len(layers) - 2
        for each in wanted:
            if each.layer is not None and each.layer > most:
                raise ValueError(f"`layer` must be at most {most}, got {each.layer}")
        return torch.stack([
            _pooled(layers[-1 if each.layer is None else each.layer], mask, each.pooling)
            for each in wanted], dim=1)

    @property
    def embeddings(self) -> nn.Module:
        """The table of token embeddings."""
        table: nn.Module = self.module.get_input_embeddings()  # type: ignore[operator]
        return table

    def activation(self, key: str | None) -> Callable[[Tensor], Tensor]:
        """Return the activation that the configuration names under a key; GELU without one."""
        name = "gelu" if key is None else getattr(self.config, key)
        found: Callable[[Tensor], Tensor] = ACT2FN[name]
        return found

    @property
    def body_parameters(self) -> int:
        """The number of parameters outside embeddings."""
        named = self.module.named_parameters()
        return sum(value.numel() for name, value in named if "embed" not in name
                   and not name.startswith("shared."))

    def _inputs(self, ids: Tensor, mask: Tensor, types: Tensor) -> dict[str, Tensor]:
        inputs = {"input_ids": ids, "attention_mask": mask}
        return inputs | {"token_type_ids": types} if self._takes_types else inputs


def mean_pooled(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of the states [items, length, hidden] where mask [items, length] is set."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _pooled(states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    return mean_pooled(states, mask) if pooling == "mean" else states[:, 0]


def fresh_encoder(model: LabModel, pad_id: int, seed: int) -> Encoder:
    """Return an untrained lab encoder: XLM-R's shape, without dropout."""
    config = XLMRobertaConfig(
        vocab_size=model.vocabulary,
        hidden_size=model.hidden,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        intermediate_size=model.feed_forward,
        max_position_embeddings=model.max_length + pad_id + 1,
        type_vocab_size=1,
        pad_token_id=pad_id,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Encoder(XLMRobertaModel(config, add_pooling_layer=False))


@dataclass
class _Loaded:
    """The one encoder a process keeps: what it is a state of, and where it is."""

    identity: str = ""
    config: str = ""
    encoder: Encoder | None = None


_loaded = _Loaded()


def load_encoder(ref: EncoderRef, hub: Path | None = None, *, to_train: bool = False) -> Encoder:
    """Return the encoder of a reference, from this process's memory if it was the last one.

    Args:
        ref: the encoder.
        hub: an offline mirror in which published encoders are looked for.
        to_train: the caller changes the weights, so they are not kept as this reference's.

    Raises:
        DataError: if the weights are not there, not whole or not safetensors, or the model reads
            longer texts than the encoder can.
    """
    if _loaded.identity != ref.identity or _loaded.encoder is None:
        _loaded.identity = ""  # until all of the weights are read
        if ref.published:
            assert isinstance(ref.model, HubModel)
            _keep(_published(ref.model, model_directory(ref.model, hub)), "")
        else:
            _read_weights(Path(ref.uri))
        _loaded.identity = ref.identity
    if to_train:
        _loaded.identity = ""
    assert _loaded.encoder is not None
    if isinstance(ref.model, HubModel):
        _check_length(_loaded.encoder, ref.model)
    return _loaded.encoder


def save_encoder(encoder: Encoder, directory: Path) -> None:
    """Write weights and configuration into an existing directory."""
    (directory / CONFIG).write_text(_config_text(encoder))
    save_model(encoder.module, str(directory / WEIGHTS))


def _keep(encoder: Encoder, config: str) -> None:
    _loaded.encoder, _loaded.config = encoder, config


def _read_weights(directory: Path) -> None:
    """Read a phase's weights, into the module at hand if it is of the same shape."""
    config = (directory / CONFIG).read_text()
    if _loaded.config != config or _loaded.encoder is None:
        data = json.loads(config)
        kind = AutoConfig.for_model(data["model_type"])
        _keep(Encoder(_build(type(kind).from_dict(data))), config)
    assert _loaded.encoder is not None
    load_model(_loaded.encoder.module, str(directory / WEIGHTS))


def _config_text(encoder: Encoder) -> str:
    return json.dumps(encoder.config.to_dict(), sort_keys=True, indent=1, default=str)


def _build(config: PreTrainedConfig) -> nn.Module:
    """Return a model of random weights: of an encoder-decoder, its encoder."""
    with torch.random.fork_rng():
        return _bare(_family(config).from_config(config))


def _family(config: PreTrainedConfig) -> Any:
    """Return the auto class that loads the text encoder alone, where the library has one."""
    known = type(config) in AutoModelForTextEncoding._model_mapping
    return AutoModelForTextEncoding if known else AutoModel


def _bare(module: nn.Module) -> nn.Module:
    """Drop what follows the encoder: a decoder, a pooler."""
    config: Any = module.config
    if getattr(config, "is_encoder_decoder", False) and hasattr(module, "decoder"):
        module = module.get_encoder()  # type: ignore[operator]
    if getattr(module, "pooler", None) is not None:
        module.pooler = None  # type: ignore[assignment]
    return module


def _published(model: HubModel, directory: Path) -> Encoder:
    """Load a published encoder with its own dropout, or the model's where it declares one."""
    _quiet()
    try:
        config = AutoConfig.from_pretrained(str(directory), trust_remote_code=False)
        if model.dropout is not None:
            for name in _DROPOUTS:
                if hasattr(config, name):
                    setattr(config, name, model.dropout)
        module, report = _family(config).from_pretrained(
            str(directory), config=config, use_safetensors=True, trust_remote_code=False,
            dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"an encoder must load, got an error: {line} ({directory})") from error
    encoder = Encoder(_bare(module))
    kept = {name for name, _ in encoder.module.named_parameters()}
    missing = sorted(name for name in report["missing_keys"]
                     if name in kept or name.removeprefix("encoder.") in kept)
    if missing:
        raise DataError(f"a checkpoint must hold every weight of its encoder, got none for "
                        f"{missing[0]} and {len(missing) - 1} more ({directory})")
    return encoder


def _check_length(encoder: Encoder, model: HubModel) -> None:
    """Refuse a length beyond the learnt positions; relative positions have no end."""
    table = getattr(getattr(encoder.module, "embeddings", None), "position_embeddings", None)
    if isinstance(table, nn.Embedding):
        room = table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
        if model.max_length > room:
            raise DataError(f"`max_length` must be at most the encoder's {room}, "
                            f"got {model.max_length} ({model.path})")


def _quiet() -> None:
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
