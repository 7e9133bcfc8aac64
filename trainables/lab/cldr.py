"""What the CLDR says in one language: names of entities, list patterns, relative times, digits."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from babel import Locale
from babel.lists import format_list

__all__ = ["LONGEST_LIST", "ListStyle", "Locality", "kind_of", "locality", "lower",
           "plainly_spaced", "raw_names"]

ListStyle = Literal["standard", "or"]
LONGEST_LIST = 4

# Codes that stand for no one thing: unions, pseudo-locales, special purposes, metals and funds.
_CODES = {
    "territory": re.compile(r"(?!EU|UN|EZ|ZZ|XA|XB|QO)[A-Z]{2}"),
    "language": re.compile(r"(?!mul|und|zxx|mis|art)[a-z]{2,3}"),
    "currency": re.compile(r"[A-WYZ][A-Z]{2}"),
    "zone": re.compile(r"(?!GMT)\w+"),
}
# Digits by CLDR's numbering system, from the zero on; babel itself always writes 0 to 9.
_ZEROS = {"arab": "٠", "arabext": "۰", "beng": "০", "deva": "०", "mymr": "၀"}
_DIGITS = {system: {ord("0") + digit: chr(ord(zero) + digit) for digit in range(10)}
           for system, zero in _ZEROS.items()}
_PLAIN = str.maketrans("\u00a0\u202f", "  ")
_SIGNS = frozenset(" '’ʼʻ‘-·\u200b\u200c\u200d")  # the last three join or part letters


@dataclass(frozen=True)
class Locality:
    """One language's own plain names, lower-cased, and its patterns.

    `names` maps an entity to its name. `dropped` counts the names left out, by reason:
    `fallback` (the code stands for the name), `english` (equal to the English name), `form`
    (digits, brackets and other signs) and `ambiguous` (one name for two entities). `templates`
    maps (style, count) to the pattern of a list, with {0}, {1}, ... where its items go; `style`
    is babel's, `standard` (and) or `or`.
    """

    language: str
    locale: Locale
    names: dict[str, str]
    dropped: dict[str, int]
    templates: dict[tuple[ListStyle, int], str]

    def number(self, value: int) -> str:
        """Return a whole number in the digits that the language writes by default."""
        digits = _DIGITS.get(self.locale.default_numbering_system, {})
        return str(value).translate(digits)


@lru_cache(maxsize=2)
def locality(language: str) -> Locality:
    """Read one language and keep the names that are its own and plain.

    Raises:
        babel.UnknownLocaleError: if the CLDR does not have the language.
    """
    locale = Locale.parse(language)
    found = raw_names(language)
    english = raw_names("en") if language != "en" else {}
    holders = Counter(found.values())
    names: dict[str, str] = {}
    dropped = Counter(fallback=0, english=0, form=0, ambiguous=0)
    for entity, name in sorted(found.items()):
        if name == entity.partition(":")[2].lower():
            dropped["fallback"] += 1
        elif name == english.get(entity):
            dropped["english"] += 1
        elif not _is_plain(name):
            dropped["form"] += 1
        elif holders[name] > 1:
            dropped["ambiguous"] += 1
        else:
            names[entity] = name
    return Locality(language, locale, names, dict(dropped), _templates(locale))


@lru_cache(maxsize=2)
def raw_names(language: str) -> dict[str, str]:
    """Return entity -> lower-cased name of all entities that the CLDR names in `language`."""
    locale = Locale.parse(language)
    zones = {code: names.get("long", {}) for code, names in locale.meta_zones.items()}
    tables = {
        "territory": locale.territories,
        "language": locale.languages,
        "currency": locale.currencies,
        "zone": {code: names.get("generic") or names.get("standard")
                 for code, names in zones.items()},
    }
    return {f"{kind}:{code}": lower(name) for kind, table in tables.items()
            for code, name in table.items() if name and _CODES[kind].fullmatch(code)}


def _templates(locale: Locale) -> dict[tuple[ListStyle, int], str]:
    slots = [f"{{{index}}}" for index in range(LONGEST_LIST)]
    styles: tuple[ListStyle, ...] = ("standard", "or")
    return {(style, count): lower(format_list(slots[:count], style=style, locale=locale))
            for style in styles for count in range(2, LONGEST_LIST + 1)}


def kind_of(entity: str) -> str:
    """Return the kind of an entity: `currency` of `currency:DEM`."""
    return entity.partition(":")[0]


def lower(text: str) -> str:
    """Return `text` in lower case, composed: capitals would tell kinds apart in most languages."""
    return unicodedata.normalize("NFC", text.replace("İ", "i").lower())


def plainly_spaced(text: str) -> str:
    """Return `text` with plain spaces alone: of those that break no line some units have more."""
    return text.translate(_PLAIN)


def _is_plain(name: str) -> bool:
    """Whether a name has letters, marks, spaces, hyphens and apostrophes only."""
    return all(map(_is_plain_sign, name))


@cache
def _is_plain_sign(char: str) -> bool:
    return char in _SIGNS or unicodedata.category(char)[0] in "LM"
