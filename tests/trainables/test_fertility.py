"""Fertility: tokens over words where a task has them, over characters elsewhere."""

from __future__ import annotations

from typing import cast

import pyarrow as pa
import pytest

from spaces.tasks import Kind
from tests.trainables.test_perturbed_rows import Letters
from tests.trainables.tiny import rows, task
from trainables.fertility import Fertility, fertility_of
from trainables.rows import DataError, Rows
from trainables.tokenizer import Tokenizer

PAIRS_OF_LETTERS = cast(Tokenizer, Letters())


def holding(kind: Kind, **columns: list[object]) -> Rows:
    """Return tiny rows with some columns' values given."""
    made = rows(task(kind), "en", "test", 2)
    table = made.table
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place),
                                 pa.array(values, table.schema.field(place).type))
    return made.taken(table, "made")


@pytest.mark.parametrize(("given", "expected"), [
    (holding(Kind.TAGGING, tokens=[["abc", "de"], ["f"]], tags=[[0, 0], [0]]),
     Fertility(tokens=4, units=3, unit="word")),
    (holding(Kind.CLASSIFICATION, text=["abc de", "f\u00a0\n"]),
     Fertility(tokens=4, units=6, unit="character")),
    (holding(Kind.PAIR, text=["abc", "d"], text_pair=["ef", "g h"]),
     Fertility(tokens=6, units=8, unit="character")),
    (holding(Kind.MULTIPLE_CHOICE, prompt=["abc", "d"],
             options=[["ab", "cd", "e"], ["f", "g", "h"]]),
     Fertility(tokens=9, units=12, unit="character")),
    (holding(Kind.QA, question=["ab", "cd"], context=["ab abc", "d"]),
     Fertility(tokens=6, units=10, unit="character")),
])
def test_tokens_are_counted_per_word_where_there_are_words(
    given: Rows, expected: Fertility
) -> None:
    found = fertility_of(given, PAIRS_OF_LETTERS)
    assert found == expected
    assert found.ratio == expected.tokens / expected.units


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.MLM])
def test_every_kind_that_is_scored_is_counted(kind: Kind) -> None:
    found = fertility_of(rows(task(kind), "en", "test", 8), PAIRS_OF_LETTERS)
    assert 0 < found.ratio <= (3 if found.unit == "word" else 1)


def test_rows_of_nothing_are_a_fault_of_the_data() -> None:
    with pytest.raises(DataError, match="must hold text to count tokens of, got 0 characters"):
        fertility_of(holding(Kind.CLASSIFICATION, text=[" ", "\n"]), PAIRS_OF_LETTERS)
