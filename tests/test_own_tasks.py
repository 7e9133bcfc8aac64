"""A study's own tasks on the way from its YAML to scores, and what tells their entries apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from search.snapshot import take_snapshot
from search.study import Study
from spaces.points import Point
from spaces.tasks import Kind, Task
from tests.search.good_study import good
from tests.search.own_study import write_study
from tests.trainables.own_files import (
    COLOURS,
    TAGS,
    own_task,
    pairs,
    sentences,
    write_json,
    write_tagged,
)
from tests.trainables.tiny import config, write_encoder
from trainables import executors
from trainables.assignment import Assignment
from trainables.context import Context
from trainables.messages import Message
from trainables.phases import Phase
from trainables.sources import Sources
from trainables.trial import rungs_of
from trainables.workers import Alone
from trainables.workspace import Workspace

SMALL = [
    "intermediate.tasks=[tags, mine]", "targets.tasks=[mine]", "curve=null",
    "targets.learning_rate=0.01", "controls.further=[]",
    "intermediate.languages={pool: [de], order: [diverse], count: [1], english: true}",
    "fidelity.search={intermediate_examples: 320, target_examples: 1600, evaluation_rows: 40}",
]


def test_a_trial_trains_and_scores_on_own_files(tmp_path: Path) -> None:
    study = Study.from_file(str(write_study(tmp_path)), SMALL)
    workspace = Workspace(store=str(tmp_path / "store"), cache=str(tmp_path / "cache"),
                          one_machine=True, precision="float32")
    snapshot = take_snapshot(study, workspace)
    assert snapshot.sizes == {"tags": {"en": 40, "de": 40}, "mine": {"en": 40, "de": 40}}
    point = Point.model_validate({"mixture": {"tags": 0.5, "mine": 0.5}})
    given = study.space(snapshot.sizes).config(point, seed=0, fidelity=study.fidelity.search)
    sent = Assignment(trial="search-000", role="search", config=given, workspace=workspace,
                      tasks=study.own_tasks, run_name="run").model_dump_json()
    told: list[Message] = []
    executors._work(Assignment.model_validate_json(sent), Alone(), emit=told.append)
    result = told[-1].result
    assert result is not None
    assert result.get("error") is None
    intermediate = next(each for each in result["phases"] if each["phase"] == "intermediate")
    assert set(intermediate["seen_cells"]) == {"tags/en", "tags/de", "mine/en", "mine/de"}
    points = {(each["language"], each["panel"]): each["points"]
              for each in result["scores"]["scores"]}
    assert set(points) == {(code, panel) for code in ("el", "tr")
                           for panel in ("selection", "report")}
    assert min(points.values()) > 80
    lines = pq.read_table(result["predictions"]).to_pylist()
    assert {line["label"] for line in lines} == set(COLOURS)


def test_translated_rows_are_read_in_the_schema_of_what_they_translate(tmp_path: Path) -> None:
    rows = [{"premise": f"Satz {row // 3}", "hypothesis": f"Folge {row}", "label": row % 3}
            for row in range(30)]
    write_json(tmp_path / "mnli-de/de/train.jsonl", rows)
    added = {"mnli-de": {"like": "mnli", "files": str(tmp_path / "mnli-de"), "train": ["de"],
                         "translated": "machine"}}
    task = Study.model_validate(good(tasks=added)).task("mnli-de")
    table = Sources(cache=tmp_path / "cache").rows(task, "de", "train").table
    assert table["text"].to_pylist()[4] == "Satz 1"
    assert [task.labels[label] for label in table["label"].to_pylist()[:3]] == [
        "entailment", "neutral", "contradiction"]
    assert task.train_provenance == "machine-translated"


def write_rows(place: Path, *, count: int = 30) -> Path:
    for code, split in (("en", "train"), ("de", "train"), ("sw", "test"), ("fi", "test")):
        write_json(place / f"pairs/{code}/{split}.jsonl", pairs(code, count))
        write_tagged(place / f"tags/{code}/{split}.conll", sentences(count))
    return place


def entries(place: Path, tasks: tuple[Task, ...], model: Any) -> dict[str, str]:
    """Return the entries of a trial's phases by name; nothing is run."""
    workspace = Workspace(store=str(place / "store"), cache=str(place / "cache"))
    base = config(model)
    assert base.intermediate is not None
    cells = tuple(cell.model_copy(update={"task": "own-tags", "language": "de"})
                  for cell in base.intermediate.cells[:1])
    given = base.model_copy(update={
        "targets": ("own-pairs", "own-tags"),
        "intermediate": base.intermediate.model_copy(update={"cells": cells})})
    (rung,) = rungs_of(given, Context(workspace=workspace, tasks=tasks))
    found: dict[str, str] = {}
    waiting: list[Phase] = [rung.evaluate]
    while waiting:
        phase = waiting.pop()
        found[phase.name] = phase.entry
        waiting += phase.parents
    return found


def own(place: Path, **tagging: Any) -> tuple[Task, ...]:
    there = {"train": ("en", "de"), "evaluation": ("fi", "sw")}
    return (own_task(place / "pairs", name="own-pairs", **there),
            own_task(place / "tags", Kind.TAGGING, name="own-tags", **there | tagging))




@pytest.mark.parametrize(("change", "differing"), [
    ({"labels": TAGS[::-1]}, {"evaluate", "intermediate", "target own-tags", "target own-pairs"}),
    ({"labels": (*TAGS, "more")}, {"evaluate", "intermediate", "target own-tags",
                                   "target own-pairs"}),
    ({"metric": "accuracy"}, {"evaluate"}),
    ({"rows": 31}, {"evaluate", "intermediate", "target own-tags", "target own-pairs"}),
    ({}, set()),  # where files lie is no part of what they hold
])
def test_tasks_of_one_name_share_only_what_is_the_same(
    tmp_path: Path, change: dict[str, Any], differing: set[str]
) -> None:
    model = write_encoder(tmp_path / "encoder")
    of_tags = {key: value for key, value in change.items() if key != "rows"}
    more = write_rows(tmp_path / "other", count=change.get("rows", 30))
    one = entries(tmp_path, own(write_rows(tmp_path / "one")), model)
    other = entries(tmp_path, own(more, **of_tags), model)
    assert {name for name in one if one[name] != other[name]} == differing
    assert len(one) == 5
