"""Error lines: what a command tells of a mistake, as one line that a terminal can be given.

What stands in them comes from studies, options and data, which others may have written.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from search.credentials import without_credentials

__all__ = ["MOST_CHARACTERS", "error_line", "shortened"]

MOST_CHARACTERS: Final = 1_200
"""The most characters of an error's line."""

_WORD: Final = re.compile(r"\w+")


def error_line(text: str) -> str:
    """Return a message as one line of at most `MOST_CHARACTERS`, without credentials.

    Characters that move the cursor, turn the writing direction or cannot be seen are written as
    their escapes; so are letters of another script within a Latin word, which look like its own.
    """
    line = " ".join(shortened(without_credentials(text), 4 * MOST_CHARACTERS).split())
    if not line.isascii() or not line.isprintable():
        line = _WORD.sub(_unmixed, "".join(map(_visible, line)))
    return shortened(line, MOST_CHARACTERS)


def shortened(text: str, most: int) -> str:
    """Return a text with its middle left out where it has more than `most` characters."""
    if len(text) <= most:
        return text
    half = (most - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def _visible(character: str) -> str:
    return character if character.isprintable() else _escaped(character)


def _unmixed(word: re.Match[str]) -> str:
    text = word.group()
    if text.isascii() or not any(character.isascii() and character.isalpha() for character in text):
        return text
    return "".join(character if _is_latin(character) else _escaped(character)
                   for character in text)


def _is_latin(character: str) -> bool:
    return (character.isascii() or not character.isalpha()
            or unicodedata.name(character, "").startswith("LATIN"))


def _escaped(character: str) -> str:
    return ascii(character)[1:-1]
