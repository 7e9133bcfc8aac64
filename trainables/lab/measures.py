"""Measures ("37 kilometers", "37 km") in a language, split by number and unit."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from babel.units import format_unit

from spaces.tasks import Split
from trainables.lab.cldr import locality, lower

__all__ = ["NUMBERS", "Measure", "hashed_split", "measures"]

# Two digits each, so that how many digits are written says nothing.
NUMBERS = tuple(range(11, 99, 2))

# What one of a unit is in the quantity's first unit. Months have 30 days, years 365.
_VALUES: dict[str, dict[str, float]] = {
    "length": {"meter": 1, "kilometer": 1e3, "decimeter": 0.1, "centimeter": 0.01,
               "millimeter": 1e-3, "mile": 1609.344, "yard": 0.9144, "foot": 0.3048,
               "inch": 0.0254},
    "mass": {"gram": 1, "kilogram": 1e3, "milligram": 1e-3, "microgram": 1e-6, "tonne": 1e6,
             "pound": 453.59237, "ounce": 28.349523, "carat": 0.2},
    "volume": {"liter": 1, "hectoliter": 100, "deciliter": 0.1, "centiliter": 0.01,
               "milliliter": 1e-3, "cubic-meter": 1e3, "gallon": 3.785412, "pint": 0.473176,
               "barrel": 158.987295},
    "duration": {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800,
                 "month": 2_592_000, "year": 31_536_000, "millisecond": 1e-3},
    "digital": {"byte": 1, "bit": 0.125, "kilobyte": 1e3, "megabyte": 1e6, "gigabyte": 1e9,
                "terabyte": 1e12, "petabyte": 1e15},
    "energy": {"joule": 1, "kilojoule": 1e3, "calorie": 4.184, "kilocalorie": 4184,
               "kilowatt-hour": 3.6e6},
}
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
    def value(self) -> float:
        """The size in the quantity's first unit."""
        return self.number * _VALUES[self.quantity][self.unit]

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


@lru_cache(maxsize=3)
def measures(language: str, split: Split) -> tuple[Measure, ...]:
    """Return the measures of one split that the language has words of its own for.

    Left out are units that the CLDR names by its own id or, written out, in English.
    """
    here = locality(language)
    english = {} if language == "en" else _patterns("en")
    written = {number: here.number(number) for number in NUMBERS}
    plurals = {number: here.locale.plural_form(number) for number in NUMBERS}
    found = []
    for (quantity, unit, style), forms in _patterns(language).items():
        if style == "long" and forms == english.get((quantity, unit, style)):
            continue
        for number in _numbers()[split, quantity, unit]:
            text = forms[plurals[number]].replace("{0}", written[number])
            found.append(Measure(number, quantity, unit, style, text))
    return tuple(found)


@lru_cache(maxsize=1)
def _numbers() -> dict[tuple[Split, str, str], list[int]]:
    """Return the numbers with which each unit occurs in each split."""
    dealt: dict[tuple[Split, str, str], list[int]] = defaultdict(list)
    for quantity, units in _VALUES.items():
        for unit in units:
            for number in NUMBERS:
                split = hashed_split(measure_name(number, quantity, unit))
                dealt[split, quantity, unit].append(number)
    return dealt


@lru_cache(maxsize=2)
def _patterns(language: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return (quantity, unit, style) -> plural form -> pattern with {0} for the number.

    Left out are units that the CLDR names by their own id, and two that are written alike, such
    as metres and minutes where both are "m".
    """
    locale = locality(language).locale
    examples = {locale.plural_form(number): number for number in NUMBERS}
    patterns = {}
    for quantity, units in _VALUES.items():
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
