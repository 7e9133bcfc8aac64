from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.sampling import Pool, draw_plan, systematic_counts


def pools(weights: list[tuple[int, float]], size: int = 40, seed: int = 0) -> list[Pool]:
    random = np.random.default_rng(seed)
    return [Pool(task, weight, random.integers(4, 60, size)) for task, weight in weights]


weights = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6)


@given(weights, st.integers(1, 500), st.integers(0, 10_000))
def test_every_count_is_within_one_of_its_share(
    shares: list[float], total: int, seed: int
) -> None:
    counts = systematic_counts(np.asarray(shares), total, np.random.default_rng(seed))
    assert counts.sum() == total
    assert np.all(np.abs(counts - np.asarray(shares) / sum(shares) * total) < 1 + 1e-9)


def test_counts_are_exact_in_expectation() -> None:
    shares = np.asarray([0.05, 0.5, 0.213, 0.237])
    random = np.random.default_rng(0)
    mean = np.mean([systematic_counts(shares, 7, random) for _ in range(4_000)], axis=0)
    # A count takes two neighbouring values: its sd is at most 0.5; 5 standard errors of 4,000.
    assert np.all(np.abs(mean - 7 * shares) < 5 * 0.5 / np.sqrt(4_000))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.05, 1.0)), min_size=1, max_size=6),
       st.integers(1, 60), st.integers(1, 9), st.integers(0, 100))
def test_steps_and_examples_meet_the_mixture(
    cells: list[tuple[int, float]], steps: int, batch: int, seed: int
) -> None:
    plan = draw_plan(pools(cells), steps, batch, seed)
    assert plan.items.shape == (steps, batch)
    total = sum(weight for _, weight in cells)
    for task in {task for task, _ in cells}:
        own = [(number, weight) for number, (of, weight) in enumerate(cells) if of == task]
        here = plan.tasks == task
        share = sum(weight for _, weight in own)
        assert abs(here.sum() - steps * share / total) < 1 + 1e-9
        assert set(np.unique(plan.pools[here])) <= {number for number, _ in own}
        for number, weight in own:
            drawn = (plan.pools[here] == number).sum()
            assert abs(drawn - here.sum() * batch * weight / share) < 1 + 1e-9


def test_examples_of_cells_are_exact_in_expectation() -> None:
    cells = [(0, 0.1), (0, 0.25), (1, 0.65)]
    counts = np.zeros(3)
    for seed in range(600):
        counts += np.bincount(draw_plan(pools(cells), 3, 2, seed).pools.ravel(), minlength=3)
    expected = 6 * np.asarray([0.1, 0.25, 0.65])
    assert counts / 600 == pytest.approx(expected, abs=5 * 1.2 / np.sqrt(600))


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 100))
@settings(max_examples=30)
def test_rows_are_drawn_by_whole_epochs(size: int, steps: int, seed: int) -> None:
    plan = draw_plan(pools([(0, 1.0)], size), steps, 4, seed)
    drawn = Counter(plan.items.ravel().tolist())
    times = [drawn[item] for item in range(size)]
    assert max(times) - min(times) <= 1


def test_the_plan_is_a_function_of_the_seed() -> None:
    first, again, other = (draw_plan(pools([(0, 0.4), (1, 0.6)]), 30, 4, seed)
                           for seed in (5, 5, 6))
    assert np.array_equal(first.items, again.items)
    assert np.array_equal(first.tasks, again.tasks)
    assert not np.array_equal(first.items, other.items)


def test_batches_are_of_like_length_and_in_random_order() -> None:
    cells = pools([(0, 1.0)], 4_000)
    plan = draw_plan(cells, 200, 16, 0)
    lengths = cells[0].lengths[plan.items]
    padded, real = (lengths.max(axis=1) * 16).sum(), lengths.sum()
    assert padded / real < 1.05
    assert abs(np.corrcoef(np.arange(200), lengths.mean(axis=1))[0, 1]) < 0.3
