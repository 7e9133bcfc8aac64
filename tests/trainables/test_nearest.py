"""Rankings by cosine: in blocks as in one, equals in order, whatever the pool's order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainables.nearest import Ranking, nearest
from trainables.ranking_metrics import mean_average_precision


def states(seed: int, count: int, hidden: int = 8) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, hidden)).astype(np.float32)


def ranked(queries: NDArray[Any], blocks: Iterable[NDArray[Any]], count: int) -> NDArray[Any]:
    ranking = Ranking(queries, count)
    for block in blocks:
        ranking.add(block)
    return ranking.places()


def by_sorting(queries: NDArray[Any], pool: NDArray[Any], count: int) -> list[list[int]]:
    """Rank by a whole sort, with the same rounding."""
    wide = [each / np.linalg.norm(each, axis=1, keepdims=True)
            for each in (queries.astype(float), pool.astype(float))]
    similarity = np.round(wide[0] @ wide[1].T, 9)
    return [np.lexsort((np.arange(len(pool)), -row))[:count].tolist() for row in similarity]


@given(seed=st.integers(0, 999), size=st.integers(1, 70), block=st.integers(1, 80))
def test_blocks_do_not_change_a_ranking(seed: int, size: int, block: int) -> None:
    queries, pool = states(seed, 3), states(seed + 1, size)
    pool[size // 2 :] = pool[: size - size // 2] * 3  # equals: as far, in another place
    found = ranked(queries, (pool[low : low + block] for low in range(0, size, block)), 20)
    assert found.tolist() == by_sorting(queries, pool, 20)
    assert found.shape == (3, min(20, size))


def test_the_first_is_the_nearest() -> None:
    queries, pool = states(6, 40), states(7, 300)
    assert ranked(queries, [pool], 1)[:, 0].tolist() == nearest(queries, pool).tolist()


def test_of_equals_the_first_place_is_first() -> None:
    assert ranked(np.eye(2), [np.array([[0.0, 2], [1, 0], [0, 1], [0, 0]])], 3).tolist() == [
        [1, 0, 2], [0, 2, 1]]


def test_more_queries_than_are_compared_at_once() -> None:
    queries, pool = states(0, 2_500), states(1, 30)
    assert ranked(queries, [pool[:7], pool[7:]], 5).tolist() == by_sorting(queries, pool, 5)


@given(order=st.permutations(range(50)))
def test_the_order_of_the_pool_does_not_change_the_score(order: list[int]) -> None:
    queries, pool = states(2, 6), states(3, 50)
    gold = [[place, 49 - place] for place in range(6)]
    moved = {place: at for at, place in enumerate(order)}
    points = mean_average_precision(gold, ranked(queries, [pool], 20).tolist())
    assert points > 0
    assert mean_average_precision([[moved[place] for place in each] for each in gold],
                                  ranked(queries, [pool[order]], 20).tolist()) == points


def test_a_perfect_reader_scores_100() -> None:
    queries = states(4, 9)
    pool = np.concatenate([queries * 2, states(5, 40), queries * 5])
    found = ranked(queries, [pool[:20], pool[20:]], 20)
    assert mean_average_precision([[row, 49 + row] for row in range(9)], found.tolist()) == 100


def test_what_is_no_state_or_no_pool_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be finite, got NaN or infinity \(row 1\)"):
        ranked(np.eye(2), [np.array([[0, 1], [np.nan, 0]])], 3)
    for queries, blocks in ((np.empty((0, 2)), [np.eye(2)]), (np.eye(2), [])):
        with pytest.raises(ValueError, match="at least one row"):
            ranked(queries, blocks, 3)
