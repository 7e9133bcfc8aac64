"""Text among the tasks: a share of continued masked-language-model training."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as group
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.lab_tasks import LAB_TASKS
from spaces.mixtures import Mixture
from spaces.models import HubModel, find_model
from spaces.tasks import Kind, find_task
from spaces.trial_config import FURTHER_CONTROLS, TrialConfig
from tests.trainables.forked import run_two
from tests.trainables.masked_encoders import write_masked
from tests.trainables.tiny import (
    TASKS,
    config,
    context,
    rows,
    task,
    write_encoder,
    write_tokenizer,
)
from trainables.batches import Batch, MaskedTaskBatches, TaskBatches
from trainables.context import Context
from trainables.encoded import IGNORED
from trainables.encoding import encode
from trainables.probe import probe
from trainables.rows import DataError
from trainables.scores import Scores
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.train_loop import TaskModel
from trainables.trial import RungOutcome, run_trial
from trainables.workers import ProcessGroup
from trainables.workspace import Workspace

OFFERED = {each.name: each.train for each in TASKS}
KINDS = (Kind.TAGGING, Kind.MLM, Kind.QA)


@pytest.fixture(scope="module", params=["a fresh head", "its own head", "its own table too"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HubModel:
    place = tmp_path_factory.mktemp("encoder")
    return (write_encoder(place) if request.param == "a fresh head" else
            write_masked(place, noise=0.02, tie_word_embeddings=request.param == "its own head"))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def mixed(model: HubModel, weight: float = 0.25, **fields: Any) -> TrialConfig:
    """Return a trial of tagging and a share of text."""
    weights = {"tiny-tagging": 1 - weight, "tiny-mlm": weight}
    mixture = Mixture(weights={name: each for name, each in weights.items() if each})
    given = config(model, targets=("tiny-classification",), **fields)
    assert given.intermediate is not None
    phase = given.intermediate.model_copy(update={
        "mixture": mixture, "cells": mixture.cells(("en", "de"), OFFERED)})
    return given.model_copy(update={"intermediate": phase})


def last(of: TrialConfig, place: Path, **fields: Any) -> RungOutcome:
    return list(run_trial(of, context(place, **fields)))[-1]


def batches(tokenizer: Tokenizer, weights: tuple[float, ...], kinds: tuple[Kind, ...] = KINDS,
            steps: int = 40) -> TaskBatches:
    cells = [(task(kind), weight, encode(rows(task(kind), language), tokenizer, 24))
             for kind, weight in zip(kinds, weights, strict=True) for language in ("en", "de")]
    return TaskBatches(cells, steps, 6, seed=4, tokenizer=tokenizer)


# ---- what a step trains on ------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.9), st.integers(20, 90))
def test_the_share_of_steps_is_the_weights(
    tokenizer: Tokenizer, weight: float, steps: int
) -> None:
    made = batches(tokenizer, (0.7 * (1 - weight), weight, 0.3 * (1 - weight)), steps=steps)
    heads = Counter(made.batch(step, 0, 1).head for step in range(steps))
    assert abs(heads["mlm"] - weight * steps) <= 1
    assert set(heads) <= {"mlm", "tiny-tagging", "tiny-qa"}


@pytest.mark.parametrize("size", [2, 3])
def test_masking_is_one_for_any_number_of_workers(size: int, tokenizer: Tokenizer) -> None:
    made = batches(tokenizer, (0.2, 0.7, 0.1))
    masked = chosen = ordinary = 0
    for step in range(made.steps):
        whole = made.batch(step, 0, 1)
        parts = [made.batch(step, rank, size) for rank in range(size)]
        for rank, part in enumerate(parts):
            assert (part.head, part.count, part.examples, part.tokens) == (
                whole.head, whole.count, whole.examples, whole.tokens)
            if whole.head == "mlm":
                assert np.array_equal(part.inputs.ids, whole.inputs.ids[rank::size])
                assert np.array_equal(part.targets, whole.targets[rank::size])
        if whole.head == "mlm":
            plain, counted = made.inputs(step), whole.targets != IGNORED
            assert np.array_equal(np.where(counted, whole.targets, whole.inputs.ids), plain.ids)
            assert counted.sum() == whole.count
            special = np.isin(plain.ids, tokenizer.special_ids)
            assert not (counted & special).any()
            ordinary += int((~special).sum())
            chosen += int(counted.sum())
            masked += int((whole.inputs.ids == tokenizer.mask_id).sum())
    assert chosen / ordinary == pytest.approx(0.15, abs=0.03)
    assert masked / chosen == pytest.approx(0.8, abs=0.08)


def test_a_text_drawn_again_is_masked_anew(tokenizer: Tokenizer) -> None:
    text = encode(rows(task(Kind.MLM), count=6), tokenizer, 24)
    made = TaskBatches([(task(Kind.MLM), 1.0, text)], 8, 6, seed=0, tokenizer=tokenizer)
    masks = {(made.batch(step, 0, 1).targets != IGNORED).tobytes() for step in range(8)}
    assert len(masks) == 8


def test_all_text_of_a_mixture_trains_one_head(tokenizer: Tokenizer) -> None:
    text = [task(Kind.MLM, name) for name in ("news", "letters")]
    cells = [(each, 0.5, encode(rows(each), tokenizer, 24)) for each in text]
    made = TaskBatches(cells, 10, 4, seed=0, tokenizer=tokenizer)
    assert {made.batch(step, 0, 1).head for step in range(10)} == {"mlm"}


def test_masked_tokens_of_text_are_the_controls_own(tokenizer: Tokenizer) -> None:
    made = batches(tokenizer, (0.3, 0.4, 0.3))
    control = MaskedTaskBatches(made, seed=4, tokenizer=tokenizer)
    text = [step for step in range(made.steps) if made.batch(step, 0, 1).head == "mlm"]
    assert 0 < len(text) < made.steps
    for step in text:
        ours, theirs = made.batch(step, 1, 2), control.batch(step, 1, 2)
        assert np.array_equal(ours.inputs.ids, theirs.inputs.ids)
        assert np.array_equal(ours.targets, theirs.targets)


# ---- trials ---------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_resumed_is_uninterrupted(weight: float, model: HubModel, tmp_path: Path) -> None:
    whole = last(mixed(model, weight), tmp_path / "whole")
    first, second = run_trial(mixed(model, weight, rungs=(0.5, 1.0)), context(tmp_path / "parts"))
    assert second.scores == whole.scores
    curves = [phase.learning_curve for outcome in (first, second) for phase in outcome.phases
              if phase.phase == "intermediate"]
    (uninterrupted,) = (phase.learning_curve for phase in whole.phases
                        if phase.phase == "intermediate")
    assert sum(curves, ()) == uninterrupted


@pytest.mark.parametrize("control", FURTHER_CONTROLS)
def test_further_controls_leave_text_what_it_is(
    control: str, model: HubModel, tmp_path: Path
) -> None:
    for weight, same in ((1.0, True), (0.25, False)):
        given = mixed(model, weight)
        plain = last(given, tmp_path)
        other = last(given.further_control(control), tmp_path)  # type: ignore[arg-type]
        ours, theirs = plain.phases[1], other.phases[1]
        assert ours.phase == theirs.phase == "intermediate"
        assert (ours.learning_curve == theirs.learning_curve) is same
        assert (plain.scores == other.scores) or not same
        assert ours.cost.tokens == theirs.cost.tokens


def test_a_probe_asks_for_a_mask_token_where_there_is_text(tmp_path: Path) -> None:
    bare = write_encoder(tmp_path / "encoder")
    write_tokenizer(tmp_path / "encoder", mask_token=None)
    load_tokenizer.cache_clear()
    probe(bare, None, [Kind.TAGGING])
    with pytest.raises(DataError, match="must have a mask token for masked-language modelling"):
        probe(bare, None, [Kind.TAGGING, Kind.MLM])


def work(rank: int, model: HubModel, place: Path) -> None:
    torch.set_num_threads(1)
    group.init_process_group("gloo", init_method=f"file://{place / 'meeting'}", rank=rank,
                             world_size=2)
    found = last(mixed(model, 0.5), place, workers=ProcessGroup())
    (place / f"{rank}.json").write_text(found.scores.model_dump_json())
    group.destroy_process_group()


def test_two_workers_score_as_one(model: HubModel, tmp_path: Path) -> None:
    alone = last(mixed(model, 0.5), tmp_path / "alone")
    run_two(work, model, tmp_path)
    for rank in range(2):
        scores = Scores.model_validate_json((tmp_path / f"{rank}.json").read_text())
        pairs = zip(scores.scores, alone.scores.scores, strict=True)
        assert all(abs(ours.points - theirs.points) <= 0.5 for ours, theirs in pairs)


def test_the_lab_goes_on_with_its_pretraining(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ("en", "de", "sw")  # text of all the languages takes its time to make
    monkeypatch.setattr("trainables.lab.lab.PRETRAINING_LANGUAGES", few)
    monkeypatch.setattr("trainables.lab.lab.PARALLEL_LANGUAGES", ("de",))
    losses: dict[str, list[float]] = {}
    loss = TaskModel.loss

    def noted(self: TaskModel, batch: Batch, *rest: Any) -> torch.Tensor:
        found = loss(self, batch, *rest)
        losses.setdefault(batch.head, []).append(float(found.detach()) / batch.count)
        return found

    monkeypatch.setattr(TaskModel, "loss", noted)
    mixture = Mixture(weights={"lab-tags": 0.4, "lab-text": 0.6})
    offered = {name: find_task(name, LAB_TASKS).train for name in mixture.tasks}
    given = config(find_model("lab-tiny"), targets=("lab-tags",))
    assert given.intermediate is not None
    phase = given.intermediate.model_copy(update={
        "mixture": mixture, "cells": mixture.cells(few, offered)})
    fidelity = given.fidelity.model_copy(update={"intermediate_examples": 8 * 100})
    given = given.model_copy(update={"intermediate": phase, "fidelity": fidelity})
    workspace = Workspace(store=str(tmp_path / "store"), cache=str(tmp_path / "cache"),
                          precision="float32")
    (found,) = run_trial(given, Context(workspace=workspace))
    steps = 30  # of pretraining by masked tokens, lab-tiny's
    text = losses["mlm"][steps:]
    assert (len(text), len(losses["lab-tags"])) == (60, 40 + 4)  # 4 at the target
    assert np.mean(text[:10]) == pytest.approx(np.mean(losses["mlm"][steps - 10:steps]), abs=0.5)
    assert np.mean(text[-10:]) < np.mean(text[:10]) - 0.2
    assert found.phases[1].seen_cells == tuple(f"{name}/{code}" for name in mixture.tasks
                                               for code in sorted(few))
