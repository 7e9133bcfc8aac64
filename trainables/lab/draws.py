"""Draws: deterministic lists of texts in which length and word counts give little away."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from trainables.lab.balance import Ints, form_balanced

__all__ = ["Draws", "Pool"]

Bools = npt.NDArray[np.bool_]

# Rounds of drawing anew what must not stand: first by weight, then, where few things have nearly
# all of it, by chance alone. Crossed groups, of which most do not stand, have more, and by chance
# alone as many before they may stand all the same.
_WEIGHTED_ROUNDS, _CROSSED_ROUNDS, _ROUNDS = 20, 120, 200


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
    of one thing.
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
        return "+".join(sorted([self.documents[item] for held in lists for item in held]))

    def any_of(self, kinds: Ints, draws: Draws) -> Ints:
        """Draw one item of each given kind, same shape."""
        places = draws.raw(*kinds.shape) % self._sizes[kinds].astype(np.uint64)
        return np.asarray(self._starts[kinds] + places.astype(np.int64))

    def draw(self, kinds: Ints, count: int, draws: Draws) -> Ints:
        """Draw lists of differently named items of one kind, whose forms say little of their kinds.

        Args:
            kinds: the kind of each list. Shape [rows].
            count: items of a list.
            draws: what decides.

        Returns:
            Items. Shape [rows, count].

        Raises:
            ValueError: if a kind has too few items.
        """
        drawn = np.zeros((len(kinds), count), dtype=np.int64)
        left = np.arange(len(kinds))
        for number in range(_ROUNDS):
            draw = self._cells.draw if number < _WEIGHTED_ROUNDS else self.any_of
            drawn[left] = draw(np.repeat(kinds[left, None], count, axis=1), draws)
            left = left[_repeat(self._names[drawn[left]])]
            if not len(left):
                return drawn
        raise ValueError(f"a kind must have items enough for lists of {count} different ones, "
                         f"got too few of kind {int(kinds[left[0]])}")

    def crossed(self, kinds: Ints, asked: int, draws: Draws) -> tuple[Ints, Ints]:
        """Draw groups in which every asked item meets every held one; kinds alone tell them apart.

        An asked item is of another thing than the held one of its kind. That makes their forms
        differ more often than those of two kinds would; so an asked item must not stand where,
        were it of another held item's kind and written alike, it might be of that item's thing.

        Args:
            kinds: the kinds of each group. Shape [groups, kinds].
            asked: how many items of each kind are asked with, all of different things.
            draws: what decides.

        Returns:
            The held items, shape [groups, kinds], and those asked with, [groups, kinds, asked].

        Raises:
            ValueError: if a kind has too few things.
        """
        found = np.zeros((*kinds.shape, 1 + asked), dtype=np.int64)
        left = np.arange(len(kinds))
        for number in range(2 * _CROSSED_ROUNDS + _ROUNDS):
            draw = self._cells.draw if number < _CROSSED_ROUNDS else self.any_of
            found[left] = draw(np.repeat(kinds[left, :, None], 1 + asked, axis=2), draws)
            twice = _repeat(self._things[found[left]]).any(axis=1)
            if number < 2 * _CROSSED_ROUNDS:
                twice |= self._told_apart(found[left], kinds[left], draws)
            left = left[twice]
            if not len(left):
                return found[..., 0], found[..., 1:]
        raise ValueError(f"a kind must have things enough for {1 + asked} different ones, got too "
                         f"few of one of the kinds {kinds[left[0]].tolist()}")

    def _told_apart(self, found: Ints, kinds: Ints, draws: Draws) -> Bools:
        """Return in which groups an asked item might be of a held one's thing. Shape [groups]."""
        held, asked = found[:, :, None, None, 0], found[:, None, :, 1:]
        others = self._cells.counterparts(asked, kinds[:, :, None, None], draws)
        own = np.eye(kinds.shape[1], dtype=bool)[None, :, :, None]
        same = (others >= 0) & (self._things[others] == self._things[held]) & ~own
        return np.asarray(same.any(axis=(1, 2, 3)))

    # Who draws by chance alone, as pretraining text does, needs none of these.
    @cached_property
    def _names(self) -> Ints:
        return np.unique(self.documents, return_inverse=True)[1]  # one may be written twice

    @cached_property
    def _things(self) -> Ints:
        things = [document.partition(":")[2] for document in self.documents]
        return np.asarray(np.unique(things, return_inverse=True)[1])

    @cached_property
    def _cells(self) -> _Cells:
        return _Cells(self.kinds, self.count, self.texts, self._things)


class _Cells:
    """Items by cell (one kind, written alike), drawn so that forms say little of their kinds.

    The items of cell c are `_items[_starts[c]:_starts[c] + _sizes[c]]`.
    """

    def __init__(self, kinds: Ints, count: int, texts: Sequence[str], things: Ints) -> None:
        forms = np.array([[kind, *_form(text)] for kind, text in zip(kinds, texts, strict=True)])
        cells, cell_of, sizes = np.unique(
            forms, axis=0, return_inverse=True, return_counts=True)
        self._sizes = sizes.astype(np.uint64)
        self._of = cell_of.ravel()
        self._items = np.argsort(self._of, kind="stable")
        self._starts = np.cumsum(sizes) - sizes
        own = np.split(things[self._items], self._starts[1:])
        weights = form_balanced(cells[:, 0], cells[:, 1:],
                                np.array([len(np.unique(held)) for held in own]))
        self._ends = np.cumsum(weights)
        firsts = np.searchsorted(cells[:, 0], np.arange(count + 1))
        self._bounds = np.concatenate([[0], self._ends])[firsts]  # of the kinds
        self._totals = np.diff(self._bounds).astype(np.uint64)
        known, form = np.unique(cells[:, 1:], axis=0, return_inverse=True)
        self._forms = form.ravel()  # of the cells
        self._at = np.full((count, len(known)), -1)  # the cell of a kind and a form
        self._at[cells[:, 0], self._forms] = np.arange(len(cells))

    def draw(self, kinds: Ints, draws: Draws) -> Ints:
        """Draw a cell of each given kind by weight, and any of its items; same shape."""
        places = (draws.raw(*kinds.shape) % self._totals[kinds]).astype(np.int64)
        return self._any_of(np.searchsorted(self._ends, self._bounds[kinds] + places,
                                            side="right"), draws)

    def counterparts(self, items: Ints, kinds: Ints, draws: Draws) -> Ints:
        """Return any item of each kind that is written like the item, -1 if there is none.

        The shapes of `items` and `kinds` are broadcast.
        """
        cells = self._at[kinds, self._forms[self._of[items]]]
        return np.where(cells < 0, -1, self._any_of(cells, draws))

    def _any_of(self, cells: Ints, draws: Draws) -> Ints:
        within = draws.raw(*cells.shape) % self._sizes[cells]
        return np.asarray(self._items[self._starts[cells] + within.astype(np.int64)])


def _repeat(lists: Ints) -> Bools:
    """Return which lists, along the last axis, hold a number twice."""
    held = np.sort(lists, axis=-1)
    return np.asarray((held[..., 1:] == held[..., :-1]).any(axis=-1))


def _form(text: str) -> tuple[int, int, int, int]:
    """Return how many letters, spaces, digits and other signs a text has."""
    spaces = text.count(" ")
    digits = sum(map(str.isdigit, text))
    letters = sum(map(_is_letter, text))
    return letters, spaces, digits, len(text) - letters - spaces - digits


@cache
def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"
