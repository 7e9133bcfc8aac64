"""Tiny encoders of random weights, published with their heads for masked tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AlbertConfig,
    AutoModelForMaskedLM,
    BertConfig,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RemBertConfig,
    RobertaConfig,
    XLMRobertaConfig,
    XLMRobertaXLConfig,
)

from spaces.models import HubModel
from tests.trainables.tiny import SIZE, write_tokenizer
from trainables.published_head import find_published_head

SHAPE: dict[str, Any] = {
    "vocab_size": SIZE, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 42, "pad_token_id": 0}
# An epsilon and an activation that are nobody's default, so that others would be seen.
ODD: dict[str, Any] = {**SHAPE, "layer_norm_eps": 0.3, "hidden_act": "relu"}
CONFIGS: dict[str, Callable[..., PreTrainedConfig]] = {
    "albert": lambda **more: AlbertConfig(**(ODD | {"embedding_size": 8} | more)),
    "bert": lambda **more: BertConfig(**(ODD | more)),
    "camembert": lambda **more: CamembertConfig(**(ODD | more)),
    "distilbert": lambda **more: DistilBertConfig(**({
        "vocab_size": SIZE, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32,
        "max_position_embeddings": 42, "activation": "relu"} | more)),
    "electra": lambda **more: ElectraConfig(**(ODD | {"embedding_size": 8} | more)),
    "modernbert": lambda **more: ModernBertConfig(**(SHAPE | {
        "norm_eps": 0.3, "classifier_activation": "relu"} | more)),
    "modernbert-biases": lambda **more: ModernBertConfig(**(SHAPE | {
        "norm_bias": True, "classifier_bias": True} | more)),
    "mpnet": lambda **more: MPNetConfig(**(ODD | more)),
    "rembert": lambda **more: RemBertConfig(**(ODD | {
        "input_embedding_size": 8, "output_embedding_size": 24} | more)),
    "roberta": lambda **more: RobertaConfig(**(ODD | more)),
    "xlm-roberta": lambda **more: XLMRobertaConfig(**(ODD | {"type_vocab_size": 1} | more)),
    "xlm-roberta-xl": lambda **more: XLMRobertaXLConfig(**(ODD | more)),
}


def write_masked(
    directory: Path, family: str = "xlm-roberta", *, noise: float = 0.3, **more: Any
) -> HubModel:
    """Write an encoder with its head, all weights random, and its tokenizer."""
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(CONFIGS[family](**more))
    with torch.no_grad():
        for value in model.parameters():  # fresh biases are zero and fresh norms one
            value.add_(torch.randn_like(value) * noise)
    model.save_pretrained(directory)
    write_tokenizer(directory)
    return HubModel(name=f"tiny-{family}", path=str(directory), max_length=24, dropout=0.0)


def rewrite(model: HubModel, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    """Change the tensors of a checkpoint by name."""
    file = Path(model.path) / "model.safetensors"
    save_file({name: value.contiguous() for name, value in change(load_file(file)).items()},
              file, {"format": "pt"})
    find_published_head.cache_clear()
