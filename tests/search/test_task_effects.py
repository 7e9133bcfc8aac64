"""Task effects: exact where the truth is a log-ratio's, honest in their intervals, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from search.readout import selection_objective
from search.task_effects import (
    FLOOR,
    TRIALS_PER_TERM,
    TaskEffects,
    centred_log_ratios,
    estimate,
    task_effects_of,
)
from tests.search.simulated_results import QUESTION, search

TASKS = ("dates", "entities", "numbers")
TRUTH = np.array([1.0, 0.0, -1.0])  # points per doubling
RNG = np.random.default_rng(0)


def drawn(trials: int, rng: np.random.Generator = RNG) -> np.ndarray:
    return rng.dirichlet(np.ones(len(TASKS)), size=trials)


def estimated(weights: np.ndarray, scores: np.ndarray, **more: object) -> TaskEffects:
    columns = {task: list(weights[:, i]) for i, task in enumerate(TASKS)}
    return estimate(columns, list(scores), **more)  # type: ignore[arg-type]


def test_a_truth_in_log_ratios_is_found_exactly_and_effects_add_up_to_nothing() -> None:
    weights = drawn(20)
    found = estimated(weights, 60 + centred_log_ratios(weights) @ TRUTH)
    effects = [each.effect for each in found.effects]
    assert effects == pytest.approx(list(TRUTH), abs=1e-9)
    assert sum(effects) == pytest.approx(0, abs=1e-9)
    assert found.predicted == pytest.approx(1)


def test_doubling_a_weight_against_the_others_gains_its_effect() -> None:
    weights = np.array([[0.2, 0.5, 0.3], [0.4, 0.5, 0.3]])
    before, after = centred_log_ratios(weights / weights.sum(axis=1, keepdims=True)) @ TRUTH
    assert after - before == pytest.approx(TRUTH[0])


def test_a_zero_counts_as_the_floor_and_rows_are_closed() -> None:
    ratios = centred_log_ratios(np.array([[1.0, 0.0, 0.0], [1.0, FLOOR, FLOOR / 3]]))
    assert ratios[0] == pytest.approx(ratios[1])
    assert ratios.sum(axis=1) == pytest.approx(0)


def test_intervals_hold_the_truth_nine_times_in_ten() -> None:
    rng, repeats = np.random.default_rng(1), 200
    held = 0
    for _ in range(repeats):
        weights = drawn(18, rng)
        scores = centred_log_ratios(weights) @ TRUTH + rng.normal(0, 1, len(weights))
        first = estimated(weights, scores).effects[0]
        held += first.low <= TRUTH[0] <= first.high
    assert stats.binomtest(held, repeats, 0.9, alternative="less").pvalue > 0.001
    assert held < repeats


def test_what_else_varied_with_a_weight_is_held() -> None:
    weights = drawn(40)
    rate = 5 * weights[:, 0] + RNG.normal(0, 0.1, 40)
    scores = 3 * rate + RNG.normal(0, 0.1, 40)
    bare = estimated(weights, scores)
    held = estimated(weights, scores, others={"rate": list(rate), "fixed": [1.0] * 40})
    assert held.adjusted == ("rate",)
    assert abs(held.effects[0].effect) < 0.2 < bare.effects[0].effect


@pytest.mark.parametrize(("blocks", "unit", "units"), [(6, "block", 6), (2, "trial", 30)])
def test_seed_blocks_are_left_out_whole_where_there_are_enough(
    blocks: int, unit: str, units: int
) -> None:
    weights = drawn(30)
    block = np.arange(30) % blocks
    scores = centred_log_ratios(weights) @ TRUTH + 20 * block
    found = estimated(weights, scores, blocks=[str(each) for each in block])
    assert (found.unit, found.units) == (unit, units)
    if unit == "trial":  # then blocks are terms, so that a block's shift is no task's effect
        assert [each.effect for each in found.effects] == pytest.approx(list(TRUTH), abs=1e-6)


@pytest.mark.parametrize(("weights", "scores", "why"), [
    (np.zeros((0, 3)), np.zeros(0), "no trial"),
    (drawn(3 * TRIALS_PER_TERM - 1), RNG.normal(size=3 * TRIALS_PER_TERM - 1), "need at least 9"),
    (drawn(20), np.full(20, 50.0), "the same score"),
    (np.tile([0.5, 0.3, 0.2], (20, 1)), RNG.normal(size=20), "too alike"),
    (np.vstack([np.tile([0.5, 0.5, 0.0], (19, 1)), [[0.2, 0.2, 0.6]]]), RNG.normal(size=20),
     "too alike"),
])
def test_no_effect_is_told_without_the_trials_for_it(
    weights: np.ndarray, scores: np.ndarray, why: str
) -> None:
    found = estimated(weights, scores)
    assert found.effects == ()
    assert why in str(found.refused)


def test_one_task_has_no_effect_and_unequal_or_infinite_numbers_are_refused() -> None:
    assert "one intermediate task" in str(estimate({"a": [1.0] * 9}, [1.0] * 9).refused)
    with pytest.raises(ValueError, match="equally long"):
        estimate({"a": [1.0, 0.0], "b": [0.0, 1.0]}, [1.0])
    with pytest.raises(ValueError, match="finite"):
        estimate({"a": [1.0, 0.0], "b": [0.0, 1.0]}, [1.0, float("inf")])


def test_a_searchs_effects_have_the_order_of_its_truth() -> None:
    results = search({"dates": 6.0, "entities": 1.0, "numbers": -6.0}, trials=30)
    found = task_effects_of(results, selection_objective(results, QUESTION))
    dates, _, numbers = found.effects
    assert dates.low > 0 > numbers.high
    assert found.trials == 30
