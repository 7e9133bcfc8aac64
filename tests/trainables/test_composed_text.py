"""A row reads alike however its characters are written: composed (NFC) or decomposed (NFD)."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import find_task
from tests.trainables.mirrors import shard, write
from tests.trainables.spoiled import SQUAD, Fault, asked, check_fault, put
from trainables.rows import DataError, Rows
from trainables.sources import Sources

XQUAD, UDPOS, TATOEBA = (find_task(name, BENCHMARK_TASKS) for name in ("xquad", "udpos", "tatoeba"))

# Vietnamese, Korean, Greek, German, and Hindi, whose composed form is the longer one.
CONTEXTS = ["Hà Nội là thủ đô của Việt Nam", "서울은 한국의 수도이다", "Η Αθήνα είναι πόλη",
            "Köln liegt über dem Süden", "लड़का पढ़ता है"]
ANSWERS = ["thủ đô", "한국의", "είναι", "über", "पढ़ता"]


def written(form: Any, value: Any) -> Any:
    """Return a row's texts in a form of Unicode, with places counted in it."""
    if isinstance(value, str):
        return unicodedata.normalize(form, value)
    if isinstance(value, dict):
        return {name: written(form, each) for name, each in value.items()}
    return [written(form, each) for each in value] if isinstance(value, list) else value


def questions(form: str) -> dict[str, list[Any]]:
    contexts, answers = written(form, CONTEXTS), written(form, ANSWERS)
    return {"id": list(map(str, range(len(contexts)))), "context": contexts,
            "question": written(form, [f"{answer}?" for answer in ANSWERS]),
            "answers": [{"text": [answer], "answer_start": [context.index(answer)]}
                        for context, answer in zip(contexts, answers, strict=True)]}


def xquad(place: Path, columns: dict[str, list[Any]]) -> Rows:
    write(shard(place, "google/xquad", "xquad.vi", "validation"), columns)
    return Sources(hub=str(place), cache=str(place)).rows(XQUAD, "vi", "validation")


def test_answers_are_the_same_characters_in_either_form(tmp_path: Path) -> None:
    composed, decomposed = (xquad(tmp_path / form, questions(form)) for form in ("NFC", "NFD"))
    assert questions("NFC") != questions("NFD")
    assert composed.table.equals(decomposed.table)
    assert composed.fingerprint == decomposed.fingerprint
    for row in decomposed.table.to_pylist():
        (answer,), (start,) = row["answers"], row["answer_starts"]
        assert row["context"][start:start + len(answer)] == answer


def test_an_answer_that_parts_a_character_is_refused(tmp_path: Path) -> None:
    columns = questions("NFD")
    context = columns["context"][3]
    columns["answers"][3] = {"text": [context[1]], "answer_start": [1]}  # the o of Köln alone
    with pytest.raises(DataError, match=r"must begin and end with whole characters, got 'o' \(.*"
                                        "row 3"):
        xquad(tmp_path, columns)


def test_words_and_sentences_are_too(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        write(shard(tmp_path / form, "google/xtreme", "udpos.German", "train"), {
            "tokens": written(form, [["Köln", "über", "Süden"]]), "pos_tags": [[7, 1, 7]]})
        write(shard(tmp_path / form, "google/xtreme", "tatoeba.deu", "validation"), {
            "source_sentence": written(form, CONTEXTS), "target_sentence": written(form, ANSWERS)})
    for task, split in ((UDPOS, "train"), (TATOEBA, "validation")):
        one, other = (Sources(hub=str(tmp_path / form), cache=str(tmp_path)).rows(
            task, "de", split).table for form in ("NFC", "NFD"))  # type: ignore[arg-type]
        assert one.equals(other)


FAULTS: dict[str, Fault] = {
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
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_answers_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])
