"""Question answering sets: several languages in one file, and paragraphs that have no names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task, find_task
from tests.trainables.mirrors import shard, write
from trainables.rows import DataError
from trainables.sources import Sources
from trainables.task_status import verify

XQUAD, MLQA, TYDIQA, TEXT = (find_task(name, BENCHMARK_TASKS)
                             for name in ("xquad", "mlqa", "tydiqa", "tydiqa-text"))


def questions(ids: list[str], paragraphs: list[str]) -> dict[str, list[Any]]:
    """Return one question on each paragraph, whose answer is its first word."""
    return {"id": ids, "title": [name.split("-")[-1] for name in ids], "context": paragraphs,
            "question": [f"what begins {name}?" for name in ids],
            "answers": [{"text": [text.split()[0]], "answer_start": [0]} for text in paragraphs]}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    ids = [f"{language}-{number}" for number in range(6) for language in ("english", "korean")]
    for split in ("train", "validation"):
        write(shard(tmp_path, "google-research-datasets/tydiqa", "secondary_task", split),
              questions(ids, [f"word of {name}" for name in ids]))
    for language in ("en", "de"):  # paragraphs of one to three questions; the first comes again
        texts = [f"{language}{place} text" for place in (0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 0)]
        write(shard(tmp_path, "google/xquad", f"xquad.{language}", "validation"),
              questions(list(map(str, range(len(texts)))), texts))
        write(shard(tmp_path, "google/xtreme", f"MLQA.{language}.{language}", "validation"),
              questions(list(map(str, range(len(texts)))), texts))
    write(shard(tmp_path, "rajpurkar/squad", "plain_text", "train"), questions(["1"], ["a text"]))
    return Sources(hub=str(tmp_path), cache=str(tmp_path))


def test_a_language_has_the_rows_whose_ids_name_it(sources: Sources) -> None:
    rows = sources.rows(TYDIQA, "ko", "train")
    assert rows.table["id"].to_pylist() == [f"korean-{number}" for number in range(6)]
    assert all("korean" in text for text in rows.table["context"].to_pylist())


def test_its_size_counts_its_own_rows_alone(sources: Sources) -> None:
    assert sources.size(TYDIQA, "en") == 6


def test_text_is_each_paragraph_once_in_the_order_of_the_file(
    sources: Sources, tmp_path: Path
) -> None:
    ids = [f"{language}-{number}" for number in range(5) for language in ("english", "korean")]
    places = [2, 2, 0, 0, 2, 1, 1, 0, 1, 0]  # of an English and a Korean paragraph in turn
    write(shard(tmp_path, "google-research-datasets/tydiqa", "secondary_task", "train"),
          questions(ids, [f"{name[0]} text {place}" for name, place in
                          zip(ids, places, strict=True)]))
    for code, texts in (("en", ["e text 2", "e text 0", "e text 1"]),
                        ("ko", ["k text 2", "k text 0", "k text 1"])):
        rows = sources.rows(TEXT, code, "train")
        assert rows.table["text"].to_pylist() == texts
        assert sources.size(TEXT, code) == len(rows) == 3
        assert (rows.unlabelled, rows.table.column_names) == (0, ["id", "document", "text"])
        assert sources.splits(TEXT, code) == ("train",)
    assert verify(TEXT, sources, train=["en", "ko"]) == []


def test_text_of_one_language_a_file_counts_each_text_once(
    sources: Sources, tmp_path: Path
) -> None:
    source = HubSource(repository="my/text", config="{code}", splits={"train": "train"},
                       columns={"text": "body"})
    task = Task(name="my-text", kind=Kind.MLM, roles=("intermediate",), train=("fr",),
                source=source)
    write(shard(tmp_path, "my/text", "fr", "train"), {"body": ["one", "two ", "one", "two"]})
    assert sources.rows(task, "fr", "train").table["text"].to_pylist() == ["one", "two"]
    assert sources.size(task, "fr") == 2


def test_a_language_without_rows_is_named(sources: Sources) -> None:
    with pytest.raises(DataError, match="tydiqa fi train must have rows whose `id` begins with "
                                        "'finnish-', got none"):
        sources.rows(TYDIQA, "fi", "train")


def test_consecutive_questions_on_a_paragraph_are_one_document(sources: Sources) -> None:
    english, german = (sources.rows(XQUAD, code, "validation").table["document"].to_pylist()
                       for code in ("en", "de"))
    assert english == german == list("0012223445678")


def test_no_paragraph_is_in_both_halves(sources: Sources) -> None:
    chosen, reported = (set(sources.panel_rows(XQUAD, "de", panel)[0].table["document"].to_pylist())
                        for panel in ("selection", "report"))
    assert chosen
    assert reported
    assert not chosen & reported


def test_a_question_is_in_one_half_in_all_languages(sources: Sources) -> None:
    english, german = (set(sources.panel_rows(MLQA, code, "report")[0].table["id"].to_pylist())
                       for code in ("en", "de"))
    assert english == german
