from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.robustness import PERTURBATIONS, Perturbation
from trainables.robustness.confusables import look_alikes
from trainables.robustness.diacritics import with_mark, without_marks
from trainables.robustness.graphemes import clusters, is_letter, script_of, words
from trainables.robustness.keyboards import KEYBOARDS, neighbours
from trainables.robustness.perturbation import Editable

TEXTS = {
    "en": "37 kilometers and 15 in, 4 kg", "de": "12 Kilometer und 3 Ölfässer",
    "vi": "37 kilômét và 15 giờ", "ru": "37 километров и 15 ёлок", "el": "37 χιλιόμετρα και ώρες",
    "he": "37 קילומטרים ו-15 שעות", "ar": "٣٧ كيلومترًا و١٥ ساعة", "hi": "३७ किलोमीटर और १५ घंटे",
    "th": "๓๗ กิโลเมตร และ 15 ชั่วโมง", "ja": "三千キロメートルと15時間グラム",
    "zh": "三千公里和15小时", "ko": "37킬로미터 및 15시간", "ka": "37 კილომეტრი და 15 საათი",
    "ta": "37 கிலோமீட்டர்",
}
# Any text of these letters, marks, numerals and signs, in composed form.
LETTERS = "abzAZ éßœ гёй ώςα קל כّم٣ क्षि३ ก้๓ำ がガ三千里 한글 ()-,0123\u0301\u200d"
ANY = st.text(alphabet=LETTERS).map(lambda text: unicodedata.normalize("NFC", text))


def numbers(text: str) -> list[str]:
    return [char for char in text if unicodedata.numeric(char, None) is not None]


def bare(text: str) -> str:
    """Return what is no letter and no mark of one: signs, spaces and numerals, in order."""
    return "".join(part for part in clusters(text) if not is_letter(part))


@settings(max_examples=100, deadline=None)
@given(text=ANY, kind=st.sampled_from(PERTURBATIONS), rate=st.floats(0, 1), key=st.integers(0, 99))
def test_only_letters_change_and_texts_stay_composed(
    text: str, kind: Perturbation, rate: float, key: int
) -> None:
    made = Editable(text, kind, [key]).at(rate)
    assert made == unicodedata.normalize("NFC", made)
    assert numbers(made) == numbers(text)
    assert made.split() == [] or len(made.split()) == len(text.split())
    assert [char for char in made if char.isspace()] == [char for char in text if char.isspace()]


@pytest.mark.parametrize("kind", PERTURBATIONS)
@pytest.mark.parametrize("code", TEXTS)
def test_signs_and_numerals_stay_and_rates_go_from_nothing_to_all(
    code: str, kind: Perturbation
) -> None:
    text = unicodedata.normalize("NFC", TEXTS[code])
    edited = Editable(text, kind, ["row", 1])
    assert edited.at(0) == text
    assert edited.is_fixed == (edited.at(1) == text)
    assert bare(edited.at(1)) == bare(text)
    assert Editable(text, kind, ["row", 1]).at(0.5) == edited.at(0.5)


def test_scripts_without_such_a_thing_are_left_alone() -> None:
    for code in ("zh", "ko", "ka", "ta"):
        assert Editable(TEXTS[code], "diacritics", [0]).is_fixed, code
    for code in ("ka", "ta"):
        assert Editable(TEXTS[code], "confusables", [0]).is_fixed, code
    for code in TEXTS:
        assert not Editable(TEXTS[code], "typos", [0]).is_fixed, code


def test_symbols_are_not_misspelt() -> None:
    assert Editable("4 kg, 3 in, 5 m, 9 hr", "typos", [0]).at(1) == "4 kg, 3 in, 5 m, 9 hr"
    assert "k" not in Editable("4 kilo", "confusables", [0]).at(1)


def test_keys_decide_the_draws() -> None:
    made = {Editable(TEXTS["en"], "typos", [seed]).at(0.5) for seed in range(20)}
    assert len(made) > 15


@pytest.mark.parametrize(("text", "parts"), [
    ("cafe\u0301", ["c", "a", "f", "e\u0301"]), ("क्षि", ["क्षि"]), ("กำ", ["กำ"]), ("", []),
    ("한글", ["한", "글"]), ("a\u0301\u0323b", ["a\u0301\u0323", "b"]),
])
def test_clusters_are_what_readers_take_for_letters(text: str, parts: list[str]) -> None:
    assert clusters(text) == parts


def test_words_are_runs_of_one_script() -> None:
    parts = clusters("kmкм 三千公里 ok")
    assert ["".join(parts[place] for place in run) for run in words(parts)] == [
        "km", "км", "公里", "ok"]


def test_neighbours_are_mutual_along_a_row_and_of_one_script() -> None:
    for script, rows in KEYBOARDS.items():
        for row in rows:
            for one, two in zip(row, row[1:], strict=False):
                assert two in neighbours(one)
                assert one in neighbours(two)
            assert {script_of(each) for key in row for each in neighbours(key)} == {script}
    assert neighbours("5") == ""


@pytest.mark.parametrize(("cluster", "dropped"), [
    ("é", "e"), ("ờ", "o"), ("ё", "е"), ("ώ", "ω"), ("が", "か"), ("مّ", "م"), ("ก้", "ก"),
    ("कि", "कि"), ("ก็", "ก็"), ("한", "한"), ("x", "x"),
])
def test_marks_are_dropped_and_vowel_signs_are_not(cluster: str, dropped: str) -> None:
    assert without_marks(unicodedata.normalize("NFC", cluster)) == dropped


def test_marks_put_on_can_be_dropped_again() -> None:
    for letter in "aeoεαиеסكقกかハ":
        made = with_mark(letter, 0.99)
        assert made != letter or letter in "ε"
        assert without_marks(made) == letter


def test_look_alikes_are_other_letters_that_look_back() -> None:
    for letter in "aoрсΑТהرभดシ大里한":
        found = look_alikes(letter)
        assert found, letter
        assert letter not in found
        assert all(is_letter(each) for each in found)
        if letter not in "里":  # by code order, where only neighbours look back
            assert all(letter in look_alikes(each) for each in found), letter
    assert look_alikes("ó")[:1] == ("ό",)  # the mark stays where the other letter can bear it
