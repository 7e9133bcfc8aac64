"""Code-mixing: rows asked in another language, where a task's rows are translations of each other.

The question, hypothesis or prompt of a row is that of the row with the same id in the other
language; no model has a part in it. Source of the idea: Tan and Joty 2021 (arXiv 2103.09593).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spaces.tasks import Kind
from spaces.value import digest_of
from trainables.rows import Rows

__all__ = ["FEWEST_MIXED", "MIXED_COLUMNS", "mixed_rows"]

MIXED_COLUMNS: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.PAIR: "text_pair", Kind.QA: "question", Kind.MULTIPLE_CHOICE: "prompt"})
"""What of each kind's rows is put in the other language; other kinds cannot be mixed."""

FEWEST_MIXED: Final = 20
"""Fewer rows with a translation are not scored."""

# Of rows that are numbered alike but are no translations, labels agree by chance only.
_AGREEING: Final = 0.95


def mixed_rows(rows: Rows, partner: Rows) -> tuple[Rows, NDArray[np.int64]] | None:
    """Return the rows with a translation in `partner`, asked in its language, and their places.

    Rows are translations where ids are equal and labels, options' number and answers' presence
    agree. None where fewer than `FEWEST_MIXED` rows are, or where labels agree in fewer than 95 %
    of the rows of equal ids: these are numbered alike, and no translations. Questions must have ids
    of their own, for they have no labels to agree.
    """
    kind = rows.task.kind
    if kind not in MIXED_COLUMNS or rows.language == partner.language:
        return None
    column = MIXED_COLUMNS[kind]
    places = {name: place for place, name in enumerate(partner.table["id"].to_pylist())}
    shared = [(own, places[name]) for own, name in enumerate(rows.table["id"].to_pylist())
              if name in places]
    gold, other = _compared(rows), _compared(partner)
    agreeing = [(own, its) for own, its in shared if gold[own] == other[its]]
    numbered = kind is Kind.QA and all(name.isdecimal() for name in places)
    if numbered or len(agreeing) < max(FEWEST_MIXED, _AGREEING * len(shared)):
        return None
    own, its = (np.asarray(side, np.int64) for side in zip(*agreeing, strict=True))
    table = rows.table.take(pa.array(own)).combine_chunks()
    place = table.schema.get_field_index(column)
    asked = partner.table[column].take(pa.array(its)).combine_chunks()
    table = table.set_column(place, table.schema.field(place), asked)
    return rows.taken(table, digest_of([rows.fingerprint, partner.fingerprint, column])), own


def _compared(rows: Rows) -> list[object]:
    """Return what translations have in common: the label, or whether there is an answer."""
    if rows.task.kind is Kind.QA:
        return [bool(answers) for answers in rows.table["answers"].to_pylist()]
    labels: list[object] = rows.table["label"].to_pylist()
    return labels
