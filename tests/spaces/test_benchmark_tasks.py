from __future__ import annotations

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.languages import languages
from spaces.tasks import CANONICAL_COLUMNS, HubSource, Kind, Task, find_task


@pytest.mark.parametrize(("name", "train", "evaluation"), [
    ("udpos", 30, 33), ("xnli", 1, 15), ("tatoeba", 0, 36), ("mnli", 1, 1), ("squad", 1, 1),
    ("pawsx", 7, 7), ("panx", 40, 40), ("hellaswag", 1, 1),
    ("xquad", 1, 12), ("mlqa", 1, 7), ("tydiqa", 9, 9),
])
def test_languages_are_as_many_as_the_benchmark_has(
    name: str, train: int, evaluation: int
) -> None:
    task = find_task(name, BENCHMARK_TASKS)
    assert (len(set(task.train)), len(set(task.evaluation))) == (train, evaluation)
    either = {entry.code for group in ("xtreme", "xtreme-r") for entry in languages(group)}
    assert {*task.train, *task.evaluation} <= either


@pytest.mark.parametrize("task", BENCHMARK_TASKS, ids=lambda task: task.name)
def test_columns_and_splits_are_stated_for_all_that_is_read(task: Task) -> None:
    for split, needed in (("train", task.trained), ("validation", bool(task.evaluation))):
        source = task.source_of(split)
        assert isinstance(source, HubSource)
        assert set(CANONICAL_COLUMNS[task.kind]) <= set(source.columns)
        if needed:
            assert split in source.splits


@pytest.mark.parametrize(("name", "split", "language", "place"), [
    ("udpos", "test", "zh", ("google/xtreme", "udpos.Chinese")),
    ("xnli", "test", "sw", ("facebook/xnli", "sw")),
    ("xnli", "train", "en", ("nyu-mll/glue", "mnli")),
    ("tatoeba", "validation", "fa", ("google/xtreme", "tatoeba.pes")),
    ("squad", "train", "en", ("rajpurkar/squad", "plain_text")),
    ("pawsx", "train", "ko", ("google-research-datasets/paws-x", "ko")),
    ("panx", "test", "jv", ("google/xtreme", "PAN-X.jv")),
    ("hellaswag", "train", "en", ("Rowan/hellaswag", "default")),
    ("xquad", "validation", "zh", ("google/xquad", "xquad.zh")),
    ("xquad", "train", "en", ("rajpurkar/squad", "plain_text")),
    ("mlqa", "test", "ar", ("google/xtreme", "MLQA.ar.ar")),
    ("tydiqa", "train", "sw", ("google-research-datasets/tydiqa", "secondary_task")),
])
def test_a_language_has_its_config(
    name: str, split: str, language: str, place: tuple[str, str]
) -> None:
    source = find_task(name, BENCHMARK_TASKS).source_of(split)  # type: ignore[arg-type]
    assert isinstance(source, HubSource)
    assert (source.repository, source.config_of(language)) == place


def test_documents_are_named_by_one_rule() -> None:
    source = find_task("xquad", BENCHMARK_TASKS).source
    assert isinstance(source, HubSource)
    with pytest.raises(ValueError, match="at most one of `document`, `document_runs`"):
        HubSource.model_validate(source.model_dump() | {"document": "id"})
    with pytest.raises(ValueError, match="`columns` must have `id` where `id_prefix` is given"):
        HubSource(repository="a/b", config="c", splits={}, columns={"text": "text"},
                  id_prefix="{language}-")


def test_what_is_not_trained_is_retrieval() -> None:
    assert {task.kind for task in BENCHMARK_TASKS if not task.trained} == {Kind.RETRIEVAL}


@pytest.mark.parametrize("task", BENCHMARK_TASKS, ids=lambda task: task.name)
def test_a_task_comes_back_from_json(task: Task) -> None:
    assert Task.model_validate_json(task.model_dump_json()) == task
