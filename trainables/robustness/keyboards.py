"""Keyboards: which letters lie beside each other, of scripts that are typed letter by letter.

The rows are those of the layouts most used: QWERTY, the Russian and the Greek standard, SI-1452,
Arabic 101, InScript and Kedmanee; without digits, signs and vowels that are marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

__all__ = ["KEYBOARDS", "neighbours"]

KEYBOARDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "LATIN": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "CYRILLIC": ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    "GREEK": ("ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),
    "HEBREW": ("קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ"),
    "ARABIC": ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤرىةوزظ"),
    "DEVANAGARI": ("बहगदजड", "परकतचट", "मनवलसय"),
    "THAI": ("พรนยบล", "ฟหกดสวง", "ผปอทมฝ"),
})
"""The rows of keys of each script, from the top; neighbours touch in a row or across two."""


@cache
def neighbours(letter: str) -> str:
    """Return the letters beside a lower-case letter on its script's keyboard; "" of any other."""
    for rows in KEYBOARDS.values():
        for number, row in enumerate(rows):
            place = row.find(letter)
            if place < 0:
                continue
            beside = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            others = rows[max(0, number - 1) : number] + rows[number + 1 : number + 2]
            return beside + "".join(each[max(0, place - 1) : place + 1] for each in others)
    return ""
