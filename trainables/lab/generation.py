"""Generation: the rows of each lab task in one language and split.

Rows come in groups within which every part of a row goes with every label equally often. So
whoever reads the premise, the question or the options alone, or goes by position alone, scores
chance exactly, in every language and split. What is asked with never has the unit or entity of what
answers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pyarrow as pa

from spaces.data_sources import Split
from spaces.lab_tasks import DIRECTIONS, ENTITY_KINDS, LAB_ROWS, OPTIONS, QUANTITIES
from spaces.languages import ENGLISH
from spaces.tasks import UNCOUNTED, Task
from trainables.lab.balance import Ints
from trainables.lab.cldr import ListStyle, kind_of, locality
from trainables.lab.draws import Draws, Pool
from trainables.lab.measures import measures
from trainables.lab.splits import split_of
from trainables.lab.times import own_times, relative_times
from trainables.rows import row_schema

__all__ = ["Source", "make_rows"]

Row = tuple[Any, ...]
_POOLS = 12  # kept: of the language at hand and of English, all splits, two sorts
_LISTED = 2  # items in a list that is classified
_THREE = len(OPTIONS)  # items in a list that is tagged, asked about or chosen from


class Source:
    """What the rows of one task, language and split are made of."""

    def __init__(self, name: str, language: str, split: Split) -> None:
        self.language = language
        self.split: Split = split
        self.locality = locality(language)
        self.draws = Draws(name, language, split)

    @property
    def names(self) -> Pool:
        """The split's names; the kinds are `ENTITY_KINDS`."""
        return _names(self.language, self.split)

    @property
    def measures(self) -> Pool:
        """The split's measures, written out and in symbols; the kinds are `QUANTITIES`."""
        return _measures(self.language, self.split, "long", "short")

    @property
    def written_out(self) -> Pool:
        """The split's measures in words alone."""
        return _measures(self.language, self.split, "long")

    @cached_property
    def symbols(self) -> dict[str, str]:
        """The split's measures as they are written short, by their names."""
        return {measure.name: measure.text for measure in measures(self.language, self.split)
                if measure.style == "short"}

    @cached_property
    def times(self) -> Pool:
        """The split's relative times; the kinds are `DIRECTIONS`."""
        texts = own_times(self.language)
        return Pool(((int(time.number > 0), time.name, texts[time])
                     for time in relative_times()[self.split] if time in texts),
                    len(DIRECTIONS))

    def listed(self, texts: Sequence[str], style: ListStyle = "standard") -> str:
        """Write texts as the language writes a list; a single one stands for itself."""
        if len(texts) == 1:
            return texts[0]
        return self.locality.templates[style, len(texts)].format(*texts)


# The tasks of a language draw from the same pools.
@lru_cache(maxsize=_POOLS)
def _names(language: str, split: Split) -> Pool:
    splits = split_of()
    return Pool(((ENTITY_KINDS.index(kind_of(entity)), entity, name)
                 for entity, name in locality(language).names.items()
                 if splits.get(entity) == split), len(ENTITY_KINDS))


@lru_cache(maxsize=_POOLS)
def _measures(language: str, split: Split, *styles: str) -> Pool:
    return Pool(((QUANTITIES.index(measure.quantity), measure.name, measure.text)
                 for measure in measures(language, split) if measure.style in styles),
                len(QUANTITIES))


def make_rows(task: Task, language: str, split: Split) -> pa.Table:
    """Make one split of a lab task in one language, in canonical columns, in a random order.

    Every label occurs equally often; in tagging every tag does, also at each place of the list.
    Retrieval has no labels: every row is found in the whole split, by guessing 1 in its rows.
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
    lists = pool.draw(labels, _LISTED, source.draws).tolist()
    for label, items in zip(labels.tolist(), lists, strict=True):
        yield pool.document(items), source.listed([pool.texts[item] for item in items]), label


def _tagged(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """Three items of three kinds, in every order; an item's longest word has its kind as tag."""
    kinds = _in_turn(list(permutations(range(pool.count), _THREE)), rows)
    lists = pool.draw(kinds.ravel(), 1, source.draws).reshape(rows, _THREE).tolist()
    first, second, third = (piece.split() for piece in re.split(
        r"\{\d\}", source.locality.templates["standard", _THREE])[:_THREE])
    before, between, last = ([UNCOUNTED] * len(words) for words in (first, second, third))
    words, tags = _words(pool)
    for items in lists:
        one, two, three = items
        yield (pool.document(items),
               [*first, *words[one], *second, *words[two], *third, *words[three]],
               [*before, *tags[one], *between, *tags[two], *last, *tags[three]])


def _paired(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """Two items, of one kind or of two; each stands in as many rows of either label.

    A group is two items of one kind and two of another; its rows are the first of either kind
    with the second of either.
    """
    kinds = _in_turn(list(permutations(range(pool.count), 2)), rows // 4)
    left, right = pool.crossed(kinds, 1, source.draws)
    for one, two in zip(left.tolist(), right[..., 0].tolist(), strict=True):
        for first in (0, 1):
            for second in (0, 1):
                held = [one[first], two[second]]
                yield (pool.document(held), pool.texts[held[0]], pool.texts[held[1]],
                       int(first == second))


def _asked(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """A list of three items and a fourth, of the kind of one of them, which is the answer."""
    for asked, held, right in _squares(source, pool, rows, questions=1):
        texts = [pool.texts[item] for item in held]
        hidden = ["\0" * len(text) if place == right else text for place, text in enumerate(texts)]
        yield (pool.document(asked, held), pool.texts[asked[0]], source.listed(texts),
               [texts[right]], [source.listed(hidden).index("\0")])


def _chosen(source: Source, pool: Pool, rows: int) -> Iterator[Row]:
    """Two items of a kind listed, and three options, of which one is of that kind."""
    for asked, held, right in _squares(source, pool, rows, questions=2):
        yield (pool.document(asked, held), source.listed([pool.texts[item] for item in asked]),
               [pool.texts[item] for item in held], right)


def _squares(source: Source, pool: Pool, rows: int, *, questions: int
             ) -> Iterator[tuple[list[int], list[int], int]]:
    """Yield (items asked with, three items, the place of the one of the same kind).

    A group is three items of three kinds and as many questions, one of each kind; its rows are
    each question with each rotation of the items. So every question has its answer at every
    place, and every list of items has every answer.
    """
    kinds = _in_turn(list(combinations(range(pool.count), _THREE)), rows // _THREE**2)
    held, asked = pool.crossed(kinds, questions, source.draws)
    for items, texts in zip(held.tolist(), asked.tolist(), strict=True):
        for turn in range(_THREE):
            turned = [items[(place + turn) % _THREE] for place in range(_THREE)]
            for which in range(_THREE):
                yield texts[which], turned, (which - turn) % _THREE


def _translated(source: Source, rows: int) -> Iterator[Row]:
    """Three measures in words, and the same in English; no two rows name the same three.

    Every row has the same three numbers at the same places, those with which the split has most
    units. So numbers, which are the same in English, tell no two rows apart: units alone do.
    """
    own, english = source.written_out, Source("english", ENGLISH, source.split)
    translations = dict(zip(english.written_out.documents, english.written_out.texts, strict=True))
    by_number: defaultdict[str, list[int]] = defaultdict(list)
    for item, document in enumerate(own.documents):
        by_number[document.partition(":")[0]].append(item)
    most = sorted(by_number, key=lambda number: (-len(by_number[number]), number))[:_THREE]
    lists = [items for items in product(*(by_number[number] for number in most))
             if len({own.documents[item].partition(":")[2] for item in items}) == _THREE]
    for chosen in source.draws.orders(1, len(lists))[0, :rows].tolist():
        items = lists[chosen]
        yield (own.document(items), source.listed([own.texts[item] for item in items]),
               english.listed([translations[own.documents[item]] for item in items]))


def _in_turn(designs: Sequence[Sequence[int]], rows: int) -> Ints:
    """Return the designs one after the other, over and over. Shape [rows, of a design]."""
    return np.asarray(designs)[np.arange(rows) % len(designs)]


def _words(pool: Pool) -> tuple[list[list[str]], list[list[int]]]:
    """Return each item's words and their tags: its kind for the one with most letters."""
    words = [text.split() for text in pool.texts]
    tags = [[UNCOUNTED] * len(held) for held in words]
    for held, own, kind in zip(words, tags, pool.kinds.tolist(), strict=True):
        letters = [sum(map(str.isalpha, word)) for word in held]
        own[letters.index(max(letters))] = kind
    return words, tags


_MAKERS: dict[str, Callable[[Source, int], Iterator[Row]]] = {
    "lab-measure": lambda source, rows: _classified(source, source.measures, rows),
    "lab-tags": lambda source, rows: _tagged(source, source.measures, rows),
    "lab-kind": lambda source, rows: _classified(source, source.names, rows),
    "lab-names": lambda source, rows: _tagged(source, source.names, rows),
    "lab-same": lambda source, rows: _paired(source, source.measures, rows),
    "lab-qa": lambda source, rows: _asked(source, source.measures, rows),
    "lab-choice": lambda source, rows: _chosen(source, source.measures, rows),
    "lab-retrieval": _translated,
}
