from __future__ import annotations

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource, PoolSource
from spaces.languages import languages
from spaces.tasks import CANONICAL_COLUMNS, Kind, Task, find_task

ON_THE_HUB = [task for task in BENCHMARK_TASKS if isinstance(task.source, HubSource)]


@pytest.mark.parametrize(("name", "train", "evaluation"), [
    ("udpos", 35, 38), ("xnli", 1, 15), ("tatoeba", 0, 36), ("mnli", 1, 1), ("squad", 1, 1),
    ("pawsx", 7, 7), ("panx", 48, 48), ("hellaswag", 1, 1),
    ("xquad", 1, 12), ("mlqa", 1, 7), ("tydiqa", 9, 9), ("squad2", 1, 1), ("anli-plus", 1, 1),
    ("anli", 1, 1),
    ("qqp", 1, 1), ("cosmosqa", 1, 1), ("commonsenseqa", 1, 1), ("siqa", 1, 1), ("xcopa", 1, 11),
    ("lareqa", 0, 11), ("mewsli-x", 0, 11), ("bucc-gold", 0, 4), ("xnli-translated", 15, 15),
    ("mlqa-translated", 6, 7),
])
def test_languages_are_as_many_as_the_benchmark_has(
    name: str, train: int, evaluation: int
) -> None:
    task = find_task(name, BENCHMARK_TASKS)
    assert (len(set(task.train)), len(set(task.evaluation))) == (train, evaluation)
    either = {entry.code for group in ("xtreme", "xtreme-r") for entry in languages(group)}
    assert {*task.train, *task.evaluation} <= either


def test_phangs_intermediate_tasks_are_there_but_for_the_licensed_one() -> None:
    nine = {"anli-plus", "mnli", "qqp", "squad", "squad2", "hellaswag", "cosmosqa", "commonsenseqa"}
    assert nine <= {task.name for task in BENCHMARK_TASKS if "intermediate" in task.roles}


@pytest.mark.parametrize("task", ON_THE_HUB, ids=lambda task: task.name)
def test_columns_and_splits_are_stated_for_all_that_is_read(task: Task) -> None:
    for language in (None, *task.elsewhere):
        for split, needed in (("train", task.trained), ("validation", bool(task.evaluation))):
            for source in task.sources_of(split, language):
                assert isinstance(source, HubSource)
                assert set(CANONICAL_COLUMNS[task.kind]) <= set(source.columns)
                assert source.splits_of(split) or not needed


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
    ("udpos", "train", "wo", ("universal-dependencies/universal_dependencies", "wo_wtb")),
    ("panx", "test", "qu", ("unimelb-nlp/wikiann", "qu")),
    ("xcopa", "test", "qu", ("cambridgeltl/xcopa", "qu")),
    ("xcopa", "train", "en", ("aps/super_glue", "copa")),
    ("xnli-translated", "train", "sw", ("facebook/xnli", "sw")),
    ("mlqa-translated", "train", "vi", ("facebook/mlqa", "mlqa-translate-train.vi")),
    ("bucc-gold", "test", "ru", ("google/xtreme", "bucc18.ru")),
])
def test_a_language_has_its_config(
    name: str, split: str, language: str, place: tuple[str, str]
) -> None:
    source = find_task(name, BENCHMARK_TASKS).source_of(split, language)  # type: ignore[arg-type]
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
    assert {task.category for task in BENCHMARK_TASKS if not task.trained} == {Kind.RETRIEVAL}


def test_ranking_has_a_published_pool_and_no_train_split() -> None:
    lareqa = find_task("lareqa", BENCHMARK_TASKS)
    assert {task.name for task in BENCHMARK_TASKS if isinstance(task.source, PoolSource)} == {
        task.name for task in BENCHMARK_TASKS if task.kind is Kind.RANKING} == {
        "lareqa", "mewsli-x"}
    with pytest.raises(ValueError, match="`train` must be empty for ranking, got"):
        Task.model_validate(lareqa.model_dump() | {"train": ["en"]})
    with pytest.raises(ValueError, match="`source` must hold a pool of candidates for ranking, "
                                         "got tables"):
        Task.model_validate(lareqa.model_dump() | {
            "source": find_task("xquad", BENCHMARK_TASKS).source})


@pytest.mark.parametrize("task", BENCHMARK_TASKS, ids=lambda task: task.name)
def test_a_task_comes_back_from_json(task: Task) -> None:
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_only_texts_and_options_are_made_of_several_columns() -> None:
    given = {"repository": "a/b", "config": "c", "splits": {},
             "columns": {"text": ("one", "two"), "label": "label"}}
    assert HubSource.model_validate(given).columns_of("text") == ("one", "two")
    with pytest.raises(ValueError, match="`label` must be one column, got one, two"):
        HubSource.model_validate(given | {"columns": {"label": ("one", "two")}})
    with pytest.raises(ValueError, match="`wordings` must be of columns that are read, got three"):
        HubSource.model_validate(given | {"wordings": {"three": {"a": "b"}}})
