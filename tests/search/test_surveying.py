"""Surveying: taken of a study's encoders and targets, kept in the journal, shown by MLflow."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from search.journal import Journal
from search.projection import Projection
from search.study import Study
from search.survey import ReadLanguage, Survey, survey_of
from search.surveying import is_surveyed, take_survey
from spaces.pretraining_data import PretrainingData
from spaces.tasks import Task
from tests.search.journal_story import Story
from tests.trainables.tiny import rows, task, write_tokenizer
from trainables.rows import AbsentError, Rows
from trainables.workspace import Workspace


def study(model: Path, *report: str) -> Study:
    return Study.from_file("similarity", [
        f"models=[{{path: {model}, max_length: 64}}]", f"panels.report=[{', '.join(report)}]",
        "arms.primary={better: ru, worse: tr}"])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace in which every target has the same rows, and none in Hebrew."""
    def panel_rows(of: Task, language: str, panel: str) -> tuple[Rows, bool]:
        assert panel == "report"
        if language == "he":
            raise AbsentError("udpos must have a test split, got none for 'he'")
        return rows(task(of.kind), language, "test", 6), True

    monkeypatch.setattr("search.surveying.sources_of",
                        lambda workspace: SimpleNamespace(panel_rows=panel_rows))
    return Workspace(store=str(tmp_path), cache=str(tmp_path))


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").touch()  # a survey reads no weights
    return write_tokenizer(tmp_path)


def test_every_target_is_cut_by_every_encoders_own_tokenizer(
    encoder: Path, workspace: Workspace
) -> None:
    asked = study(encoder, "el", "fi", "ja")
    assert is_surveyed(asked)
    assert not is_surveyed(Study.from_file("low-resource"))
    found = take_survey(asked, workspace)
    assert [(each.model, each.task, each.language) for each in found.cut] == [
        (encoder.name, "udpos", code) for code in ("el", "fi", "ja")]
    assert {(each.fertility.unit, each.fertility.ratio) for each in found.cut} == {("word", 1.0)}
    assert (found.read, found.faults) == ((), ())


def test_what_cannot_be_had_is_a_fault_and_no_end(
    encoder: Path, tmp_path: Path, workspace: Workspace
) -> None:
    lost = take_survey(study(encoder, "el", "fi", "he"), workspace)
    assert lost == Survey(
        faults=(f"{encoder.name}: udpos must have a test split, got none for 'he'",))
    bare = take_survey(study(tmp_path / "nothing", "el", "fi", "ja"), workspace)
    assert bare.cut == ()
    assert bare.faults[0].startswith("nothing: `model` must be a directory or a name on the hub")


def test_the_journal_holds_it_and_mlflow_shows_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    Story(journal).steps()[0]()
    assert survey_of(journal) is None
    taken = Survey(read=(ReadLanguage(model="lab-small", language="el", data=PretrainingData(
        amount=2.5, unit="thousand tokens read")),), faults=("xlm-r: none",))
    journal.append("surveyed", **taken.model_dump(mode="json"))
    journal.close()
    assert survey_of(Journal(journal.path)) == taken
    projection = Projection()
    *_, (shown,) = (projection.changes(event) for event in journal.events)
    assert '"amount": 2.5' in shown.texts["survey.json"]
