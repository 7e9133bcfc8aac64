"""A user's own files: three formats hold the same rows, and every fault is one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from spaces.data_sources import FilesSource
from spaces.tasks import Kind, Task
from tests.trainables.mirrors import squad_rows, write
from tests.trainables.own_files import (
    COLOURS,
    TAGS,
    own_task,
    pairs,
    sentences,
    write_json,
    write_labels,
    write_tagged,
    write_text,
)
from trainables.files import read_labels
from trainables.rows import DataError, Rows
from trainables.sources import Sources
from trainables.task_status import verify


def load(task: Task, language: str = "de", split: Any = "train") -> Rows:
    assert isinstance(task.source, FilesSource)
    return Sources(cache=Path(task.source.directory) / "cache").rows(task, language, split)


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_json_lines_and_parquet_are_the_same_rows(tmp_path: Path) -> None:
    rows = pairs("a", 9)
    write_json(tmp_path / "json/de/train.jsonl", rows)
    write(tmp_path / "parquet/de/train.parquet", columns_of(rows))
    read = [load(own_task(tmp_path / name)) for name in ("json", "parquet")]
    assert read[0].table.equals(read[1].table)
    assert read[0].fingerprint == read[1].fingerprint
    assert [COLOURS[label] for label in read[0].table["label"].to_pylist()] == [
        row["label"] for row in rows]


def test_tagged_text_and_json_lines_are_the_same_rows(tmp_path: Path) -> None:
    given = sentences(12)
    write_tagged(tmp_path / "text/de/train.conll", given)
    write_json(tmp_path / "json/de/train.jsonl", [
        {"tokens": [token for token, _ in each], "tags": [TAGS.index(tag) for _, tag in each]}
        for each in given])
    read = [load(own_task(tmp_path / name, Kind.TAGGING)) for name in ("text", "json")]
    assert read[0].table.equals(read[1].table)
    assert len(read[0]) == 12


@pytest.mark.parametrize("text", [
    "\n\nw1\todd\nis\tmark\n\n\n \nw2\teven\n",
    "\ufeffw1\todd\r\nis\tmark\r\n\r\nw2\teven",
])
def test_blank_lines_end_sentences_however_many(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "de/train.conll", text)
    table = load(own_task(tmp_path, Kind.TAGGING)).table
    assert table["tokens"].to_pylist() == [["w1", "is"], ["w2"]]


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    write_text(tmp_path / "de/train.conll", "a\u2028b\todd\nc\x0bd e\teven\n")
    table = load(own_task(tmp_path, Kind.TAGGING)).table
    assert table["tokens"].to_pylist() == [["a\u2028b", "c\x0bd e"]]


def test_answers_and_options_may_be_nested(tmp_path: Path) -> None:
    rows = squad_rows(8)
    write_json(tmp_path / "qa/de/train.jsonl",
               [dict(zip(rows, values, strict=True)) for values in
                zip(*rows.values(), strict=True)])
    asked = own_task(tmp_path / "qa", Kind.QA, columns={
        "id": "id", "answers": "answers.text", "answer_starts": "answers.answer_start"})
    assert load(asked).table["answers"].to_pylist()[5] == ["5"]
    write_json(tmp_path / "choice/de/train.jsonl", [
        {"prompt": "why", "a": "x", "b": "y", "c": "z", "label": 3}] * 2)
    chosen = own_task(tmp_path / "choice", Kind.MULTIPLE_CHOICE,
                      columns={"options": ("a", "b", "c")})
    assert load(chosen).table["options"].to_pylist()[0] == ["x", "y", "z"]
    assert load(chosen).table["label"].to_pylist() == [2, 2]


def test_texts_that_look_like_dates_are_texts(tmp_path: Path) -> None:
    write_json(tmp_path / "de/train.jsonl", [
        {"text": "2020-01-01", "text_pair": "2021-01-01 12:00:00", "label": label, "n": 1}
        for label in (0, 1)])
    table = load(own_task(tmp_path)).table
    assert table["text"].to_pylist() == ["2020-01-01"] * 2
    assert table["text_pair"].to_pylist() == ["2021-01-01 12:00:00"] * 2


def test_splits_are_the_files_that_are_there(tmp_path: Path) -> None:
    write_json(tmp_path / "de/test.jsonl", pairs("a", 40))
    write_json(tmp_path / "de/train.jsonl", pairs("b", 30))
    sources, task = Sources(cache=tmp_path / "cache"), own_task(tmp_path)
    assert sources.splits(task, "de") == ("train", "test")
    assert sources.size(task, "de") == 30
    halves = [sources.panel_rows(task, "de", panel) for panel in ("selection", "report")]
    assert sum(len(rows) for rows, _ in halves) == 40
    assert not any(official for _, official in halves)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    write_json(tmp_path / "de/train.jsonl", pairs("a", 4))
    before = load(own_task(tmp_path))
    write_json(tmp_path / "de/train.jsonl", pairs("a", 6))
    after = load(own_task(tmp_path))
    assert (len(before), len(after)) == (4, 6)
    assert before.fingerprint != after.fingerprint


GOOD = '{"text": "a", "text_pair": "b", "label": "red"}\n'
JSON, TEXT = "de/train.jsonl", "de/train.conll"
# A file, what it holds, and its one line, in which DIR is the directory.
BROKEN: list[tuple[str, str | bytes, str]] = [
    (JSON, GOOD + '{"text": \n', "a file must be readable and whole: JSON parse error: Invalid "
                                 "value. in row 1 (DIR/de/train.jsonl)"),
    (JSON, GOOD + '{"text": "a', "Missing a closing quotation mark in string. in row 1 "
                                 "(DIR/de/train.jsonl)"),
    (JSON, GOOD + "[1]\n", "Column() changed from object to array in row 1 (DIR/de/train.jsonl)"),
    (JSON, GOOD + '{"text": 3}\n', "Column(/text) changed from string to number in row 1 "
                                   "(DIR/de/train.jsonl)"),
    (JSON, '{"text": "a", "text": "b"}\n', "Column(/text) was specified twice in row 0 "
                                           "(DIR/de/train.jsonl)"),
    (JSON, GOOD + '{"text": "a", "label": "red"}\n',
     "`text_pair` must be a text, got None (DIR/de/train.jsonl, row 1)"),
    (JSON, '{"text": "a", "label": "red"}\n', "a file must have the column `text_pair`, got text, "
                                              "label (DIR/de/train.jsonl)"),
    (JSON, GOOD.replace("red", "green"), "`label` must be one of blue, red, got 'green' "
                                         "(DIR/de/train.jsonl, row 0)"),
    (JSON, GOOD.replace('"red"', "2"), "`label` must be an integer from 0 to 1, got 2 "
                                       "(DIR/de/train.jsonl, row 0)"),
    (JSON, GOOD.replace('"red"', "1.5"), "`label` must be an integer or a text, got double "
                                         "(DIR/de/train.jsonl)"),
    (JSON, GOOD.replace('"a"', '" "'), "`text` must be a text that is not empty, got ' ' "
                                       "(DIR/de/train.jsonl, row 0)"),
    (JSON, GOOD.replace('"red"', "-1"), "own de train must have at least one labelled row, got "
                                        "none of 1 (DIR/de/train.jsonl)"),
    (JSON, GOOD * 100, "`label` must take every label of own, got none that is blue in 100 rows "
                       "(DIR/de/train.jsonl)"),
    (JSON, "", "a file must have at least one row, got an empty one (DIR/de/train.jsonl)"),
    (JSON, "\n\n", "a file must have the column `label`, got none (DIR/de/train.jsonl)"),
    (JSON, b'{"text": "\xff", "text_pair": "b", "label": "red"}\n', "(DIR/de/train.jsonl)"),
    (JSON, "version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS; `git lfs "
     "pull` in the clone fetches the file (DIR/de/train.jsonl)"),
    ("de/train.parquet", GOOD, "a file must be readable and whole: Parquet magic bytes not found "
                               "at its start (DIR/de/train.parquet)"),
    ("de/train.tsv", GOOD, "own de must have a train split, got none of train.parquet, "
     "train.jsonl, train.conll: there is train.tsv (DIR/de)"),
    ("en/train.jsonl", GOOD, "train.conll: there is nothing (DIR/de)"),
    (TEXT, "w1\todd\nw2 even\n", "a line must be a token, a tab and a tag, or blank, got 'w2 even' "
                                 "(DIR/de/train.conll, line 2)"),
    (TEXT, "w1\todd\n\tmark\n", "got '\\tmark' (DIR/de/train.conll, line 2)"),
    (TEXT, "w1\tX\todd\n", "got 'w1\\tX\\todd' (DIR/de/train.conll, line 1)"),
    (TEXT, b"w1\todd\nw\xe92\teven\n", "a file must be UTF-8, got the byte 0xe9 "
                                       "(DIR/de/train.conll, line 2)"),
    (TEXT, "w1\todd\n\nw2\tN/N\n", "`tags` must be one of even, odd, mark, got 'N/N' "
                                   "(DIR/de/train.conll, row 1)"),
    (TEXT, "\n \n", "own de train must have at least one row, got none (DIR/de/train.conll)"),
]


@pytest.mark.parametrize(("name", "held", "line"), BROKEN, ids=lambda each: repr(each)[-50:])
def test_a_broken_file_is_refused_in_one_line(
    tmp_path: Path, name: str, held: str | bytes, line: str
) -> None:
    write_text(tmp_path / name, held)
    kind = Kind.TAGGING if name == TEXT else Kind.PAIR
    (fault,) = verify(own_task(tmp_path, kind), Sources(cache=tmp_path / "cache"), train=["de"],
                      evaluation=[])
    assert fault.endswith(line.replace("DIR", str(tmp_path)))
    assert "must" in fault
    assert "\n" not in fault


def test_a_place_without_the_files_is_said(tmp_path: Path) -> None:
    sources = Sources(cache=tmp_path / "cache")
    gone = own_task(tmp_path / "gone")
    assert verify(gone, sources, train=["de"], evaluation=["fi"]) == [
        f"`files` must be a directory, got none ({tmp_path / 'gone'})"]
    write_json(tmp_path / "de/train.jsonl", pairs("a", 4))
    assert verify(own_task(tmp_path), sources, train=["de"], evaluation=["fi"]) == [
        "own must have a validation or a test split to score on, got none for 'fi' "
        f"({tmp_path})"]
    write_json(tmp_path / "de/train.parquet", pairs("a", 4))
    assert verify(own_task(tmp_path), sources, train=["de"], evaluation=[]) == [
        f"a split must be one file, got train.parquet and train.jsonl ({tmp_path / 'de'})"]


def test_a_file_that_would_block_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    os.mkfifo(tmp_path / "de/train.jsonl")
    with pytest.raises(DataError, match="it is no regular file"):
        load(own_task(tmp_path))


def test_labels_are_read_in_their_order(tmp_path: Path) -> None:
    labels = tuple(f"N/N{number}" for number in range(1_286))
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels
    write_text(tmp_path / "de/train.conll", "w1\tN/N1285\nw2\tN/N0\n")
    many = own_task(tmp_path, Kind.TAGGING, labels=labels)
    assert load(many).table["tags"].to_pylist() == [[1285, 0]]
    write_text(tmp_path / "de/train.conll", "w1\tS\n")
    with pytest.raises(DataError, match=r"N/N39 and 1246 more, got 'S' \(.*train.conll, row 0\)$"):
        load(many)


@pytest.mark.parametrize(("text", "line"), [
    ("a\nb\na\n", "a label must be there once, got 'a' in line 1 too (DIR/labels.txt, line 3)"),
    ("a\n\nb\n", "a line of labels.txt must be a label without white space at its ends, got '' "
                 "(DIR/labels.txt, line 2)"),
    ("a \nb\n", "got 'a ' (DIR/labels.txt, line 1)"),
    ("", "labels.txt must have at least one label, got none (DIR/labels.txt)"),
    (b"a\n\xff\n", "a file must be UTF-8, got the byte 0xff (DIR/labels.txt, line 2)"),
    (None, "labels must be listed, or lie in labels.txt, got no such file (DIR/labels.txt)"),
])
def test_labels_that_cannot_be_are_refused(
    tmp_path: Path, text: str | bytes | None, line: str
) -> None:
    if text is not None:
        write_text(tmp_path / "labels.txt", text)
    with pytest.raises(DataError) as caught:
        read_labels(tmp_path)
    assert str(caught.value).endswith(line.replace("DIR", str(tmp_path)))
