"""Rows made of several columns, splits and repositories, and questions without an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.tasks import find_task
from tests.trainables.mirrors import shard, write
from trainables.panel_sets import gold_of
from trainables.rows import DataError
from trainables.sources import Sources

ANLI_PLUS, SQUAD2, XCOPA, SIQA, COSMOSQA, COMMONSENSEQA, UDPOS, MNLI = (
    find_task(name, BENCHMARK_TASKS) for name in
    ("anli-plus", "squad2", "xcopa", "siqa", "cosmosqa", "commonsenseqa", "udpos", "mnli"))


def pairs(name: str, count: int) -> dict[str, list[Any]]:
    return {"uid": [f"{name}{number}" for number in range(count)],
            "premise": [f"{name} {number}" for number in range(count)],
            "hypothesis": ["so it is"] * count, "label": [number % 3 for number in range(count)]}


def copa(premises: list[str], asked: list[str]) -> dict[str, list[Any]]:
    return {"premise": premises, "question": asked, "choice1": ["one"] * len(asked),
            "choice2": ["two"] * len(asked), "label": [1] * len(asked)}


def questions(answers: list[list[str]]) -> dict[str, list[Any]]:
    return {"id": list(map(str, range(len(answers)))), "title": ["it"] * len(answers),
            "question": ["who?"] * len(answers), "context": ["Ada did"] * len(answers),
            "answers": [{"text": texts, "answer_start": [0] * len(texts)} for texts in answers]}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    for number in (1, 2, 3):
        write(shard(tmp_path, "facebook/anli", "plain_text", f"train_r{number}"),
              pairs(f"round {number} ", number))
    write(shard(tmp_path, "nyu-mll/glue", "mnli", "train"), pairs("mnli ", 4))
    write(shard(tmp_path, "stanfordnlp/snli", "plain_text", "train"),
          pairs("snli ", 5) | {"label": [0, 1, 2, -1, 0]})
    for code in ("it", "qu"):
        write(shard(tmp_path, "cambridgeltl/xcopa", code, "test"),
              copa([f"{code} a", f"{code} b"], ["cause", "effect"]))
    return Sources(hub=str(tmp_path), cache=str(tmp_path))


def test_a_train_set_is_made_of_all_its_rounds_and_repositories(sources: Sources) -> None:
    rows = sources.rows(ANLI_PLUS, "en", "train")
    assert len(rows) == 1 + 2 + 3 + 4 + 4
    assert rows.unlabelled == 1
    assert sources.size(ANLI_PLUS, "en") == 15  # what carries no label is seen on reading alone
    assert len(set(rows.table["id"].to_pylist())) == len(rows)
    assert [text.split()[0] for text in rows.table["text"].to_pylist()] == (
        ["round"] * 6 + ["mnli"] * 4 + ["snli"] * 4)


def test_a_part_that_is_missing_is_named_and_not_left_out(sources: Sources, tmp_path: Path) -> None:
    shard(tmp_path, "facebook/anli", "plain_text", "train_r2").unlink()
    with pytest.raises(DataError, match="anli-plus en must have a train_r2 split, got no Parquet "
                                        "files of config plain_text in .*facebook/anli"):
        sources.rows(ANLI_PLUS, "en", "train")


def test_rows_change_with_any_part_of_them(sources: Sources, tmp_path: Path) -> None:
    before = sources.rows(ANLI_PLUS, "en", "train").fingerprint
    write(shard(tmp_path, "stanfordnlp/snli", "plain_text", "train"), pairs("snli! ", 5))
    assert sources.rows(ANLI_PLUS, "en", "train").fingerprint != before


def test_a_task_of_one_source_keeps_its_rows_as_they_are(sources: Sources) -> None:
    assert sources.rows(MNLI, "en", "train").table["id"].to_pylist() == list("0123")


def test_a_question_stands_in_its_wording_before_each_option(sources: Sources) -> None:
    rows = sources.rows(XCOPA, "it", "test")
    assert rows.table["prompt"].to_pylist() == ["it a", "it b"]
    assert rows.table["options"].to_pylist() == [
        ["What was the cause? one", "What was the cause? two"],
        ["What happened as a result? one", "What happened as a result? two"]]


def test_a_text_of_several_columns_is_read_in_their_order(sources: Sources) -> None:
    assert isinstance(XCOPA.source, HubSource)
    columns = {**XCOPA.source.columns, "prompt": ("choice1", "premise")}
    source = XCOPA.source.model_copy(update={"columns": columns})
    rows = sources.rows(XCOPA.model_copy(update={"source": source}), "it", "test")
    assert rows.table["prompt"].to_pylist() == ["one it a", "one it b"]


def test_a_value_without_a_wording_is_refused(sources: Sources, tmp_path: Path) -> None:
    write(shard(tmp_path, "cambridgeltl/xcopa", "it", "test"), copa(["a", "b"], ["cause", "why"]))
    with pytest.raises(DataError, match="`question` must be one of cause, effect, got 'why' "
                                        r"\(.*xcopa.*, row 1\)"):
        sources.rows(XCOPA, "it", "test")


@pytest.mark.parametrize("repository", ["lighteval/siqa", "allenai/social_i_qa"])
def test_a_copy_of_a_repository_will_do(tmp_path: Path, repository: str) -> None:
    write(shard(tmp_path, repository, "data", "train"), {
        "context": ["It rained."] * 3, "question": ["Why?"] * 3, "answerA": list("abc"),
        "answerB": list("def"), "answerC": list("ghi"), "label": list("312")})
    rows = Sources(hub=str(tmp_path), cache=str(tmp_path)).rows(SIQA, "en", "train")
    assert rows.table["prompt"][0].as_py() == "It rained."
    assert rows.table["options"][0].as_py() == ["Why? a", "Why? d", "Why? g"]
    assert rows.table["label"].to_pylist() == [2, 0, 1]


def test_neither_a_repository_nor_its_copy_is_said(sources: Sources) -> None:
    with pytest.raises(DataError, match="got no Samsoup/cosmos_qa and no allenai/cosmos_qa"):
        sources.rows(COSMOSQA, "en", "train")


def test_options_and_their_names_in_one_struct(tmp_path: Path) -> None:
    write(shard(tmp_path, "tau/commonsense_qa", "data", "train"), {
        "id": ["1"], "question": ["what?"], "question_concept": ["it"], "answerKey": ["D"],
        "choices": [{"label": list("ABCDE"), "text": ["a", "b", "c", "d", "e"]}]})
    rows = Sources(hub=str(tmp_path), cache=str(tmp_path)).rows(COMMONSENSEQA, "en", "train")
    assert rows.table["options"][0].as_py()[rows.table["label"][0].as_py()] == "d"


def test_a_question_may_have_no_answer_where_its_task_knows(tmp_path: Path) -> None:
    write(shard(tmp_path, "rajpurkar/squad_v2", "squad_v2", "train"), questions([["Ada"], []]))
    write(shard(tmp_path, "rajpurkar/squad", "plain_text", "train"), questions([["Ada"], []]))
    sources = Sources(hub=str(tmp_path), cache=str(tmp_path))
    rows = sources.rows(SQUAD2, "en", "train")
    assert rows.table["answers"].to_pylist() == [["Ada"], []]
    assert gold_of(rows) == [["Ada"], [""]]
    with pytest.raises(DataError, match="`answers.text` must be a list that is not empty"):
        sources.rows(find_task("squad", BENCHMARK_TASKS), "en", "train")


def test_tokens_of_a_tag_that_is_left_out_are_left_out(tmp_path: Path) -> None:
    write(shard(tmp_path, "universal-dependencies/universal_dependencies", "lt_alksnis", "train"), {
        "tokens": [["im", "in", "dem", "Haus"], ["da"]],
        "upos": [["_", "ADP", "DET", "NOUN"], ["ADV"]]})
    rows = Sources(hub=str(tmp_path), cache=str(tmp_path)).rows(UDPOS, "lt", "train")
    assert rows.table["tokens"].to_pylist() == [["in", "dem", "Haus"], ["da"]]
    assert [UDPOS.labels[tag] for tag in rows.table["tags"][0].as_py()] == ["ADP", "DET", "NOUN"]


def test_a_sentence_of_nothing_but_what_is_left_out_is_refused(tmp_path: Path) -> None:
    write(shard(tmp_path, "universal-dependencies/universal_dependencies", "lt_alksnis", "train"), {
        "tokens": [["da"], ["im"]], "upos": [["ADV"], ["_"]]})
    sources = Sources(hub=str(tmp_path), cache=str(tmp_path))
    with pytest.raises(DataError, match=r"`upos` must be a list with another tag than _, got .*"
                                        "row 1"):
        sources.rows(UDPOS, "lt", "train")
