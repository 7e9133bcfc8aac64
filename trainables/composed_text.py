"""Composed text: every text in one form of Unicode, and the places of answers counted in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from spaces.data_sources import TableSource
from trainables.raw_columns import RawColumns, with_values
from trainables.rows import DataError

__all__ = ["answer_starts", "composed", "composed_text", "made_of_each"]

# Texts that are Python's at once; all of a split's would take ten times the bytes they have.
_AT_ONCE = 8_192


def composed(values: pa.Array) -> pa.Array:
    """Return texts, or lists of texts, in Unicode's composed form (NFC); all else as it is.

    So a row reads alike however its accents are written, whatever a tokenizer makes of them.
    """
    # By Python's Unicode: Arrow's own normaliser leaves some texts decomposed.
    if pa.types.is_list(values.type):
        return with_values(values, composed(values.flatten()))
    if not pa.types.is_string(values.type) or pc.all(pc.string_is_ascii(values)).as_py():
        return values
    return made_of_each(composed_text, values)


def made_of_each(function: Callable[[str], str], texts: pa.Array) -> pa.Array:
    """Return what a function makes of each text."""
    parts = [pa.array(map(function, texts.slice(first, _AT_ONCE).to_pylist()), pa.string())
             for first in range(0, len(texts), _AT_ONCE)]
    return pa.concat_arrays(parts) if parts else texts


def composed_text(text: str) -> str:
    """Return a text in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", text)


def answer_starts(
    source: TableSource, raw: RawColumns, columns: dict[str, pa.Array]
) -> pa.Array:
    """Return where answers begin in their contexts, in characters, once both are composed.

    Args:
        source: how the table names its columns, for messages.
        raw: the table, for messages.
        columns: the canonical `context`, `answers` and `answer_starts`, as they lie in the table.

    Raises:
        DataError: if answers and starts differ in number, an answer is not at its place in the
            context, or it parts a composed character.
    """
    raw.check_lengths((source.column("answers"), columns["answers"]),
                      (source.column("answer_starts"), columns["answer_starts"]))
    _check_answers(source, raw, columns)
    contexts, starts = columns["context"], columns["answer_starts"]
    if composed(contexts).equals(contexts):
        return starts
    texts = contexts.to_pylist()
    moved = [[len(composed_text(text[:start])) for start in row] for text, row in
             zip(texts, starts.to_pylist(), strict=True)]
    answers = columns["answers"].to_pylist()
    for row, (text, places, given) in enumerate(zip(texts, moved, answers, strict=True)):
        for place, answer in zip(places, given, strict=True):
            if not composed_text(text).startswith(composed_text(answer), place):
                raise DataError(f"`{source.column('answers')}` must begin and end with whole "
                                f"characters, got {answer[:60]!r} ({raw.place(row)})")
    return pa.array(moved, starts.type)


def _check_answers(
    source: TableSource, raw: RawColumns, columns: dict[str, pa.Array]
) -> None:
    texts = zip(*(columns[key].to_pylist() for key in ("context", "answers", "answer_starts")),
                strict=True)
    for row, (context, answers, starts) in enumerate(texts):
        for answer, start in zip(answers, starts, strict=True):
            if start < 0 or context[start:start + len(answer)] != answer:
                raise DataError(
                    f"`{source.column('answers')}` must stand in `{source.column('context')}` at "
                    f"`{source.column('answer_starts')}`, got {answer[:60]!r} at {start} "
                    f"({raw.place(row)})"
                )
