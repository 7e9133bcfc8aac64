"""Retrieval: which texts of a pool lie nearest to each query."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainables.label_metrics import check_some

__all__ = ["Ranking", "nearest"]

_QUERIES = 1_024  # compared at once: with a block of 8,192 candidates, 64 MiB of similarities
_EQUAL = 1e-9


def nearest(queries: NDArray[np.floating], pool: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return for each query the position of its nearest neighbour in the pool by cosine.

    XTREME's direction is English queries into the foreign pool. A state of length zero is as far
    from everything; of equals the first is taken.

    Args:
        queries: pooled hidden states [queries, hidden].
        pool: pooled hidden states [pool, hidden].

    Raises:
        ValueError: if a state is not finite, or either has no rows.
    """
    for states in (queries, pool):
        check_some(states)
        _check_finite(states)
    similarity = _directions(queries) @ _directions(pool).T
    return np.asarray(similarity.argmax(axis=1), dtype=np.int64)


class Ranking:
    """For each query the places of its nearest candidates by cosine, the nearest first.

    Candidates whose similarities agree to nine decimals are equal, and of equals that with the
    lower place is first. The pool is given in blocks, of which one is looked at at a time.

    Args:
        queries: pooled hidden states [queries, hidden].
        count: how many are wanted.

    Raises:
        ValueError: if a state is not finite, or queries have no rows.
    """

    def __init__(self, queries: NDArray[np.floating], count: int) -> None:
        check_some(queries)
        _check_finite(queries)
        self._queries, self._count, self._places = queries, count, 0
        self._best = np.empty((len(queries), 0), np.int64)

    def add(self, block: NDArray[np.floating]) -> None:
        """Take in the pool's next pooled hidden states [candidates, hidden].

        Raises:
            ValueError: if a state is not finite.
        """
        _check_finite(block)
        directions, best = _directions(block), self._best
        self._best = np.concatenate([
            _largest(np.hstack([best[low : low + len(some)],
                                _keys(_directions(some) @ directions.T, self._places)]),
                     self._count)
            for low, some in _cut(self._queries)])
        self._places += len(block)

    def places(self) -> NDArray[np.int64]:
        """Return the places [queries, count], or as many as the pool has.

        Raises:
            ValueError: if the pool has no rows.
        """
        check_some(self._best[0])
        return np.asarray(np.sort(-self._best, axis=1) % _PLACES)


def _cut(queries: NDArray[np.floating]) -> Iterator[tuple[int, NDArray[np.floating]]]:
    for low in range(0, len(queries), _QUERIES):
        yield low, queries[low : low + _QUERIES]


# A key is a similarity as a whole number of `_EQUAL`s, times this, less a place: so keys differ,
# are the larger the nearer, and say the place. 1e9 * 2**32 is within 63 bits.
_PLACES = 2**32


def _keys(similarity: NDArray[np.float64], first: int) -> NDArray[np.int64]:
    steps = np.rint(similarity / _EQUAL).astype(np.int64)
    return np.asarray(steps * _PLACES - np.arange(first, first + similarity.shape[1]))


def _largest(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if keys.shape[1] <= count:
        return keys
    return np.asarray(np.partition(keys, -count, axis=1)[:, -count:])


def _check_finite(states: NDArray[np.floating]) -> None:
    if not np.isfinite(states).all():
        row = int(np.flatnonzero(~np.isfinite(states).all(axis=1))[0])
        raise ValueError(f"pooled states must be finite, got NaN or infinity (row {row})")


def _directions(states: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the states [n, hidden] scaled to length one."""
    wide = np.asarray(states, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths == 0, 1.0, lengths))
