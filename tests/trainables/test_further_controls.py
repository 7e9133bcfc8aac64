"""Further controls: the very inputs of a mixture, and nothing of what its tasks say of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
import torch.distributed as group
from safetensors.torch import load_file

from spaces.mixtures import Mixture
from spaces.models import LAB_MODELS, HubModel, SimulatedModel
from spaces.tasks import Kind, Task
from spaces.trial_config import FURTHER_CONTROLS, FurtherControl, TrialConfig
from tests.trainables.forked import run_two
from tests.trainables.tiny import (
    SMALL_LAB,
    TASKS,
    SmallLab,
    config,
    context,
    rows,
    task,
    write_encoder,
    write_tokenizer,
)
from trainables.batches import MaskedTaskBatches, TaskBatches
from trainables.context import Context, Setting
from trainables.encoded import IGNORED, Encoded
from trainables.encoding import encode
from trainables.intermediate import IntermediatePhase
from trainables.phases import Made, Phase
from trainables.probe import probe, probe_faults
from trainables.rows import Rows, row_schema
from trainables.scores import Scores
from trainables.shuffled_labels import shuffled
from trainables.simulated import (
    BEST_LEARNING_RATE,
    SHUFFLED_WORTH,
    TEXT_WORTH,
    SimulatedPhase,
    best_weights,
    expected_gain,
)
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.train_loop import TaskModel
from trainables.training import HEAD_FILE, train_phase
from trainables.trial import RungOutcome, run_trial
from trainables.workers import ProcessGroup

KINDS = (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING, Kind.QA)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HubModel:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tokenizer(model: HubModel) -> Tokenizer:
    return load_tokenizer(Path(model.path))


def of_simulated() -> TrialConfig:
    return config(SimulatedModel())


def last(of: TrialConfig, place: Path, **fields: Any) -> RungOutcome:
    return list(run_trial(of, context(place, **fields)))[-1]


# ---- digests --------------------------------------------------------------------------------


def phase(**changes: Any) -> IntermediatePhase:
    """Return a phase whose digest depends on nothing that is installed."""
    given = of_simulated().intermediate
    assert given is not None
    fields = {"cells": given.cells, "tasks": TASKS[:3], "data": ("a", "b", "c"),
              "recipe": given.recipe, "seed": 3, "start": 0, "stop": 8, "steps": 8,
              "tokenizer": "t", "model": LAB_MODELS[0]}
    return IntermediatePhase("intermediate", (), Setting(), **(fields | changes))


def test_trials_without_a_further_control_keep_the_digests_they_had_before_there_were_any() -> None:
    given = of_simulated()
    simulated = SimulatedPhase("simulate", (), Setting(), config=given, tasks=TASKS[:1],
                               fraction=1.0)
    assert given.intermediate is not None
    assert (given.digest(), given.intermediate.digest()) == ("a690b9cfe2613fc6",
                                                             "b3310ef12cde56e9")
    assert (phase().entry, simulated.entry) == ("ad92d82000bbaf5b", "2a6fc4417040b041")


def test_every_supervision_has_an_entry_and_a_digest_of_its_own() -> None:
    given = of_simulated()
    every = [given, *map(given.further_control, FURTHER_CONTROLS)]
    assert len({each.digest() for each in every}) == len(every)
    assert len({phase(supervision=each).entry for each in ("task", *FURTHER_CONTROLS)}) == 3
    for each in every:
        assert TrialConfig.model_validate_json(each.model_dump_json()) == each
        assert each.control() == given.control()


def test_a_control_has_no_further_controls() -> None:
    with pytest.raises(ValueError, match="must be of a trial with an intermediate phase, got a"):
        of_simulated().control().further_control("mlm")


# ---- shuffled labels ------------------------------------------------------------------------


def targets(kind: Kind, encoded: Encoded) -> list[Any]:
    if kind is Kind.TAGGING:
        return list(encoded.tokens["tag"][encoded.tokens["tag"] != IGNORED])
    if kind is Kind.QA:
        return list(zip(encoded.items["start"], encoded.items["end"], strict=True))
    return list(encoded.items["label"])


@pytest.mark.parametrize("kind", KINDS)
def test_shuffling_is_a_function_of_seed_and_cell_and_touches_targets_only(
    kind: Kind, tokenizer: Tokenizer
) -> None:
    cell = rows(task(kind), "de", count=200)
    encoded = encode(cell, tokenizer, 24)
    first, again, other = (shuffled(encoded, cell, seed) for seed in (1, 1, 2))
    assert targets(kind, first) == targets(kind, again) != targets(kind, other)
    assert targets(kind, first) != targets(kind, encoded)
    elsewhere = Rows(cell.task, "fr", cell.split, cell.table, "same text, other cell")
    assert targets(kind, shuffled(encoded, elsewhere, 1)) != targets(kind, first)
    assert np.array_equal(first.ids, encoded.ids)
    assert np.array_equal(first.pad(np.arange(9), 0).types, encoded.pad(np.arange(9), 0).types)
    if kind is Kind.TAGGING:  # the same words are counted
        assert np.array_equal(first.tokens["tag"] == IGNORED, encoded.tokens["tag"] == IGNORED)


@pytest.mark.parametrize("kind", [Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING])
def test_shuffling_keeps_every_count_and_breaks_the_relation(
    kind: Kind, tokenizer: Tokenizer
) -> None:
    cell = rows(task(kind), count=400)
    encoded = encode(cell, tokenizer, 24)
    gold, found = targets(kind, encoded), targets(kind, shuffled(encoded, cell, 0))
    assert Counter(found) == Counter(gold)
    # What agrees by chance is the sum of squared shares, within 4 standard errors.
    chance = sum((count / len(gold)) ** 2 for count in Counter(gold).values())
    agreement = np.mean([one == other for one, other in zip(gold, found, strict=True)])
    assert agreement == pytest.approx(chance, abs=4 * 0.5 / np.sqrt(len(gold)))


def question(context: str, answer: str | None, count: int) -> Rows:
    """Return `count` times the same context with the same answer."""
    row = {"question": "w1", "context": context, "answers": [] if answer is None else [answer],
           "answer_starts": [] if answer is None else [context.index(answer)]}
    table = pa.Table.from_pylist([row | {"id": str(n), "document": str(n)} for n in range(count)],
                                 schema=row_schema(Kind.QA))
    return Rows(task(Kind.QA), "en", "train", table, f"{context} {answer}")


def test_an_answer_becomes_any_span_of_as_many_words_of_its_context(tokenizer: Tokenizer) -> None:
    cell = question("w2 w3 w4 w5 w6", "w4 w5", 400)
    encoded = encode(cell, tokenizer, 24)
    first = int(encoded.items["start"][0]) - 2  # the context's first token
    counts = Counter(targets(Kind.QA, shuffled(encoded, cell, 0)))
    assert set(counts) == {(first + place, first + place + 1) for place in range(4)}
    assert all(abs(count - 100) < 4 * np.sqrt(400 * 0.25 * 0.75) for count in counts.values())


@pytest.mark.parametrize(("context", "answer", "kept"), [
    ("w2 w3 w4", "w2 w3 w4", True),  # there is one such span only
    ("w2 w3 w4", None, True),
    ("w2 w3", " ", True),  # no word
    ("w2 w3 w4", "w3", False),
])
def test_an_answer_stays_where_there_is_no_other(
    context: str, answer: str | None, kept: bool, tokenizer: Tokenizer
) -> None:
    cell = question(context, answer, 40)
    encoded = encode(cell, tokenizer, 24)
    assert (targets(Kind.QA, shuffled(encoded, cell, 0)) == targets(Kind.QA, encoded)) == kept


def test_in_scripts_without_spaces_a_character_is_a_word() -> None:
    from trainables.shuffled_labels import _drawn_span

    text = "東京は1868年に日本の首都になった"
    spans = {_drawn_span(text, 0, 2, np.random.default_rng(draw)) for draw in range(200)}
    assert {text[low:high] for low, high in spans} >= {"東京", "は1868", "日本", "った"}


# ---- masked tokens --------------------------------------------------------------------------


def task_batches(tokenizer: Tokenizer, kinds: tuple[Kind, ...] = KINDS) -> TaskBatches:
    tasks: list[Task] = [task(kind) for kind in kinds]
    cells = [(each, 1.0, encode(rows(each, language), tokenizer, 24))
             for each in tasks for language in ("en", "de")]
    return TaskBatches(cells, 24, 6, seed=4, tokenizer=tokenizer)


@pytest.mark.parametrize("size", [1, 2])
def test_masked_batches_hold_the_tasks_inputs_step_by_step(
    size: int, tokenizer: Tokenizer
) -> None:
    tasks = task_batches(tokenizer)
    masked = MaskedTaskBatches(tasks, seed=4, tokenizer=tokenizer)
    assert (masked.steps, masked.batch_size) == (tasks.steps, tasks.batch_size)
    chosen = ordinary = 0
    for step in range(tasks.steps):
        whole = tasks.batch(step, 0, 1)
        for rank in range(size):
            part = masked.batch(step, rank, size)
            restored = np.where(part.targets == IGNORED, part.inputs.ids, part.targets)
            assert np.array_equal(restored, whole.inputs.ids[rank::size])
            assert np.array_equal(part.inputs.mask, whole.inputs.mask[rank::size])
            assert np.array_equal(part.inputs.types, whole.inputs.types[rank::size])
            assert (part.head, part.tokens) == ("mlm", whole.tokens)
            chosen += int((part.targets != IGNORED).sum())
        special = np.isin(whole.inputs.ids, tokenizer.special_ids)
        ordinary += int((whole.inputs.mask & ~special).sum())
    assert chosen / ordinary == pytest.approx(0.15, abs=0.03)


# ---- trials ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "distilbert", "mt5", "bart"])
def test_published_encoders_of_every_family_have_further_controls(
    family: str, tmp_path: Path
) -> None:
    given = config(write_encoder(tmp_path / "encoder", family), targets=("tiny-classification",))
    plain = last(given, tmp_path)
    found = [last(given.further_control(each), tmp_path) for each in FURTHER_CONTROLS]
    for control, outcome in zip(FURTHER_CONTROLS, found, strict=True):
        ours, theirs = outcome.phases[1], plain.phases[1]
        assert (ours.phase, ours.name) == ("intermediate", f"intermediate {control}")
        assert (ours.cost.examples, ours.cost.tokens) == (theirs.cost.examples, theirs.cost.tokens)
        assert ours.seen_cells == theirs.seen_cells
        assert [step for step, _ in ours.learning_curve] == [
            step for step, _ in theirs.learning_curve]
        assert ours.learning_curve != theirs.learning_curve
        assert outcome.phases[0].stored  # the encoder
        assert not outcome.phases[1].stored
    assert len({outcome.phases[-1].entry for outcome in (plain, *found)}) == 3


def test_shuffled_labels_cannot_be_learnt_and_masked_tokens_can(
    model: HubModel, tmp_path: Path
) -> None:
    given = config(model, targets=("tiny-classification",))
    assert given.intermediate is not None
    recipe = given.intermediate.recipe.model_copy(update={"learning_rate": 1e-2, "batch_size": 16})
    cells = tuple(cell.model_copy(update={"weight": 1 / 3}) for cell in given.intermediate.cells
                  if cell.task == "tiny-pair")
    phase = given.intermediate.model_copy(update={"recipe": recipe, "cells": cells})
    fidelity = given.fidelity.model_copy(update={"intermediate_examples": 1_600})
    given = given.model_copy(update={"intermediate": phase, "fidelity": fidelity})

    def losses(of: TrialConfig) -> tuple[float, float]:
        curve = last(of, tmp_path).phases[1].learning_curve
        return curve[0][1], curve[-1][1]

    assert losses(given)[1] < 0.2
    assert losses(given.further_control("shuffled"))[1] > 0.5  # guessing costs 0.69
    first, final = losses(given.further_control("mlm"))
    assert final < first - 0.1


@pytest.mark.parametrize("control", FURTHER_CONTROLS)
def test_rungs_change_no_score_of_a_further_control(
    control: FurtherControl, model: HubModel, tmp_path: Path
) -> None:
    whole = last(config(model).further_control(control), tmp_path / "whole")
    parts = last(config(model, rungs=(0.5, 1.0)).further_control(control), tmp_path / "parts")
    assert parts.scores == whole.scores


def test_without_a_mask_token_there_is_one_line(model: HubModel, tmp_path: Path) -> None:
    bare = write_encoder(tmp_path / "encoder")
    write_tokenizer(tmp_path / "encoder", mask_token=None)
    with pytest.raises(ValueError, match="must have a mask token for masked-language modelling"):
        last(config(bare).further_control("mlm"), tmp_path)


def test_a_lab_encoder_goes_on_from_its_pretraining(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.lab.Lab", SmallLab)
    begun: list[dict[str, torch.Tensor]] = []

    def noted(phase: Phase, where: Context, model: TaskModel, *rest: Any, **named: Any) -> Made:
        if phase.name == "intermediate mlm":
            begun.append({name: value.clone()
                          for name, value in model.head("mlm").state_dict().items()})
        return train_phase(phase, where, model, *rest, **named)

    monkeypatch.setattr("trainables.training.train_phase", noted)
    given = config(SMALL_LAB, targets=("tiny-classification",)).further_control("mlm")
    found = last(given, tmp_path)
    kept = context(tmp_path).store.get("pretrain", found.phases[0].entry)
    assert kept is not None
    left = load_file(kept / HEAD_FILE)
    assert all(torch.equal(begun[0][name], value) for name, value in left.items())
    assert found.phases[1].learning_curve


def test_a_probe_asks_for_a_mask_token_where_one_is_needed(tmp_path: Path) -> None:
    bare = write_encoder(tmp_path / "encoder")
    probe(bare, None, KINDS, masks=True)
    load_tokenizer.cache_clear()
    write_tokenizer(tmp_path / "encoder", mask_token=None)
    assert probe_faults([bare], None, KINDS) == []
    (line,) = probe_faults([bare], None, KINDS, masks=True)
    assert line.startswith("a tokenizer must have a mask token for masked-language modelling, got")


def work(rank: int, model: HubModel, place: Path) -> None:
    group.init_process_group("gloo", init_method=f"file://{place / 'meeting'}", rank=rank,
                             world_size=2)
    for control in FURTHER_CONTROLS:
        found = last(config(model).further_control(control), place, workers=ProcessGroup())
        (place / f"{control}-{rank}.json").write_text(found.scores.model_dump_json())
    group.destroy_process_group()


def test_two_workers_score_as_one(model: HubModel, tmp_path: Path) -> None:
    alone = {control: last(config(model).further_control(control), tmp_path / "alone")
             for control in FURTHER_CONTROLS}
    run_two(work, model, tmp_path)
    for control, outcome in alone.items():
        for rank in range(2):
            scores = Scores.model_validate_json((tmp_path / f"{control}-{rank}.json").read_text())
            pairs = zip(scores.scores, outcome.scores.scores, strict=True)
            assert all(abs(ours.points - theirs.points) <= 0.5 for ours, theirs in pairs)


def test_simulated_further_controls_are_worth_what_is_declared() -> None:
    given = of_simulated().intermediate
    assert given is not None
    at_best = given.recipe.model_copy(update={"learning_rate": BEST_LEARNING_RATE})
    other = Mixture(weights=best_weights(("task-0", "task-1", "task-2", "task-3")))

    def gain(control: FurtherControl, mixture: Mixture) -> float:
        return expected_gain(given.model_copy(update={
            "supervision": control, "recipe": at_best, "mixture": mixture}))

    for control in FURTHER_CONTROLS:
        assert gain(control, given.mixture) == gain(control, other)
    text, labels = gain("mlm", other), gain("shuffled", other)
    assert text / labels == pytest.approx(TEXT_WORTH / SHUFFLED_WORTH)
    assert text > 0 > labels
