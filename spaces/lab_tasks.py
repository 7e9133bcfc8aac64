"""The tasks of the embedded lab: what each asks, and the languages it is offered in.

The lab's text is formulaic (names, measures and relative times of the Unicode CLDR, listed by its
own patterns), its labels are exact; `trainables/lab` makes it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final

from spaces.data_sources import LabSource, Split
from spaces.languages import ENGLISH, ResourceClass, language
from spaces.tasks import Kind, Task
from spaces.value import Value

__all__ = ["DIRECTIONS", "ENTITY_KINDS", "LAB_ROWS", "LAB_TASKS", "OPTIONS", "QUANTITIES",
           "UNSEEN_IN_PRETRAINING", "LabShare", "has_times", "lab_rows", "lab_shares", "text_rows"]

LAB_ROWS: Final[dict[Split, int]] = {"train": 1440, "validation": 360, "test": 360}
"""Rows of every lab task in every language, by split: multiples of every task's design. Of text
there are as many as `text_rows` says."""

UNSEEN_IN_PRETRAINING: Final = ("az", "cy", "et", "gl", "mk", "mr", "ps", "tg")
"""Languages without a row in the lab's pretraining text and tokenizer, though their scripts
(Latin, Cyrillic, Devanagari, Arabic) are there in other languages."""

ENTITY_KINDS: Final = ("territory", "language", "currency", "zone")
"""What a name of the lab names; a zone is a time zone."""

QUANTITIES: Final = ("length", "mass", "volume", "duration", "energy")
"""What a measure of the lab measures, by CLDR's names."""

DIRECTIONS: Final = ("past", "future")
"""Where a relative time of the lab lies."""

OPTIONS: Final = ("first", "second", "third")
"""The options of a multiple-choice row, by position."""


class LabShare(Value):
    """What a language says in words of its own, once fallbacks and English are dropped.

    `names`, `units` and `times` are shares of what the CLDR lists (names) or the lab asks for;
    `fewest_names` and `fewest_units` count those of the kind and of the quantity with fewest.
    """

    code: str
    names: float
    fewest_names: int
    units: float
    fewest_units: int
    times: float


@cache
def lab_shares() -> tuple[LabShare, ...]:
    """Return the catalogue of shares, by language; `trainables/lab/shares.py` writes it."""
    with resources.files("spaces").joinpath("lab_shares.csv").open(encoding="utf-8") as file:
        return tuple(LabShare.model_validate(row) for row in csv.DictReader(file))


# Below these a language is not offered: too few things to ask about, or too much left standing.
NAMES_FLOOR, FEWEST_NAMES, FEWEST_UNITS, TIMES_FLOOR = 0.5, 50, 3, 0.8

_COPIES: Final = frozenset({"ht"})  # the CLDR's Haitian Creole is French, letter for letter
_OFFERED = tuple(share for share in lab_shares() if share.code not in _COPIES)
_NAMED = tuple(share.code for share in _OFFERED
               if share.names >= NAMES_FLOOR and share.fewest_names >= FEWEST_NAMES)
_MEASURED = tuple(share.code for share in _OFFERED if share.fewest_units >= FEWEST_UNITS)
_READ = tuple(code for code in _NAMED if code not in UNSEEN_IN_PRETRAINING)

_TEXT_ROWS: Final = {"names": 80, "times": 40, "measures": 180, "symbols": 60}
# The share of them that a language has by its resources, as XLM-R draws less of what is rare.
_TEXT_SHARES: Final = {ResourceClass.HIGH: 1.0, ResourceClass.MEDIUM: 2 / 3,
                       ResourceClass.LOW: 1 / 3, ResourceClass.UNSEEN: 1 / 3}


def has_times(code: str) -> bool:
    """Return whether a language's relative times are in words of its own, but for a few."""
    return any(share.code == code and share.times >= TIMES_FLOOR for share in lab_shares())


def text_rows(code: str) -> dict[str, int]:
    """Return how many rows a language's pretraining text has of each sort; it has some of names.

    Languages with little text on the web have less of it here too, and none of times or measures
    that they do not say in words of their own.
    """
    own = {"names"} | ({"times"} if has_times(code) else set()) | (
        {"measures", "symbols"} if code in _MEASURED else set())
    share = _TEXT_SHARES[language(code).resource_class]
    return {sort: round(share * rows) for sort, rows in _TEXT_ROWS.items() if sort in own}


def lab_rows(task: Task, code: str, split: Split) -> int:
    """Return how many rows a split of a lab task has in a language it is offered in."""
    return sum(text_rows(code).values()) if task.kind is Kind.MLM else LAB_ROWS[split]


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
    _task("lab-kind", Kind.CLASSIFICATION, ENTITY_KINDS, offered=_NAMED),
    # What does each name of a list of three name? Of each its longest word counts.
    _task("lab-names", Kind.TAGGING, ENTITY_KINDS, offered=_NAMED),
    # Do two measures measure the same quantity?
    _task("lab-same", Kind.PAIR, _SAME),
    # Which measure of a list of three measures what the question's measures?
    _task("lab-qa", Kind.QA),
    # Which of three measures measures what the prompt's two measure?
    _task("lab-choice", Kind.MULTIPLE_CHOICE, OPTIONS, target=True),
    # Which list of three measures says what an English one does? Found, never trained.
    Task(name="lab-retrieval", kind=Kind.RETRIEVAL, roles=("target",), train=(),
         evaluation=tuple(code for code in _MEASURED if code != ENGLISH), metric="accuracy",
         source=LabSource()),
    # The pretraining text of the languages that have any, to read on with.
    Task(name="lab-text", kind=Kind.MLM, roles=("intermediate",), train=_READ, source=LabSource()),
)
