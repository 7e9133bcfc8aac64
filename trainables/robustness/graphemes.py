"""Grapheme clusters: what readers take for one letter, the script of each, and runs of letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

__all__ = ["clusters", "is_letter", "script_of", "words"]

_VIRAMA = 9  # the canonical combining class of signs that join two consonants
_JOINER = "\u200d"
# Vowels that are letters to Unicode but belong to the consonant before them: Thai and Lao AM.
_SPACING_VOWELS = frozenset("\u0e33\u0eb3")
_JAMO = range(0x1160, 0x1200)  # vowels and finals of decomposed Hangul


def clusters(text: str) -> list[str]:
    """Return the grapheme clusters of a text, in order; joined they are the text.

    A cluster is a character with the marks after it; an Indic conjunct, whose consonants a virama
    joins, is one. Source: Unicode Standard Annex 29, extended grapheme clusters, without the rules
    for emoji and flags, which are no letters.
    """
    found: list[str] = []
    for char in text:
        if found and _extends(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _extends(cluster: str, char: str) -> bool:
    category = unicodedata.category(char)
    if category in ("Mn", "Mc", "Me") or char == _JOINER or char in _SPACING_VOWELS:
        return not cluster.isspace()
    if cluster[-1] == _JOINER or ord(char) in _JAMO:
        return True
    joins = unicodedata.combining(cluster[-1]) == _VIRAMA
    return joins and category == "Lo" and script_of(char) == script_of(cluster)


def script_of(cluster: str) -> str:
    """Return a cluster's script as Unicode names it: LATIN, CJK, DEVANAGARI; "" without a name."""
    return unicodedata.name(cluster[0], "").split(" ")[0]


def is_letter(cluster: str) -> bool:
    """Whether a cluster is a letter that stands for no number, in any script.

    Ideographs with a value, such as those for one and thousand, are numbers.
    """
    first = cluster[0]
    return (unicodedata.category(first).startswith("L")
            and unicodedata.numeric(first, None) is None)


def words(parts: list[str]) -> Iterator[range]:
    """Yield the places of each run of letters of one script, in order."""
    start, script = 0, ""
    for place, part in enumerate([*parts, " "]):
        here = script_of(part) if is_letter(part) else ""
        if here != script:
            if script:
                yield range(start, place)
            start, script = place, here
