"""The tasks of the embedded lab: what each asks, and the languages it is offered in.

The lab's text is formulaic (names, measures and relative times of the Unicode CLDR, listed by its
own patterns), its labels are exact; `trainables/lab` makes it.
"""

from __future__ import annotations

from typing import Final

from spaces.languages import languages
from spaces.tasks import Kind, LabSource, Split, Task

__all__ = ["DIRECTIONS", "ENTITY_KINDS", "LAB_ROWS", "LAB_TASKS", "OPTIONS", "QUANTITIES",
           "UNSEEN_IN_PRETRAINING"]

LAB_ROWS: Final[dict[Split, int]] = {"train": 1440, "validation": 360, "test": 360}
"""Rows of every lab task in every language, by split: multiples of every task's design."""

UNSEEN_IN_PRETRAINING: Final = ("az", "cy", "et", "gl", "mk", "mr", "ps", "tg")
"""Languages without a row in the lab's pretraining text and tokenizer, though their scripts
(Latin, Cyrillic, Devanagari, Arabic) are there in other languages."""

ENTITY_KINDS: Final = ("territory", "language", "currency", "zone")
"""What a name of the lab names; a zone is a time zone."""

QUANTITIES: Final = ("length", "mass", "volume", "duration", "digital", "energy")
"""What a measure of the lab measures, by CLDR's names; `digital` is bits and bytes."""

DIRECTIONS: Final = ("past", "future")
"""Where a relative time of the lab lies."""

OPTIONS: Final = ("first", "second", "third")
"""The options of a multiple-choice row, by position."""

# CLDR's Haitian Creole is French, letter for letter; its Romansh has eight time zones.
_WITHOUT_NAMES: Final = frozenset({"ht", "rm"})
# Languages whose relative times are CLDR's placeholders ("-5 w") or hold brackets and signs;
# where relative times are missing, names of units are too.
_WITHOUT_TIMES: Final = frozenset({"cv", "ht", "ks", "ku", "lb", "mi", "rm", "yo"})

_LANGUAGES = tuple(entry.code for entry in languages("lab"))
_NAMED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_NAMES)
_MEASURED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_TIMES)
_SAME: Final = ("different", "same")


def _task(name: str, kind: Kind, labels: tuple[str, ...] = (), *,
          offered: tuple[str, ...] = _MEASURED, target: bool = False) -> Task:
    metric = "exact_match" if kind is Kind.QA else "accuracy"
    return Task(name=name, kind=kind, roles=("intermediate", "target") if target
                else ("intermediate",), train=offered, evaluation=offered, labels=labels,
                metric=metric, source=LabSource())


LAB_TASKS: Final[tuple[Task, ...]] = (
    # Which quantity do two measures ("37 kilometers and 15 in") measure?
    _task("lab-measure", Kind.CLASSIFICATION, QUANTITIES, target=True),
    # Which quantity does each measure of a list of three measure? Of each its longest word counts.
    _task("lab-tags", Kind.TAGGING, QUANTITIES, target=True),
    # What do two listed names name?
    _task("lab-kind", Kind.CLASSIFICATION, ENTITY_KINDS, offered=_NAMED, target=True),
    # What does each name of a list of three name? Of each its longest word counts.
    _task("lab-names", Kind.TAGGING, ENTITY_KINDS, offered=_NAMED, target=True),
    # Do two measures measure the same quantity?
    _task("lab-same", Kind.PAIR, _SAME, target=True),
    # Do two relative times ("5 weeks ago", "in 2 days") lie on the same side of now?
    _task("lab-direction", Kind.PAIR, _SAME, target=True),
    # Which measure of a list of three measures what the question's measures?
    _task("lab-qa", Kind.QA, target=True),
    # Which of three measures measures what the prompt's two measure?
    _task("lab-choice", Kind.MULTIPLE_CHOICE, OPTIONS, target=True),
)
