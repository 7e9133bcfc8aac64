"""Diacritics: marks that can be left out or put on, by script, without changing the letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trainables.robustness.graphemes import script_of

__all__ = ["ADDED", "with_mark", "without_marks"]

# Canonical combining classes of marks beside a letter: nukta, kana voicing, Hebrew and Arabic
# points, Thai and Lao tones, and accents of all sorts. Vowel signs and viramas have others.
_DROPPED: Final = frozenset({7, 8, *range(10, 36), 107, 122, *range(200, 241)})

ADDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "LATIN": ("\u0300", "\u0301", "\u0302", "\u0303", "\u0308"),
    "GREEK": ("\u0301",),
    "CYRILLIC": ("\u0306", "\u0308"),
    "HEBREW": ("\u05b4", "\u05b7"),
    "ARABIC": ("\u064e", "\u064f", "\u0650"),
    "HIRAGANA": ("\u3099",),
    "KATAKANA": ("\u3099",),
    "THAI": ("\u0e48", "\u0e49"),
})
"""The marks that are put on letters of a script; scripts that are not listed get none."""

# Scripts whose marks have no composed letters: a mark stays beside its letter in composed text.
_BESIDE: Final = frozenset({"HEBREW", "ARABIC", "THAI"})
_THAI_CONSONANTS: Final = range(0x0E01, 0x0E2F)  # vowels, which are letters too, bear no tone


def without_marks(cluster: str) -> str:
    """Return a cluster without the marks that can be left out; itself if it has none."""
    parts = unicodedata.normalize("NFD", cluster)
    left = "".join(part for part in parts if unicodedata.combining(part) not in _DROPPED)
    return unicodedata.normalize("NFC", left)


def with_mark(cluster: str, pick: float) -> str:
    """Return a cluster with a mark of its script; itself if none fits.

    Where a script has composed letters only these are made, so that the letter stays one that
    somebody writes.

    Args:
        cluster: a letter.
        pick: chooses among the marks that fit, from 0 to below 1.
    """
    script = script_of(cluster)
    if script == "THAI" and ord(cluster[0]) not in _THAI_CONSONANTS:
        return cluster
    made = (unicodedata.normalize("NFC", cluster + mark) for mark in ADDED.get(script, ()))
    fitting = [each for each in made if script in _BESIDE or len(each) == len(cluster)]
    return fitting[int(pick * len(fitting))] if fitting else cluster
