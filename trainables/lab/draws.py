"""Draws: deterministic lists of names in which length and word counts do not give kinds away."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from spaces.tasks import Split
from trainables.lab.cldr import KINDS, Locality, kind_of
from trainables.lab.splits import split_of

__all__ = ["Draws", "Pool"]

_CANDIDATES = 24  # lists compared with the wanted length
# What is matched: letters, and with more weight the signs that a model reads at a glance.
_WEIGHTS = np.array([1.0, 4.0, 4.0])

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Draws:
    """Uniform draws that depend on their name alone, on any machine and numpy version."""

    def __init__(self, *name: str) -> None:
        seed = int.from_bytes(hashlib.sha256("/".join(name).encode()).digest()[:16], "big")
        self._bits = np.random.PCG64(seed)

    def raw(self, *shape: int) -> npt.NDArray[np.uint64]:
        """Return uniform 64-bit integers of the given shape."""
        return np.asarray(self._bits.random_raw(int(np.prod(shape)))).reshape(shape)

    def below(self, limit: int, *shape: int) -> Ints:
        """Return integers in [0, limit) of the given shape; the modulo's bias is below 2**-50."""
        return (self.raw(*shape) % np.uint64(limit)).astype(np.int64)

    def orders(self, rows: int, count: int) -> Ints:
        """Return a random order of 0 .. count - 1 in each row. Shape [rows, count]."""
        return np.argsort(self.raw(rows, count), axis=1, kind="stable")


class Pool:
    """The names of one language and split. An entity is an index into `entities` and `names`."""

    def __init__(self, locality: Locality, split: Split, draws: Draws) -> None:
        splits = split_of()
        held = sorted((entity for entity in locality.names if splits.get(entity) == split),
                      key=lambda entity: (KINDS.index(kind_of(entity)), entity))
        self.entities = held
        self.names = [locality.names[entity] for entity in held]
        kinds = np.array([KINDS.index(kind_of(entity)) for entity in held])
        self._sizes = np.bincount(kinds, minlength=len(KINDS))
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._features = np.array([_features(name) for name in self.names], dtype=np.float64)
        self._draws = draws

    def sizes(self) -> dict[str, int]:
        """Return how many names there are of each kind."""
        return dict(zip(KINDS, self._sizes.tolist(), strict=True))

    def targets(self, rows: int, count: int) -> Floats:
        """Draw the features wanted of `rows` lists of `count` names, whatever their kinds.

        Each is the median over the kinds of a random list's, so that every kind can come near.
        Shape [rows, 3]: letters, spaces, other signs.
        """
        kinds = np.broadcast_to(np.arange(len(KINDS)), (rows, count, len(KINDS)))
        lists = self._features[self.any_of(kinds)].sum(axis=1)
        return np.asarray(np.median(lists, axis=1))

    def draw(self, kinds: Ints, wanted: Floats, *, taken: Ints | None = None) -> Ints:
        """Draw lists of distinct entities, with features nearest to `wanted`.

        Args:
            kinds: the kind of each place in each list. Shape [rows, count].
            wanted: the features that a list should have in sum. Shape [rows, 3].
            taken: entities that a row's list must not hold. Shape [rows, any].

        Returns:
            Entities. Shape [rows, count].
        """
        rows, count = kinds.shape
        candidates = self.any_of(np.repeat(kinds[:, None, :], _CANDIDATES, axis=1))
        sums = self._features[candidates].sum(axis=2)
        distances = (np.abs(sums - wanted[:, None, :]) * _WEIGHTS).sum(axis=2)
        others = np.empty((rows, 0), dtype=np.int64) if taken is None else taken
        for place in range(count):
            here = candidates[:, :, place, None]
            distances[(here == candidates[:, :, :place]).any(axis=2)] = np.inf
            distances[(here == others[:, None, :]).any(axis=2)] = np.inf
        best = distances.argmin(axis=1)
        return np.asarray(candidates[np.arange(rows), best])

    def any_of(self, kinds: Ints) -> Ints:
        """Draw one entity of each given kind, same shape."""
        places = self._draws.raw(*kinds.shape) % self._sizes[kinds].astype(np.uint64)
        return np.asarray(self._starts[kinds] + places.astype(np.int64))


def _features(name: str) -> tuple[int, int, int]:
    spaces = name.count(" ")
    signs = sum(char in "-'’ʼʻ‘·" for char in name)
    return len(name) - spaces - signs, spaces, signs
