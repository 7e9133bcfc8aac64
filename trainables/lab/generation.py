"""Generation: the rows of each lab task in one language and split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from spaces.lab_tasks import ENTITY_KINDS, LAB_ROWS, QUANTITIES
from spaces.tasks import Split, Task
from trainables.lab.cldr import ListStyle, kind_of, locality
from trainables.lab.draws import Draws, Pool
from trainables.lab.measures import Measure, measures
from trainables.lab.splits import split_of
from trainables.lab.times import RelativeTime, relative_times
from trainables.rows import row_schema

__all__ = ["Source", "make_rows"]

Row = tuple[Any, ...]
Item = TypeVar("Item")
_LISTED = 2  # items in a list that is classified
_TAGGED = 3  # items in a list that is tagged
_APART = 1.2  # two sizes that are compared differ by at least this factor


class Source:
    """What the rows of one task, language and split are made of."""

    def __init__(self, name: str, language: str, split: Split) -> None:
        self.language = language
        self.split: Split = split
        self.locality = locality(language)
        self.draws = Draws(name, language, split)

    @cached_property
    def names(self) -> Pool:
        """The split's names; the kinds are `ENTITY_KINDS`."""
        splits = split_of()
        return Pool(((ENTITY_KINDS.index(kind_of(entity)), entity, name)
                     for entity, name in self.locality.names.items()
                     if splits.get(entity) == self.split), len(ENTITY_KINDS), self.draws)

    @cached_property
    def measures(self) -> Pool:
        """The split's measures; the kinds are `QUANTITIES`."""
        return Pool(((QUANTITIES.index(measure.quantity), measure.name, measure.text)
                     for measure in measures(self.language, self.split)),
                    len(QUANTITIES), self.draws)

    def pairs(self, items: Sequence[Item]) -> Iterator[tuple[Item, Item]]:
        """Draw pairs of items without end."""
        while True:
            for one, two in self.draws.below(len(items), 8, 2).tolist():
                yield items[one], items[two]

    def listed(self, texts: Sequence[str], style: ListStyle = "standard") -> str:
        """Write texts as the language writes a list."""
        return self.locality.templates[style, len(texts)].format(*texts)


def make_rows(task: Task, language: str, split: Split) -> pa.Table:
    """Make one split of a lab task in one language, in canonical columns.

    Every label occurs equally often (in tagging, on equally many items), in a random order.
    """
    source = Source(task.name, language, split)
    rows = list(_MAKERS[task.name](source, LAB_ROWS[split]))
    order = source.draws.orders(1, len(rows))[0]
    ids = [f"{task.name}-{language}-{split}-{index}" for index in range(len(rows))]
    columns = [ids, *zip(*(rows[index] for index in order), strict=True)]
    schema = row_schema(task.kind)
    return pa.table([pa.array(column, field.type)
                     for column, field in zip(columns, schema, strict=True)], schema=schema)


def _classified(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """Two items of one kind; the label is the kind."""
    labels = np.arange(rows) % pool.count
    lists = pool.draw(np.repeat(labels[:, None], _LISTED, axis=1)).tolist()
    for label, items in zip(labels.tolist(), lists, strict=True):
        yield pool.document(items), source.listed([pool.texts[item] for item in items]), label


def _tagged(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """Three items of three kinds; each word of an item has the item's kind as its tag."""
    shift = np.arange(rows)[:, None]
    kinds = source.draws.orders(rows, _TAGGED) + shift
    kinds = kinds % pool.count
    lists = pool.draw(kinds.reshape(-1, 1)).reshape(rows, _TAGGED).tolist()
    pieces = re.split(r"\{\d\}", source.locality.templates["standard", _TAGGED])
    for items in lists:
        tokens: list[str] = []
        tags: list[int] = []
        for piece, item in zip(pieces, items, strict=False):
            between, words = piece.split(), pool.texts[item].split()
            tokens += between + words
            tags += [0] * len(between) + [int(pool.kinds[item]) + 1] * len(words)
        yield pool.document(items), tokens, tags


def _same(source: Source, rows: int) -> Iterator[Row]:
    pool = source.measures
    same = np.arange(rows) % 2
    first = np.arange(rows) // 2 % pool.count
    other = (first + 1 + source.draws.below(pool.count - 1, rows)) % pool.count
    left = pool.draw(first[:, None])
    right = pool.draw(np.where(same, first, other)[:, None], taken=left)
    for one, two, label in zip(left[:, 0].tolist(), right[:, 0].tolist(), same.tolist(),
                               strict=True):
        yield pool.document([one, two]), pool.texts[one], pool.texts[two], label


def _compare(source: Source, rows: int) -> Iterator[Row]:
    by_quantity = [[measure for measure in measures(source.language, source.split)
                    if measure.quantity == quantity] for quantity in QUANTITIES]
    for index in range(rows):
        label, held = index % 2, by_quantity[index // 2 % len(QUANTITIES)]
        small, large = sorted(_first(source.pairs(held), _differ), key=lambda one: one.value)
        first, second = (small, large) if label else (large, small)
        yield f"{first.name}+{second.name}", first.text, second.text, label


def _order(source: Source, rows: int) -> Iterator[Row]:
    times = relative_times()[source.split]
    texts = {time: time.text(source.locality) for time in times}
    for index in range(rows):
        early, late = sorted(_first(source.pairs(times), _are_apart), key=lambda one: one.seconds)
        first, second = (early, late) if index % 2 else (late, early)
        yield f"{first.name}+{second.name}", texts[first], texts[second], index % 2


def _first(pairs: Iterator[tuple[Item, Item]], law: Callable[[Item, Item], bool],
           ) -> tuple[Item, Item]:
    return next(pair for pair in pairs if law(*pair))


def _differ(one: Measure, two: Measure) -> bool:
    return max(one.value, two.value) >= _APART * min(one.value, two.value)


def _are_apart(first: RelativeTime, second: RelativeTime) -> bool:
    near, far = sorted((abs(first.seconds), abs(second.seconds)))
    return first.number * second.number < 0 or far >= _APART * near


_MAKERS: dict[str, Callable[[Source, int], Iterator[Row]]] = {
    "lab-measure": lambda source, rows: _classified(source, source.measures, rows),
    "lab-compare": _compare,
    "lab-tags": lambda source, rows: _tagged(source, source.measures, rows),
    "lab-same": _same,
    "lab-kind": lambda source, rows: _classified(source, source.names, rows),
    "lab-names": lambda source, rows: _tagged(source, source.names, rows),
    "lab-order": _order,
}
