"""Models: the encoders a study may name, and the sizes of the lab's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from spaces.representations import (
    Layers,
    Poolings,
    Representation,
    representations_of,
)
from spaces.value import Value

__all__ = ["LAB_MODELS", "EncoderModel", "HubModel", "LabModel", "Model", "SimulatedModel",
           "find_model"]

Count = Annotated[int, Field(gt=0, le=1_000_000, strict=True)]
Name = Annotated[str, Field(min_length=1)]


class LabModel(Value):
    """A small encoder of XLM-R's shape, pretrained here.

    Of `steps` optimiser steps at peak `learning_rate` a share of `parallel_share` is trained on
    `parallel_batch_size` pairs of translations, which are to find each other, the others on
    `batch_size` rows of which a share of `mask_rate` of the tokens is to be restored.
    """

    origin: Literal["lab"] = "lab"
    name: Name
    layers: Count
    hidden: Count
    heads: Count
    feed_forward: Count
    vocabulary: Count = 6_000
    max_length: Count = 64
    steps: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, le=1, strict=True)]
    mask_rate: Annotated[float, Field(gt=0, lt=1, strict=True)] = 0.15
    parallel_share: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.5
    parallel_batch_size: Annotated[int, Field(ge=2, le=4_096, strict=True)] = 64

    @model_validator(mode="after")
    def _heads_divide_hidden(self) -> LabModel:
        if self.hidden % self.heads:
            raise ValueError(f"`heads` must divide `hidden`, got {self.heads} and {self.hidden}")
        return self

    @property
    def representations(self) -> tuple[Representation, ...]:
        """What retrieval reads: the mean of the last layer."""
        return (Representation(),)


class HubModel(Value):
    """A published encoder: a hub name, or a directory with config, tokenizer and safetensors.

    `layer` is the hidden state that retrieval and ranking read (0 is the embeddings), None for the
    last; `pooling` makes one vector of it: `mean` over all tokens, special ones included, or `cls`,
    the first token's. Of several, each trial chooses by its scores on the selection panel.
    `dropout` overrides the checkpoint's own rates where it is given.
    """

    origin: Literal["hub"] = "hub"
    name: Name
    path: Name
    revision: str | None = None
    max_length: Count = 128
    layer: Layers = None
    # Left out where it is the mean, so that these models keep the digests they always had.
    pooling: Poolings = Field(default="mean", exclude_if=lambda given: given == "mean")
    dropout: Annotated[float, Field(ge=0, lt=1, strict=True)] | None = None

    @property
    def representations(self) -> tuple[Representation, ...]:
        """What retrieval may read: every layer with every pooling, in the order given."""
        return representations_of(self.layer, self.pooling)


class SimulatedModel(Value):
    """No encoder: trials of it train nothing and score a known function with a known optimum.

    `noise_sd` is the standard deviation of a score's noise, in points; a trial takes `seconds`.
    """

    origin: Literal["simulated"] = "simulated"
    name: Name = "simulated"
    noise_sd: Annotated[float, Field(ge=0, strict=True)] = 1.0
    seconds: Annotated[float, Field(ge=0, le=86_400, strict=True)] = 0.0


EncoderModel = Annotated[LabModel | HubModel, Field(discriminator="origin")]
Model = Annotated[LabModel | HubModel | SimulatedModel, Field(discriminator="origin")]

LAB_MODELS = (
    LabModel(name="lab-tiny", layers=1, hidden=32, heads=2, feed_forward=64, steps=60,
             batch_size=32, learning_rate=2e-3, mask_rate=0.3),
    LabModel(name="lab-25k", layers=2, hidden=32, heads=2, feed_forward=128, steps=900,
             batch_size=16, learning_rate=1e-2, mask_rate=0.3),
    LabModel(name="lab-small", layers=2, hidden=64, heads=4, feed_forward=128, steps=600,
             batch_size=16, learning_rate=5e-3, mask_rate=0.3),
    LabModel(name="lab-110k", layers=2, hidden=80, heads=4, feed_forward=192, steps=900,
             batch_size=16, learning_rate=4.5e-3, mask_rate=0.3),
    LabModel(name="lab-170k", layers=2, hidden=96, heads=4, feed_forward=256, steps=900,
             batch_size=16, learning_rate=4e-3, mask_rate=0.3),
    LabModel(name="lab-medium", layers=3, hidden=128, heads=4, feed_forward=256, steps=900,
             batch_size=16, learning_rate=3e-3, mask_rate=0.3),
    LabModel(name="lab-1m", layers=4, hidden=144, heads=6, feed_forward=576, steps=900,
             batch_size=16, learning_rate=2e-3, mask_rate=0.3),
    LabModel(name="lab-2m", layers=5, hidden=192, heads=6, feed_forward=768, steps=900,
             batch_size=16, learning_rate=1.5e-3, mask_rate=0.3),
    LabModel(name="lab-5m", layers=6, hidden=256, heads=8, feed_forward=1_024, steps=900,
             batch_size=16, learning_rate=1e-3, mask_rate=0.3),
)


def find_model(name: str) -> LabModel | HubModel | SimulatedModel:
    """Return the lab's encoder of that name, or a hub model for any other name or directory.

    `simulated` is no encoder at all: see `SimulatedModel`.
    """
    if name == "simulated":
        return SimulatedModel()
    for model in LAB_MODELS:
        if model.name == name:
            return model
    return HubModel(name=name.rstrip("/").rsplit("/", 1)[-1] or "/", path=name)
