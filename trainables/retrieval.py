"""Retrieval and ranking: what is found by an encoder's states, and by which of them.

Where several representations are given, each reads the selection panel, the one with the best mean
score over that panel's languages is chosen, and it alone is scored, on both panels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from spaces.representations import Representation
from trainables.encoded import Encoded
from trainables.metrics import metric_of, metrics_of
from trainables.nearest import Ranking, nearest
from trainables.panel_sets import PanelSet, gold_of
from trainables.predict import Predictor
from trainables.ranking_metrics import DEPTH
from trainables.rows import Rows
from trainables.scores import Considered, RepresentationChoice

__all__ = ["Found", "PanelTexts", "choose", "parts_of", "rank", "retrieve"]

_BLOCK: Final = 8_192  # states of a pool's candidates that are held at once
_HELD: Final = 262_144  # states of sentences held at once: 1 GiB of 1,024 dimensions

Wanted = Sequence[Representation]


class PanelTexts(NamedTuple):
    """One language and panel: the set, its rows, and their encoded texts."""

    of: PanelSet
    rows: Rows
    items: Encoded


class Found(NamedTuple):
    """Each set's predicted values, one a row, and what was chosen where there was a choice."""

    values: list[list[Any]]
    choice: RepresentationChoice | None


def retrieve(predictor: Predictor, texts: Sequence[PanelTexts], english: Sequence[Encoded],
             wanted: Wanted) -> Found:
    """Return for each set the place in its pool that each English sentence finds.

    Every text is read once: those of the selection panel by all representations, those of the
    report panel, after the choice, by the one chosen.

    Args:
        predictor: of the encoder.
        texts: the sets of one task.
        english: their rows' English sentences.
        wanted: the representations, of which the first wins a tie.
    """
    pairs = list(zip((each.items for each in texts), english, strict=True))
    if len(wanted) == 1:
        return Found([places for (places,) in _places(predictor, pairs, wanted)], None)
    selection = [number for number, each in enumerate(texts) if each.of.panel == "selection"]
    found = dict(zip(selection, _places(predictor, [pairs[number] for number in selection],
                                        wanted), strict=True))
    choice = choose([texts[number] for number in selection], list(found.values()), wanted)
    at = wanted.index(choice.chosen)
    values = {number: places[at] for number, places in found.items()}
    rest = [number for number in range(len(texts)) if number not in values]
    read = _places(predictor, [pairs[number] for number in rest], [choice.chosen])
    values |= {number: places for number, (places,) in zip(rest, read, strict=True)}
    return Found([values[number] for number in range(len(texts))], choice)


def rank(predictor: Predictor, texts: Sequence[PanelTexts], pool: Encoded, wanted: Wanted
         ) -> Found:
    """Return for each set the places of the candidates that each query finds, best first.

    The pool is read once for all sets and representations, in blocks, of which one is held at a
    time; so the queries of both panels are read by all, and those of the selection panel choose.

    Args:
        predictor: of the encoder.
        texts: the sets of one task.
        pool: the candidates of all of them.
        wanted: the representations, of which the first wins a tie.
    """
    items = [each.items for each in texts]
    queries = np.stack(predictor.states(Encoded.join(items), wanted))
    rankings = [Ranking(queries[:, number], DEPTH) for number in range(len(wanted))]
    block = max(1, _BLOCK // len(wanted))
    for first in range(0, len(pool), block):
        chosen = np.arange(first, min(first + block, len(pool)))
        states = np.stack(predictor.states(pool.take(chosen), wanted))
        for number, ranking in enumerate(rankings):
            ranking.add(states[:, number])
    by_representation = [parts_of(ranking.places().tolist(), items) for ranking in rankings]
    if len(wanted) == 1:
        return Found(by_representation[0], None)
    selection = [number for number, each in enumerate(texts) if each.of.panel == "selection"]
    choice = choose([texts[number] for number in selection],
                    [[found[number] for found in by_representation] for number in selection],
                    wanted)
    return Found(by_representation[wanted.index(choice.chosen)], choice)


def choose(texts: Sequence[PanelTexts], found: Sequence[Sequence[list[Any]]], wanted: Wanted
           ) -> RepresentationChoice:
    """Return the representation with the best mean over languages of the task's primary metric.

    Args:
        texts: the selection panel's sets of one task.
        found: for each set and representation, what was found, one value a row.
        wanted: the representations.

    Raises:
        ValueError: if a set is of another panel.
    """
    task = texts[0].rows.task
    for each in texts:
        if each.of.panel != "selection":
            raise ValueError("a representation must be chosen on the selection panel, got the "
                             f"{each.of.panel} panel ({task.name} {each.of.language})")
    metric = metrics_of(task)[0]
    points = [[metric_of(task, metric, each.of.language)(gold_of(each.rows), values)
               for values in of_set] for each, of_set in zip(texts, found, strict=True)]
    return RepresentationChoice.of(task.name, [
        Considered(representation=each, points=math.fsum(column) / len(column))
        for each, column in zip(wanted, zip(*points, strict=True), strict=True)])


def parts_of(found: list[Any], encoded: Sequence[Encoded]) -> list[list[Any]]:
    """Cut what was found of joined items into the parts they came from."""
    edges = np.cumsum([0, *map(len, encoded)])
    return [found[low:high] for low, high in zip(edges[:-1], edges[1:], strict=True)]


def _places(predictor: Predictor, pairs: Sequence[tuple[Encoded, Encoded]], wanted: Wanted
            ) -> Iterator[list[list[int]]]:
    """Yield for each pair of texts and English what each sentence finds, by representation."""
    for group in _groups(pairs, _HELD // len(wanted)):
        joined = [pair[side] for side in (0, 1) for pair in group]
        parts = parts_of(predictor.states(Encoded.join(joined), wanted), joined)
        for foreign, english in zip(parts[: len(group)], parts[len(group) :], strict=True):
            pool, queries = np.stack(foreign), np.stack(english)
            yield [nearest(queries[:, number], pool[:, number]).tolist()
                   for number in range(len(wanted))]


def _groups(pairs: Sequence[tuple[Encoded, Encoded]], most: int
            ) -> Iterator[list[tuple[Encoded, Encoded]]]:
    """Yield the pairs in groups of at most so many texts; a pair beyond that is alone."""
    group: list[tuple[Encoded, Encoded]] = []
    held = 0
    for pair in pairs:
        count = sum(map(len, pair))
        if group and held + count > most:
            yield group
            group, held = [], 0
        group.append(pair)
        held += count
    if group:
        yield group
