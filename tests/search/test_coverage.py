from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from search.coverage import CoverageRow, coverage, panel_distance
from spaces.language_orders import ordered
from spaces.typology import distance

POOL = ("ar", "az", "bg", "bn", "cs", "de", "es", "fa", "fr", "hi", "hu", "id", "ko", "pl", "ru",
        "sv", "sw", "ta", "th", "tr", "zh")
PANEL = ("el", "fi", "he", "ja", "mr", "ur", "vi")
ORDERS = (*(f"random:{n}" for n in range(6)), "nearest", "diverse")
COUNTS = (1, 2, 4, 8, 16)


def distances() -> dict[tuple[str, int], float]:
    return {(order, count): panel_distance(PANEL, ("en", *ordered(order, POOL)[:count]), distance)
            for order in ORDERS for count in COUNTS}


NEAR = distances()


def drawn(
    truth: Callable[[int, float], float], *, sd: float = 0.0, of_order: float = 0.0, seed: int = 0,
    counts: tuple[int, ...] = COUNTS, orders: tuple[str, ...] = ORDERS, seeds: int = 2,
) -> list[CoverageRow]:
    rng = np.random.default_rng(seed)
    levels = rng.normal(0, 3, size=seeds)
    found = []
    for order in orders:
        own = of_order * rng.normal(size=len(counts))
        found += [CoverageRow(count=count, order=order, seed=block, distance=NEAR[order, count],
                              score=truth(count, NEAR[order, count]) + own[i] + levels[block]
                              + sd * rng.normal())
                  for i, count in enumerate(counts) for block in range(seeds)]
    return found


def test_the_nearest_language_counts_and_more_of_them_never_lie_farther() -> None:
    assert panel_distance(["el"], ["en", "bg"], distance) == min(
        distance("el", "en"), distance("el", "bg"))
    for order in ORDERS:
        falling = [NEAR[order, count] for count in COUNTS]
        assert falling == sorted(falling, reverse=True)
    with pytest.raises(ValueError, match="must hold a language, got 1 and 0"):
        panel_distance(["el"], [], distance)


@pytest.mark.parametrize(("truth", "answer", "nearer", "doubling"), [
    (lambda n, d: 50 - 60 * d, "coverage", 6.0, 0.0),
    (lambda n, d: 50 + 2 * math.log2(n), "count", 0.0, 2.0),
    (lambda n, d: 50 - 60 * d + 2 * math.log2(n), "coverage and count", 6.0, 2.0),
    (lambda n, d: 50.0, "neither", 0.0, 0.0),
])
def test_coverage_is_told_from_count(
    truth: Callable[[int, float], float], answer: str, nearer: float, doubling: float
) -> None:
    exact, noisy = coverage(drawn(truth)), coverage(drawn(truth, sd=0.3, seed=1))

    assert exact.nearer is not None
    assert exact.doubling is not None
    assert (exact.nearer.mean, exact.doubling.mean) == (
        pytest.approx(nearer, abs=1e-6), pytest.approx(doubling, abs=1e-6))
    assert noisy.answer == answer
    # What comes with count by coverage stands in the count's own curve.
    assert (exact.doubling_alone.mean > doubling + 0.1) == (nearer > 0)


def test_a_bend_in_the_counts_curve_is_not_taken_for_coverage() -> None:
    found = coverage(drawn(lambda n, d: 50 + 8 * (1 - n**-0.7)))

    assert found.nearer is not None
    assert found.nearer.mean == pytest.approx(0, abs=1e-6)


def test_what_predicts_an_order_left_out_is_told_by_its_error() -> None:
    near = coverage(drawn(lambda n, d: 50 - 60 * d, sd=0.3, seed=2))
    bare = coverage(drawn(lambda n, d: 50 + math.log2(n), sd=0.3, seed=2))

    assert near.errors is not None
    assert bare.errors is not None
    assert near.errors[1] < near.errors[0] / 2
    assert bare.errors[1] > 0.9 * bare.errors[0]


def test_orders_that_lie_equally_near_tell_nothing_of_coverage() -> None:
    rows = [row.model_copy(update={"distance": 1 / row.count})
            for row in drawn(lambda n, d: 50 - 60 * d, sd=0.3)]

    found = coverage(rows)

    assert (found.answer, found.nearer, found.doubling, found.errors) == (
        "not told apart", None, None, None)
    assert "equally near the panel" in found.sentence
    assert found.doubling_alone.low is not None


@pytest.mark.parametrize(("change", "message"), [
    ({"counts": (1, 2, 4, 8)}, r"at least 4 octaves of languages, got 3.0 \(1, 2, 4, 8\)"),
    ({"orders": ORDERS[:2]}, "at least 3 orders, got 2"),
])
def test_what_is_too_small_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        coverage(drawn(lambda n, d: 50.0, **change))
    with pytest.raises(ValueError, match="none above 0"):
        coverage([])


def test_the_first_step_is_another_question() -> None:
    rows = drawn(lambda n, d: 50 - 60 * d, sd=0.3)
    none = [row.model_copy(update={"count": 0, "score": 0.0}) for row in rows]

    assert coverage([*rows, *none]) == coverage(rows)


def test_intervals_cover_where_orders_differ_by_chance() -> None:
    covered = wrong = 0
    for seed in range(60):
        found = coverage(drawn(lambda n, d: 50 - 60 * d, sd=1.0, of_order=1.0, seed=seed))
        assert found.nearer is not None
        assert found.nearer.low is not None
        assert found.nearer.high is not None
        covered += found.nearer.low <= 6 <= found.nearer.high
        wrong += found.answer in ("count", "coverage and count")
    assert covered >= 48  # below the 0.01 quantile of 60 draws at 0.90
    assert wrong <= 8
