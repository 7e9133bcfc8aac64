from __future__ import annotations

from functools import partial

import pytest

from trainables.answer_metrics import (
    MLQA_LANGUAGES,
    answer_f1,
    exact_match,
    mlqa_normalised,
    squad2_exact_match,
    squad2_f1,
    squad_normalised,
)


@pytest.mark.parametrize(("answers", "given", "exact", "f1"), [
    (["Denver Broncos"], "denver broncos", 100, 100),
    (["The Denver Broncos"], "Denver Broncos!", 100, 100),  # article, punctuation
    (["a theatre"], "theatre", 100, 100),  # only whole words are articles
    (["Denver"], "", 0, 0),
    (["the"], "", 100, 0),  # nothing is left of either: equal, yet no shared word
    (["Denver Broncos"], "Broncos of Denver", 0, 80),  # 2 shared words of 2 and 3
    (["Denver Broncos", "Broncos"], "Broncos", 100, 100),  # the best of several answers
    (["cat cat"], "cat", 0, 200 / 3),  # words are counted, not listed
    (["北京大学"], "北京大学", 100, 100),
    (["北京大学"], "北京", 0, 0),  # no spaces, so one word each
    (["北京。"], "北京", 0, 0),  # only ASCII punctuation is dropped
    (["U.S.A."], "USA", 100, 100),
    (["١٩٦٩"], "1969", 0, 0),  # digits stay as they are written
])
def test_squads_answers_by_hand(
    answers: list[str], given: str, exact: float, f1: float
) -> None:
    assert exact_match([answers], [given], squad_normalised) == pytest.approx(exact)
    assert answer_f1([answers], [given], squad_normalised) == pytest.approx(f1)


@pytest.mark.parametrize(("answers", "given", "exact", "f1"), [
    ([""], "", 100, 100),  # no answer, and none given
    ([""], "Denver", 0, 0),
    (["Denver"], "", 0, 0),
    ([""], "the", 100, 100),  # nothing is left of it
    (["the"], "", 100, 100),  # an answer without words stands for none
    (["the", "Denver"], "", 0, 0),  # unless there is another
    (["the", "Denver"], "Denver", 100, 100),
    (["Denver Broncos", "Broncos"], "Broncos of Denver", 0, 80),
])
def test_squad2s_answers_by_hand(
    answers: list[str], given: str, exact: float, f1: float
) -> None:
    assert squad2_exact_match([answers], [given], squad_normalised) == pytest.approx(exact)
    assert squad2_f1([answers], [given], squad_normalised) == pytest.approx(f1)


@pytest.mark.parametrize(("language", "answer", "given", "exact", "f1"), [
    ("en", "the theatre", "Theatre", 100, 100),
    ("de", "der theatre", "Theatre", 100, 100),
    ("de", "the theatre", "Theatre", 0, 200 / 3),  # no article of German
    ("es", "las «casas»", "Casas", 100, 100),  # punctuation of any script
    ("vi", "những con mèo", "con mèo", 100, 100),
    ("hi", "यह क्या है।", "यह क्या है", 100, 100),
    ("ar", "البيت", "بيت", 100, 100),  # the article wherever it stands
    ("ar", "حالة", "حة", 0, 0),  # also within a word, which it cuts in two: "ح" and "ة"
    ("zh", "北京大学", "北京", 0, 200 * 2 / 6),  # characters are words: 2 shared of 4 and 2
    ("zh", "北京。", "北京", 100, 100),
    ("zh", "ABC公司 2", "abc公司2", 100, 100),  # others are parted by spaces and characters
])
def test_mlqas_answers_by_hand(
    language: str, answer: str, given: str, exact: float, f1: float
) -> None:
    normalised = partial(mlqa_normalised, language=language)
    assert exact_match([[answer]], [given], normalised) == pytest.approx(exact)
    assert answer_f1([[answer]], [given], normalised) == pytest.approx(f1)


def test_mlqa_knows_its_seven_languages_alone() -> None:
    assert set(MLQA_LANGUAGES) == {"ar", "de", "en", "es", "hi", "vi", "zh"}
    with pytest.raises(ValueError, match="one of ar, de, en, es, hi, vi, zh, got 'fr'"):
        mlqa_normalised("la maison", "fr")


def test_an_answer_score_is_the_mean_over_rows() -> None:
    gold, given = [["one"], ["two"], ["three four"]], ["one", "", "three"]
    assert exact_match(gold, given, squad_normalised) == pytest.approx(100 / 3)
    assert answer_f1(gold, given, squad_normalised) == pytest.approx(100 * (1 + 0 + 2 / 3) / 3)


def test_a_question_without_answers_is_refused_by_row() -> None:
    with pytest.raises(ValueError, match=r"got none \(row 1\)"):
        exact_match([["a b"], []], ["a", "b"], squad_normalised)
