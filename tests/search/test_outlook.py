"""What a curve's verdict still takes, and its chance with the units that are left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.intervals import Interval
from search.outlook import Outlook, Step
from search.saturation import Saturation, locate

XS = (1.0, 2.0, 4.0, 8.0, 16.0)
GAIN = Interval(mean=1.0, sd=2.0, low=0.0, high=2.0, units=6)


def step(margin: float, *, above: float = 3.0, within: float = math.inf,
         gain: Interval | None = GAIN) -> Step:
    return Step(4.0, 8.0, above=above, within=within, margin=margin, gain=gain)


def found(sd: float, *, slope: float = 2.0, units: int = 6) -> Saturation:
    """Return a curve that bends at 4; units differ by +-2 sd in each doubling, evenly."""
    rows = [(x, 60 + slope * min(octave, 2) + sd * (-1) ** (unit + octave), str(unit))
            for unit in range(units) for octave, x in enumerate(XS)]
    x, score, unit = zip(*rows, strict=True)
    return locate(x, score, unit, ["0"] * len(x), worth=1.0)


@pytest.mark.parametrize("above", [True, False])
def test_what_is_shown_stays_shown(above: bool) -> None:
    shown = step(-5.0, above=0.0, within=0.0)
    assert shown.chance(6, 0, above=above) == 1.0


def test_a_doubling_never_measured_has_every_chance() -> None:
    assert step(0.0, gain=None).chance(6, 4, above=True) == 1.0


@given(st.floats(-3, 3), st.integers(0, 40))
def test_a_chance_is_one_and_the_sides_are_mirrored(margin: float, left: int) -> None:
    chance = step(margin).chance(6, left, above=True)
    assert 0 <= chance <= 1
    assert step(-margin).chance(6, left, above=False) == pytest.approx(chance)


@given(st.floats(-3, 3), st.floats(0.01, 3))
def test_it_grows_with_what_is_believed_beyond_worth(margin: float, more: float) -> None:
    assert step(margin + more).chance(6, 12, above=True) >= step(margin).chance(6, 12, above=True)


def test_without_units_left_the_estimate_alone_decides() -> None:
    assert step(3.0).chance(6, 0, above=True) == 1.0
    assert step(0.5).chance(6, 0, above=True) == 0.0


def test_predictive_power_by_hand() -> None:
    # 6 of 24 units: standard error 0.8165 now and 0.4082 at the end, t(23) = 1.7139; 0.5 of a
    # margin falls 0.1997 short of the end's 0.6997, over a spread of 0.7071.
    assert step(0.5).chance(6, 18, above=True) == pytest.approx(0.3888, abs=5e-4)


def test_a_quiet_curve_has_every_chance_and_a_loud_one_next_to_none() -> None:
    assert Outlook.of(found(0.1), XS).chance(6, 6) == 1.0
    assert 0.2 < Outlook.of(found(0.8), XS).chance(6, 6) < 1
    assert Outlook.of(found(8.0, slope=0.5), XS).chance(6, 6) < 0.1


def test_a_curve_that_is_told_lacks_nothing_and_one_that_is_not_lacks_doublings() -> None:
    assert Outlook.of(found(0.1), XS).lacking == ()
    lacking = Outlook.of(found(1.0), XS).lacking
    assert lacking
    assert set(lacking) <= set(XS)


def test_what_is_told_is_held_by_its_narrowest_doublings() -> None:
    told = ((1.0, 4.0, 0.0, math.inf), (2.0, -0.5, math.inf, 0.0), (4.0, -3.0, math.inf, 0.0))
    steps = [Step(start, 2 * start, above=above, within=within, margin=margin, gain=GAIN)
             for start, margin, above, within in told]
    assert Outlook(tuple(steps)).narrowest == (2.0, 4.0, 8.0)
    assert Outlook(tuple(steps[:1])).narrowest == (1.0, 2.0)
    assert Outlook(()).narrowest == ()


def test_without_doublings_nothing_is_lacking_and_nothing_ruled_out() -> None:
    assert Outlook(()).lacking == ()
    assert Outlook(()).chance(6, 6) == 1.0
