"""Shuffled labels: a cell's items with targets that say nothing of their inputs.

What is left of a task is its text, its head and its class counts. So a gain that such training
brings as well is not due to what the task asks.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spaces.tasks import Kind
from trainables.encoded import IGNORED, Encoded
from trainables.encoding import span_targets
from trainables.recipes import derived_seed
from trainables.rows import Rows

__all__ = ["shuffled"]

# Scripts that put no spaces between words, in which a character counts as one: Thai, Lao,
# Burmese, Khmer, kana, Han.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
Array = NDArray[Any]


def shuffled(encoded: Encoded, rows: Rows, seed: int) -> Encoded:
    """Return a cell's items with shuffled targets, a function of the seed and the cell.

    Labels are permuted among the rows, tags among the tagged words of the cell, so that each
    occurs as often as before. An answer becomes a span of as many words of its own context, all
    such spans being equally likely; a row without an answer keeps none. Plain text has no labels
    to shuffle: it stays what it is, so that a mixture's other cells are all that changes.

    Args:
        encoded: the items of `rows`.
        rows: the cell's.
        seed: of the trial.
    """
    random = np.random.default_rng(derived_seed(seed, f"shuffled {rows.place}"))
    match rows.task.kind:
        case Kind.TAGGING:
            tags = encoded.tokens["tag"].copy()
            tags[tags != IGNORED] = random.permutation(tags[tags != IGNORED])
            return _with(encoded, tokens={"tag": tags})
        case Kind.QA:
            firsts, lasts = _drawn_spans(rows, random)
            places = encoded.items["row"]
            start, end = span_targets(encoded, firsts[places], lasts[places])
            return _with(encoded, items={"start": start, "end": end})
        case Kind.MLM:
            return encoded
        case _:
            return _with(encoded, items={"label": random.permutation(encoded.items["label"])})


def _with(
    encoded: Encoded, *, items: dict[str, Array] | None = None,
    tokens: dict[str, Array] | None = None,
) -> Encoded:
    return Encoded(encoded.ids, encoded.offsets, encoded.items | (items or {}),
                   encoded.tokens | (tokens or {}))


def _drawn_spans(rows: Rows, random: np.random.Generator) -> Array:
    """Return each row's first character of its span and the one after its last, [2, rows]."""
    spans = np.full((2, len(rows)), -1)
    columns = (rows.table[name].to_pylist() for name in ("context", "answers", "answer_starts"))
    for number, (context, answers, starts) in enumerate(zip(*columns, strict=True)):
        if answers:
            spans[:, number] = _drawn_span(context, starts[0], starts[0] + len(answers[0]), random)
    return spans


def _drawn_span(
    context: str, first: int, last: int, random: np.random.Generator
) -> tuple[int, int]:
    """Return a span of as many words as the one from `first` to before `last` touches."""
    words = [word.span() for word in _WORD.finditer(context)]
    count = sum(stop > first and start < last for start, stop in words)
    if not count:  # an answer of no word, such as a blank
        return first, last
    begin = int(random.integers(len(words) - count + 1))
    return words[begin][0], words[begin + count - 1][1]
