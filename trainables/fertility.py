"""Fertility: into how many tokens a tokenizer cuts the words of a task in one language.

Rust et al. 2021 (arXiv 2012.15613) count tokens per word. Words are counted where a task gives
them, as tagging does. Elsewhere characters are: a script without spaces has no words to count.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from spaces.tasks import Kind
from spaces.value import Value
from trainables.rows import DataError, Rows

if TYPE_CHECKING:
    from trainables.tokenizer import Tokenizer

__all__ = ["Fertility", "fertility_of"]

Unit = Literal["word", "character"]

_READ: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType({
    Kind.CLASSIFICATION: ("text",),
    Kind.PAIR: ("text", "text_pair"),
    Kind.TAGGING: ("tokens",),
    Kind.QA: ("question", "context"),
    Kind.MULTIPLE_CHOICE: ("prompt", "options"),
    Kind.RETRIEVAL: ("text",),
    Kind.RANKING: ("text",),
    Kind.MLM: ("text",),
})
"""The columns of each kind whose texts an encoder reads in the rows' own language."""


class Fertility(Value):
    """`tokens` of some rows, special ones apart, and the words or characters they were cut from.

    Characters are those that are no white space. Fertilities in different units do not compare.
    """

    tokens: Annotated[int, Field(gt=0)]
    units: Annotated[int, Field(gt=0)]
    unit: Unit

    @property
    def ratio(self) -> float:
        """Tokens per unit."""
        return self.tokens / self.units


def fertility_of(rows: Rows, tokenizer: Tokenizer) -> Fertility:
    """Return how a tokenizer cuts a task's rows, however long they are.

    Raises:
        DataError: if the rows are nothing but white space, or all of it is cut away.
    """
    columns = [rows.table[name].to_pylist() for name in _READ[rows.task.kind]]
    if rows.task.kind is Kind.TAGGING:
        sentences, = columns
        pieces = tokenizer.encode_words(sentences)
        return _counted(rows, sum(len(word) for sentence in pieces for word in sentence),
                        sum(map(len, sentences)), "word")
    texts = [text for cell in chain.from_iterable(columns)
             for text in ([cell] if isinstance(cell, str) else cell)]
    return _counted(rows, sum(map(len, tokenizer.encode_whole(texts))),
                    sum(len("".join(text.split())) for text in texts), "character")


def _counted(rows: Rows, tokens: int, units: int, unit: Unit) -> Fertility:
    if not tokens or not units:
        raise DataError(f"a task's rows must hold text to count tokens of, got {units} {unit}s and "
                        f"{tokens} tokens ({rows.place})")
    return Fertility(tokens=tokens, units=units, unit=unit)
