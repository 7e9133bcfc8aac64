"""Parallel text: train entities and units in a language and in English, for pretraining.

Only languages with much text on the web have it, as in the field's own parallel corpora; the
others meet English in what they share with these alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from spaces.languages import ENGLISH, ResourceClass
from spaces.languages import language as language_of
from trainables.lab.draws import Draws
from trainables.lab.generation import Source
from trainables.lab.measures import unit_names
from trainables.lab.pretraining import PRETRAINING_LANGUAGES

__all__ = ["PARALLEL_LANGUAGES", "make_parallel_text"]

PARALLEL_LANGUAGES = tuple(code for code in PRETRAINING_LANGUAGES if code != ENGLISH
                           and language_of(code).resource_class is ResourceClass.HIGH)
_ROWS = {"names": 200, "units": 200}  # a language
_LONGEST = 2  # items of a row
_Translated = tuple[str, str]  # in the language, in English


def make_parallel_text(language: str) -> pa.Table:
    """Make one language's parallel text: columns `text`, `translation` (English), `language`.

    Lists of one or two names of the train split, or of units without numbers, which would give
    a pair away.
    """
    here, english = Source("parallel", language, "train"), Source("parallel", ENGLISH, "train")
    named = dict(zip(english.names.documents, english.names.texts, strict=True))
    names = [(text, named[entity]) for entity, text in
             zip(here.names.documents, here.names.texts, strict=True) if entity in named]
    written_out = unit_names(ENGLISH)
    units = [(name, written_out[quantity, unit, "long"])
             for (quantity, unit, _), name in sorted(unit_names(language).items())]
    rows = [(here.listed([first for first, _ in items]),
             english.listed([second for _, second in items]))
            for pool, count in ((names, _ROWS["names"]), (units, _ROWS["units"]))
            for items in _drawn(here.draws, pool, count)]
    return pa.table({"text": pa.array([text for text, _ in rows], pa.string()),
                     "translation": pa.array([english for _, english in rows], pa.string()),
                     "language": pa.array([language] * len(rows), pa.string())})


def _drawn(draws: Draws, pool: Sequence[_Translated], rows: int) -> list[list[_Translated]]:
    counts = 1 + draws.below(_LONGEST, rows)
    places = draws.below(len(pool), rows, _LONGEST).tolist()
    return [[pool[place] for place in held[:count]]
            for held, count in zip(places, counts.tolist(), strict=True)]
