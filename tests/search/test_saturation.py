from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from search.saturation import Saturation, locate

XS = (1, 2, 4, 8, 16)
Truth = Callable[[float], float]


def logistic(x: float) -> float:
    return 50 + 6 / (1 + math.exp(-3 * (math.log2(x) - 1.5)))


TRUTHS: dict[str, Truth] = {
    "flat": lambda x: 50.0,
    "falling": lambda x: 50 - 1.5 * math.log2(x),
    "s-shaped": logistic,
    "power": lambda x: 60 - 7 / x,
    "rising": lambda x: 50 + 1.2 * math.log2(x),
    "hump": lambda x: 50 + 3 * min(math.log2(x), 2) - 2 * max(math.log2(x) - 2, 0),
    "barely worth it": lambda x: 50 + 0.55 * math.log2(x),
    "barely not": lambda x: 50 + 0.45 * math.log2(x),
}


def draw(
    truth: Truth, *, orders: int = 6, blocks: int = 2, sd: float = 0.15, seed: int = 0,
    xs: tuple[int, ...] = XS,
) -> Saturation:
    """Locate on a simulated block: noise of order by x, of block, and of the trial."""
    rng = np.random.default_rng(seed)
    of_block = rng.normal(0, 1, size=blocks)
    rows = []
    for order in range(orders):
        of_order = rng.normal(0, sd, size=len(xs))
        rows += [(x, truth(x) + of_order[i] + of_block[block] + rng.normal(0, sd), str(order),
                  str(block)) for i, x in enumerate(xs) for block in range(blocks)]
    x, score, order_of, block_of = zip(*rows, strict=True)
    return locate(x, score, order_of, block_of, worth=0.5, axis="languages")


def true_x_star(truth: Truth) -> float:
    starts = [x for x in XS if 2 * x <= XS[-1]]
    return min((x for i, x in enumerate(starts)
                if all(truth(2 * y) - truth(y) <= 0.5 for y in starts[i:])), default=math.inf)


@pytest.mark.parametrize(("name", "verdict", "x_star"), [
    ("flat", "no gain anywhere", None),
    ("falling", "falls after x", None),
    ("s-shaped", "located", 5),
    ("power", "located", 7),
    ("rising", "still rising", None),
    ("hump", "falls after x", 3),
])
def test_a_clear_truth_gets_its_verdict(name: str, verdict: str, x_star: float | None) -> None:
    found = draw(TRUTHS[name], sd=0.02)

    assert found.verdict == verdict
    # Between 4 and 8 lies no x of the data, so that families alone say where x* is.
    assert found.x_star == (None if x_star is None else pytest.approx(x_star, abs=1))
    assert (found.unit, found.units) == ("order", 6)


def test_a_located_point_says_between_what_it_lies_and_why() -> None:
    found = draw(TRUTHS["s-shaped"], sd=0.02)

    assert (found.low, found.high) == (4, 8)
    assert found.x_star is not None
    assert 4 < found.x_star <= 8
    assert found.sentence.startswith(f"x* = {found.x_star:g} languages [4, 8]: ")
    assert "going from 4 to 8 languages gains 1." in found.sentence
    assert "90% t intervals over 6 orders" in found.sentence


def test_a_rising_curve_gives_a_bound_only() -> None:
    found = draw(TRUTHS["rising"], sd=0.02)

    assert (found.low, found.x_star, found.high) == (8, None, None)
    assert "x* > 8 languages" in found.sentence


def test_a_fall_is_told_from_where() -> None:
    assert draw(TRUTHS["hump"], sd=0.02).falls_after == 4
    assert draw(TRUTHS["falling"], sd=0.02).falls_after == 1
    assert "loses 1.5" in draw(TRUTHS["falling"], sd=0.02).sentence


def test_a_located_x_star_is_seldom_wrong_whatever_the_truth() -> None:
    repeats, wrong, located = 30, Counter[str](), Counter[str]()
    for name, truth in TRUTHS.items():
        for seed in range(repeats):
            found = draw(truth, sd=0.3, orders=4, seed=seed)
            if found.verdict == "located" and found.low is not None and found.high is not None:
                located[name] += 1
                wrong[name] += not found.low < true_x_star(truth) <= found.high

    assert located["s-shaped"] > 2  # the rate below is not one of silence
    assert sum(wrong.values()) <= 0.05 * repeats * len(TRUTHS)
    assert max(wrong.values()) < 0.10 * repeats


def test_wide_intervals_are_not_located_and_say_what_it_would_take() -> None:
    found = draw(TRUTHS["s-shaped"], sd=3.0)
    more = draw(TRUTHS["s-shaped"], sd=6.0)

    assert found.verdict == more.verdict == "not located"
    assert found.x_star is None
    assert found.units_needed is not None
    assert more.units_needed is not None
    assert 6 < found.units_needed < more.units_needed
    assert f"would take about {found.units_needed} orders at this spread" in found.sentence


def test_one_order_and_one_block_give_points_but_no_interval_and_no_verdict() -> None:
    found = draw(TRUTHS["s-shaped"], orders=1, blocks=1)

    assert found.verdict == "not located"
    assert all(point.score.low is None for point in found.points)
    assert (found.x_star, found.low, found.high, found.units_needed) == (None, None, None, None)
    assert "on one unit alone, which says nothing of its spread" in found.sentence


def test_rows_that_nothing_tells_apart_are_one_unit() -> None:
    x = [1.0, 2.0, 4.0, 8.0] * 5
    found = locate(x, [50 + math.log2(at) for at in x], worth=0.5)

    assert (found.verdict, found.low, found.high, found.combined) == (
        "not located", None, None, None)
    assert found.sentence.endswith("rows of one x, order and block count as one, their mean.")


def test_bounds_are_the_weaker_ones_of_tests_and_families() -> None:
    found = draw(TRUTHS["s-shaped"], sd=0.15)

    assert found.combined is not None
    assert [test.above for test in found.tests] == [True, True, True, False]
    assert [test.within for test in found.tests] == [False, False, False, True]
    assert found.combined.low is not None
    assert found.combined.high is not None
    assert found.low == min(4, math.floor(found.combined.low))
    assert found.high == max(8, math.ceil(found.combined.high))


def test_three_x_tell_no_family_from_another() -> None:
    found = draw(TRUTHS["s-shaped"], sd=0.02, xs=(4, 8, 16))

    assert (found.verdict, found.x_star, found.combined) == ("not located", None, None)
    assert (found.low, found.high) == (4, 8)
    assert "fewer than 4 x" in found.sentence


def test_where_tests_and_families_disagree_nothing_is_located() -> None:
    # A plateau, then a second rise over one octave: no family but the smoother has two.
    xs = (1, 2, 4, 8, 16, 32, 64)
    found = [draw(lambda x: 2.2 * (1 - 1 / x) + 0.25 * math.sin(2.5 * math.log2(x)), xs=xs,
                  orders=3, blocks=4, sd=0.03, seed=seed) for seed in range(3)]

    assert all(each.x_star is None for each in found)


def test_noise_says_what_is_sampled_and_what_is_fixed() -> None:
    assert draw(TRUTHS["flat"]).noise == {
        "seed block": "sampled", "nested order": "sampled", "pretraining checkpoint": "fixed",
        "test items": "fixed", "target languages": "fixed"}
    assert draw(TRUTHS["flat"], orders=1).noise["nested order"] == "fixed"


def test_bounds_between_whole_x_are_whole_and_lie_outwards() -> None:
    found = draw(TRUTHS["power"], sd=0.1, xs=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32))

    assert found.combined is not None
    for bound in (found.low, found.x_star, found.high):
        assert bound is None or bound == int(bound)


def test_one_order_is_judged_over_its_seed_blocks() -> None:
    found = draw(TRUTHS["s-shaped"], orders=1, blocks=5, sd=0.02)

    assert (found.verdict, found.unit, found.units) == ("located", "block", 5)
    assert "over 5 seed blocks of one order" in found.sentence


def test_no_row_at_all_is_not_located() -> None:
    found = locate([], [], worth=0.5, axis="languages")

    assert found.verdict == "not located"
    assert found.points == ()
    assert found.sentence == "Not located: no trial of the curve was scored."


@pytest.mark.parametrize("xs", [(4,), (4, 6), (0, 4), (0,)])
def test_without_a_doubling_inside_the_data_there_is_no_verdict(xs: tuple[int, ...]) -> None:
    found = draw(lambda x: 50.0, xs=xs)

    assert found.verdict == "not located"
    assert "no x and 2x lie inside the data" in found.sentence


def test_noise_of_the_seed_block_cancels_within_pairs() -> None:
    quiet = draw(TRUTHS["s-shaped"], sd=0.02)  # blocks differ by about a point all the same

    assert all(step.gain is not None and step.gain.half_width is not None
               and step.gain.half_width < 0.1 for step in quiet.doublings)


def test_the_gain_pairs_only_orders_and_blocks_that_have_both_ends() -> None:
    # Block b is 30 points easier; only order 0 was run in it, and only at x = 2.
    x = [1, 2, 1, 2, 2]
    score = [50.0, 51.0, 50.5, 53.5, 81.0]
    found = locate(x, score, ["0", "0", "1", "1", "0"], ["a", "a", "a", "a", "b"], worth=0.5)

    (step,) = found.doublings
    assert step.gain is not None
    assert (step.gain.mean, step.gain.units) == (2.0, 2)


def test_a_start_between_measurements_is_read_off_in_the_log_of_x() -> None:
    x, score = [1.0, 2.0, 8.0], [50.0, 52.0, 56.0]
    found = locate(x * 2, score * 2, block=["a"] * 3 + ["b"] * 3, worth=0.5)

    gains = {step.start: step.gain.mean for step in found.doublings if step.gain is not None}
    assert gains == {1.0: 2.0, 2.0: pytest.approx(2.0), 4.0: pytest.approx(2.0)}


def test_extending_the_range_by_a_flat_octave_moves_no_x_star() -> None:
    longer = draw(TRUTHS["s-shaped"], sd=0.02, xs=(*XS, 32, 64))

    assert longer.verdict == "located"
    assert (longer.low, longer.high) == (4, 8)


def test_the_first_step_is_reported_apart_and_shares_its_start_among_orders() -> None:
    rows = [(0.0, 40.0 + 2 * block, "", str(block)) for block in range(3)]
    rows += [(float(x), 50.0 + block + 0.1 * order, str(order), str(block))
             for x in (1, 2, 4) for order in range(4) for block in range(3)]
    found = locate(*zip(*rows, strict=True), worth=0.5)  # type: ignore[misc]

    assert found.verdict == "no gain anywhere"
    assert found.first_step is not None
    assert found.first_step.gain is not None
    assert found.first_step.gain.mean == pytest.approx(9.15)
    # The three trials at 0 differ by a point more than the rest: their noise is not lost.
    assert found.first_step.gain.half_width is not None
    assert found.first_step.gain.half_width > 0.5
    assert "The first step, reported apart" in found.sentence


def test_an_order_of_which_there_is_nothing_but_its_start_gives_that_to_all() -> None:
    rows = [(x, 50 + x, f"order {order}") for order in range(3) for x in XS]
    x, score, order = map(list, zip(*rows, strict=True))
    lone, shared = (locate([*x, 0], [*score, 49.0], [*order, name], worth=1.0)
                    for name in ("failed", ""))
    assert lone.first_step == shared.first_step
    assert lone.points == shared.points
    assert lone.first_step is not None
    assert lone.first_step.gain is not None
    assert lone.first_step.gain.mean == pytest.approx(2.0)


def test_a_full_set_that_all_orders_share_brings_its_own_noise() -> None:
    rng = np.random.default_rng(0)
    full = rng.normal(52, 1.0, size=3)
    rows = [(1, 50 + rng.normal(0, 0.01), str(order), str(block))
            for order in range(6) for block in range(3)]
    rows += [(2, float(full[block]), str(order), str(block))
             for order in range(6) for block in range(3)]
    (step,) = locate(*zip(*rows, strict=True), worth=0.5).doublings  # type: ignore[misc]

    assert step.gain is not None
    assert step.gain.half_width is not None
    assert step.gain.half_width > 0.5


def test_neither_the_order_of_rows_nor_of_names_matters() -> None:
    found = draw(TRUTHS["power"], sd=0.3)
    rows = [(each.x, each.score, f"o{each.order}", f"b{each.block}")
            for each in reversed(found.observations)]
    again = locate(*zip(*rows, strict=True), worth=0.5, axis="languages")  # type: ignore[misc]

    assert (again.verdict, again.x_star) == (found.verdict, found.x_star)
    assert again.sentence == found.sentence


@pytest.mark.parametrize(("change", "message"), [
    ({"score": [1.0, math.nan]}, "`score` must be finite, got nan"),
    ({"x": [1.0, math.inf]}, "`x` must be finite, got inf"),
    ({"x": [-1.0, 2.0]}, "`x` must not be negative, got -1.0"),
    ({"score": [1.0]}, "must be equally long, got 2, 1, 2 and 2"),
    ({"worth": 0.0}, "`worth` must be positive and finite, got 0.0"),
    ({"worth": math.nan}, "`worth` must be positive and finite, got nan"),
])
def test_what_cannot_be_judged_is_refused(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"x": [1.0, 2.0], "score": [50.0, 51.0], "worth": 0.5}

    with pytest.raises(ValueError, match=message):
        locate(**(given | change))  # type: ignore[arg-type]
