"""On a CUDA device: bfloat16 by default, and the scores of a small trial are those of the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.trainables.tiny import config, context, write_encoder
from trainables.device import choose_device
from trainables.trial import run_trial

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def test_bfloat16_is_the_default_where_the_device_has_it() -> None:
    device = choose_device("auto")
    assert device.name == "cuda"
    assert device.precision == ("bfloat16" if torch.cuda.is_bf16_supported() else "float32")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_trial_trains_and_scores_on_cuda(tmp_path: Path, precision: str) -> None:
    model = write_encoder(tmp_path / "encoder")
    where = context(tmp_path)
    where.workspace = where.workspace.model_copy(update={"precision": precision})
    (outcome,) = run_trial(config(model), where)
    assert outcome.phases[-1].cost.precision == precision
    assert all(0 <= score.points <= 100 for score in outcome.scores.scores)
