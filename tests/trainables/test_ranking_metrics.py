"""Mean average precision at 20: by hand, beside scikit-learn's, and what chance gives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score

from trainables.ranking_metrics import DEPTH, mean_average_precision, random_average_precision

RANKING = list(range(40))


@pytest.mark.parametrize(("gold", "points"), [
    ([0], 100),
    ([1], 50),
    ([19], 5),
    ([20], 0),  # the 21st does not count
    ([0, 2], 100 * (1 + 2 / 3) / 2),
    ([1, 3, 30], 100 * (1 / 2 + 2 / 4) / 3),  # one is beyond the 20th, but was to be found
    ([0, 1, 2], 100),
    (list(range(20)), 100),
    (list(range(30)), 100),  # more than 20 are relevant: the first 20 are all that can be found
    (list(range(1, 31)), 100 * sum(hits / (hits + 1) for hits in range(1, 20)) / 20),
    (list(range(20, 40)), 0),
])
def test_worked_by_hand(gold: list[int], points: float) -> None:
    assert mean_average_precision([gold], [RANKING]) == pytest.approx(points)


def test_the_mean_is_over_queries() -> None:
    assert mean_average_precision([[0], [1], [39]], [RANKING] * 3) == pytest.approx(50)


def test_a_short_ranking_counts_as_far_as_it_goes() -> None:
    assert mean_average_precision([[4, 5]], [[5]]) == pytest.approx(50)
    assert mean_average_precision([[4, 5]], [[]]) == 0


@pytest.mark.parametrize(("gold", "found", "line"), [
    ([], [], "at least one row"),
    ([[1]], [[1], [2]], "one prediction per row"),
    ([[]], [[1]], "a query must have a relevant candidate"),
    ([[1]], [[1, 2, 1]], "must hold a candidate once"),
])
def test_what_is_no_ranking_is_refused(gold: Any, found: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        mean_average_precision(gold, found)


@st.composite
def queries(draw: st.DrawFn, most: int = 60) -> tuple[int, list[list[int]], list[list[int]]]:
    """Draw the size of a pool, relevant places, and whole rankings."""
    pool = draw(st.integers(1, most))
    count = draw(st.integers(1, 5))
    gold = [draw(st.lists(st.integers(0, pool - 1), min_size=1, unique=True))
            for _ in range(count)]
    return pool, gold, [draw(st.permutations(range(pool))) for _ in range(count)]


@given(drawn=queries(), data=st.data())
def test_points_are_within_bounds_and_names_do_not_matter(
    drawn: tuple[int, list[list[int]], list[list[int]]], data: st.DataObject
) -> None:
    pool, gold, found = drawn
    points = mean_average_precision(gold, found)
    assert 0 <= points <= 100
    renamed = data.draw(st.permutations(range(pool)))
    assert mean_average_precision(*([[renamed[place] for place in each] for each in listed]
                                    for listed in (gold, found))) == pytest.approx(points)
    first = [[*sorted(each), *(place for place in range(pool) if place not in each)]
             for each in gold]
    assert mean_average_precision(gold, first) == pytest.approx(100)


@given(drawn=queries(most=DEPTH))
def test_within_the_depth_it_is_scikit_learns(
    drawn: tuple[int, list[list[int]], list[list[int]]]
) -> None:
    pool, gold, found = drawn
    truth, scores = np.zeros((2, len(gold), pool))
    for query, (relevant, places) in enumerate(zip(gold, found, strict=True)):
        truth[query, relevant] = 1
        scores[query, places] = np.arange(pool)[::-1]
    points = mean_average_precision(gold, found)
    each = [average_precision_score(*pair) for pair in zip(truth, scores, strict=True)]
    assert points == pytest.approx(100 * np.mean(each))
    # Of labels' rankings it is the same measure, were all of them within the first 20.
    assert points == pytest.approx(100 * label_ranking_average_precision_score(truth, scores))


@pytest.mark.parametrize(("pool", "relevant"), [(1, 1), (5, 1), (5, 3), (6, 6), (6, 2)])
def test_chance_is_the_mean_over_all_rankings(pool: int, relevant: int) -> None:
    gold = list(range(relevant))
    every = [mean_average_precision([gold], [list(found)])
             for found in itertools.permutations(range(pool))]
    assert random_average_precision([relevant], pool) == pytest.approx(np.mean(every))


def test_chance_beyond_the_depth_is_what_random_rankings_score() -> None:
    draw = np.random.default_rng(0)
    counts, pool = [3, 30], 50
    scored = [mean_average_precision([range(count)], [draw.permutation(pool).tolist()])
              for count in counts for _ in range(4_000)]
    assert random_average_precision(counts, pool) == pytest.approx(np.mean(scored), abs=0.5)


def test_one_relevant_of_a_million_is_hardly_found_by_chance() -> None:
    harmonic = sum(1 / rank for rank in range(1, 21))
    assert random_average_precision([1], 1_003_893) == pytest.approx(
        100 * harmonic / 1_003_893)
