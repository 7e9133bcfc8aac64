"""Published scores: each is of a task and metric of the catalogue, and they add up."""

from __future__ import annotations

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.models import LAB_MODELS, HubModel
from spaces.published_scores import PUBLISHED_SCORES, published_for
from spaces.tasks import find_task
from trainables.metrics import metrics_of

XLMR = HubModel(name="xlm-roberta-large", path="FacebookAI/xlm-roberta-large")


@pytest.mark.parametrize("row", PUBLISHED_SCORES, ids=lambda row: f"{row.training}, {row.source}")
def test_each_figure_is_of_a_target_and_one_of_its_metrics(row: object) -> None:
    assert row in PUBLISHED_SCORES
    for task, points in PUBLISHED_SCORES[PUBLISHED_SCORES.index(row)].points.items():
        found = find_task(task, BENCHMARK_TASKS)
        assert "target" in found.roles
        assert found.metric in points
        assert set(points) <= set(metrics_of(found))
        assert all(0 < value < 100 for value in points.values())


@pytest.mark.parametrize(("training", "average"), [("control", 70.1), ("best per target", 72.7)])
def test_the_source_prints_the_same_average_over_its_tasks(training: str, average: float) -> None:
    row = next(each for each in PUBLISHED_SCORES
               if each.training == training and "Table 16" in each.source)
    means = [sum(points.values()) / len(points) for points in row.points.values()]
    assert len(means) == 7
    assert round(sum(means) / 7, 1) == average


def test_nothing_is_published_of_other_encoders_or_tasks() -> None:
    assert len(published_for(XLMR, ["xnli"])) == 3
    assert len(published_for(XLMR, ["udpos"])) == 2
    assert published_for(XLMR, ["tatoeba", "lab-tags"]) == ()
    assert published_for(LAB_MODELS[0], ["xnli"]) == ()
    assert published_for(XLMR.model_copy(update={"name": "x", "path": "/my/xlm-roberta-large/"}),
                         ["xnli"])
