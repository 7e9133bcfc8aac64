"""Retrieval: which texts of a pool lie nearest to each query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from trainables.label_metrics import check_some

__all__ = ["nearest", "ranked"]

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
    check_some(queries)
    check_some(pool)
    similarity = _directions(queries) @ _directions(pool).T
    return np.asarray(similarity.argmax(axis=1), dtype=np.int64)


def ranked(queries: NDArray[np.floating], blocks: Iterable[NDArray[np.floating]], count: int
           ) -> NDArray[np.int64]:
    """Return for each query the places of its nearest candidates by cosine, the nearest first.

    Candidates whose similarities agree to nine decimals are equal, and of equals that with the
    lower place is first. Only one block of the pool is looked at at a time. Shape [queries, count],
    or as many as the pool has.

    Args:
        queries: pooled hidden states [queries, hidden].
        blocks: the pool's pooled hidden states, in order, each [candidates, hidden].
        count: how many are wanted.

    Raises:
        ValueError: if a state is not finite, or queries or pool have no rows.
    """
    check_some(queries)
    wanted = _directions(queries)
    best, first = np.empty((len(queries), 0), np.int64), 0
    for block in blocks:
        directions = _directions(block)
        best = np.concatenate([
            _largest(np.hstack([best[low : low + len(some)],
                                _keys(some @ directions.T, first)]), count)
            for low, some in _cut(wanted)])
        first += len(block)
    check_some(best[0])
    return np.asarray(np.sort(-best, axis=1) % _PLACES)


def _cut(queries: NDArray[np.float64]) -> Iterator[tuple[int, NDArray[np.float64]]]:
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


def _directions(states: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the states [n, hidden] scaled to length one."""
    wide = np.asarray(states, dtype=np.float64)
    if not np.isfinite(wide).all():
        row = int(np.flatnonzero(~np.isfinite(wide).all(axis=1))[0])
        raise ValueError(f"pooled states must be finite, got NaN or infinity (row {row})")
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths == 0, 1.0, lengths))
