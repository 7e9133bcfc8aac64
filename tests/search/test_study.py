"""The study: shipped ones hold, defaults are filled in, overrides reach any key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from search.study import Study, StudyError, list_studies
from spaces.models import HubModel
from tests.search.good_study import GOOD, good, read


def test_the_good_study_is_good() -> None:
    assert read(GOOD).study == "good"


@pytest.mark.parametrize("given", ["mine", "./mine/", {"path": "mine", "max_length": 64}])
def test_a_directory_of_the_users_is_found_from_anywhere(
    given: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    (model,) = Study.model_validate(good(models=[given])).models

    assert isinstance(model, HubModel)
    assert (model.name, model.path) == ("mine", str(tmp_path / "mine"))


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = yaml.safe_dump(good(intermediate__languages__pool=["de", "fr", "ar"],
                               curve=None, intermediate__languages__count=1))
    text = text.replace("- ar\n", "- no\n").replace("0.0005", "5e-4")
    study = Study.from_text(text)
    assert study.intermediate.languages.pool == ("de", "fr", "no")  # Norwegian, not false
    assert study.intermediate.learning_rate.low == 5e-4  # a number, not a text


def test_set_reaches_any_key() -> None:
    study = read(GOOD, "search.trials=50", "models=[lab-small, ./mine]", "curve=null",
                 "intermediate.languages.count.1=3", "intermediate.learning_rate=1e-3",
                 "panels.selection.0=sk", "fidelity.confirm.target_examples=128",
                 "fidelity.confirm.intermediate_examples=64", "fidelity.confirm.evaluation_rows=20",
                 "question=a = b?")
    assert study.search.trials == 50
    assert [model.name for model in study.models] == ["lab-small", "mine"]
    assert study.curve is None
    assert study.intermediate.languages.count.options == (0, 3, 4)
    assert study.intermediate.learning_rate.options == (1e-3,)
    assert study.panels.selection == ("sk", "tr")
    assert study.fidelity.confirm.target_examples == 128
    assert study.fidelity.search.target_examples == 64


def test_overrides_leave_other_studies_alone() -> None:
    before = Study.from_file("lab")
    assert Study.from_file("lab", ["search.trials=7"]) != before
    assert Study.from_file("lab") == before


@pytest.mark.parametrize("name", [name for name, _ in list_studies()])
def test_shipped_studies_hold_and_say_what_they_ask(name: str) -> None:
    study = Study.from_file(name)
    assert study.study == name
    assert study.question.endswith("?")
    assert Study.from_text(study.to_yaml()) == study
    assert Study.model_validate(study.model_dump(mode="json")) == study


def test_the_labs_retrieval_stands_beside_a_trained_target_and_alone_if_asked_for() -> None:
    beside = read(good(targets__tasks=["lab-measure", "lab-retrieval"]))
    assert [task.trained for task in beside.target_tasks] == [True, False]
    data = good(targets__tasks=["lab-retrieval"])
    with pytest.raises(StudyError, match=r"got lab-retrieval \(targets.tasks\)"):
        read(data)
    alone = read(data | {"search": {"retrieval": True}})
    assert alone.target_kinds == {"lab-retrieval": "retrieval"}
    ranking = read(good(targets__tasks=["lab-measure", "lareqa", "mewsli-x"]))
    assert ranking.target_kinds == {"lab-measure": "classification", "lareqa": "retrieval",
                                    "mewsli-x": "retrieval"}
    with pytest.raises(StudyError, match="must have the role intermediate, got 'lab-retrieval'"):
        read(good(intermediate__tasks=["lab-tags", "lab-retrieval"]))


def test_text_is_an_intermediate_task_like_any_other_and_no_category() -> None:
    study = read(good(intermediate__tasks=["lab-tags", "lab-text"]))
    assert Study.from_text(study.to_yaml()) == study
    assert set(study.target_kinds.values()) == {"classification", "multiple-choice"}
    assert {code for task, code in study.cells() if task == "lab-text"} == {
        "en", "de", "fr", "ar", "fi"}
    sizes = {task: dict.fromkeys(("en", "de", "fr"), 320) for task in study.intermediate.tasks}
    space = study.space(sizes)
    mixtures = [space.decode(point, seed=0, fidelity=study.fidelity.search).intermediate
                for point in space.fixed_points()]
    assert {"lab-text": 1.0} in [dict(each.mixture.weights) for each in mixtures if each]


def test_the_default_study_is_what_was_promised() -> None:
    study = Study.from_file("lab")
    assert study.search.trials >= 24
    assert len(study.targets.tasks) == 2
    assert study.controls.seeds >= 5
    assert study.confirmation.winners >= 1
    assert study.curve is not None
    assert study.warnings() == ()


@pytest.mark.parametrize(("changes", "part"), [
    ({"panels__selection": ["en"]}, "(Keung et al. 2020) (panels.selection)"),
    ({"panels__report": ["el", "en"]}, "English is trained on"),
    ({"panels__report": ["el", "de"], "panels__allow_overlap": ["de"]},
     "scores in de are not zero-shot"),
    ({"controls": {"seeds": 3}}, "got 3 (controls.seeds)"),
    ({"confirmation": {"winners": 0}}, "(confirmation.winners)"),
    ({"fidelity__confirm": {"intermediate_examples": 64, "target_examples": 32,
                            "evaluation_rows": 20}},
     "got 32 for 64 (fidelity.confirm.target_examples)"),
    ({"intermediate__tasks": ["lab-kind", "squad"],
      "intermediate__languages__english": [True, False], "curve": None},
     "squad has none of the languages in 4 of 10 language sets"),
])
def test_what_is_allowed_but_should_be_known_is_said(changes: dict[str, Any], part: str) -> None:
    found = read(good(**changes)).warnings()
    assert any(part in warning for warning in found)
    assert all("\n" not in warning for warning in found)


def test_every_default_is_filled_in() -> None:
    study = read(good(curve=None))
    assert (study.search.trials, study.search.sampler, study.search.scheduler) == (24, "tpe",
                                                                                   "fifo")
    assert study.search.reproducible
    assert (study.controls.seeds, study.confirmation.winners, study.confirmation.seeds) == (5, 3, 5)
    assert study.fidelity.confirm.model_copy(update={"name": "search"}) == study.fidelity.search
    assert study.resources.workers == 1
