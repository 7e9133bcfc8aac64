from __future__ import annotations

import math

import numpy as np
import pytest

from search.error_terms import welch_interval
from search.split_half import split_half

Half = tuple[int, ...]


@pytest.mark.parametrize(("count", "distinct"), [(4, 3), (5, 15), (6, 10), (7, 70)])
def test_splits_are_distinct_halves_and_no_more_than_there_are(count: int, distinct: int) -> None:
    seen: list[tuple[Half, Half]] = []

    def differ(first: Half, second: Half) -> bool:
        seen.append((first, second))
        return False

    found = split_half(range(count), differ=differ, halves=1000)

    assert found.halves == len(seen) == len({frozenset(pair) for pair in seen}) == distinct
    assert all(len(first) == len(second) == count // 2 and not set(first) & set(second)
               for first, second in seen)
    left_out = {number for first, second in seen for number in range(count)
                if number not in (*first, *second)}
    assert left_out == (set(range(count)) if count % 2 else set())


def test_the_same_seed_gives_the_same_splits_and_another_others() -> None:
    def splits(seed: int) -> list[tuple[Half, Half]]:
        seen: list[tuple[Half, Half]] = []
        split_half(range(12), differ=lambda *pair: bool(seen.append(pair)), halves=20, seed=seed)  # type: ignore[func-returns-value]
        return seen

    assert splits(3) == splits(3)
    assert splits(3) != splits(4)
    assert len(splits(3)) == 20


def test_shares_count_rejections_and_agreements() -> None:
    found = split_half(range(4), differ=lambda first, second: 1 in first,
                       verdict=lambda half: 0 in half)

    assert (found.rejected, found.agreed) == (pytest.approx(1 / 3), 0.0)
    assert found.sentence == ("over 3 random halves of 4 seeds a difference test rejects in 33% "
                              "and the verdict agrees in 0%")
    assert split_half(range(4), verdict=lambda half: "flat").agreed == 1.0
    assert split_half(range(4), verdict=lambda half: "flat").rejected is None


def test_halves_of_noise_differ_as_often_as_the_test_errs() -> None:
    rng = np.random.default_rng(0)
    rejected = []
    for _ in range(150):
        scores = rng.normal(50, 3, size=10)

        def differ(first: Half, second: Half, scores: np.ndarray = scores) -> bool:
            found = welch_interval(scores[list(first)].tolist(), scores[list(second)].tolist())
            assert found is not None
            return (found.low or 0) > 0 or (found.high or 0) < 0

        share = split_half(range(10), differ=differ).rejected
        assert share is not None
        rejected.append(share)
    # Splits of one sample are not independent; their mean over samples still is unbiased.
    assert abs(np.mean(rejected) - 0.10) < 3 * np.std(rejected) / math.sqrt(len(rejected)) + 0.01


@pytest.mark.parametrize(("seeds", "halves", "message"), [
    ([0, 1, 2], 20, "at least 4, each once, got 0, 1, 2"),
    ([0, 1, 2, 2], 20, "at least 4, each once, got 0, 1, 2, 2"),
    ([0, 1, 2, 3], 0, "`halves` must be at least 1, got 0"),
])
def test_what_cannot_be_halved_is_refused(seeds: list[int], halves: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_half(seeds, verdict=len, halves=halves)
    with pytest.raises(ValueError, match="got neither"):
        split_half(range(4))
