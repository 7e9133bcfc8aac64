"""Perturbation: a text with some of its letters changed, the more the higher the rate.

What is changed at a rate is changed at every higher rate too, the same way. Digits, numerals,
spaces and signs are never touched, nor is the order or number of words; texts stay in Unicode's
composed form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spaces.robustness import Perturbation
from spaces.value import digest_of
from trainables.robustness.confusables import look_alikes
from trainables.robustness.diacritics import with_mark, without_marks
from trainables.robustness.graphemes import clusters, script_of, words
from trainables.robustness.keyboards import neighbours

__all__ = ["Editable"]

# Shorter words of alphabets are left alone: with a letter less or another one, a symbol such as
# "kg" would say something else.
_SHORTEST: Final = 4
# Words of these scripts are not parted by spaces, or one letter of theirs is a syllable or a word.
_DENSE: Final = frozenset({"CJK", "HANGUL", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER",
                           "MYANMAR", "TIBETAN"})
_SHORTEST_DENSE: Final = 2
_NEVER_DELETED: Final = frozenset({"CJK"})  # a whole word may be one


class _Edit(NamedTuple):
    """At rates above `threshold`, `consumed` clusters from a place on become `made`."""

    threshold: float
    made: str
    consumed: int


class Editable:
    """A text and the edits it may undergo, fixed by the key and the kind.

    Args:
        text: in composed form (NFC).
        kind: what is done to letters.
        key: decides every draw, together with the kind; the same key, the same edits.
    """

    def __init__(self, text: str, kind: Perturbation, key: Sequence[str | int]) -> None:
        self._text = text
        self._parts = clusters(text)
        draws = _draws([kind, *key], len(self._parts))
        self._edits: dict[int, _Edit] = {}
        for run in words(self._parts):
            for place in run:
                made, consumed = _EDITORS[kind](self._parts, run, place, draws[place])
                if made != "".join(self._parts[place : place + consumed]):
                    self._edits[place] = _Edit(float(draws[place, 0]), made, consumed)

    @property
    def is_fixed(self) -> bool:
        """Whether no rate changes the text."""
        return not self._edits

    def at(self, rate: float) -> str:
        """Return the text with each possible edit made with probability `rate`, 0 to 1."""
        made: list[str] = []
        place = 0
        while place < len(self._parts):
            edit = self._edits.get(place)
            if edit is not None and edit.threshold < rate:
                made.append(edit.made)
                place += edit.consumed
            else:
                made.append(self._parts[place])
                place += 1
        return unicodedata.normalize("NFC", "".join(made))


def _draws(key: Sequence[str | int], count: int) -> NDArray[np.float64]:
    """Return uniform draws, shape [count, 3]: whether, what, which."""
    generator = np.random.Generator(np.random.PCG64(int(digest_of(list(key)), 16)))
    return generator.random((count, 3))


def _typo(
    parts: list[str], run: range, place: int, draw: NDArray[np.float64]
) -> tuple[str, int]:
    """Swap, delete, repeat, or put a neighbouring key in; a word's first letter stays."""
    part, script = parts[place], script_of(parts[place])
    dense = script in _DENSE
    if len(run) < (_SHORTEST_DENSE if dense else _SHORTEST):
        return part, 1
    first = place == run.start and not dense
    beside = neighbours(part.lower()) if len(part) == 1 else ""
    options = [] if first else [(parts[place + 1] + part, 2)] if place + 1 in run else []
    if not first and len(run) >= _SHORTEST and script not in _NEVER_DELETED:
        options.append(("", 1))
    options.append((part + part, 1))
    if beside:
        key = beside[int(draw[2] * len(beside))]
        options.append((part + (key.upper() if part.isupper() and key.upper() != key
                                and len(key.upper()) == 1 else key), 1))
    return options[int(draw[1] * len(options))]


def _diacritic(
    parts: list[str], run: range, place: int, draw: NDArray[np.float64]
) -> tuple[str, int]:
    """Leave marks out where there are any, else put one on."""
    part = parts[place]
    bare = without_marks(part)
    return (bare if bare != part else with_mark(part, float(draw[2]))), 1


def _confusable(
    parts: list[str], run: range, place: int, draw: NDArray[np.float64]
) -> tuple[str, int]:
    """Put a letter that looks alike; short words only have those of other scripts."""
    part, script = parts[place], script_of(parts[place])
    found: Sequence[str] = look_alikes(part)
    if len(run) < _SHORTEST and script not in _DENSE:
        found = [each for each in found if script_of(each) != script]
    return (found[int(draw[1] * len(found))] if found else part), 1


_EDITORS = {"typos": _typo, "diacritics": _diacritic, "confusables": _confusable}
