"""Similarity: how close a row of the lab is to its English, so that copying can be told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rapidfuzz.distance import Levenshtein

from spaces.data_sources import Split
from spaces.languages import ENGLISH
from trainables.lab.cldr import locality, raw_names
from trainables.lab.measures import measures
from trainables.lab.times import RelativeTime, relative_times
from trainables.rows import Rows

__all__ = ["VERSION", "edit_similarity", "item_similarities", "row_similarities"]

# Bumped whenever this file gives a row another similarity; a test watches it.
VERSION = 1

# Columns that do not show the row's language.
_ASIDE = ("id", "document", "english")
# Languages and splits whose rows are remembered: those that a search scores.
_KEPT = 512
_DIGIT = re.compile(r"\d")  # of any script


def edit_similarity(first: str, second: str) -> float:
    """Return 1 - Levenshtein distance / length of the longer text: 1 for equal, 0 for unlike.

    Source: Levenshtein (1966); divided by the longer length it is the LDN of Holman et al.
    (2008), "Explorations in automated language classification".
    """
    return Levenshtein.normalized_similarity(first, second)


def row_similarities(rows: Rows) -> npt.NDArray[np.float64]:
    """Return each row's similarity to its English. Shape [rows], 0 to 1.

    It is the largest over the items that the row's document names: one near-copy is enough to
    solve a row by. A measure counts in the style that the row has it in. English rows have 1,
    and so have rows of items that the lab does not render: nobody knows that they are no copies.
    """
    columns = [rows.table[field.name].to_pylist() for field in rows.table.schema
               if field.name not in _ASIDE and _is_text(field.type)]
    texts = tuple("\n".join(_spaced(part if isinstance(part, str) else " ".join(part))
                            for part in parts) for parts in zip(*columns, strict=True))
    documents = tuple(rows.table["document"].to_pylist())
    return np.array(_remembered(rows.language, documents, texts))


@lru_cache(maxsize=4096)
def item_similarities(language: str, item: str) -> Mapping[str, float]:
    """Return text -> similarity to English of each way in which a language writes an item.

    Numbers are left out on both sides. A measure is compared with the English of its own style
    ("km" with "km"). Empty for items that the lab does not render.

    Args:
        language: the code of a language of the lab.
        item: its name in documents: `territory:DE`, `37:length-kilometer` or `-3:week`.
    """
    english = _written(ENGLISH, item)
    found: dict[str, float] = {}
    for style, text in _written(language, item).items():
        others = [english[style]] if style in english else list(english.values())
        near = [edit_similarity(_without_digits(text), _without_digits(other))
                for other in others]
        found[text] = max([found.get(text, 0.0), *near])
    return found


@lru_cache(maxsize=_KEPT)
def _remembered(
    language: str, documents: tuple[str, ...], texts: tuple[str, ...]
) -> tuple[float, ...]:
    if language == ENGLISH:
        return (1.0,) * len(documents)
    return tuple(_of_row(language, document, text)
                 for document, text in zip(documents, texts, strict=True))


def _of_row(language: str, document: str, text: str) -> float:
    counts = Counter(document.split("+"))
    known = {item: item_similarities(language, item) for item in counts}
    if not all(known.values()):
        return 1.0
    # The longest first, each taken out as it is found: "37 m" also begins "37 meters".
    ways = sorted(((written, item) for item, held in known.items() for written in held),
                  key=lambda way: (-len(way[0]), way))
    found = []
    for written, item in ways:
        while counts[item] and written in text:
            text = text.replace(written, "\n", 1)
            counts[item] -= 1
            found.append(known[item][written])
    # An item that the row has in another form than the lab's own counts at its most similar.
    found += [max(known[item].values()) for item, count in counts.items() if count]
    return max(found)


def _written(language: str, item: str) -> dict[str, str]:
    """Return style -> text of an item in a language; names and times have one style."""
    if item in _times():
        return {"": _spaced(_times()[item].text(locality(language)))}
    if item in _measured(language):
        return _measured(language)[item]
    name = locality(language).names.get(item) or raw_names(language).get(item)
    return {} if name is None else {"": _spaced(name)}


@lru_cache(maxsize=2)  # English, and the language at hand
def _measured(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for split in get_args(Split):
        for measure in measures(language, split):
            found.setdefault(measure.name, {})[measure.style] = _spaced(measure.text)
    return found


@lru_cache(maxsize=1)
def _times() -> dict[str, RelativeTime]:
    return {time.name: time for times in relative_times().values() for time in times}


def _without_digits(text: str) -> str:
    return _spaced(_DIGIT.sub(" ", text))


def _spaced(text: str) -> str:
    """Return a text with single spaces: tagged rows are words without the space between them."""
    return " ".join(text.split())


def _is_text(held: pa.DataType) -> bool:
    return bool(pa.types.is_string(held)
                or (pa.types.is_list(held) and pa.types.is_string(held.value_type)))
