from __future__ import annotations

from pathlib import Path

import pytest

import trainables.robustness.evaluation as room
from spaces.models import HubModel
from spaces.robustness import Attack, Perturbations, Robustness, Severity
from spaces.tasks import Kind
from tests.trainables.test_perturbed_rows import Letters, worded
from tests.trainables.tiny import config, context, write_encoder
from trainables.robustness.evaluation import CleanSet, score_robustness
from trainables.scores import Scores
from trainables.trial import run_trial, rungs_of

ASKED = Robustness(
    perturbations=Perturbations(typos=Severity(fertility=1.5)), attack=Attack(queries=3),
    code_mix=("fi",))
TARGETS = ("tiny-pair", "tiny-qa", "tiny-retrieval")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HubModel:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trials")


def scored(model: HubModel, place: Path, robustness: Robustness | None) -> Scores:
    control = config(model, targets=TARGETS, robustness=robustness).control()
    (found,) = run_trial(control, context(place))
    return found.scores


def test_perturbed_scores_stand_beside_the_clean_ones(model: HubModel, place: Path) -> None:
    bare, both = scored(model, place, None), scored(model, place, ASKED)
    assert not bare.perturbed
    assert both.scores == bare.scores
    assert "perturbed" not in bare.model_dump()
    conditions = {(score.task, score.condition) for score in both.perturbed}
    assert {task for task, _ in conditions} <= {"tiny-pair", "tiny-qa"}
    for score in both.perturbed:
        assert score.language == "sw"  # the report panel's
        if score.condition == "typos":
            clean = bare.points(score.task, "report", score.metric)["sw"]
            assert score.clean == clean
        assert 0 < score.changed <= 1
    assert scored(model, place, ASKED) == both


def test_digests_are_the_old_ones_where_nothing_is_perturbed(
    model: HubModel, tmp_path: Path
) -> None:
    bare, asked = config(model), config(model, robustness=ASKED)
    assert "robustness" not in bare.model_dump(mode="json")
    where = context(tmp_path)
    phases = [rungs_of(each, where)[0].evaluate for each in (bare, asked)]
    assert "robustness" not in phases[0].inputs
    assert phases[0].entry != phases[1].entry
    assert [each.entry for each in phases[0].parents] == [each.entry for each in phases[1].parents]
    other = ASKED.model_copy(update={"seed": 1})
    assert rungs_of(config(model, robustness=other), where)[0].evaluate.entry != phases[1].entry


def test_an_attack_is_never_better_than_any_of_its_queries(
    model: HubModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is right as long as its end is left as it was."""
    rows = worded(Kind.CLASSIFICATION, "sw")
    labels = rows.table["label"].to_pylist()
    originals = rows.table["text"].to_pylist()

    class Reader:
        def __init__(self, *given: object) -> None:
            self.tokenizer, self.rows, self.tokens, self.body_parameters = Letters(), 0, 0, 1
            self.device = room.choose_device("float32")

        def values(self, listed: list[object]) -> list[list[int]]:
            return [[label if text[-4:] == before[-4:] else 1 - label for label, text, before in
                     zip(labels, each.table["text"].to_pylist(), originals, strict=True)]
                    for each in listed]  # type: ignore[attr-defined]

    monkeypatch.setattr(room, "_Reader", Reader)
    found = {}
    for queries in (2, 8):
        asked = Robustness(perturbations=Perturbations(typos=Severity(fertility=1.05)),
                           attack=Attack(queries=queries))
        panel = type("Set", (), {"panel": "report"})()
        scores, _ = score_robustness(
            rows.task, [CleanSet(panel, rows, labels)], tmp_path, context(tmp_path), model=model,
            robustness=asked, name="evaluate")
        found[queries] = {score.condition: score.points for score in scores}
        assert {score.clean for score in scores} == {100.0}
        assert [score.queries for score in scores] == [1, queries]
    assert found[2]["typos"] == found[8]["typos"]
    assert found[8]["attack"] < found[2]["attack"] <= found[2]["typos"] < 100
