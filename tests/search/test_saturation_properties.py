"""What must not matter: levels, units, names, the order of rows, rows given twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.saturation import Saturation, locate

Rows = list[tuple[float, float, str, str]]
XS = (0.0, 1.0, 2.0, 3.0, 6.0, 8.0, 16.0)


@st.composite
def blocks_of_trials(draw: st.DrawFn) -> Rows:
    """Draw curves that rise, bend or fall, with noise, on up to 3 orders and 3 blocks."""
    orders, blocks = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    points = st.integers(-300, 300).map(lambda hundredths: hundredths / 100)
    steps = draw(st.lists(points, min_size=len(XS), max_size=len(XS)))
    noise = iter(draw(st.lists(points, min_size=len(XS) * 9, max_size=len(XS) * 9)))
    loud = draw(st.sampled_from((0.01, 0.1, 0.5)))
    return [(x, 50 + sum(steps[:i]) + loud * next(noise), str(order) if x else "", str(block))
            for order, block in product(range(orders), range(blocks))
            for i, x in enumerate(XS)]


def located(rows: Sequence[Sequence[Any]], worth: float = 0.5) -> Saturation:
    x, score, order, block = zip(*rows, strict=True)
    return locate(x, score, order, block, worth=worth)


def same(found: Saturation, other: Saturation) -> None:
    assert found.verdict == other.verdict
    for name in ("x_star", "low", "high", "falls_after"):
        assert getattr(found, name) == pytest.approx(getattr(other, name))
    assert [(test.above, test.within) for test in found.tests] == [
        (test.above, test.within) for test in other.tests]


cheap = settings(max_examples=12, deadline=None, derandomize=True)


@cheap
@given(blocks_of_trials(), st.sampled_from([-64.0, 1024.0]))
def test_shifting_all_scores_changes_nothing(rows: Rows, shift: float) -> None:
    same(located(rows), located([(x, score + shift, *rest) for x, score, *rest in rows]))


@cheap
@given(blocks_of_trials(), st.sampled_from([0.1, 4.0]))
def test_scores_and_worth_scaled_together_change_nothing_but_units(
    rows: Rows, scale: float
) -> None:
    found = located(rows)
    scaled = located([(x, score * scale, *rest) for x, score, *rest in rows], 0.5 * scale)

    same(found, scaled)
    for one, other in zip(found.doublings, scaled.doublings, strict=True):
        assert one.gain is not None
        assert other.gain is not None
        assert other.gain.mean == pytest.approx(one.gain.mean * scale, abs=1e-9)


@cheap
@given(blocks_of_trials(), st.randoms(use_true_random=False))
def test_neither_rows_nor_names_nor_copies_matter(rows: Rows, random: Any) -> None:
    names = ["c", "a", "b"]
    random.shuffle(names)
    again = [(x, score, f"order-{names[int(order)]}" if order else "", names[int(block)])
             for x, score, order, block in rows] * 2
    random.shuffle(again)

    same(located(rows), located(again))


@cheap
@given(blocks_of_trials())
def test_a_number_is_given_only_with_a_right_to_it(rows: Rows) -> None:
    found = located(rows)

    if found.x_star is not None:
        assert found.verdict in ("located", "falls after x")
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.x_star <= found.high <= 16
    if len({order for _, _, order, _ in rows if order}) == len({row[3] for row in rows}) == 1:
        assert (found.verdict, found.low, found.high) == ("not located", None, None)
    if found.verdict == "still rising":
        assert (found.low, found.high) == (8.0, None)
