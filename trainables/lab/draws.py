"""Draws: deterministic lists of texts in which length and word counts do not give kinds away."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Draws", "Ints", "Pool"]

_CANDIDATES = 24  # lists compared with the wanted length
# What is matched: letters, and with more weight the signs that a model reads at a glance.
_WEIGHTS = np.array([1.0, 4.0, 4.0])
_NO_SIGNS = dict.fromkeys(map(ord, "-'’ʼʻ‘·./\u00a0\u202f"))

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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

    def __init__(self, items: Iterable[tuple[int, str, str]], kinds: int, draws: Draws) -> None:
        held = sorted(items)  # (kind, document, text)
        self.documents = [document for _, document, _ in held]
        self.texts = [text for _, _, text in held]
        self.kinds = np.array([kind for kind, _, _ in held])
        things = {document.partition(":")[2] for document in self.documents}
        numbers = {thing: number for number, thing in enumerate(sorted(things))}
        self._things = np.array([numbers[document.partition(":")[2]]
                                 for document in self.documents])
        self.count = kinds
        self._sizes = np.bincount(self.kinds, minlength=kinds)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._features = np.array([_features(text) for text in self.texts], dtype=np.float64)
        self._draws = draws

    def document(self, *lists: Sequence[int]) -> str:
        """Name the items of a row, the same in every language."""
        return "+".join(sorted(self.documents[item] for held in lists for item in held))

    def any_of(self, kinds: Ints) -> Ints:
        """Draw one item of each given kind, same shape."""
        places = self._draws.raw(*kinds.shape) % self._sizes[kinds].astype(np.uint64)
        return np.asarray(self._starts[kinds] + places.astype(np.int64))

    def draw(self, kinds: Ints, *, taken: Ints | None = None) -> Ints:
        """Draw lists of different things, whose lengths do not depend on their kinds.

        The length wanted of a list (letters, spaces, other signs) is the median over all kinds
        of a random list's; of 24 lists of the given kinds the one nearest to it is taken.

        Args:
            kinds: the kind of each place in each list. Shape [rows, count].
            taken: items whose things a row's list must not hold. Shape [rows, any].

        Returns:
            Items. Shape [rows, count].
        """
        rows, count = kinds.shape
        every = np.broadcast_to(np.arange(self.count), (rows, count, self.count))
        wanted = np.median(self._features[self.any_of(every)].sum(axis=1), axis=1)
        candidates = self.any_of(np.repeat(kinds[:, None, :], _CANDIDATES, axis=1))
        sums = self._features[candidates].sum(axis=2)
        distances = (np.abs(sums - wanted[:, None, :]) * _WEIGHTS).sum(axis=2)
        things = self._things[candidates]
        others = self._things[np.empty((rows, 0), dtype=np.int64) if taken is None else taken]
        for place in range(count):
            here = things[:, :, place, None]
            distances[(here == things[:, :, :place]).any(axis=2)] = np.inf
            distances[(here == others[:, None, :]).any(axis=2)] = np.inf
        best = distances.argmin(axis=1)
        return np.asarray(candidates[np.arange(rows), best])


def _features(text: str) -> tuple[int, int, int]:
    spaces = text.count(" ")
    letters = len(text.translate(_NO_SIGNS)) - spaces
    return letters, spaces, len(text) - spaces - letters
