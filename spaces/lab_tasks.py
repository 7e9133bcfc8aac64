"""The tasks of the embedded lab: what each asks, and the languages it is offered in.

The lab's text is formulaic (names, lists and relative times of the Unicode CLDR, composed by
its own patterns), its labels are exact; `trainables/lab` makes it.
"""

from __future__ import annotations

from typing import Final

from spaces.languages import languages
from spaces.tasks import Kind, LabSource, Split, Task

__all__ = ["LAB_ROWS", "LAB_TASKS", "UNSEEN_IN_PRETRAINING"]

LAB_ROWS: Final[dict[Split, int]] = {"train": 1600, "validation": 160, "test": 160}
"""Rows of every lab task in every language, by split; multiples of every task's labels."""

UNSEEN_IN_PRETRAINING: Final = ("az", "cy", "et", "gl", "mk", "mr", "ps", "tg")
"""Languages without a row in the lab's pretraining text and its tokenizer's: three scripts in
Latin, Cyrillic, Devanagari and Arabic letters, each script seen in other languages."""

# CLDR's Haitian Creole is French, letter for letter; its Romansh has eight time zones.
_WITHOUT_NAMES: Final = frozenset({"ht", "rm"})
# Languages whose relative times are the CLDR's placeholders ("-5 w"), or hold brackets or signs.
_WITHOUT_TIMES: Final = frozenset({"cv", "ht", "ks", "ku", "lb", "mi", "rm", "yo"})

_LANGUAGES = tuple(entry.code for entry in languages("lab"))
_NAMED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_NAMES)
_TIMED = tuple(code for code in _LANGUAGES if code not in _WITHOUT_TIMES)
_ENTITIES = ("territory", "language", "currency", "zone")

LAB_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="lab-kind",  # what do the two listed names name?
        kind=Kind.CLASSIFICATION,
        roles=("intermediate", "target"),
        train=_NAMED,
        evaluation=_NAMED,
        labels=_ENTITIES,
        metric="accuracy",
        source=LabSource(),
    ),
    Task(
        name="lab-tags",  # what does each name in a list of three name?
        kind=Kind.TAGGING,
        roles=("intermediate", "target"),
        train=_NAMED,
        evaluation=_NAMED,
        labels=("O", *_ENTITIES),
        metric="accuracy",
        source=LabSource(),
    ),
    Task(
        name="lab-pair",  # do both lists name things of one kind?
        kind=Kind.PAIR,
        roles=("intermediate", "target"),
        train=_NAMED,
        evaluation=_NAMED,
        labels=("different", "same"),
        metric="accuracy",
        source=LabSource(),
    ),
    Task(
        name="lab-order",  # does the second relative time come before or after the first?
        kind=Kind.PAIR,
        roles=("intermediate", "target"),
        train=_TIMED,
        evaluation=_TIMED,
        labels=("before", "after"),
        metric="accuracy",
        source=LabSource(),
    ),
)
