"""Generation: the rows of each lab task in one language and split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from spaces.lab_tasks import LAB_ROWS
from spaces.tasks import Split, Task
from trainables.lab.cldr import KINDS, ListStyle, locality
from trainables.lab.draws import Draws, Pool
from trainables.lab.times import RelativeTime, relative_times
from trainables.rows import row_schema

__all__ = ["Source", "make_rows"]

Row = tuple[Any, ...]
_LISTED = 2  # names in a list of lab-kind and on each side of lab-pair
_TAGGED = 3  # names in a list of lab-tags
_APART = 1.5  # two relative times of one direction differ by at least this factor


class Source:
    """What the rows of one task, language and split are made of."""

    def __init__(self, name: str, language: str, split: Split) -> None:
        self.split: Split = split
        self.locality = locality(language)
        self.draws = Draws(name, language, split)
        self.pool = Pool(self.locality, split, self.draws)

    def listed(self, entities: Iterable[int], style: ListStyle = "standard") -> str:
        """Write entities as the language writes a list."""
        names = [self.pool.names[entity] for entity in entities]
        return self.locality.templates[style, len(names)].format(*names)

    def document(self, *lists: Iterable[int]) -> str:
        """Name the entities of a row, the same in every language."""
        return "+".join(sorted(self.pool.entities[entity] for held in lists for entity in held))


def make_rows(task: Task, language: str, split: Split) -> pa.Table:
    """Make one split of a lab task in one language, in canonical columns.

    Every label occurs equally often (in lab-tags, every kind), in a random order.
    """
    source = Source(task.name, language, split)
    rows = list(_MAKERS[task.name](source, LAB_ROWS[split]))
    order = source.draws.orders(1, len(rows))[0]
    ids = [f"{task.name}-{language}-{split}-{index}" for index in range(len(rows))]
    columns = [ids, *zip(*(rows[index] for index in order), strict=True)]
    schema = row_schema(task.kind)
    return pa.table([pa.array(column, field.type)
                     for column, field in zip(columns, schema, strict=True)], schema=schema)


def _kind(source: Source, rows: int) -> Iterator[Row]:
    labels = np.arange(rows) % len(KINDS)
    kinds = np.repeat(labels[:, None], _LISTED, axis=1)
    lists = source.pool.draw(kinds, source.pool.targets(rows, _LISTED)).tolist()
    for label, entities in zip(labels.tolist(), lists, strict=True):
        yield source.document(entities), source.listed(entities), label


def _tags(source: Source, rows: int) -> Iterator[Row]:
    orders = source.draws.orders(rows, len(KINDS))
    left_out = np.arange(rows) % len(KINDS)
    kinds = orders[orders != left_out[:, None]].reshape(rows, _TAGGED)
    wanted = source.pool.targets(rows * _TAGGED, 1)
    lists = source.pool.draw(kinds.reshape(-1, 1), wanted).reshape(rows, _TAGGED).tolist()
    pieces = re.split(r"\{\d\}", source.locality.templates["standard", _TAGGED])
    for entities, row_kinds in zip(lists, kinds.tolist(), strict=True):
        names = [source.pool.names[entity] for entity in entities]
        tokens = [token.strip() for pair in zip(pieces, names, strict=False) for token in pair]
        tags = [tag for kind in row_kinds for tag in (0, kind + 1)]
        kept = [place for place, token in enumerate(tokens) if token]
        yield (source.document(entities), [tokens[place] for place in kept],
               [tags[place] for place in kept])


def _pair(source: Source, rows: int) -> Iterator[Row]:
    same = np.arange(rows) % 2
    first = np.arange(rows) // 2 % len(KINDS)
    other = (first + 1 + source.draws.below(len(KINDS) - 1, rows)) % len(KINDS)
    second = np.where(same, first, other)
    left, right = (np.repeat(kinds[:, None], _LISTED, axis=1) for kinds in (first, second))
    lefts = source.pool.draw(left, source.pool.targets(rows, _LISTED))
    rights = source.pool.draw(right, source.pool.targets(rows, _LISTED), taken=lefts)
    for one, two, label in zip(lefts.tolist(), rights.tolist(), same.tolist(), strict=True):
        yield source.document(one, two), source.listed(one), source.listed(two), label


def _order(source: Source, rows: int) -> Iterator[Row]:
    times = relative_times()[source.split]
    texts = {time: time.text(source.locality) for time in times}
    made = [0, 0]
    while sum(made) < rows:
        first, second = (times[place] for place in source.draws.below(len(times), 2).tolist())
        label = int(second.seconds > first.seconds)
        if _are_apart(first, second) and made[label] < rows // 2:
            made[label] += 1
            yield f"{first.name}+{second.name}", texts[first], texts[second], label


def _are_apart(first: RelativeTime, second: RelativeTime) -> bool:
    near, far = sorted((abs(first.seconds), abs(second.seconds)))
    return first.number * second.number < 0 or far >= _APART * near


_MAKERS: dict[str, Callable[[Source, int], Iterator[Row]]] = {
    "lab-kind": _kind, "lab-tags": _tags, "lab-pair": _pair, "lab-order": _order,
}
