from __future__ import annotations

import csv
from importlib import resources

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.published_rows import published_rows
from spaces.tasks import find_task


@pytest.mark.parametrize(("task", "language", "split", "rows"), [
    ("mnli", "en", "train", 392_702),
    ("anli-plus", "en", "train", 16_946 + 45_460 + 100_459 + 392_702 + 550_152),
    ("squad2", "en", "validation", 11_873),
    ("cosmosqa", "en", "train", 25_262),  # by the name of a copy
    ("tydiqa", "en", "train", 3_696),
    ("tydiqa", "sw", "validation", 499),
    ("tydiqa", "sw", "train", None),
    ("tydiqa-text", "en", "train", None),  # texts that recur are left out
    ("tatoeba", "sw", "validation", 390),
    ("mlqa", "en", "test", 11_590),
    ("udpos", "kk", "train", 31),
    ("udpos", "wo", "test", 470),
    ("udpos", "ro", "test", None),
    ("panx", "my", "test", 100),
    ("bucc-gold", "zh", "validation", 257),
    ("lareqa", "de", "validation", None),
    ("xnli-translated", "sw", "train", 392_702),
])
def test_rows_are_as_documented(task: str, language: str, split: str, rows: int | None) -> None:
    found = published_rows(find_task(task, BENCHMARK_TASKS), language, split)  # type: ignore[arg-type]
    assert found == rows


def test_splits_of_one_set_add_up() -> None:
    tydiqa = find_task("tydiqa", BENCHMARK_TASKS)
    counts = [published_rows(tydiqa, code, "validation") for code in tydiqa.evaluation]
    assert sum(filter(None, counts)) == 5_077
    xnli = find_task("xnli", BENCHMARK_TASKS)
    assert {published_rows(xnli, code, "test") for code in xnli.evaluation} == {5_010}


def test_every_count_is_of_something_that_the_catalogue_reads() -> None:
    read = set()
    for task in BENCHMARK_TASKS:
        for split in ("train", "validation", "test"):
            for code in {*task.train, *task.evaluation}:
                for source in task.sources_of(split, code):
                    if isinstance(source, HubSource):
                        names = (source.repository, *source.copies)
                        read |= {(name, source.config_of(code), part, source.prefix_of(code) or "")
                                 for name in names for part in source.splits_of(split)}
    text = resources.files("spaces").joinpath("published_rows.csv").read_text(encoding="utf-8")
    stated = [tuple(row[:4]) for row in csv.reader(text.splitlines()[1:])]
    assert len(set(stated)) == len(stated)
    assert set(stated) <= read
