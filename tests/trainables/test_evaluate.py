from __future__ import annotations

import pyarrow as pa
import pytest

from search.aggregates import Grouping, aggregates_of, measured
from search.item_errors import item_error, pulls_of
from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.benchmarks import find_benchmark
from spaces.tasks import find_task
from trainables.evaluate import predictions_of, scores_of
from trainables.panel_sets import PanelSet
from trainables.rows import Rows, row_schema
from trainables.scores import Scores

# Gold answers and prediction of a question -> the answer that scores it.
ANSWERED = [
    (["the fox", "a red fox in snow"], "red fox in snow", "a red fox in snow"),
    (["the fox", "a red fox"], "fox", "the fox"),
    (["fox", "fox"], "hound", "fox"),  # none fits, so the first
    (["one", "two"], "two or three", "two"),
    (["x"], "", "x"),
]


def asked(task: str, language: str) -> tuple[PanelSet, Rows, list[str]]:
    made = find_task(task, BENCHMARK_TASKS)
    rows = [{"id": str(place), "document": "d", "question": "?", "context": "c",
             "answers": answers, "answer_starts": [0] * len(answers)}
            for place, (answers, _, _) in enumerate(ANSWERED)]
    table = pa.Table.from_pylist(rows, schema=row_schema(made.kind))
    each = PanelSet(task=task, language=language, panel="report", rows=9, data="", official=False)
    return each, Rows(made, language, "validation", table, ""), [said for _, said, _ in ANSWERED]


def test_a_questions_label_is_the_gold_answer_that_scores_it() -> None:
    table = predictions_of(*asked("tydiqa", "fi"))
    assert table["label"].to_pylist() == [label for _, _, label in ANSWERED]
    assert table["correct"].to_pylist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(("task", "language"), [("tydiqa", "fi"), ("mlqa", "es"), ("mlqa", "zh")])
def test_predictions_bear_the_scores_of_questions_out(task: str, language: str) -> None:
    each, rows, values = asked(task, language)
    scores = Scores(scores=tuple(scores_of(each, rows, values)))
    pulls = pulls_of(predictions_of(each, rows, values), scores, {task: rows.task.kind})
    assert set(pulls) == {(score.task, score.language, score.metric) for score in scores.scores}
    (aggregate, *_) = aggregates_of(find_benchmark("xtreme"), measured(scores), Grouping())
    found = item_error(aggregate, pulls, {task})
    assert found is not None
    assert 0 < found < 50
