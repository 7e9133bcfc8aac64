"""The tasks of the embedded lab: what each asks, and the languages it is offered in.

The lab's text is formulaic (names, measures and relative times of the Unicode CLDR, listed by its
own patterns), its labels are exact; `trainables/lab` makes it.
"""

from __future__ import annotations

from typing import Final

from spaces.languages import languages
from spaces.tasks import Kind, LabSource, Split, Task

__all__ = ["ENTITY_KINDS", "LAB_ROWS", "LAB_TASKS", "QUANTITIES", "UNSEEN_IN_PRETRAINING"]

LAB_ROWS: Final[dict[Split, int]] = {"train": 1500, "validation": 144, "test": 144}
"""Rows of every lab task in every language, by split; multiples of every number of labels."""

UNSEEN_IN_PRETRAINING: Final = ("az", "cy", "et", "gl", "mk", "mr", "ps", "tg")
"""Languages without a row in the lab's pretraining text and tokenizer, though their scripts
(Latin, Cyrillic, Devanagari, Arabic) are there in other languages."""

ENTITY_KINDS: Final = ("territory", "language", "currency", "zone")
"""What a name of the lab names; a zone is a time zone."""

QUANTITIES: Final = ("length", "mass", "volume", "duration", "digital", "energy")
"""What a measure of the lab measures, by CLDR's names; `digital` is bits and bytes."""

# CLDR's Haitian Creole is French, letter for letter; its Romansh has eight time zones.
_WITHOUT_NAMES: Final = frozenset({"ht", "rm"})
# Languages whose relative times are CLDR's placeholders ("-5 w") or hold brackets and signs;
# where relative times are missing, names of units are too.
_WITHOUT_TIMES: Final = frozenset({"cv", "ht", "ks", "ku", "lb", "mi", "rm", "yo"})

_LANGUAGES = tuple(entry.code for entry in languages("lab"))
_NAMED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_NAMES)
_MEASURED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_TIMES)


def _task(name: str, kind: Kind, labels: tuple[str, ...], *, offered: tuple[str, ...],
          target: bool) -> Task:
    return Task(name=name, kind=kind, roles=("intermediate", "target") if target
                else ("intermediate",), train=offered, evaluation=offered, labels=labels,
                metric="accuracy", source=LabSource())


LAB_TASKS: Final[tuple[Task, ...]] = (
    # Which quantity do two measures ("37 kilometers and 15 in") measure?
    _task("lab-measure", Kind.CLASSIFICATION, QUANTITIES, offered=_MEASURED, target=True),
    # Of two measures of one quantity, is the second smaller or larger than the first? Either
    # side alone tells in about 76 of 100 rows (a kilometer is mostly the larger).
    _task("lab-compare", Kind.PAIR, ("smaller", "larger"), offered=_MEASURED, target=True),
    # Which quantity does each measure of a list of three measure?
    _task("lab-tags", Kind.TAGGING, ("O", *QUANTITIES), offered=_MEASURED, target=True),
    # Do two measures measure the same quantity?
    _task("lab-same", Kind.PAIR, ("different", "same"), offered=_MEASURED, target=False),
    # What do two listed names name?
    _task("lab-kind", Kind.CLASSIFICATION, ENTITY_KINDS, offered=_NAMED, target=False),
    # What does each name of a list of three name?
    _task("lab-names", Kind.TAGGING, ("O", *ENTITY_KINDS), offered=_NAMED, target=False),
    # Does the second relative time ("5 weeks ago") come before or after the first?
    _task("lab-order", Kind.PAIR, ("before", "after"), offered=_MEASURED, target=False),
)
