from __future__ import annotations

import io
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spaces.data_sources import Split
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.lab_tasks import LAB_ROWS, LAB_TASKS
from spaces.models import LabModel
from spaces.tasks import find_task
from spaces.trial_config import Recipe, TrialConfig
from trainables.context import Context
from trainables.evaluate import scores_of
from trainables.lab import Lab
from trainables.lab.generation import make_rows
from trainables.lab.measures import measures
from trainables.lab.prepare import main
from trainables.panel_sets import PanelSet, non_copy_rows
from trainables.rows import Rows
from trainables.trial import RungOutcome, run_trial
from trainables.workspace import Workspace

TASK = find_task("lab-retrieval", LAB_TASKS)
HELD_OUT: tuple[Split, ...] = ("validation", "test")


def made(language: str, split: Split = "test") -> Rows:
    return Rows(TASK, language, split, make_rows(TASK, language, split), "0" * 16)


def numbers(text: str) -> list[int]:
    """Return the numbers of a text in order, whatever digits they are written in."""
    plain = "".join(str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char
                    for char in text)
    return [int(found) for found in re.findall(r"\d+", plain)]


def test_it_is_offered_where_measures_are_but_in_english() -> None:
    assert {*TASK.evaluation, "en"} == set(find_task("lab-measure", LAB_TASKS).evaluation)
    assert not TASK.trained


def test_no_row_of_any_language_is_like_another() -> None:
    for code in TASK.evaluation:
        documents = []
        for split in HELD_OUT:
            table = made(code, split).table
            for column in ("document", "text", "english"):
                held = table[column].to_pylist()
                assert len(set(held)) == LAB_ROWS[split], (code, split, column)
            documents += table["document"].to_pylist()
        assert len(set(documents)) == len(documents), code


@pytest.mark.parametrize("code", ["de", "mr", "fa", "sw", "km", "zh"])
@pytest.mark.parametrize("split", HELD_OUT)
def test_numbers_tell_no_two_rows_apart(code: str, split: Split) -> None:
    table = made(code, split).table
    english = Counter(tuple(numbers(text)) for text in table["english"].to_pylist())
    foreign = Counter(tuple(sorted(numbers(text))) for text in table["text"].to_pylist())
    assert list(english.values()) == list(foreign.values()) == [LAB_ROWS[split]]
    assert {tuple(sorted(key)) for key in english} == set(foreign)


@pytest.mark.parametrize("code", ["de", "mr", "ja"])
def test_the_english_says_what_the_row_says(code: str) -> None:
    own, english = ({measure.name: measure.text for measure in measures(language, "test")
                     if measure.style == "long"} for language in (code, "en"))
    for row in made(code).table.to_pylist():
        items = row["document"].split("+")
        assert len(items) == 3
        assert all(own[item] in row["text"] for item in items)
        assert all(english[item] in row["english"] for item in items)


def test_what_is_no_copy_is_looked_for_among_all_rows() -> None:
    """Some of the rows are near-copies: for the others too chance is 1 in all."""
    rows = made("ps")
    each = PanelSet(task=TASK.name, language="ps", panel="report", rows=len(rows), data="",
                    official=True)
    places = list(range(len(rows)))
    found = {score.subset: score for score in scores_of(each, rows, places)}
    assert found["non-copy"].rows == len(non_copy_rows(rows)) < len(rows)
    assert found["all"].chance == found["non-copy"].chance == pytest.approx(100 / len(rows))
    assert found["all"].points == found["non-copy"].points == 100


def test_it_is_made_ahead_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"cache": str(tmp_path), "vocabularies": [],
              "rows": [("lab-retrieval", "el"), ("lab-kind", "el")]}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(wanted)))
    # The tests' own process keeps its rank.
    monkeypatch.setattr("trainables.lab.prepare.give_way", lambda _: None)
    main()
    lab = Lab(tmp_path)
    assert sorted(path.relative_to(lab.path).as_posix() for path in lab.path.rglob("*.arrow")) == [
        *(f"lab-kind/el/{split}.arrow" for split in ("test", "train", "validation")),
        *(f"lab-retrieval/el/{split}.arrow" for split in ("test", "validation"))]


# ---- a small real run -----------------------------------------------------------------------

MODEL = LabModel(name="small", layers=1, hidden=16, heads=2, feed_forward=32, vocabulary=2_000,
                 steps=2, batch_size=8, learning_rate=1e-3)
ROWS = 60


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> RungOutcome:
    place = tmp_path_factory.mktemp("retrieval")
    context = Context(Workspace(store=str(place / "store"), cache=str(place / "cache"),
                                precision="float32"))
    panel = Panel(languages=("el", "fi"))
    (found,) = run_trial(TrialConfig(
        model=MODEL, intermediate=None, targets=("lab-measure", "lab-retrieval"),
        seed=0, target=Recipe(learning_rate=1e-3, batch_size=16),
        fidelity=Fidelity(name="search", intermediate_examples=0,
                          target_examples=32, evaluation_rows=ROWS),
        panels=Panels(selection=panel, report=panel)), context)
    return found


def test_it_is_scored_beside_a_trained_target_and_never_trained(outcome: RungOutcome) -> None:
    assert [phase.name for phase in outcome.phases if phase.phase == "target"] == [
        "target lab-measure"]
    scores = [score for score in outcome.scores.scores
              if (score.task, score.subset) == ("lab-retrieval", "all")]
    assert {(score.language, score.panel) for score in scores} == {
        (code, panel) for code in ("el", "fi") for panel in ("selection", "report")}
    for score in scores:
        assert (score.metric, score.rows) == ("accuracy", ROWS)
        assert score.chance == pytest.approx(100 / ROWS)


def test_its_score_is_the_share_of_rows_found(outcome: RungOutcome) -> None:
    told = [row for row in pq.read_table(outcome.predictions).to_pylist()
            if (row["task"], row["language"], row["panel"]) == ("lab-retrieval", "fi", "report")]
    found = sum(row["prediction"] == row["id"] for row in told)
    points = outcome.scores.points("lab-retrieval", "report", "accuracy")
    assert points["fi"] == pytest.approx(100 * found / ROWS)


def test_characters_alone_find_cognates_and_nothing_else(outcome: RungOutcome) -> None:
    for baseline in outcome.baselines:
        points = baseline.scores.points("lab-retrieval", "report", "accuracy")
        assert points["fi"] > 40
        assert points["el"] < 10
