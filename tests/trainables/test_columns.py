from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource, Split
from spaces.tasks import Kind, Task, find_task
from tests.trainables.mirrors import (
    NLI,
    UPOS,
    alternative_rows,
    choice_rows,
    nli_rows,
    shard,
    squad_rows,
    stated,
    tatoeba_rows,
    udpos_rows,
    write,
    write_mirror,
    write_readme,
)
from trainables.rows import Rows
from trainables.sources import Sources, verify

UDPOS, XNLI, TATOEBA, SQUAD = (find_task(name, BENCHMARK_TASKS)
                               for name in ("udpos", "xnli", "tatoeba", "squad"))


def choosing(name: str, labels: tuple[str, ...], **columns: Any) -> Task:
    source = HubSource(repository=f"made/{name}", config="{code}", columns=columns,
                       splits={"train": "train", "test": "test"})
    return Task(name=name, kind=Kind.MULTIPLE_CHOICE, roles=("target",), train=("en",),
                evaluation=("de", "en"), labels=labels, metric="accuracy", source=source)


ENDINGS = choosing("endings", ("1", "2", "3"), prompt="ctx", options="endings", label="label")
CAUSES = choosing("causes", ("choice1", "choice2"), prompt="premise",
                  options=("choice1", "choice2"), label="label")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    for task, made in ((ENDINGS, choice_rows), (CAUSES, alternative_rows)):
        write(shard(tmp_path / "mirror", f"made/{task.name}", "de", "test"), made("de", 40))
    return write_mirror(tmp_path / "mirror")


def load(mirror: Path, task: Task, language: str, split: Split) -> Rows:
    return Sources(hub=str(mirror), cache=str(mirror)).rows(task, language, split)


def column(rows: Rows, name: str) -> list[Any]:
    return rows.table[name].to_pylist()


# What is read

def test_each_kind_comes_in_canonical_columns(mirror: Path) -> None:
    tagged = load(mirror, UDPOS, "de", "train")
    assert column(tagged, "tokens")[1] == ["German-train-1", "sees", "."]
    assert [UDPOS.labels[tag] for tag in column(tagged, "tags")[0]] == ["NOUN", "VERB", "PUNCT"]
    paired = load(mirror, XNLI, "en", "train")
    assert column(paired, "text")[4] == "mnli premise 1"
    assert column(paired, "text_pair")[4] == "mnli hypothesis 4"
    asked = load(mirror, SQUAD, "en", "train")
    assert column(asked, "answers")[5] == ["5"]
    assert column(asked, "context")[5][column(asked, "answer_starts")[5][0]] == "5"
    translated = load(mirror, TATOEBA, "fr", "validation")
    assert column(translated, "text")[3] == "fra sentence 3"
    assert column(translated, "english")[3] == "sentence 3"


def test_options_come_from_a_column_of_lists_or_from_columns(mirror: Path) -> None:
    ended = load(mirror, ENDINGS, "de", "test")
    assert column(ended, "prompt")[1] == "w1 de w7"
    assert column(ended, "options")[1] == ["w1 blue", "w2 red", "w3 blue"]
    assert column(ended, "label")[:4] == [0, 1, 2, 0]  # "1" is the first
    caused = load(mirror, CAUSES, "de", "test")
    assert column(caused, "options")[7] == ["de cause 7", "de effect 7"]
    assert column(caused, "label")[:3] == [0, 1, 0]


@pytest.mark.parametrize(("labels", "names"), [
    ([0, 1, -1, 1], None), (["0", "1", "-1", "1"], None), ([1, 0, -1, 0], ("choice2", "choice1")),
    (["choice1", "choice2", "-1", "choice2"], None),
])
def test_a_right_option_is_told_by_number_or_by_name(
    mirror: Path, labels: list[Any], names: tuple[str, ...] | None
) -> None:
    rows = alternative_rows("de", 4) | {"label": labels}
    write(shard(mirror, "made/causes", "de", "test"), rows,
          stated("label", names) if names else None)
    read = load(mirror, CAUSES, "de", "test")
    assert (column(read, "label"), read.unlabelled) == ([0, 1, 1], 1)
    assert column(read, "id") == ["0", "1", "3"]


@pytest.mark.parametrize("labels", [(), ("1",), ("1", "1"), tuple("abcdefghijk")])
def test_labels_must_name_the_options(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`labels` must"):
        choosing("wrong", labels, prompt="ctx", options="endings", label="label")


def test_columns_of_options_must_be_as_many_as_labels() -> None:
    with pytest.raises(ValueError, match="one column for each of the 3 labels, got a, b"):
        choosing("wrong", ("1", "2", "3"), prompt="ctx", options=("a", "b"), label="label")
    with pytest.raises(ValueError, match="`label` must be one column, got a, b"):
        choosing("wrong", ("1", "2"), prompt="ctx", options="endings", label=("a", "b"))


def test_documents_are_shared_by_what_belongs_together(mirror: Path) -> None:
    english, german = (load(mirror, XNLI, code, "test") for code in ("en", "de"))
    assert column(english, "document") == column(german, "document")
    assert column(english, "document")[:4] == ["0", "0", "0", "1"]
    deu, fra = (load(mirror, TATOEBA, code, "validation") for code in ("de", "fr"))
    by_sentence = dict(zip(column(deu, "english"), column(deu, "document"), strict=True))
    assert all(by_sentence[text] == name for text, name in
               zip(column(fra, "english"), column(fra, "document"), strict=True))
    squad = column(load(mirror, SQUAD, "en", "validation"), "document")
    assert squad[0] == squad[1] != squad[2]


def test_labels_in_another_order_are_mapped_by_name(mirror: Path) -> None:
    before = load(mirror, XNLI, "de", "test")
    turned = ("contradiction", "entailment", "neutral")
    rows = nli_rows("de", 30)
    rows["label"] = [turned.index(NLI[label]) for label in rows["label"]]
    write(shard(mirror, "facebook/xnli", "de", "test"), rows, stated("label", turned))
    assert load(mirror, XNLI, "de", "test").table.equals(before.table)


def test_labels_by_name_are_read_as_labels_by_number(mirror: Path) -> None:
    before = load(mirror, UDPOS, "de", "test")
    rows = udpos_rows("German-test-", 40)
    rows["pos_tags"] = [[UPOS[tag] for tag in tags] for tags in rows["pos_tags"]]
    write(shard(mirror, "google/xtreme", "udpos.German", "test"), rows)
    after = load(mirror, UDPOS, "de", "test")
    assert after.table.equals(before.table)
    assert after.fingerprint == before.fingerprint


def test_unlabelled_rows_are_left_out_and_counted(mirror: Path) -> None:
    rows = nli_rows("de", 30)
    rows["label"][4] = rows["label"][9] = -1
    write(shard(mirror, "facebook/xnli", "de", "test"), rows, stated("label", NLI))
    read = load(mirror, XNLI, "de", "test")
    assert (len(read), read.unlabelled) == (28, 2)
    assert column(read, "id")[3:6] == ["3", "5", "6"]
    assert column(read, "document")[3:6] == ["1", "1", "2"]


def test_the_same_rows_stored_otherwise_have_the_same_fingerprint(mirror: Path) -> None:
    before = load(mirror, UDPOS, "en", "train")
    folder = mirror / "google/xtreme/udpos.English"
    (folder / "train-00000-of-00001.parquet").unlink()
    rows = udpos_rows("English-train-", 40)
    for number in range(2):
        part = {name: pa.chunked_array([values[20 * number:20 * number + 5],
                                        values[20 * number + 5:20 * number + 20]])
                for name, values in rows.items()}
        part["tokens"] = part["tokens"].cast(pa.large_list(pa.large_string()))
        write(folder / f"train-0000{number}-of-00002.parquet", part)
    after = load(mirror, UDPOS, "en", "train")
    assert after.table.equals(before.table)
    assert after.fingerprint == before.fingerprint


def test_a_changed_row_changes_the_fingerprint(mirror: Path) -> None:
    before = load(mirror, UDPOS, "en", "train").fingerprint
    rows = udpos_rows("English-train-", 40)
    rows["pos_tags"][39][2] = 16
    write(shard(mirror, "google/xtreme", "udpos.English", "train"), rows)
    assert load(mirror, UDPOS, "en", "train").fingerprint != before


def test_answers_may_lie_in_a_list_of_structs(mirror: Path) -> None:
    before = load(mirror, SQUAD, "en", "train")
    rows = squad_rows(8)
    rows["answers"] = [[{"text": text, "answer_start": start} for text, start in
                        zip(row["text"], row["answer_start"], strict=True)]
                       for row in rows["answers"]]
    write(shard(mirror, "rajpurkar/squad", "plain_text", "train"), rows)
    assert load(mirror, SQUAD, "en", "train").table.equals(before.table)


@pytest.mark.parametrize("make", [pa.list_view, pa.large_list_view, pa.large_list])
def test_lists_may_be_of_any_arrow_type(mirror: Path, make: Callable[..., Any]) -> None:
    before = load(mirror, UDPOS, "de", "test")
    rows = udpos_rows("German-test-", 40)
    halves = [pa.array(rows["tokens"][part], make(pa.string()))
              for part in (slice(20), slice(20, 40))]
    write(german(mirror), rows | {"tokens": pa.chunked_array(halves)})
    assert load(mirror, UDPOS, "de", "test").table.equals(before.table)


# What is refused: every fault is one line that names the file, the row or the column

def german(mirror: Path, split: str = "test") -> Path:
    return shard(mirror, "google/xtreme", "udpos.German", split)


def tagged(change: Callable[[dict[str, Any]], Any], metadata: Any = None) -> Callable[..., Any]:
    return _altered(german, udpos_rows("German-test-", 40), change, metadata)


def paired(change: Callable[[dict[str, Any]], Any], metadata: Any = None) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "facebook/xnli", "de", "test"),
                    nli_rows("de", 30), change, metadata)


def asked(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "rajpurkar/squad", "plain_text", "train"),
                    squad_rows(8), change, None)


def translated(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "google/xtreme", "tatoeba.deu", "validation"),
                    tatoeba_rows("deu", 40), change, None)


def ended(change: Callable[[dict[str, Any]], Any], count: int = 40) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "made/endings", "de", "test"),
                    choice_rows("de", count), change, None)


def caused(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "made/causes", "de", "test"),
                    alternative_rows("de", 40), change, None)


def _altered(where: Any, rows: dict[str, Any], change: Any, metadata: Any) -> Callable[..., Any]:
    def alter(mirror: Path) -> None:
        changed = {name: list(values) for name, values in rows.items()}
        write(where(mirror), change(changed) or changed, metadata)
    return alter


def put(name: str, row: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(rows: dict[str, Any]) -> None:
        rows[name][row] = value
    return change


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda rows: {key: values for key, values in rows.items() if key != name}


def retyped(name: str, make: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda rows: rows | {name: [make(value) for value in rows[name]]}


def cut(keep: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda mirror: german(mirror).write_bytes(keep(german(mirror).read_bytes()))


def damaged_page(mirror: Path) -> None:
    start = pq.read_metadata(german(mirror)).row_group(0).column(0).data_page_offset
    data = bytearray(german(mirror).read_bytes())
    data[start:start + 40] = bytes(40)
    german(mirror).write_bytes(bytes(data))


def invalid_utf8(mirror: Path) -> None:
    broken = pa.array([b"\xff\xfe"] * 40).view(pa.string())
    tokens = pa.ListArray.from_arrays(pa.array(range(41), pa.int32()), broken)
    write(german(mirror), {"tokens": tokens, "pos_tags": [[7]] * 40})


def a_shard_too_few(mirror: Path) -> None:
    german(mirror).rename(german(mirror).with_name("test-00000-of-00002.parquet"))


def two_sets_of_shards(mirror: Path) -> None:
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("x", 3))


def shards_that_differ(mirror: Path) -> None:
    a_shard_too_few(mirror)
    rows = udpos_rows("x", 3) | {"tokens": ["a", "b", "c"]}
    write(german(mirror).with_name("test-00001-of-00002.parquet"), rows)


def shards_named_differently(mirror: Path) -> None:
    a_shard_too_few(mirror)
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("x", 3),
          stated("pos_tags", UPOS[::-1]))


def another_order_in_the_readme(mirror: Path) -> None:
    write(german(mirror, "validation"), udpos_rows("de", 3))  # has names from the README alone
    names = {"class_label": {"names": dict(enumerate(UPOS[::-1]))}}
    write_readme(mirror / "google/xtreme", {"dataset_info": [
        {"config_name": "udpos.German", "features": [{"name": "pos_tags", "sequence": names}]}]})


def readme(text: str) -> Callable[[Path], None]:
    return lambda mirror: (mirror / "google/xtreme/README.md").write_text(text)


def a_file_of_another_format(mirror: Path) -> None:
    write_readme(mirror / "google/xtreme", {"configs": [
        {"config_name": "udpos.German", "data_files": [{"split": "test", "path": "test.json"}]}]})
    (mirror / "google/xtreme/test.json").write_text("{}")


def a_directory_for_a_file(mirror: Path) -> None:
    german(mirror).unlink()
    german(mirror).mkdir()


def a_link_to_nowhere(mirror: Path) -> None:
    german(mirror).unlink()
    german(mirror).symlink_to(mirror / "nowhere")


def beside(name: str) -> Callable[[Path], Any]:
    return lambda mirror: write(german(mirror).with_name(name), udpos_rows("x", 3))


def a_shard_that_is_a_copy(mirror: Path) -> None:
    a_shard_too_few(mirror)
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("German-test-", 40))


def a_pipe_for_a_file(mirror: Path) -> None:
    german(mirror).unlink()
    os.mkfifo(german(mirror))


def a_column_twice(mirror: Path) -> None:
    rows = udpos_rows("German-test-", 40)
    pq.write_table(pa.table([rows["tokens"], rows["pos_tags"], rows["pos_tags"]],
                            names=["tokens", "pos_tags", "pos_tags"]), german(mirror))


def a_listed_split_without_files(mirror: Path) -> None:
    german(mirror).unlink()
    listed("udpos.German/test-*")(mirror)


def listed(path: str) -> Callable[[Path], None]:
    return lambda mirror: write_readme(mirror / "google/xtreme", {"configs": [
        {"config_name": "udpos.German", "data_files": [{"split": "test", "path": path}]}]})


def named(*numbers: int) -> Callable[[Path], None]:
    names = {"class_label": {"names": {str(number): f"tag{number}" for number in numbers}}}
    return lambda mirror: write_readme(mirror / "google/xtreme", {"dataset_info": [
        {"config_name": "udpos.German", "features": [{"name": "pos_tags", "sequence": names}]}]})


def no_repository(mirror: Path) -> None:
    (mirror / "google/xtreme").rename(mirror / "google--xtreme")


FAULTS: dict[str, tuple[Callable[[Path], Any], Task, str]] = {
    "a missing column": (tagged(without("pos_tags")), UDPOS, "column `pos_tags`, got tokens"),
    "a renamed column": (paired(lambda rows: {"sentence": rows.pop("premise"), **rows}), XNLI,
                         "column `premise`, got sentence, hypothesis, label"),
    "text for a list": (tagged(retyped("tokens", " ".join)), UDPOS,
                        "`tokens` must be a list, got string"),
    "numbers for text": (paired(retyped("premise", len)), XNLI,
                         "`premise` must be a text, got int64"),
    "fractions for labels": (paired(retyped("label", float)), XNLI,
                             "`label` must be an integer or a text, got double"),
    "digits for names": (paired(retyped("label", str)), XNLI,
                         "`label` must be one of entailment, neutral, contradiction, got '0' ("),
    "an unknown name": (tagged(lambda rows: rows | {"pos_tags": [["NOUN", "VB", "PUNCT"]] * 40}),
                        UDPOS, "got 'VB' ("),
    "a label out of range": (paired(put("label", 7, 3), stated("label", NLI)), XNLI,
                             "`label` must be an integer from 0 to 2, got 3 (FILE, row 7)"),
    "a tag out of range": (tagged(put("pos_tags", 5, [7, 17, 12])), UDPOS,
                           "`pos_tags` must be an integer from 0 to 16, got 17 (FILE, row 5)"),
    "a hidden tag": (tagged(put("pos_tags", 5, [7, -1, 12])), UDPOS, "got -1 (FILE, row 5)"),
    "a label missing": (paired(put("label", 2, None)), XNLI, "got None (FILE, row 2)"),
    "no label at all": (paired(retyped("label", lambda value: -1)), XNLI,
                        "xnli de test must have at least one labelled row, got none of 30"),
    "other label names": (tagged(lambda rows: None, stated("pos_tags", (*UPOS[:-1], "FOREIGN"))),
                          UDPOS, "missing: X, unknown: FOREIGN (FILE)"),
    "a label name too few": (tagged(lambda rows: None, stated("pos_tags", UPOS[:-1])), UDPOS,
                             "missing: X, unknown: none (FILE)"),
    "a label name twice": (paired(lambda rows: None, stated("label", (*NLI, "neutral"))), XNLI,
                           "`label` must be those of xnli, each once"),
    "the README in another order": (another_order_in_the_readme, UDPOS, "must agree between"),
    "metadata that is no JSON": (tagged(lambda rows: None, {b"huggingface": b"{"}), UDPOS,
                                 "`huggingface` metadata must be"),
    "no rows": (tagged(lambda rows: {name: pa.array([], pa.array(values).type)
                                     for name, values in rows.items()}), UDPOS,
                "udpos de test must have at least one row, got none (FILE)"),
    "an empty text": (translated(put("target_sentence", 11, " \n")), TATOEBA,
                      r"must be a text that is not empty, got ' \n' (FILE, row 11)"),
    "no text": (paired(put("hypothesis", 9, None)), XNLI, "got None (FILE, row 9)"),
    "an empty token": (tagged(put("tokens", 3, ["a", "", "b"])), UDPOS, "got '' (FILE, row 3)"),
    "a blank token": (tagged(put("tokens", 3, ["a", "\xa0", "b"])), UDPOS, "(FILE, row 3)"),
    "a null token": (tagged(put("tokens", 3, ["a", None, "b"])), UDPOS, "got None (FILE, row 3)"),
    "an empty sentence": (tagged(put("tokens", 4, [])), UDPOS, "got [] (FILE, row 4)"),
    "a null sentence": (tagged(put("tokens", 4, None)), UDPOS, "got None (FILE, row 4)"),
    "a tag too few": (tagged(put("pos_tags", 6, [7, 15])), UDPOS,
                      "`pos_tags` must be as long as `tokens`, got 2 for 3 (FILE, row 6)"),
    "no answers": (asked(put("answers", 2, {"text": [], "answer_start": []})), SQUAD,
                   "`answers.text` must be a list that is not empty, got [] (FILE, row 2)"),
    "a start beyond the context": (
        asked(put("answers", 2, {"text": ["2"], "answer_start": [99]})), SQUAD,
        "must stand in `context` at `answers.answer_start`, got '2' at 99 (FILE, row 2)"),
    "a start from the end": (asked(put("answers", 2, {"text": ["2"], "answer_start": [-2]})),
                             SQUAD, "got '2' at -2 (FILE, row 2)"),
    "a start beside the answer": (asked(put("answers", 1, {"text": ["1"], "answer_start": [14]})),
                                  SQUAD, "got '1' at 14 (FILE, row 1)"),
    "a start too few": (asked(put("answers", 1, {"text": ["1", "1"], "answer_start": [15]})),
                        SQUAD, "must be as long as `answers.text`, got 1 for 2 (FILE, row 1)"),
    "answers without starts": (asked(retyped("answers", lambda row: {"text": row["text"]})), SQUAD,
                               "`answers` must have the field `answer_start`"),
    "an id twice": (asked(put("id", 6, "q1")), SQUAD,
                    "`id` must be unique, got 'q1' twice (FILE, row 1; FILE, row 6)"),
    "a truncated file": (cut(lambda data: data[:len(data) // 2]), UDPOS, "readable and whole"),
    "an empty file": (cut(lambda data: b""), UDPOS, "readable and whole"),
    "a pointer to a large file": (cut(lambda data: b"version https://git-lfs.github.com/spec/v1"),
                                  UDPOS, "it is a pointer of Git LFS"),
    "a damaged page": (damaged_page, UDPOS, "column `tokens` of a file must be readable and whole"),
    "text that is not UTF-8": (invalid_utf8, UDPOS, "column `tokens` of a file must be readable "),
    "a directory for a file": (a_directory_for_a_file, UDPOS, "readable and whole"),
    "a link to nowhere": (a_link_to_nowhere, UDPOS, "readable and whole"),
    "a shard too few": (a_shard_too_few, UDPOS, "all of its 2 shards, got none numbered 00001"),
    "two sets of shards": (two_sets_of_shards, UDPOS, "got shards of 1 and of 2"),
    "shards that differ": (shards_that_differ, UDPOS, "columns of the same types"),
    "shards named differently": (shards_named_differently, UDPOS, "the same label names"),
    "a README that is no YAML": (readme("---\nconfigs: [\n---\n"), UDPOS, "README.md"),
    "a README of another shape": (readme("---\nconfigs: [1, 2]\n---\n"), UDPOS, "README.md"),
    "a file beside the shards": (beside("test-00000-of-00001 (1).parquet"), UDPOS,
                                 "got another file beside them"),
    "a shard numbered twice": (beside("test-0-of-1.parquet"), UDPOS, "each of them once"),
    "a shard beyond the last": (beside("test-00001-of-00001.parquet"), UDPOS, "numbered from 0"),
    "a shard that is a copy": (a_shard_that_is_a_copy, UDPOS, "is a copy of"),
    "a pipe for a file": (a_pipe_for_a_file, UDPOS, "it is no regular file (FILE)"),
    "another file's beginning": (cut(lambda data: b"XXXX" + data[4:]), UDPOS,
                                 "not found at its start (FILE)"),
    "a column twice": (a_column_twice, UDPOS, "column `pos_tags` once, got tokens, pos_tags, pos"),
    "a listed split without files": (a_listed_split_without_files, UDPOS,
                                     "got no file udpos.German/test-* for test of config"),
    "a path outside the clone": (listed("../other/test-*"), UDPOS, "'../other/test-*' of split"),
    "a path that is no pattern": (listed("udpos.German/**test"), UDPOS, "must be patterns of"),
    "a gap in the label numbers": (named(0, 1, 3), UDPOS, "labels numbered 0, 1, 3"),
    "metadata without a bottom": (
        tagged(lambda rows: None, {b"huggingface": b"[" * 100_000}), UDPOS, "metadata must be"),
    "a repository that is not there": (no_repository, UDPOS, "got no google/xtreme"),
    "one label alone": (paired(lambda rows: nli_rows("de", 120) | {"label": [1] * 120}), XNLI,
                        "got none that is entailment, contradiction in 120 rows (FILE)"),
    "a label that never occurs": (
        paired(lambda rows: nli_rows("de", 120) | {"label": [0, 2] * 60}), XNLI,
        "must take every label of xnli, got none that is neutral in 120 rows (FILE)"),
    "one tag alone": (tagged(lambda rows: udpos_rows("de", 120) | {"pos_tags": [[7] * 3] * 120}),
                      UDPOS, "`pos_tags` must take every label of udpos"),
    "an option too few": (ended(put("endings", 5, ["a", "b"])), ENDINGS,
                          "`endings` must be a list of 3 texts, one a label of endings, got "
                          "['a', 'b'] (FILE, row 5)"),
    "no options": (ended(put("endings", 5, [])), ENDINGS, "got [] (FILE, row 5)"),
    "an empty option": (ended(put("endings", 5, ["a", " ", "b"])), ENDINGS,
                        "texts that are not empty, got ' ' (FILE, row 5)"),
    "an empty option of a column": (caused(put("choice2", 9, "")), CAUSES,
                                    "`choice2` must be a text that is not empty, got '' (FILE, "),
    "no column of an option": (caused(without("choice2")), CAUSES, "column `choice2`, got premise"),
    "an empty prompt": (ended(put("ctx", 2, "")), ENDINGS, "`ctx` must be a text that is not"),
    "a text for options": (ended(retyped("endings", " ".join)), ENDINGS,
                           "`endings` must be a list, got string"),
    "an option that is not there": (ended(put("label", 3, "4")), ENDINGS,
                                    "`label` must be one of 1, 2, 3, got '4' (FILE, row 3)"),
    "an option counted from 0": (ended(retyped("label", lambda name: int(name) - 1)), ENDINGS,
                                 "`label` must be one of 1, 2, 3, got 0 (FILE, row 0)"),
    "an alternative that is not there": (
        caused(put("label", 3, 2)), CAUSES,
        "`label` must be one of choice1, choice2, or an integer from 0 to 1, got 2 (FILE, row 3)"),
    "no option told": (caused(put("label", 3, None)), CAUSES, "got None (FILE, row 3)"),
    "all options hidden": (ended(retyped("label", lambda name: "-1")), ENDINGS,
                           "endings de test must have at least one labelled row, got none of 40"),
    "an option that is never right": (
        ended(retyped("label", lambda name: "1" if name == "3" else name), 120), ENDINGS,
        "`label` must take every label of endings, got none that is 3 in 120 rows (FILE)"),
    "files of another format": (a_file_of_another_format, UDPOS, "must be Parquet, got"),
}
LANGUAGE = {"squad": "en"}
SPLIT: dict[str, Split] = {"squad": "train", "tatoeba": "validation"}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_data_is_one_clear_line(mirror: Path, fault: str) -> None:
    spoil, task, wanted = FAULTS[fault]
    language, split = LANGUAGE.get(task.name, "de"), SPLIT.get(task.name, "test")
    source = task.source_of(split)
    assert source.origin == "hub"
    file = shard(mirror, source.repository, source.config_of(language), source.splits[split])
    train = (language,) if split == "train" else ()
    evaluation = () if split == "train" else (language,)
    sources = Sources(hub=str(mirror), cache=str(mirror))
    assert verify(task, sources, train=train, evaluation=evaluation) == []
    spoil(mirror)
    (line,) = verify(task, sources, train=train, evaluation=evaluation)
    assert wanted.replace("FILE", str(file)) in line
    assert "\n" not in line
    assert len(line) < 400


def test_other_languages_stay_good(mirror: Path) -> None:
    FAULTS["a truncated file"][0](mirror)
    sources = Sources(hub=str(mirror), cache=str(mirror))
    assert verify(UDPOS, sources, train=("de", "en"), evaluation=("en", "th")) == []


def test_metadata_of_another_library_does_no_harm(mirror: Path) -> None:
    write(german(mirror), udpos_rows("de", 4), {b"pandas": json.dumps({"columns": []}).encode()})
    assert len(load(mirror, UDPOS, "de", "test")) == 4
