"""Retrieval: which sentence of a pool lies nearest to each query."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.label_metrics import check_some

__all__ = ["nearest"]


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


def _directions(states: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the states [n, hidden] scaled to length one."""
    wide = np.asarray(states, dtype=np.float64)
    if not np.isfinite(wide).all():
        row = int(np.flatnonzero(~np.isfinite(wide).all(axis=1))[0])
        raise ValueError(f"pooled states must be finite, got NaN or infinity (row {row})")
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths == 0, 1.0, lengths))
