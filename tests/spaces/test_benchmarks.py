from __future__ import annotations

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.benchmarks import BENCHMARKS, Benchmark, Category, find_benchmark
from spaces.languages import languages

XTREME, XTREME_R = BENCHMARKS
CATALOGUE = {task.name: task for task in BENCHMARK_TASKS}


@pytest.mark.parametrize(("benchmark", "counts", "union"), [
    (XTREME, {"XNLI": 15, "PAWS-X": 7, "UD-POS": 33, "PAN-X": 40, "XQuAD": 11, "MLQA": 7,
              "TyDiQA-GoldP": 9, "BUCC": 4, "Tatoeba": 36}, 40),
    (XTREME_R, {"XNLI": 15, "XCOPA": 11, "UD-POS": 38, "PAN-X": 48, "XQuAD": 12, "MLQA": 7,
                "TyDiQA-GoldP": 9, "LAReQA": 11, "Mewsli-X": 11, "Tatoeba": 41}, 50),
])
def test_tasks_have_as_many_languages_as_the_benchmark(
    benchmark: Benchmark, counts: dict[str, int], union: int
) -> None:
    assert {task.name: len(set(task.languages)) for task in benchmark.tasks} == counts
    assert len(benchmark.languages) == union
    assert benchmark.languages == tuple(
        each.code for each in languages(benchmark.name)), "as spaces/languages.csv marks them"


def test_xtreme_r_adds_languages_and_lists_xcopas_without_english() -> None:
    before = {task.name: set(task.languages) for task in XTREME.tasks}
    after = {task.name: set(task.languages) for task in XTREME_R.tasks}
    assert {name: " ".join(sorted(after[name] - before[name])) for name in before.keys() & after
            if after[name] != before[name]} == {
        "UD-POS": "lt pl ro uk wo", "PAN-X": "az gu lt pa pl qu ro uk", "XQuAD": "ro",
        "Tatoeba": "az lt pl ro uk"}
    assert " ".join(sorted(after["XCOPA"])) == "et ht id it qu sw ta th tr vi zh"


def test_what_the_hub_lacks_of_tatoeba_is_noted() -> None:
    (task,) = [task for task in XTREME_R.tasks if task.name == "Tatoeba"]
    scored = {("tatoeba", code) for code in CATALOGUE["tatoeba"].evaluation}
    (found,) = [languages for each, languages in XTREME_R.scored(scored)]
    assert (len(found), len(task.languages)) == (36, 41)
    lacking = set(task.languages) - set(found)
    assert task.note == f"the hub's copy has no {' '.join(sorted(lacking))}"
    assert not any(task.note for task in XTREME.tasks if task.name == "Tatoeba")


# Tasks per language as `evaluate.py` lists them, which leaves LAReQA's out.
TASKS_PER_LANGUAGE = {
    8: "ar", 7: "de en es tr vi zh", 6: "hi ru th", 5: "el id ro sw ta",
    4: "bg et fa fi fr it ja ko pl te uk ur", 3: "af bn eu he hu kk lt mr nl pt tl",
    2: "az jv ka ml qu yo", 1: "gu ht ms my pa wo",
}


@pytest.mark.parametrize("count", TASKS_PER_LANGUAGE)
def test_xtreme_r_has_as_many_tasks_in_a_language_as_its_evaluator(count: int) -> None:
    listed = [task.languages for task in XTREME_R.tasks if task.name != "LAReQA"]
    found = [code for code in XTREME_R.languages
             if sum(code in codes for codes in listed) == count]
    assert " ".join(found) == TASKS_PER_LANGUAGE[count]


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_what_stands_for_a_task_scores_some_of_its_languages_in_its_kind(
    benchmark: Benchmark
) -> None:
    kinds = {Category.CLASSIFICATION: "pair", Category.STRUCTURE: "tagging", Category.QA: "qa",
             Category.RETRIEVAL: "retrieval", Category.CHOICE: "multiple-choice"}
    standing = {each.task: each for each in benchmark.tasks if each.task in CATALOGUE}
    assert len(standing) >= 7
    for name, each in standing.items():
        assert set(CATALOGUE[str(name)].evaluation) & set(each.languages)
        assert CATALOGUE[str(name)].category == kinds[each.category]


def test_bucc_without_its_distractors_stands_for_nothing() -> None:
    (bucc,) = (each for each in XTREME.tasks if each.name == "BUCC")
    assert bucc.task is None
    assert "gold pairs" in bucc.note
    scores = {("bucc-gold", "de"), ("tatoeba", "de")}
    assert [(task.name, codes) for task, codes in XTREME.scored(scores)] == [("Tatoeba", ("de",))]


def test_what_is_missing_is_told_task_by_task() -> None:
    pawsx = {("pawsx", code) for code in ("de", "en", "es", "fr", "ja", "ko", "zh")}
    missing = {each.task: each for each in XTREME.missing({("xnli", "sw"), ("xnli", "xx"), *pawsx})}
    assert "PAWS-X" not in missing
    assert (len(missing["XNLI"].languages), missing["XNLI"].of_languages) == (14, 15)
    assert "sw" not in missing["XNLI"].languages
    assert len(missing["PAN-X"].languages) == missing["PAN-X"].of_languages == 40
    assert missing["BUCC"].note
    assert not missing["UD-POS"].note  # it does stand for the benchmark's, it only has no score
    everything = {(task.task or "", code) for task in XTREME_R.tasks for code in task.languages}
    assert XTREME_R.missing(everything) == ()


def test_benchmarks_are_found_by_name_and_come_back_from_json() -> None:
    for benchmark in BENCHMARKS:
        assert find_benchmark(benchmark.name) == benchmark
        assert Benchmark.model_validate_json(benchmark.model_dump_json()) == benchmark
    with pytest.raises(ValueError, match="must be one of xtreme, xtreme-r, got 'glue'"):
        find_benchmark("glue")
