"""Confusables: letters that look alike, within a script and across scripts.

Facts of shape, written by hand. Of an ideograph without an entry its neighbour in Unicode's order
is taken, which is sorted by radical and strokes; of Hangul syllables the vowel with a stroke more
or less, by Unicode's arithmetic of syllables (The Unicode Standard, section 3.12).
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from trainables.robustness.graphemes import is_letter, script_of

__all__ = ["look_alikes"]

# Rows of letters of two or three scripts that look alike; each stands for each.
_ACROSS: Final = (
    "aа", "cс", "eе", "iі", "jј", "oоοօ", "pрρ", "sѕ", "xх", "yу", "vν", "hһհ", "nո", "uս", "kк",
    "AАΑ", "BВΒ", "CС", "EЕΕ", "HНΗ", "IІΙ", "KКΚ", "MМΜ", "NΝ", "OОΟ", "PРΡ", "SЅ", "TТΤ",
    "XХΧ", "YΥ", "ZΖ", "力カ", "工エ", "口ロ", "夕タ",
)
_WITHIN: Final = (
    "بتثن", "جحخ", "دذ", "رز", "سش", "صض", "طظ", "عغ", "فق", "كگک", "یيى",
    "הח", "דר", "וז", "כב", "םס", "עצ", "גנ",
    "घध", "भम", "बव", "टठ", "थय", "पष",
    "ดต", "ชซ", "ผฝ", "พฟ", "คศ", "ถภ", "บป", "ทฑ",
    "ぬめ", "わねれ", "るろ", "はほ", "さき", "シツ", "ソン", "クワ", "コユ", "マム",
    "未末", "土士", "己已", "日曰", "人入", "大太犬", "干于", "天夭", "刀刃", "木本", "田由甲",
    "午牛", "王玉", "白自", "目且", "石右", "鳥烏", "待侍", "准淮", "季李", "延廷",
)
_SYLLABLES = range(0xAC00, 0xD7A4)
_FINALS, _VOWELS = 28, 21
# Vowels, by their numbers in a syllable, that differ by a stroke.
_STROKES: Final = {0: 2, 2: 0, 4: 6, 6: 4, 8: 12, 12: 8, 13: 17, 17: 13, 1: 5, 5: 1, 3: 7, 7: 3}


@cache
def look_alikes(cluster: str) -> tuple[str, ...]:
    """Return the clusters that look like a letter, in a fixed order; none if none is known.

    Marks of the letter stay where the other letter can bear them, in composed form.
    """
    whole = cluster if ord(cluster[0]) in _SYLLABLES else unicodedata.normalize("NFD", cluster)
    first, marks = whole[0], whole[1:]
    others = [each for row in (*_ACROSS, *_WITHIN) if first in row for each in row if each != first]
    if not others and ord(first) in _SYLLABLES:
        others = _with_other_vowel(first)
    if not others and script_of(first) == "CJK":
        others = [chr(ord(first) + 1), chr(ord(first) - 1)]
    found = (unicodedata.normalize("NFC", other + marks) for other in others
             if is_letter(other))
    return tuple(each for each in found if not marks or len(each) <= len(cluster))


def _with_other_vowel(syllable: str) -> list[str]:
    number = ord(syllable) - _SYLLABLES.start
    vowel = number // _FINALS % _VOWELS
    if vowel not in _STROKES:
        return []
    return [chr(ord(syllable) + (_STROKES[vowel] - vowel) * _FINALS)]
