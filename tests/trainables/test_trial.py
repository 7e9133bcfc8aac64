from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch.distributed as group

from spaces.data_sources import HubSource
from spaces.mixtures import Mixture
from spaces.models import HubModel
from spaces.tasks import Kind, Task
from spaces.trial_config import Recipe, TrialConfig
from tests.trainables.forked import run_two
from tests.trainables.mirrors import alternative_rows, choice_rows, shard, write
from tests.trainables.tiny import SMALL_LAB, TASKS, SmallLab, config, context, write_encoder
from trainables.context import Context, Progress
from trainables.rows import DataError
from trainables.scores import Scores
from trainables.trial import RungOutcome, is_stored, run_trial
from trainables.workers import ProcessGroup
from trainables.workspace import Workspace


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HubModel:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def outcome(model: HubModel, tmp_path_factory: pytest.TempPathFactory) -> RungOutcome:
    (found,) = run_trial(config(model), context(tmp_path_factory.mktemp("trial")))
    return found


def last(of: TrialConfig, where: Context) -> RungOutcome:
    return list(run_trial(of, where))[-1]


def test_every_target_is_scored_on_both_panels(outcome: RungOutcome) -> None:
    places = {(score.task, score.panel, score.language, score.metric)
              for score in outcome.scores.scores}
    targets = {"tiny-classification": ["accuracy"], "tiny-qa": ["f1", "exact_match"],
               "tiny-retrieval": ["accuracy"]}
    panels = [("selection", "fi"), ("selection", "sw"), ("report", "sw")]
    assert places == {(name, panel, language, metric) for name, metrics in targets.items()
                      for metric in metrics for panel, language in panels}
    assert all(math.isfinite(score.points) and score.rows == 16
               for score in outcome.scores.scores)
    assert not any(score.official for score in outcome.scores.scores)  # 16 of 24 rows


def test_phases_come_in_order_with_their_costs(outcome: RungOutcome) -> None:
    assert [result.phase for result in outcome.phases] == [
        "pretrain", "intermediate", "target", "target", "evaluate"]
    intermediate = outcome.phases[1]
    assert intermediate.cost.examples == 64
    assert intermediate.cost.tokens > 64
    assert intermediate.cost.flops == pytest.approx(6 * 4_432 * intermediate.cost.tokens, rel=0.1)
    assert set(intermediate.seen_cells) == {f"tiny-{task}/{language}" for task in
                                            ("tagging", "pair") for language in ("en", "de", "fr")}
    assert intermediate.learning_curve[-1][0] == 8


def test_predictions_say_again_what_the_scores_say(outcome: RungOutcome) -> None:
    table = pq.read_table(outcome.predictions)
    assert table.schema.names == ["task", "language", "panel", "id", "prediction", "label",
                                  "correct"]
    lines = [line for line in table.to_pylist()
             if (line["task"], line["language"], line["panel"]) == (
                 "tiny-classification", "fi", "selection")]
    right = sum(line["prediction"] == line["label"] for line in lines)
    scored = outcome.scores.points("tiny-classification", "selection", "accuracy")["fi"]
    assert scored == pytest.approx(100 * right / len(lines))
    assert sum(line["correct"] for line in lines) == right


def test_a_second_run_trains_nothing(
    model: HubModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = last(config(model), context(tmp_path))
    monkeypatch.setattr("trainables.train_loop.TrainLoop.run", None)
    monkeypatch.setattr("trainables.encoder.load_encoder", None)
    second = last(config(model), context(tmp_path))
    assert second.scores == first.scores
    assert all(result.stored for result in second.phases)
    assert len(second.phases) == len(first.phases)


def test_the_same_trial_gives_the_same_scores(
    model: HubModel, outcome: RungOutcome, tmp_path: Path
) -> None:
    assert last(config(model), context(tmp_path)).scores == outcome.scores


def test_rungs_change_no_score_but_their_own(
    model: HubModel, outcome: RungOutcome, tmp_path: Path
) -> None:
    rungs = list(run_trial(config(model, rungs=(0.25, 0.5, 1.0)), context(tmp_path)))
    assert [rung.fraction for rung in rungs] == [0.25, 0.5, 1.0]
    assert rungs[-1].scores == outcome.scores
    assert rungs[0].scores != rungs[-1].scores
    names = [result.name for rung in rungs for result in rung.phases]
    assert len(names) == len(set(names))
    trained = [result.cost.examples for rung in rungs for result in rung.phases
               if result.phase == "intermediate"]
    assert trained == [16, 16, 32]


def test_nothing_of_the_next_rung_is_made_before_it_is_asked_for(
    model: HubModel, tmp_path: Path
) -> None:
    told: list[Progress] = []
    rungs = run_trial(config(model, rungs=(0.5, 1.0)), context(tmp_path, report=told.append))
    next(rungs)
    rungs.close()
    assert not any("to 1" in progress.phase for progress in told)


def test_a_control_shares_its_encoder_and_has_no_intermediate_phase(
    model: HubModel, outcome: RungOutcome, tmp_path: Path
) -> None:
    control = last(config(model).control(), context(tmp_path))
    assert [result.phase for result in control.phases] == [
        "pretrain", "target", "target", "evaluate", "baselines"]
    assert control.phases[0].entry == outcome.phases[0].entry
    assert control.scores != outcome.scores


@pytest.mark.parametrize("change", [
    {"seed": 4},
    {"target": Recipe(learning_rate=1e-3, batch_size=8)},
    {"targets": ("tiny-tagging",)},
])
def test_what_matters_changes_the_entries(
    model: HubModel, outcome: RungOutcome, tmp_path: Path, change: dict[str, Any]
) -> None:
    other = last(config(model, **change), context(tmp_path))
    assert other.phases[-1].entry != outcome.phases[-1].entry
    assert other.phases[0].entry == outcome.phases[0].entry


@pytest.mark.parametrize("of", [of for of in TASKS if "target" in of.roles],
                         ids=lambda of: of.kind.value)
def test_every_kind_but_text_is_a_target_and_is_learnt(
    of: Any, model: HubModel, tmp_path: Path
) -> None:
    given = config(model, targets=(of.name,), intermediate=None,
                   target=Recipe(learning_rate=1e-2, batch_size=16))
    fidelity = given.fidelity.model_copy(update={"target_examples": 2_400, "evaluation_rows": 24})
    scores = last(given.model_copy(update={"fidelity": fidelity}), context(tmp_path)).scores
    name = "f1" if of.kind is Kind.QA else "accuracy"
    if of.kind is Kind.RANKING:  # its own words but for one, and the same in another order
        assert scores.mean(of.name, "report", "map@20") >= 80
    elif of.kind is Kind.RETRIEVAL:  # the mean of the same words in another order
        assert scores.mean(of.name, "report", name) >= 50
    else:
        learnt = {Kind.QA: 60, Kind.TAGGING: 95}.get(of.kind, 95)
        assert scores.mean(of.name, "report", name) >= learnt


def test_choices_of_a_mirror_are_intermediate_tasks_and_targets(
    model: HubModel, tmp_path: Path
) -> None:
    endings, causes = (
        Task(name=name, kind=Kind.MULTIPLE_CHOICE, roles=("intermediate", "target"),
             train=("en", "de"), evaluation=("fi", "sw"), labels=labels, metric="accuracy",
             source=HubSource(repository=f"made/{name}", config="{code}", columns=columns,
                              splits={"train": "train", "test": "test"}))
        for name, labels, columns in (
            ("endings", ("1", "2", "3"),
             {"prompt": "ctx", "options": "endings", "label": "label"}),
            ("causes", ("choice1", "choice2"),
             {"prompt": "premise", "options": ("choice1", "choice2"), "label": "label"})))
    mirror = tmp_path / "mirror"
    for task, made in ((endings, choice_rows), (causes, alternative_rows)):
        for code, split in (("en", "train"), ("de", "train"), ("fi", "test"), ("sw", "test")):
            write(shard(mirror, f"made/{task.name}", code, split), made(code, 90))
    mixture = Mixture(weights={"endings": 0.5, "causes": 0.5})
    offered = {task.name: task.train for task in (endings, causes)}
    given = config(model, targets=("endings", "causes"),
                   target=Recipe(learning_rate=1e-2, batch_size=16))
    assert given.intermediate is not None
    fidelity = given.fidelity.model_copy(update={"target_examples": 1_600, "evaluation_rows": 90})
    intermediate = given.intermediate.model_copy(update={
        "mixture": mixture, "cells": mixture.cells(("en", "de"), offered)})
    workspace = Workspace(store=str(tmp_path / "store"), cache=str(tmp_path / "cache"),
                          hub=str(mirror), precision="float32")
    found = last(given.model_copy(update={"fidelity": fidelity, "intermediate": intermediate}),
                 Context(workspace=workspace, tasks=(endings, causes)))
    assert found.scores.mean("endings", "report", "accuracy") >= 95
    assert set(found.phases[1].seen_cells) == {
        f"{name}/{code}" for name in ("endings", "causes") for code in ("en", "de")}
    lines = pq.read_table(found.predictions).to_pylist()
    right = next(line for line in lines if line["task"] == "endings" and line["id"] == "4")
    assert right["label"] == "2: w5 red"
    assert {line["prediction"].split(": ")[0] for line in lines} <= {
        "1", "2", "3", "choice1", "choice2"}
    assert all(line["correct"] == (line["prediction"] == line["label"]) for line in lines)


def test_an_encoder_that_moved_is_the_same_and_is_read_from_its_new_place(
    tmp_path: Path
) -> None:
    before = write_encoder(tmp_path / "before")
    first = last(config(before), context(tmp_path))
    after = before.model_copy(update={"name": "moved", "path": str(tmp_path / "after")})
    Path(before.path).rename(after.path)
    assert all(result.stored for result in last(config(after), context(tmp_path)).phases)
    longer = config(after.model_copy(update={"max_length": 32}))
    found = last(longer, context(tmp_path))
    assert [result.stored for result in found.phases][:2] == [True, False]
    assert found.scores.scores[0].rows == first.scores.scores[0].rows


def test_too_great_a_length_spoils_no_later_trial(tmp_path: Path) -> None:
    model = write_encoder(tmp_path / "encoder")
    with pytest.raises(DataError, match="`max_length` must be at most the encoder's 40, got 600"):
        last(config(model.model_copy(update={"max_length": 600})), context(tmp_path))
    assert last(config(model), context(tmp_path)).scores


def test_models_of_the_same_weights_keep_to_their_own_dropout(tmp_path: Path) -> None:
    still = write_encoder(tmp_path / "encoder")
    lively = still.model_copy(update={"dropout": 0.4})
    alone = last(config(lively), context(tmp_path / "alone"))
    last(config(still), context(tmp_path / "both"))
    beside = last(config(lively), context(tmp_path / "both"))
    assert beside.scores == alone.scores
    assert beside.phases[1].learning_curve == alone.phases[1].learning_curve


def test_a_panel_without_the_targets_languages_is_one_line(
    model: HubModel, tmp_path: Path
) -> None:
    panels = config(model).panels.model_dump()
    panels["report"]["languages"] = ["zh"]
    given = TrialConfig.model_validate(config(model).model_dump() | {"panels": panels})
    with pytest.raises(DataError, match="a panel must have one of a target's languages, got zh"):
        last(given, context(tmp_path))


def test_a_lab_encoder_is_pretrained_once_per_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.lab.Lab", SmallLab)
    first = last(config(SMALL_LAB), context(tmp_path))
    assert first.phases[0].cost.examples == 10 * 16 + 10 * 8  # rows with masked tokens, pairs
    curve = first.phases[0].learning_curve
    assert curve[-1][1] < curve[0][1]
    other = last(config(SMALL_LAB, seed=4), context(tmp_path))
    assert other.phases[0].stored
    third = last(config(SMALL_LAB, pretraining_seed=1), context(tmp_path))
    assert not third.phases[0].stored
    assert third.phases[0].entry != first.phases[0].entry


def work(rank: int, model: HubModel, place: Path) -> None:
    group.init_process_group("gloo", init_method=f"file://{place / 'meeting'}", rank=rank,
                             world_size=2)
    where = context(place, workers=ProcessGroup())
    found = list(run_trial(config(model, rungs=(0.5, 1.0)), where))
    (place / f"{rank}.json").write_text(found[-1].scores.model_dump_json())
    again = last(config(model, rungs=(0.5, 1.0)), where)
    assert all(result.stored for result in again.phases)
    group.destroy_process_group()


def test_two_workers_score_as_one(
    model: HubModel, outcome: RungOutcome, tmp_path: Path
) -> None:
    run_two(work, model, tmp_path)
    for rank in range(2):
        scores = Scores.model_validate_json((tmp_path / f"{rank}.json").read_text())
        pairs = zip(scores.scores, outcome.scores.scores, strict=True)
        assert all(abs(ours.points - theirs.points) <= 0.5 for ours, theirs in pairs)


def test_a_trial_is_stored_once_all_its_rungs_and_baselines_are(
    model: HubModel, tmp_path: Path
) -> None:
    where = context(tmp_path)
    halves = config(model, rungs=(0.5, 1.0))
    assert not is_stored(halves, where)
    trial = run_trial(halves, where)
    next(trial)
    assert not is_stored(halves, where)  # a rung is left
    list(trial)
    assert is_stored(halves, where)
    assert not is_stored(halves.model_copy(update={"seed": 4}), where)
    control = halves.control()
    assert not is_stored(control, where)
    list(run_trial(control, where))
    assert is_stored(control, where)
    (baselines,) = (tmp_path / "store" / "baselines").iterdir()
    where.store.remove("baselines", baselines.name)
    assert not is_stored(control, where)
