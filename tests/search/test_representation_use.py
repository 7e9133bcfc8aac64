"""What retrieval was read by, as the read-out and MLflow show it."""

from __future__ import annotations

import json
from pathlib import Path

from search.journal import Journal
from search.projection import Projection
from search.readout import read_out
from search.renderings import as_json, as_markdown
from search.representation_use import representation_use
from search.results import Outcome, Role, TrialResult
from search.run_changes import merged
from search.run_content import Point, representation_points
from spaces.representations import Representation
from tests.search.simulated_results import QUESTION, config, result, scores
from trainables.scores import Considered, RepresentationChoice, Scores

LAST, SEVEN = Representation(), Representation(layer=7, pooling="cls")


def read_by(last: float, seven: float) -> Scores:
    considered = [Considered(representation=LAST, points=last),
                  Considered(representation=SEVEN, points=seven)]
    return scores(50.0).model_copy(update={
        "representations": (RepresentationChoice.of("tatoeba", considered),)})


def trials() -> list[TrialResult]:
    mixed = config({"dates": 1.0})
    return [result("control-000", Role.CONTROL, config(), read_by(40, 30)),
            result("search-000", Role.SEARCH, mixed, read_by(20, 60)),
            result("search-001", Role.SEARCH, mixed, read_by(50, 50)),  # a tie: the first
            result("search-002", Role.SEARCH, mixed, read_by(0, 90), outcome=Outcome.STOPPED),
            result("search-003", Role.SEARCH, mixed, None, outcome=Outcome.FAILED)]


def test_finished_trials_are_counted_by_what_they_chose() -> None:
    last, seven = representation_use(trials())
    assert (last.task, last.representation, seven.representation) == ("tatoeba", LAST, SEVEN)
    assert (last.trials, last.chosen, last.controls) == (3, 2, 1)
    assert (seven.trials, seven.chosen, seven.controls) == (3, 1, 0)
    assert (last.points, seven.points) == ((40 + 20 + 50) / 3, (30 + 60 + 50) / 3)


def test_the_readout_shows_them_only_where_there_was_a_choice() -> None:
    readout = read_out(trials(), QUESTION, search="lab-1")
    text = as_markdown(readout)
    assert "## What retrieval was read by" in text
    assert "| tatoeba | last layer, mean | 36.67 | 2 of 3 | 1 |" in text
    assert "| tatoeba | layer 7, cls | 46.67 | 1 of 3 | 0 |" in text
    assert json.loads(as_json(readout))["representations"][1]["representation"] == {
        "layer": 7, "pooling": "cls"}
    plain = [each.model_copy(update={"scores": each.scores and scores(50.0)})
             for each in trials()]
    without = read_out(plain, QUESTION, search="lab-1")
    assert "read by" not in as_markdown(without)
    assert '"representations"' not in as_json(without)


def test_mlflow_has_each_score_the_layer_and_the_choice(tmp_path: Path) -> None:
    found = trials()[1]
    points = [Point("representation.tatoeba.last layer.mean", 20, 1000),
              Point("representation.tatoeba.layer 7.cls", 60, 1000),
              Point("representation.tatoeba.layer", 7, 1000)]
    assert found.scores is not None
    assert representation_points(found.scores, 1.0) == points
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened", search="lab-1", search_id="5eed", study={"study": "lab"},
                   study_yaml="", versions={}, storage="", datasets=[])
    journal.append("finished", found.trial, **found.model_dump(mode="json"))
    journal.close()
    projection = Projection()
    _, change = merged(each for event in journal.events for each in projection.changes(event))
    assert change.tags["stiltune.representation.tatoeba"] == "layer 7, cls"
    assert {(each.key, each.value, each.step) for each in points} <= {
        (each.key, each.value, each.step) for each in change.points}
