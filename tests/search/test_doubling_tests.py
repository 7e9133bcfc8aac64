from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from search.doubling_tests import ALPHA, judge_doublings
from search.doublings import CurveData, Observation


def data(gains: Sequence[float], *, sd: float, blocks: int = 6, seed: int = 0) -> CurveData:
    rng = np.random.default_rng(seed)
    curve = np.cumsum([0.0, *gains])
    return CurveData([
        Observation(x=2.0**i, score=score + rng.normal(0, sd), block=str(block))
        for block in range(blocks) for i, score in enumerate(curve)])


def test_clear_doublings_are_told_apart() -> None:
    found = judge_doublings(data([2, 1.5, 0.1, 0.0], sd=0.05), 0.5)

    assert [(test.start, test.to) for test in found] == [(1, 2), (2, 4), (4, 8), (8, 16)]
    assert [test.above for test in found] == [True, True, False, False]
    assert [test.within for test in found] == [False, False, True, True]


def test_nothing_is_within_worth_below_a_doubling_that_is_not() -> None:
    found = judge_doublings(data([0, 0, 2, 0], sd=0.05), 0.5)

    assert [test.within for test in found] == [False, False, False, True]
    assert found[0].p_within is not None
    assert found[0].p_within < ALPHA


def test_holm_counts_every_doubling() -> None:
    curve = data([0.9, 0.4, 0.45, 0.5], sd=0.15)
    plain = [tails[0] for start in curve.starts if (tails := curve.tails(start, 2 * start, 0.5))]
    holm = [test.p_above for test in judge_doublings(curve, 0.5)]

    assert min(holm) == pytest.approx(4 * min(plain))  # type: ignore[type-var]
    assert all(each is not None and each >= one for each, one in zip(holm, plain, strict=True))


def test_one_block_shows_nothing() -> None:
    found = judge_doublings(data([9, 0], sd=0.1, blocks=1), 0.5)

    assert all((test.p_above, test.p_within) == (None, None) for test in found)
    assert not any(test.above or test.within for test in found)


def test_exact_scores_are_judged_exactly() -> None:
    found = judge_doublings(data([2.0, 0.5], sd=0.0), 0.5)

    assert [(test.above, test.within) for test in found] == [(True, False), (False, True)]


def test_a_wrong_bound_is_as_rare_as_it_says() -> None:
    repeats = 150
    found = [judge_doublings(data([0.5] * 4, sd=0.2, blocks=4, seed=seed), 0.5)
             for seed in range(repeats)]

    # Each doubling gains `worth`, the worst case of both bounds; 0.05 is promised of each.
    assert sum(any(test.above for test in tests) for tests in found) <= 0.10 * repeats
    assert sum(any(test.within for test in tests) for tests in found) <= 0.10 * repeats
