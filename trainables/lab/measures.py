"""Measures ("37 kilometers", "37 km") in a language, split by number and unit."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from babel.units import format_unit

from spaces.data_sources import Split
from spaces.languages import ENGLISH
from trainables.lab.cldr import locality, lower, plainly_spaced

__all__ = ["NUMBERS", "UNITS", "Measure", "hashed_split", "measures", "own_units", "unit_names"]

# Two digits each, so that how many digits are written says nothing.
NUMBERS = tuple(range(11, 99, 2))

# By CLDR's names.
UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "length": ("meter", "kilometer", "decimeter", "centimeter", "millimeter", "mile", "yard",
               "foot", "inch"),
    "mass": ("gram", "kilogram", "milligram", "microgram", "tonne", "pound", "ounce", "carat"),
    "volume": ("liter", "hectoliter", "deciliter", "centiliter", "milliliter", "cubic-meter",
               "gallon", "pint", "barrel"),
    "duration": ("second", "minute", "hour", "day", "week", "month", "year", "millisecond"),
    "energy": ("joule", "kilojoule", "calorie", "kilocalorie", "kilowatt-hour", "electronvolt",
               "british-thermal-unit"),
}
_Key = tuple[str, str, str]  # (quantity, unit, style)
_Forms = dict[str, str]  # plural form -> pattern with {0} for the number
_STYLES: tuple[Literal["long", "short"], ...] = ("long", "short")
_SHARES = (0.6, 0.8)  # up to which a hash falls into train, into validation


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a unit; `text` is how the language writes it, `style` `long` or `short`."""

    number: int
    quantity: str
    unit: str
    style: str
    text: str

    @property
    def name(self) -> str:
        """The measure's name, the same in every language and style: `37:length-kilometer`."""
        return measure_name(self.number, self.quantity, self.unit)


def measure_name(number: int, quantity: str, unit: str) -> str:
    """Return the name that a measure has in every language."""
    return f"{number}:{quantity}-{unit}"


def hashed_split(name: str) -> Split:
    """Return the split of an expression, 60/20/20 by a hash of its name."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    return "train" if share < _SHARES[0] else "validation" if share < _SHARES[1] else "test"


@lru_cache(maxsize=6)  # the splits of English and of the language at hand
def measures(language: str, split: Split) -> tuple[Measure, ...]:
    """Return the measures of one split that the language has words of its own for.

    In `long` style are the units of `own_units`; in `short` style all symbols that the CLDR has.
    """
    here = locality(language)
    own = own_units(language)
    styled = {(*unit, "long"): forms for unit, forms in own.items()}
    styled |= {key: forms for key, forms in _patterns(language).items() if key[2] == "short"}
    written = {number: here.number(number) for number in NUMBERS}
    plurals = {number: here.locale.plural_form(number) for number in NUMBERS}
    return tuple(
        Measure(number, quantity, unit, style,
                plainly_spaced(forms[plurals[number]]).replace("{0}", written[number]))
        for (quantity, unit, style), forms in styled.items()
        for number in _numbers()[split, quantity, unit])


@lru_cache(maxsize=3)
def own_units(language: str) -> dict[tuple[str, str], _Forms]:
    """Return (quantity, unit) -> its forms written out, in a language's own words.

    Left out are units that the CLDR names by its own id or in English (a pattern that differs in
    as little as its space is a language's own, as French "joules" is). Where it has no long form
    the short one stands for it, as in the CLDR's own root locale (babel does not follow that
    alias), unless that is the English symbol.
    """
    english = {} if language == ENGLISH else _patterns(ENGLISH)
    patterns = _patterns(language)
    own = {}
    for quantity, unit, _ in patterns:
        forms = patterns.get((quantity, unit, "long")) or patterns[quantity, unit, "short"]
        if all(forms != english.get((quantity, unit, style)) for style in _STYLES):
            own[quantity, unit] = forms
    return own


def unit_names(language: str) -> dict[_Key, str]:
    """Return (quantity, unit, style) -> a unit's name without a number, where it is not English."""
    found = _unit_names(language)
    english = {} if language == ENGLISH else _unit_names(ENGLISH)
    return {key: name for key, name in found.items() if name != english.get(key)}


def _unit_names(language: str) -> dict[_Key, str]:
    named = locality(language).locale.unit_display_names
    return {(quantity, unit, style): lower(names[style])
            for quantity, units in UNITS.items() for unit in units for style in _STYLES
            if style in (names := named.get(f"{quantity}-{unit}", {}))}


@lru_cache(maxsize=1)
def _numbers() -> dict[tuple[Split, str, str], list[int]]:
    """Return the numbers with which each unit occurs in each split."""
    dealt: dict[tuple[Split, str, str], list[int]] = defaultdict(list)
    for quantity, units in UNITS.items():
        for unit in units:
            for number in NUMBERS:
                split = hashed_split(measure_name(number, quantity, unit))
                dealt[split, quantity, unit].append(number)
    return dealt


@lru_cache(maxsize=2)
def _patterns(language: str) -> dict[_Key, _Forms]:
    """Return (quantity, unit, style) -> plural form -> pattern with {0} for the number.

    Left out are units that the CLDR names by their own id, and two that are written alike, such
    as metres and minutes where both are "m".
    """
    locale = locality(language).locale
    examples = {locale.plural_form(number): number for number in NUMBERS}
    patterns = {}
    for quantity, units in UNITS.items():
        for unit in units:
            for style in _STYLES:
                forms = {plural: lower(format_unit(number, f"{quantity}-{unit}", length=style,
                                                   locale=locale)).replace(str(number), "{0}")
                         for plural, number in examples.items()}
                if all("{0}" in form and f"{quantity}-{unit}" not in form
                       for form in forms.values()):
                    patterns[quantity, unit, style] = forms
    writers: dict[str, set[str]] = defaultdict(set)
    for (_, unit, _), forms in patterns.items():
        for form in forms.values():
            writers[form].add(unit)
    return {key: forms for key, forms in patterns.items()
            if all(len(writers[form]) == 1 for form in forms.values())}
