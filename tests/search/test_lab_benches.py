"""What the lab's benches compute from scores: correlations of two sides, and nested languages."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.lab_and_hub import PAIRS, TARGETS, _resampled, correlations
from tests.bench.lab_curve import DENSE, PLAIN, Design, _job, _located
from tests.bench.lab_table import MODELS, UNSEEN, Measured

TASKS = len(PAIRS)
RISING = np.arange(TASKS, dtype=float)[:, None] * np.ones(len(TARGETS))


@pytest.mark.parametrize(("hub", "expected"), [
    (RISING, 1.0), (100 * RISING - 7, 1.0), (np.exp(RISING), 1.0), (-RISING, -1.0),
])
def test_only_the_order_of_tasks_counts(hub: np.ndarray, expected: float) -> None:
    found = correlations(np.stack([RISING, hub]))
    assert found == pytest.approx(expected)
    assert len(found) == len(TARGETS) + 1


def test_spearmans_formula_by_hand() -> None:
    # Two neighbours change places: 1 - 6 * (1 + 1) / (6 * 35).
    swapped = RISING.copy()
    swapped[[2, 3]] = swapped[[3, 2]]
    assert correlations(np.stack([RISING, swapped]))[0] == pytest.approx(1 - 12 / 210)


def test_each_target_weighs_alike_in_all_of_them_together() -> None:
    loud = RISING.copy()
    loud[:, 0] *= -1_000
    assert correlations(np.stack([RISING, loud]))[-1] == pytest.approx(1.0)


def test_resampled_seeds_spread_with_their_noise_alone() -> None:
    gains = np.stack([RISING, RISING])[:, :, None] * np.ones((1, 1, 3, 1))
    assert np.allclose(_resampled(gains), 1.0)
    noisy = gains + np.random.default_rng(0).normal(0, 5, gains.shape)
    assert _resampled(noisy).std(axis=0).min() > 0.05


@pytest.mark.parametrize("design", [PLAIN, DENSE])
def test_language_sets_are_nested_and_differ_between_orders(design: Design) -> None:
    model = MODELS["lab-tiny"]
    for order in range(3):
        sets = [set(_job(model, "lab-measure", "lab-tags", design, (count, order, 0), "").languages)
                for count in design.counts]
        assert list(map(len, sets)) == list(design.counts)
        assert all(low < high for low, high in zip(sets, sets[1:], strict=False))
        assert not set.union(*sets) & {"en", *UNSEEN}
    assert len({_job(model, "lab-measure", "lab-tags", design, (4, order, 0), "").languages
                for order in range(3)}) == 3


@pytest.mark.parametrize("design", [PLAIN, DENSE])
def test_a_curve_of_orders_is_judged_over_them(design: Design) -> None:
    found = {(count, order, seed): Measured(0.0, 50 + 5 * np.log2(1 + count) + seed, 0.0)
             for count in design.counts for order in design.orders_of(count, 3)
             for seed in (100, 101)}
    curve = _located(found, "unseen", design, orders=3, worth=1.0)
    assert (curve.unit, curve.units) == ("order", 3)
