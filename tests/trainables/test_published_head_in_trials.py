"""Trials of encoders published with their heads: digests, and what training begins with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from spaces.trial_config import TrialConfig
from tests.trainables.masked_encoders import write_masked
from tests.trainables.tiny import SMALL_LAB, SmallLab, config, context, write_encoder
from trainables.context import Context
from trainables.intermediate import IntermediatePhase
from trainables.phases import Made, Phase
from trainables.train_loop import TaskModel
from trainables.training import train_phase
from trainables.trial import run_trial, rungs_of


def heads_of(config: TrialConfig, place: Path) -> list[bool]:
    """Return of each intermediate segment whether it begins with the checkpoint's head."""
    found = [rung.evaluate.parents[0] for rung in rungs_of(config, context(place))]
    assert all(isinstance(phase, IntermediatePhase) for phase in found)
    return [phase.published_head for phase in found if isinstance(phase, IntermediatePhase)]


def test_only_what_restores_masked_tokens_has_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.lab.Lab", SmallLab)
    known = config(write_masked(tmp_path / "known"), rungs=(0.5, 1.0))
    bare = config(write_encoder(tmp_path / "bare"), rungs=(0.5, 1.0))
    lab = config(SMALL_LAB, rungs=(0.5, 1.0))
    assert heads_of(known.further_control("mlm"), tmp_path) == [True, True]
    for other in (known, known.further_control("shuffled"), bare.further_control("mlm"),
                  lab.further_control("mlm")):
        assert heads_of(other, tmp_path) == [False, False]
    phase = rungs_of(known.further_control("mlm"), context(tmp_path))[0].evaluate.parents[0]
    assert isinstance(phase, IntermediatePhase)
    fresh = replace(phase, published_head=False)
    assert phase.entry != fresh.entry
    assert set(phase.inputs) - set(fresh.inputs) == {"masked_token_head"}


def test_training_begins_with_the_checkpoints_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, Tensor]] = []

    def noted(phase: Phase, where: Context, model: TaskModel, *rest: Any, **named: Any) -> Made:
        if phase.kind == "intermediate":
            begun.append({name: value.clone()
                          for name, value in model.head("mlm").named_parameters()})
        return train_phase(phase, where, model, *rest, **named)

    monkeypatch.setattr("trainables.training.train_phase", noted)
    model = write_masked(tmp_path / "encoder")
    given = config(model, targets=("tiny-classification",)).further_control("mlm")
    list(run_trial(given, context(tmp_path)))
    kept = load_file(tmp_path / "encoder" / "model.safetensors")
    assert begun[0].keys() == {"dense.weight", "dense.bias", "norm.weight", "norm.bias", "bias"}
    for name, value in begun[0].items():
        theirs = "lm_head." + name.replace("norm.", "layer_norm.")
        assert torch.equal(value, kept[theirs])
