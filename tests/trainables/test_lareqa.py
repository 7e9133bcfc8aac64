"""LAReQA: translations are relevant to a question in any language; a fault is one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import find_task
from tests.trainables.pools import PARAGRAPHS, SENTENCES, WORDS, lareqa_file, write_lareqa
from trainables.rows import DataError
from trainables.sources import Sources
from trainables.task_status import verify

LAREQA = find_task("lareqa", BENCHMARK_TASKS)


def sources(mirror: Path) -> Sources:
    return Sources(hub=str(mirror), cache=str(mirror))


def test_its_languages_are_those_of_the_repository() -> None:
    assert LAREQA.evaluation == tuple(sorted(WORDS))


@pytest.mark.parametrize("code", WORDS)
def test_a_question_is_answered_by_the_sentence_in_every_language(
    tmp_path: Path, code: str
) -> None:
    write_lareqa(tmp_path)
    rows = sources(tmp_path).rows(LAREQA, code, "validation")
    assert len(rows) == PARAGRAPHS * SENTENCES
    row = next(row for row in rows.table.to_pylist() if row["id"] == "q4.1")
    assert row == {"id": "q4.1", "document": "4", "text": f"{WORDS[code]} n4s1?",
                   "relevant": [f"{each}_4_1" for each in sorted(WORDS)]}


def test_the_pool_holds_the_sentences_of_all_languages_with_their_paragraphs(
    tmp_path: Path
) -> None:
    write_lareqa(tmp_path)
    pool = sources(tmp_path).rows(LAREQA, "th", "validation").pool
    assert pool is not None
    assert len(pool) == len(WORDS) * PARAGRAPHS * SENTENCES
    found = {row["id"]: row for row in pool.table.to_pylist()}
    for code, word in WORDS.items():
        assert found[f"{code}_4_1"]["text"] == f"{word} 𝄞 n4s1."
        assert found[f"{code}_4_1"]["text_pair"] == " ".join(
            f"{word} 𝄞 n4s{each}." for each in range(SENTENCES))


def test_questions_and_candidates_read_alike_composed_and_decomposed(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", WORDS["vi"])
    assert apart != WORDS["vi"]
    write_lareqa(tmp_path / "NFC")
    write_lareqa(tmp_path / "NFD", changed="vi",
                 change=lambda made: made.update(lareqa_file(apart)))
    one, other = (sources(tmp_path / form).rows(LAREQA, "vi", "validation")
                  for form in ("NFC", "NFD"))
    assert one.fingerprint == other.fingerprint
    assert one.table.equals(other.table)


def test_halves_are_the_same_paragraphs_in_every_language_and_share_the_whole_pool(
    tmp_path: Path
) -> None:
    write_lareqa(tmp_path)
    halves = [{code: sources(tmp_path).panel_rows(LAREQA, code, panel) for code in WORDS}
              for panel in ("selection", "report")]
    documents = [{frozenset(rows.table["document"].to_pylist()) for rows, _ in half.values()}
                 for half in halves]
    (chosen,), (reported,) = documents
    assert not chosen & reported
    assert len(chosen | reported) == PARAGRAPHS
    assert not any(official for half in halves for _, official in half.values())
    assert len({rows.pool.fingerprint for half in halves  # type: ignore[union-attr]
                for rows, _ in half.values()}) == 1


def test_another_language_changes_the_fingerprint_of_all(tmp_path: Path) -> None:
    def change(made: dict[str, Any]) -> None:
        paragraph = made["data"][0]["paragraphs"][0]
        paragraph["context"] = paragraph["context"].replace("слово", "слава")

    write_lareqa(tmp_path / "a")
    write_lareqa(tmp_path / "b", changed="ru", change=change)
    one, other = (sources(tmp_path / name).rows(LAREQA, "de", "validation") for name in "ab")
    assert one.table.equals(other.table)
    assert one.fingerprint != other.fingerprint


def test_a_sentence_that_reads_the_same_is_relevant_too(tmp_path: Path) -> None:
    def change(made: dict[str, Any]) -> None:
        paragraph = made["data"][0]["paragraphs"][0]
        paragraph["context"] += " " + paragraph["context"][:14]
        assert paragraph["context"][:14] == "Wörter 𝄞 n1s0."
        paragraph["sentence_breaks"].append([len(paragraph["context"]) - 14,
                                             len(paragraph["context"])])

    write_lareqa(tmp_path, changed="de", change=change)
    row = sources(tmp_path).rows(LAREQA, "th", "validation").table.to_pylist()[0]
    assert [name for name in row["relevant"] if name.startswith("de")] == ["de_1_0", "de_1_3"]


def paragraph(made: dict[str, Any]) -> Any:
    return made["data"][0]["paragraphs"][1]


FAULTS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda made: paragraph(made).pop("sentence_breaks"),
     "`data.0.paragraphs.1.sentence_breaks` must be there, got none ({file})"),
    (lambda made: paragraph(made).update(sentence_breaks=[]),
     "`data.0.paragraphs.1.sentence_breaks` must be as published: list should have at least 1 "
     "item after validation, not 0, got [] ({file})"),
    (lambda made: paragraph(made)["sentence_breaks"].__setitem__(2, [40, 999]),
     "`sentence_breaks` must lie in order within the context's 38 characters, got [40, 999] "
     "({file}, paragraph 2)"),
    (lambda made: paragraph(made)["sentence_breaks"].__setitem__(0, [12, 0]),
     "`sentence_breaks` must lie in order within the context's 38 characters, got [12, 0] "
     "({file}, paragraph 2)"),
    (lambda made: paragraph(made)["sentence_breaks"].pop(1),
     "`answer_start` must lie in one of the `sentence_breaks`, got 20 ({file}, paragraph 2, "
     "question q2.1)"),
    (lambda made: paragraph(made)["qas"][0]["answers"][0].update(text="n3s0"),
     "`text` must stand in the context at `answer_start`, got 'n3s0' at 7 ({file}, paragraph 2, "
     "question q2.0)"),
    (lambda made: paragraph(made)["qas"][0].update(answers=[]),
     "`data.0.paragraphs.1.qas.0.answers` must be as published: list should have at least 1 item "
     "after validation, not 0, got [] ({file})"),
    (lambda made: paragraph(made)["qas"][0].update(question=" "),
     "`data.0.paragraphs.1.qas.0.question` must be a text, got ' ' ({file})"),
    (lambda made: paragraph(made)["qas"][0].update(id="q1.0"),
     "`id` must be unique, got 'q1.0' twice ({file}, paragraph 2)"),
    (lambda made: paragraph(made)["qas"].pop(0),
     "all languages must have the same questions in the same paragraphs, got question q2.0 in "
     "nowhere ({file}) and in paragraph 2 ({first})"),
    (lambda made: made.update(data=[]),
     "`data` must be as published: list should have at least 1 item after validation, not 0, "
     "got [] ({file})"),
]


@pytest.mark.parametrize(("change", "line"), FAULTS)
def test_a_fault_is_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], line: str
) -> None:
    folder = write_lareqa(tmp_path, changed="el", change=change)
    faults = verify(LAREQA, sources(tmp_path), evaluation=("th", "zh"))
    wanted = line.replace("{file}", str(folder / "el.json")).replace(
        "{first}", str(folder / "ar.json"))
    assert faults == [wanted]


def test_a_missing_or_damaged_file_is_one_line_for_all_languages(tmp_path: Path) -> None:
    folder = write_lareqa(tmp_path)
    (folder / "vi.json").unlink()
    assert verify(LAREQA, sources(tmp_path), evaluation=("th", "zh")) == [
        "lareqa th: every file of a pool's benchmark must be there: No such file or directory "
        f"({folder / 'vi.json'}); absent as well: zh"]
    (folder / "vi.json").write_text('{"data": [')
    (line,) = verify(LAREQA, sources(tmp_path), evaluation=("th", "zh"))
    assert line.startswith("a file must be readable and whole: no JSON, EOF")
    assert line.endswith(f"({folder / 'vi.json'})")


def test_without_a_directory_it_is_said_where_it_must_lie(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lareqa must be read from a directory given by `hub`, "
                                        r"since .* got none \(google-research-datasets/lareqa\)"):
        Sources(cache=str(tmp_path)).rows(LAREQA, "th", "validation")
