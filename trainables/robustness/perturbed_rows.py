"""Perturbed rows: a set's rows with what is asked of them changed, and their gold as it was.

Of classified texts the text is changed, of pairs both sides, of choices the prompt, of questions
the question: its context stays whole, so that the answer is not the only clean island in it and
lies where it lay. Of sentences each token is changed for itself, and none is lost, so that tags
stay with their tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from spaces.robustness import Perturbation
from spaces.tasks import Kind
from spaces.value import digest_of
from trainables.panel_sets import subset
from trainables.robustness.perturbation import Editable
from trainables.rows import Rows
from trainables.tokenizer import Tokenizer

__all__ = ["PERTURBED_COLUMNS", "VERSION", "Calibration", "Changed", "calibrate", "changed_rows",
           "count_tokens", "fingerprint_of_changed"]

# Bumped whenever the same rows, key and rate give other texts; part of evaluation's digests.
VERSION: Final = 1

PERTURBED_COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType({
    Kind.CLASSIFICATION: ("text",),
    Kind.PAIR: ("text", "text_pair"),
    Kind.TAGGING: ("tokens",),
    Kind.QA: ("question",),
    Kind.MULTIPLE_CHOICE: ("prompt",),
})
"""What is changed of each kind's rows; kinds that are not listed are not perturbed."""

_CALIBRATED: Final = 256  # rows that a rate is found on
_HALVINGS: Final = 8
# How far from the declared increase of tokens a rate may end and still be called matched.
_TOLERANCE: Final = 0.2


@dataclass(frozen=True)
class Calibration:
    """The rate at which a set's texts have so many times their tokens, and what it reaches.

    `reached` is tokens after over tokens before; `is_matched` says that it is near what was asked.
    """

    rate: float
    reached: float
    is_matched: bool


@dataclass(frozen=True)
class Changed:
    """Perturbed rows, and the share of them in which anything is different, 0 to 1."""

    rows: Rows
    share: float


class _Sheet:
    """The texts of some rows that a kind of perturbation may edit, column by column."""

    def __init__(self, rows: Rows, kind: Perturbation, key: tuple[int, int]) -> None:
        self._rows = rows
        ids = rows.table["id"].to_pylist()
        self.columns = {
            name: [[Editable(text, kind, [*key, row, name, place])
                    for place, text in enumerate(texts)]
                   for row, texts in zip(ids, self._texts(name), strict=True)]
            for name in PERTURBED_COLUMNS[rows.task.kind]}

    def _texts(self, name: str) -> Iterator[list[str]]:
        values = self._rows.table[name].to_pylist()
        return iter(values) if self._is_listed else ([value] for value in values)

    @property
    def _is_listed(self) -> bool:
        return self._rows.task.kind is Kind.TAGGING

    @cached_property
    def is_fixed(self) -> bool:
        """Whether no rate changes anything."""
        return all(text.is_fixed for texts in self.columns.values()
                   for text in chain.from_iterable(texts))

    def at(self, rate: float) -> pa.Table:
        """Return the rows' table at a rate."""
        table = self._rows.table
        for name, texts in self.columns.items():
            made: list[Any] = [[text.at(rate) for text in row] for row in texts]
            values = made if self._is_listed else [row[0] for row in made]
            place = table.schema.get_field_index(name)
            table = table.set_column(place, table.schema.field(place),
                                     pa.array(values, table.schema.field(place).type))
        return table


def calibrate(rows: Rows, kind: Perturbation, fertility: float, tokenizer: Tokenizer,
              seed: int) -> Calibration | None:
    """Return the rate at which what is changed has `fertility` times the tokens that it had.

    It is found by halving on at most 256 rows; where even changing all letters that can be does
    not reach it, that rate is returned, unmatched. None where nothing can be changed, as with
    accents in scripts that have none.
    """
    sample = subset(rows, _CALIBRATED)
    sheet = _Sheet(sample, kind, (seed, 0))
    if sheet.is_fixed:
        return None
    before = count_tokens(sample.table, sample.task.kind, tokenizer)

    def reached(rate: float) -> float:
        return count_tokens(sheet.at(rate), sample.task.kind, tokenizer) / before

    found = _nearest(reached, fertility)
    return Calibration(*found, is_matched=abs(found[1] - fertility) <= _TOLERANCE * (fertility - 1))


def _nearest(reached: Callable[[float], float], wanted: float) -> tuple[float, float]:
    """Return the rate tried that comes nearest, and what it reaches; the lower rate of equals."""
    low, high = 0.0, 1.0
    tried = {1.0: reached(1.0)}
    if tried[1.0] > wanted:
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            tried[middle] = reached(middle)
            low, high = (low, middle) if tried[middle] > wanted else (middle, high)
    return min(tried.items(), key=lambda pair: (abs(pair[1] - wanted), pair[0]))


def count_tokens(table: pa.Table, kind: Kind, tokenizer: Tokenizer) -> int:
    """Return the tokens of what is perturbed of a table's rows, special ones apart."""
    if kind is Kind.TAGGING:
        pieces = tokenizer.encode_words(table["tokens"].to_pylist())
        return sum(len(word) for sentence in pieces for word in sentence)
    texts = chain.from_iterable(table[name].to_pylist() for name in PERTURBED_COLUMNS[kind])
    return sum(map(len, tokenizer.encode_whole(list(texts))))


def changed_rows(rows: Rows, kind: Perturbation, rate: float, seed: int, query: int) -> Changed:
    """Return the rows at a rate, by the draws of one query; ids and gold are what they were."""
    names = PERTURBED_COLUMNS[rows.task.kind]
    table = _Sheet(rows, kind, (seed, query)).at(rate)
    before, after = rows.table.select(names).to_pylist(), table.select(names).to_pylist()
    different = sum(one != other for one, other in zip(before, after, strict=True))
    made = rows.taken(table, fingerprint_of_changed(rows, kind, rate, seed, query))
    return Changed(made, different / len(rows))


def fingerprint_of_changed(rows: Rows, kind: Perturbation, rate: float, seed: int, query: int
                           ) -> str:
    """Return the fingerprint that rows changed like this have, without changing them."""
    return digest_of([VERSION, rows.fingerprint, kind, rate, seed, query])
