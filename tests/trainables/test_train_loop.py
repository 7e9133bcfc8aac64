from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as group
from safetensors.torch import load_file, save_file
from torch import Tensor

from spaces.models import HubModel
from spaces.tasks import Kind
from spaces.trial_config import Recipe
from tests.trainables.forked import run_two
from tests.trainables.tiny import rows, task, write_encoder
from trainables.batches import Batch, MaskedBatches, TaskBatches
from trainables.device import choose_device
from trainables.encoded import IGNORED
from trainables.encoder import load_encoder
from trainables.encoder_ref import EncoderRef
from trainables.encoding import encode
from trainables.heads import MaskedTokenHead, fresh_head, initialised
from trainables.tokenizer import load_tokenizer
from trainables.train_loop import NonFiniteLoss, TaskModel, TrainLoop, learning_rate
from trainables.train_state import LoopState
from trainables.workers import Alone, ProcessGroup

KINDS = (Kind.CLASSIFICATION, Kind.TAGGING, Kind.QA, Kind.MULTIPLE_CHOICE)


def loop(place: Path, *, dropout: float = 0.0, steps: int = 12, batch: int = 8,
         workers: Any = None, rate: float = 3e-3, kinds: tuple[Kind, ...] = KINDS) -> TrainLoop:
    if not (place / "config.json").exists():
        write_encoder(place)
    model = write_model(place, dropout)
    tokenizer = load_tokenizer(place)
    tasks = [task(kind) for kind in kinds]
    cells = [(each, 1.0, encode(rows(each, language), tokenizer, 24))
             for each in tasks for language in ("en", "de")]
    batches = TaskBatches(cells, steps, batch, seed=1, tokenizer=tokenizer)
    encoder = load_encoder(model, to_train=True)
    heads = {each.name: fresh_head(each, encoder.hidden, 0) for each in tasks}
    return TrainLoop(TaskModel(encoder, heads), batches, Recipe(learning_rate=rate,
                                                                batch_size=batch),
                     seed=7, device=choose_device("float32"), workers=workers or Alone())


def write_model(place: Path, dropout: float) -> EncoderRef:
    return EncoderRef(model=HubModel(name="tiny", path=str(place), max_length=24, dropout=dropout),
                      uri=str(place), published=True, identity=f"{place}-{dropout}")


def weights(of: TrainLoop) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in of._model.named_parameters()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoder")


@pytest.mark.parametrize("cut", [1, 5, 11])
def test_a_run_split_in_two_equals_a_run_in_one(place: Path, tmp_path: Path, cut: int) -> None:
    whole = loop(place, dropout=0.1)
    wanted = whole.run(12)
    after = weights(whole)
    first = loop(place, dropout=0.1)
    first.run(cut)
    first.save(tmp_path / "state")
    torch.manual_seed(99)  # whatever happens in between
    second = loop(place, dropout=0.1)
    second.load(tmp_path / "state")
    got = second.run(12)
    assert all(torch.equal(value, after[name]) for name, value in weights(second).items())
    assert got.model_copy(update={"seconds": 0}) == wanted.model_copy(update={"seconds": 0})


def test_a_kept_state_is_taken_up_where_it_was_left(place: Path, tmp_path: Path) -> None:
    whole = loop(place)
    whole.run(12)
    after = weights(whole)

    def stop(step: int) -> None:
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop(place).run(12, on_step=stop, keep=tmp_path / "state", keep_seconds=0.0)
    steps: list[int] = []
    again = loop(place)
    again.run(12, on_step=steps.append, keep=tmp_path / "state")
    assert steps[0] == 8  # the state of step 7: step 8's was never written
    assert all(torch.equal(value, after[name]) for name, value in weights(again).items())


@pytest.mark.parametrize("file", ["state.json", "state.safetensors"])
def test_a_damaged_state_is_as_good_as_none(place: Path, tmp_path: Path, file: str) -> None:
    whole = loop(place)
    whole.run(12)
    after = weights(whole)
    loop(place).run(6, keep=tmp_path / "state", keep_seconds=0.0)
    damaged = tmp_path / "state" / file
    damaged.write_bytes(damaged.read_bytes()[:-40])
    again = loop(place)
    again.run(12, keep=tmp_path / "state")
    assert all(torch.equal(value, after[name]) for name, value in weights(again).items())


def test_a_step_that_ran_out_of_memory_is_redone_in_micro_batches(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = loop(place)
    whole.run(6)
    after = weights(whole)
    plain = TaskModel.loss
    largest = []

    def limited(self: TaskModel, batch: Any, low: int, high: int, device: Any) -> Tensor:
        if high - low > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        largest.append(high - low)
        return plain(self, batch, low, high, device)

    monkeypatch.setattr(TaskModel, "loss", limited)
    small = loop(place)
    state = small.run(6)
    assert state.micro_batch == 2
    assert max(largest) == 2
    for name, value in weights(small).items():
        assert torch.allclose(value, after[name], atol=1e-5), name


def test_one_item_too_large_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TaskModel, "loss", never)
    with pytest.raises(torch.OutOfMemoryError):
        loop(place).run(1)


def test_divergence_is_one_clear_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = TaskModel.loss

    def diverging(self: TaskModel, *given: Any) -> Tensor:
        return plain(self, *given) * float("nan")

    monkeypatch.setattr(TaskModel, "loss", diverging)
    with pytest.raises(NonFiniteLoss, match=r"must stay finite, got loss nan .* \(step 1\)"):
        loop(place).run(3)


@pytest.mark.parametrize(("size", "workers"), [(7, 1), (3, 1), (1, 1), (7, 3), (2, 2)])
def test_a_batch_of_choices_has_the_gradient_of_its_rows(
    place: Path, size: int, workers: int
) -> None:
    trained = loop(place, batch=7, kinds=(Kind.MULTIPLE_CHOICE,))

    def gradients(batches: list[Batch], size: int) -> list[Tensor]:
        trained._model.zero_grad(set_to_none=True)
        for batch in batches:
            trained._accumulate(batch, size)
        return [value.grad.clone() for value in trained._parameters if value.grad is not None]

    whole = trained._batches.batch(0, 0, 1)
    assert (len(whole), len(whole.inputs.ids), whole.count) == (7, 21, 7)
    shares = [trained._batches.batch(0, rank, workers) for rank in range(workers)]
    assert sum(map(len, shares)) == 7
    wanted, got = gradients([whole], 7), gradients(shares, size)
    assert len(wanted) == len(got) > 10
    for ours, theirs in zip(wanted, got, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("kind", [Kind.CLASSIFICATION, Kind.MULTIPLE_CHOICE])
def test_training_learns(place: Path, kind: Kind) -> None:
    trained = loop(place, steps=150, batch=16, kinds=(kind,))
    curve = trained.run(150).learning_curve
    assert [step for step, _ in curve] == [*range(8, 150, 8), 150]
    assert curve[0][1] > 0.6
    assert curve[-1][1] < 0.1


def test_examples_and_real_tokens_are_counted(place: Path) -> None:
    trained = loop(place, steps=5, batch=8)
    state = trained.run(5)
    tokens = sum(int(trained._batches.batch(step, 0, 1).inputs.mask.sum()) for step in range(5))
    assert (state.step, state.examples, state.tokens) == (5, 40, tokens)


def test_the_rate_warms_up_and_decays_to_zero() -> None:
    recipe = Recipe(learning_rate=1.0, warmup=0.2)
    rates = [learning_rate(step, 10, recipe) for step in range(10)]
    assert rates == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert learning_rate(0, 1, Recipe(learning_rate=1.0, warmup=0)) == 1.0


def test_masking_is_a_function_of_the_step_and_never_of_specials(place: Path) -> None:
    tokenizer = load_tokenizer(place)
    encoded = encode(rows(task(Kind.CLASSIFICATION)), tokenizer, 24)
    batches = MaskedBatches(encoded, 40, 8, seed=0, tokenizer=tokenizer)
    chosen = ordinary = masked = 0
    for step in range(40):
        batch, again = batches.batch(step, 0, 1), batches.batch(step, 0, 1)
        assert np.array_equal(batch.inputs.ids, again.inputs.ids)
        parts = [batches.batch(step, rank, 2) for rank in range(2)]
        assert sum(int((part.targets != IGNORED).sum()) for part in parts) == batch.count
        targets = batch.targets[batch.targets != IGNORED]
        assert not set(targets.tolist()) & set(tokenizer.special_ids)
        chosen += len(targets)
        ordinary += int(batch.inputs.mask.sum()) - 2 * 8
        masked += int((batch.inputs.ids == tokenizer.mask_id).sum())
    assert chosen / ordinary == pytest.approx(0.15, abs=0.03)
    assert masked / chosen == pytest.approx(0.8, abs=0.08)


def test_masked_language_modelling_learns(place: Path) -> None:
    tokenizer = load_tokenizer(place)
    encoded = encode(rows(task(Kind.CLASSIFICATION)), tokenizer, 24)
    batches = MaskedBatches(encoded, 80, 16, seed=0, tokenizer=tokenizer)
    encoder = load_encoder(write_model(place, 0.0), to_train=True)
    model = TaskModel(encoder, {"mlm": initialised(MaskedTokenHead(encoder), "mlm")})
    curve = TrainLoop(model, batches, Recipe(learning_rate=1e-2), seed=0, workers=Alone(),
                      device=choose_device("float32")).run(80).learning_curve
    assert curve[-1][1] < curve[0][1] - 0.1


def work(rank: int, place: Path, meeting: Path) -> None:
    group.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    trained = loop(place, workers=ProcessGroup(), batch=7)
    state = trained.run(12)
    Path(f"{meeting}-{rank}.json").write_text(state.model_dump_json())
    save_file(weights(trained), f"{meeting}-{rank}.safetensors")
    group.destroy_process_group()


def test_two_workers_train_as_one(place: Path, tmp_path: Path) -> None:
    alone = loop(place, batch=7)
    wanted = alone.run(12)
    meeting = tmp_path / "meeting"
    run_two(work, place, meeting)
    for rank in range(2):
        found = load_file(f"{meeting}-{rank}.safetensors")
        for name, value in weights(alone).items():
            assert torch.allclose(found[name], value, atol=1e-5), name
        state = LoopState.model_validate_json(Path(f"{meeting}-{rank}.json").read_text())
        assert (state.examples, state.tokens) == (wanted.examples, wanted.tokens)
        assert state.learning_curve[-1][1] == pytest.approx(wanted.learning_curve[-1][1], 1e-4)
