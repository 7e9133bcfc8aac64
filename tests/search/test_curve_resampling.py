from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from search.curve_resampling import curve_replicates, estimate_curve
from search.doublings import Observation
from search.error_terms import crossed_interval

XS = (1.0, 2.0, 4.0, 8.0)


def rows(orders: int, blocks: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 20, blocks)
    return [Observation(x=x, score=50 + level[int(block)] + rng.normal(), order=str(order),
                        block=str(block))
            for order, block, x in product(range(orders), range(blocks), XS)]


def test_the_error_of_a_gain_is_that_of_the_crossed_interval() -> None:
    given = rows(4, 3)
    found = estimate_curve(given)
    score = {(each.order, each.block, each.x): each.score for each in given}
    cells = sorted({(each.order, each.block) for each in given})
    gains = [score[(*cell, 8.0)] - score[(*cell, 2.0)] for cell in cells]
    interval = crossed_interval(gains, [cell[0] for cell in cells], [cell[1] for cell in cells])

    assert found is not None
    assert found.covariance is not None
    assert interval is not None
    contrast = np.array([0, -1, 0, 1.0])
    assert contrast @ found.mean == pytest.approx(interval.mean)
    # `sd` is that of one of its 4 units.
    assert interval.sd is not None
    assert contrast @ found.covariance @ contrast == pytest.approx(interval.sd**2 / 4)


def test_replicates_spread_as_student_and_are_always_the_same() -> None:
    found = estimate_curve(rows(1, 5))
    assert found is not None
    assert found.covariance is not None
    assert found.freedom == 4
    drawn = curve_replicates(found, 4000)
    error = np.sqrt(found.covariance[0, 0])

    assert np.array_equal(drawn, curve_replicates(found, 4000))
    low, high = np.quantile((drawn[:, 0] - found.mean[0]) / error, [0.05, 0.95])
    assert (low, high) == pytest.approx((-2.13, 2.13), abs=0.2)  # of a normal 1.64


def test_one_order_and_one_block_have_no_error_to_draw_from() -> None:
    found = estimate_curve(rows(1, 1))

    assert found is not None
    assert (found.covariance, found.freedom) == (None, None)
    with pytest.raises(ValueError, match="`covariance` must be known"):
        curve_replicates(found)


def test_series_that_share_no_x_are_not_compared() -> None:
    apart = [each for each in rows(1, 2) if (each.x < 4) == (each.block == "0")]

    assert estimate_curve(apart) is None
    assert estimate_curve([]) is None
    assert estimate_curve([Observation(x=0, score=1)]) is None


def test_missing_trials_leave_the_level_of_their_block_out() -> None:
    curve = dict(zip(XS, (0.0, 3.0, 4.0, 4.5), strict=True))
    given = [Observation(x=each.x, score=curve[each.x] + 100 * int(each.block), order=each.order,
                         block=each.block) for each in rows(3, 4)]
    found = estimate_curve([each for i, each in enumerate(given) if i % 5])

    assert found is not None
    assert np.allclose(np.diff(found.mean), [3, 1, 0.5])


def test_a_point_that_all_orders_share_connects_them() -> None:
    shared = [Observation(x=16, score=60.0 + block, block=str(block)) for block in range(3)]
    found = estimate_curve(rows(4, 3) + shared)

    assert found is not None
    assert found.xs == (*XS, 16.0)
    assert found.trials.tolist() == [12.0] * 5
