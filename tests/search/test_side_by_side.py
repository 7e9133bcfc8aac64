"""Where a curve's trials stand beside their x."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from search.doublings import Observation
from search.side_by_side import side_by_side


def observations(orders: int, xs: list[int]) -> list[Observation]:
    return [Observation(x=float(x), score=50.0, order=f"random:{order:03d}")
            for order in range(orders) for x in xs]


@given(st.integers(1, 60), st.lists(st.integers(1, 500), min_size=1, max_size=12, unique=True))
def test_every_trial_is_nearest_to_its_own_x(orders: int, xs: list[int]) -> None:
    trials = observations(orders, xs)
    for trial, beside in zip(trials, side_by_side(trials), strict=True):
        place = math.log2(trial.x) + beside
        assert min(xs, key=lambda x: abs(math.log2(x) - place)) == trial.x


def test_orders_stand_apart_evenly_around_their_x() -> None:
    assert [round(each, 6) for each in side_by_side(observations(3, [4]))] == [-0.05, 0.0, 0.05]


def test_what_all_orders_share_stands_at_its_x() -> None:
    trials = [*observations(2, [1, 2]), Observation(x=0.0, score=40.0)]
    assert side_by_side(trials)[-1] == 0.0
