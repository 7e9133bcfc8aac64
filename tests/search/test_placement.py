"""Where a curve's next trials are placed, and when there are no more."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.doublings import Observation
from search.placement import LEAST, START, Cell, Placement, coarse, is_settled
from search.saturation import locate

XS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
WHOLE = (6, 10, 14)
ORDERS = tuple(f"random:{number}" for number in range(8))


def kink(x: float) -> float:
    return 60 + 3 * min(math.log2(x), 3.0)


def placement(**changes: object) -> Placement:
    return Placement.model_validate(
        {"xs": XS, "orders": ORDERS, "blocks": ("0", "1", "2"), "worth": 1.0} | changes)


def observed(cell: Cell, truth: Callable[[float], float], sd: float) -> Observation:
    noise = np.random.default_rng([int(cell.order[-1]), int(cell.block), int(cell.x)]).normal()
    return Observation(x=cell.x, score=truth(cell.x) + sd * float(noise), order=cell.order,
                       block=cell.block)


def placed(
    planned: Placement, truth: Callable[[float], float], sd: float
) -> list[tuple[Cell, ...]]:
    units: list[tuple[Cell, ...]] = []
    seen: list[Observation] = []
    while cells := planned.next(len(units), seen):
        units.append(cells)
        seen += [observed(cell, truth, sd) for cell in cells]
    return units


def test_the_first_units_measure_the_whole_range() -> None:
    for cells in placed(placement(), kink, 0.4)[:START]:
        assert [cell.x for cell in cells] == [1, 2, 4, 8, 16, 32]


@given(st.lists(st.integers(1, 500), min_size=3, max_size=20, unique=True).map(sorted))
def test_a_coarse_range_spans_it_and_leaves_no_two_close(xs: list[int]) -> None:
    chosen = coarse([float(x) for x in xs])
    assert (chosen[0], chosen[-1]) == (xs[0], xs[-1])
    assert set(chosen) <= set(xs)
    assert all(high / low >= 1.7 for low, high in zip(chosen[1:], chosen[2:], strict=False))


def test_no_trial_is_placed_twice_and_each_unit_is_one_order_on_one_block() -> None:
    units = placed(placement(), kink, 2.0)
    cells = [cell for unit in units for cell in unit]
    assert len(set(cells)) == len(cells)
    assert all(len({(cell.order, cell.block) for cell in unit}) == 1 for unit in units)
    assert all(len(unit) > 1 for unit in units)


def test_every_pair_of_order_and_block_is_a_unit_once_and_neighbours_differ_in_both() -> None:
    units = placement().units
    assert sorted(units) == sorted((order, block) for order in ORDERS for block in "012")
    assert all(first[0] != second[0] for first, second in zip(units, units[1:], strict=False))


def test_it_stops_at_a_verdict_that_stood_twice_long_before_all_is_measured() -> None:
    planned = placement()
    units = placed(planned, kink, 0.4)
    seen = [observed(cell, kink, 0.4) for unit in units for cell in unit]
    found = locate([each.x for each in seen], [each.score for each in seen],
                   [each.order for each in seen], [each.block for each in seen], worth=1.0)
    assert found.verdict == "located"
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 8 / 2 ** (1 / 3) <= found.high  # where a doubling gains 1: 3 log2(8 / x)
    assert len(seen) < len(planned.units) * len(XS) / 4


def test_what_is_told_is_not_measured_again_but_by_whole_units() -> None:
    units = placed(placement(), kink, 0.8)
    later = [len(unit) for number, unit in enumerate(units)
             if number >= START and number not in WHOLE]
    assert later
    assert min(later) < len(coarse(XS))


def test_whole_units_draw_an_x_besides_and_another_seed_draws_others() -> None:
    drawn = {seed: [{cell.x for cell in unit} - set(coarse(XS)) for number, unit in enumerate(
        placed(placement(seed=seed), lambda x: math.log2(x), 2.0)) if number in WHOLE]
        for seed in (0, 1)}
    assert all(len(each) == 1 for each in drawn[0])
    assert drawn[0] != drawn[1]


def test_without_a_verdict_it_ends_with_the_last_unit() -> None:
    small = placement(orders=ORDERS[:3], blocks=("0", "1"))
    units = placed(small, lambda x: 1.0 * math.log2(x), 3.0)
    assert len(units) == len(small.units)


def test_no_verdict_ends_it_before_units_enough_have_shown_their_spread() -> None:
    assert len(placed(placement(), kink, 0.01)) == LEAST


def test_it_gives_up_where_what_is_left_cannot_bring_a_verdict() -> None:
    planned = placement()
    units = placed(planned, lambda x: 1.0 * math.log2(x), 8.0)
    assert LEAST <= len(units) < len(planned.units) / 2


def test_where_every_trial_fails_it_gives_up_after_the_first_units() -> None:
    planned = placement()
    assert planned.next(START - 1, [])
    assert planned.next(START, []) == ()


@pytest.mark.parametrize("gone", range(4))
def test_a_failed_trial_leaves_the_rest_to_speak(gone: int) -> None:
    planned = placement()
    seen = [observed(cell, kink, 0.4) for number in range(START)
            for cell in planned.next(number, [])]
    assert planned.next(START, seen[:gone] + seen[gone + 1:])


def test_the_same_results_place_the_same_trials() -> None:
    planned = placement()
    seen = [observed(cell, kink, 1.0) for number in range(START)
            for cell in planned.next(number, [])]
    assert planned.next(START, seen) == planned.next(START, seen[::-1])


@pytest.mark.parametrize("xs", [(1.0, 2.0), (2.0, 1.0, 4.0), (0.0, 1.0, 2.0), (1.0, 1.0, 2.0)])
def test_x_must_be_positive_and_rise(xs: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="xs"):
        placement(xs=xs)


def test_a_curve_that_is_not_located_is_not_settled() -> None:
    assert not is_settled(locate([1, 2, 4], [1, 2, 3], worth=0.5))
