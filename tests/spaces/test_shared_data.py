from __future__ import annotations

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.lab_tasks import LAB_TASKS
from spaces.shared_data import SharedData, shared_data, trained_alike
from spaces.tasks import Kind, Task, find_task


def task(name: str) -> Task:
    return find_task(name, (*BENCHMARK_TASKS, *LAB_TASKS, *MADE))


def made(name: str, kind: Kind, repository: str, config: str, *, train: tuple[str, ...] = ("en",)
         ) -> Task:
    columns = {"text": "a", "text_pair": "b", "prompt": "a", "options": "b", "label": "c"}
    labels = () if kind is Kind.QA else ("0", "1")
    return Task(name=name, kind=kind, roles=("intermediate", "target"), train=train,
                evaluation=("en", "de"), labels=labels,
                metric="f1" if kind is Kind.QA else "accuracy",
                source=HubSource(repository=repository, config=config, columns=columns,
                                 splits={"train": "train", "validation": "validation"}))


MADE = (made("wnli", Kind.PAIR, "nyu-mll/glue", "wnli"),)


@pytest.mark.parametrize(("intermediate", "language", "target", "how"), [
    ("mnli", "en", "xnli", "rows"),
    ("squad", "en", "xquad", "rows"), ("squad", "en", "mlqa", "rows"),
    ("squad2", "en", "mlqa", "rows"),  # it holds all of SQuAD 1.1
    ("udpos", "en", "udpos", "rows"), ("udpos", "de", "udpos", "task"),
    ("tydiqa", "en", "tydiqa", "rows"), ("tydiqa", "sw", "tydiqa", "task"),  # one file, mixed
    ("pawsx", "fr", "pawsx", "task"),
    ("xnli-translated", "sw", "xnli", "task"), ("xnli-translated", "en", "xnli", "rows"),
    ("anli-plus", "en", "xnli", "rows"),  # of its three parts MNLI
    ("mlqa-translated", "de", "mlqa", "task"), ("mlqa-translated", "de", "xquad", "task"),
    ("siqa", "en", "xcopa", "recipe"), ("squad", "en", "tatoeba", "recipe"),
    ("lab-tags", "en", "lab-tags", "rows"), ("lab-tags", "de", "lab-tags", "task"),
    ("udpos", "de", "panx", None),  # one repository, another config
    ("squad2", "en", "tydiqa", None),
    ("wnli", "en", "xnli", None), ("squad", "en", "tydiqa", None), ("mnli", "en", "tatoeba", None),
    ("lab-tags", "en", "lab-measure", None),
])
def test_what_a_target_has_had_before_is_told(
    intermediate: str, language: str, target: str, how: str | None
) -> None:
    found = shared_data([(task(intermediate), language)], [task(target)])
    assert [(each.intermediate, each.languages, each.target, each.how) for each in found] == (
        [(intermediate, (language,), target, how)] if how else [])
    assert all(each.text.startswith(f"{intermediate} ({language}) ") and target in each.text
               for each in found)


def test_languages_of_one_task_are_told_together() -> None:
    cells = [(task("udpos"), code) for code in ("en", "de", "fi")]
    assert shared_data(cells, [task("udpos"), task("xnli")]) == (
        SharedData(intermediate="udpos", languages=("en",), target="udpos", how="rows"),
        SharedData(intermediate="udpos", languages=("de", "fi"), target="udpos", how="task"))


def test_the_benchmark_that_tunes_so_is_named() -> None:
    (found,) = shared_data([(task("squad"), "en")], [task("tatoeba")])
    assert found.text == "squad (en) is what XTREME-R tunes on before it scores tatoeba"


def test_translated_train_rows_train_the_task_they_were_made_for() -> None:
    assert trained_alike(task("xnli-translated"), task("xnli"))
    assert trained_alike(task("mnli"), task("xnli"))
    assert not trained_alike(task("lab-tags"), task("lab-measure"))
    assert not trained_alike(task("squad"), task("tydiqa"))
