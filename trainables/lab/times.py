"""Relative times ("in 3 weeks", "5 days ago") in a language, split by expression."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from babel.dates import format_timedelta

from spaces.data_sources import Split
from trainables.lab.cldr import Locality, locality, lower
from trainables.lab.measures import hashed_split, measure_name

__all__ = ["RelativeTime", "own_times", "relative_times"]

_SECONDS = {"year": 31_536_000, "month": 2_592_000, "week": 604_800, "day": 86_400,
            "hour": 3_600, "minute": 60, "second": 1}
_PLACEHOLDER = re.compile(r"[+-]\d|[()]")
_NUMBERS = range(3, 21)  # from 3: a dual or "yesterday" would be another word


@dataclass(frozen=True)
class RelativeTime:
    """`number` units before (negative) or after (positive) now."""

    number: int
    unit: str

    @property
    def seconds(self) -> int:
        """The distance from now in seconds; negative is past. babel's months have 30 days."""
        return self.number * _SECONDS[self.unit]

    @property
    def name(self) -> str:
        """The expression's name, the same in every language: `-3:week`."""
        return f"{self.number}:{self.unit}"

    def text(self, locality: Locality) -> str:
        """Write it in a language, with the language's own digits."""
        written = format_timedelta(
            timedelta(seconds=self.seconds), granularity=self.unit,  # type: ignore[arg-type]
            threshold=float("inf"), add_direction=True, locale=locality.locale,
        )
        number = abs(self.number)
        return lower(written.replace(str(number), locality.number(number)))


@lru_cache(maxsize=2)
def own_times(language: str) -> dict[RelativeTime, str]:
    """Return the expressions that a language has words of its own for, and its texts.

    Left out are the CLDR's placeholders ("+3 y"), texts with brackets, and texts that stand for
    two expressions.
    """
    here = locality(language)
    texts = {time: time.text(here) for times in relative_times().values() for time in times}
    holders = Counter(texts.values())
    return {time: text for time, text in texts.items()
            if holders[text] == 1 and not _PLACEHOLDER.search(text)}


@lru_cache(maxsize=1)
def relative_times() -> dict[Split, tuple[RelativeTime, ...]]:
    """Return the expressions of each split, split as the duration that they name."""
    found: dict[Split, list[RelativeTime]] = {"train": [], "validation": [], "test": []}
    for unit in _SECONDS:
        for number in _NUMBERS:
            for time in (RelativeTime(number, unit), RelativeTime(-number, unit)):
                found[hashed_split(measure_name(number, "duration", unit))].append(time)
    return {split: tuple(times) for split, times in found.items()}
