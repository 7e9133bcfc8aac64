"""Draws: deterministic lists of texts in which length and word counts give little away."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from trainables.lab.balance import Ints, form_balanced

__all__ = ["Draws", "Pool"]

# Rounds of drawing anew what holds a thing twice: first by weight, then, where few things have
# nearly all of it, by chance alone.
_WEIGHTED_ROUNDS, _ROUNDS = 20, 200
_NO_SIGNS = dict.fromkeys(map(ord, "-'’ʼʻ‘·./"))


class Draws:
    """Uniform draws that depend on their name alone, on any machine and numpy version."""

    def __init__(self, *name: str) -> None:
        seed = int.from_bytes(hashlib.sha256("/".join(name).encode()).digest()[:16], "big")
        self._bits = np.random.PCG64(seed)

    def raw(self, *shape: int) -> npt.NDArray[np.uint64]:
        """Return uniform 64-bit integers of the given shape."""
        return np.asarray(self._bits.random_raw(math.prod(shape))).reshape(shape)

    def below(self, limit: int, *shape: int) -> Ints:
        """Return integers in [0, limit) of the given shape; the modulo's bias is below 2**-50."""
        return (self.raw(*shape) % np.uint64(limit)).astype(np.int64)

    def orders(self, rows: int, count: int) -> Ints:
        """Return a random order of 0 .. count - 1 in each row. Shape [rows, count]."""
        return np.argsort(self.raw(rows, count), axis=1, kind="stable")


class Pool:
    """What may be listed in one language and split: items of several kinds, each with a text.

    An item is an index into `documents` (its name in every language), `texts` and `kinds` (the
    index of its kind). Items whose documents end alike (`37:length-meter`, `15:length-meter`) are
    of one thing, and no list holds a thing twice.
    """

    def __init__(self, items: Iterable[tuple[int, str, str]], kinds: int) -> None:
        held = sorted((kind, document, text) for kind, document, text in items)
        self.documents = [document for _, document, _ in held]
        self.texts = [text for *_, text in held]
        self.kinds = np.array([kind for kind, *_ in held])
        self.count = kinds
        self._sizes = np.bincount(self.kinds, minlength=kinds)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def document(self, *lists: Sequence[int]) -> str:
        """Name the items of a row, the same in every language."""
        return "+".join(sorted(self.documents[item] for held in lists for item in held))

    def any_of(self, kinds: Ints, draws: Draws) -> Ints:
        """Draw one item of each given kind, same shape."""
        places = draws.raw(*kinds.shape) % self._sizes[kinds].astype(np.uint64)
        return np.asarray(self._starts[kinds] + places.astype(np.int64))

    def draw(self, kinds: Ints, count: int, draws: Draws, *, taken: Ints | None = None) -> Ints:
        """Draw lists of different things of one kind, whose forms say little of their kinds.

        Args:
            kinds: the kind of each list. Shape [rows].
            count: items of a list.
            draws: what decides.
            taken: items whose things a row's list must not hold. Shape [rows, any].

        Returns:
            Items. Shape [rows, count].

        Raises:
            ValueError: if a kind has too few things.
        """
        aside = np.empty((len(kinds), 0), dtype=np.int64) if taken is None else taken
        drawn = np.zeros((len(kinds), count), dtype=np.int64)
        left = np.arange(len(kinds))
        for number in range(_ROUNDS):
            draw = self._cells.draw if number < _WEIGHTED_ROUNDS else self.any_of
            drawn[left] = draw(np.repeat(kinds[left, None], count, axis=1), draws)
            left = left[self._repeats(drawn[left], aside[left])]
            if not len(left):
                return drawn
        raise ValueError(f"a kind must have things enough for lists of {count} different ones, "
                         f"got too few of kind {int(kinds[left[0]])}")

    # Who draws by chance alone, as pretraining text does, needs neither things nor cells.
    @cached_property
    def _things(self) -> Ints:
        things = [document.partition(":")[2] for document in self.documents]
        return np.asarray(np.unique(things, return_inverse=True)[1])

    @cached_property
    def _cells(self) -> _Cells:
        return _Cells(self.kinds, self.count, self.texts, self._things)

    def _repeats(self, lists: Ints, aside: Ints) -> npt.NDArray[np.bool_]:
        """Return which lists hold a thing twice, or one of a thing aside. Shape [rows]."""
        things = self._things[np.concatenate([lists, aside], axis=1)]
        own = things[:, : lists.shape[1], None]
        same = (own == things[:, None, :]).sum(axis=(1, 2))
        return np.asarray(same > lists.shape[1])


class _Cells:
    """Items by cell (one kind, written alike), drawn so that forms say little of their kinds.

    The items of cell c are `_items[_starts[c]:_starts[c] + _sizes[c]]`.
    """

    def __init__(self, kinds: Ints, count: int, texts: Sequence[str], things: Ints) -> None:
        forms = np.array([[kind, *_form(text)] for kind, text in zip(kinds, texts, strict=True)])
        cells, cell_of, self._sizes = np.unique(
            forms, axis=0, return_inverse=True, return_counts=True)
        self._items = np.argsort(cell_of.ravel(), kind="stable")
        self._starts = np.cumsum(self._sizes) - self._sizes
        own = np.split(things[self._items], self._starts[1:])
        weights = form_balanced(cells[:, 0], cells[:, 1:],
                                np.array([len(np.unique(held)) for held in own]))
        self._ends = np.cumsum(weights)
        firsts = np.searchsorted(cells[:, 0], np.arange(count + 1))
        self._bounds = np.concatenate([[0], self._ends])[firsts]  # of the kinds

    def draw(self, kinds: Ints, draws: Draws) -> Ints:
        """Draw a cell of each given kind by weight, and any of its items; same shape."""
        totals = np.diff(self._bounds).astype(np.uint64)
        places = (draws.raw(*kinds.shape) % totals[kinds]).astype(np.int64)
        cells = np.searchsorted(self._ends, self._bounds[kinds] + places, side="right")
        within = draws.raw(*kinds.shape) % self._sizes[cells].astype(np.uint64)
        return np.asarray(self._items[self._starts[cells] + within.astype(np.int64)])


def _form(text: str) -> tuple[int, int, int]:
    """Return how many letters and digits, spaces, and other signs a text has."""
    spaces = text.count(" ")
    letters = len(text.translate(_NO_SIGNS)) - spaces
    return letters, spaces, len(text) - spaces - letters
