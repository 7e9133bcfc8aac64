from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from search.curve_families import FAMILIES, STEPS, Floats, crossing, fine_grid, fit

XS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
U = np.log2(XS)
OWN: dict[str, Callable[[Floats], Floats]] = {
    "power": lambda u: 60 - 9 * 2 ** (-0.7 * u),
    "exponential": lambda u: 60 - 9 * np.exp(-(2**u) / 5),
    "piecewise linear": lambda u: 50 + 2 * u - 3 * np.maximum(u - 2.5, 0),
    "S-shaped": lambda u: 50 + 6 / (1 + np.exp(-2 * (u - 2))),
    "smooth": lambda u: 50 + 3 * np.sin(u),
}


def ones(xs: tuple[float, ...] = XS) -> Floats:
    return np.ones(len(xs))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_finds_a_curve_of_its_own(family: str) -> None:
    truth = OWN[family]
    found = fit(family, XS, truth(U)[None, :], ones())
    grid = fine_grid(XS)

    assert np.abs(found.values - truth(U)).max() < 0.1
    assert np.abs(found.curves - truth(grid)).max() < 0.15
    true, own = crossing(truth(grid)[None, :], grid, 0.5), crossing(found.curves, grid, 0.5)
    assert own == pytest.approx(true, abs=0.15)


@pytest.mark.parametrize("family", FAMILIES)
def test_many_fits_at_once_are_each_alone(family: str) -> None:
    curves = np.random.default_rng(0).normal(50, 1, (5, len(XS)))
    together = fit(family, XS, curves, ones())
    alone = [fit(family, XS, curve[None, :], ones()) for curve in curves]

    assert np.allclose(together.curves, np.concatenate([each.curves for each in alone]))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_x_of_weight_0_plays_no_part(family: str) -> None:
    weights, curve = ones(), OWN["power"](U)
    weights[[3, 9]] = 0
    elsewhere = np.where(weights > 0, curve, -1000.0)
    found = fit(family, XS, np.stack([curve, elsewhere]), weights)

    assert np.allclose(found.curves[0], found.curves[1], atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("xs", [(1.0, 2.0, 4.0, 8.0), (0.3, 0.5, 7.0, 900.0), XS])
def test_a_flat_curve_is_flat_in_every_family_whatever_the_x(
    family: str, xs: tuple[float, ...]
) -> None:
    found = fit(family, xs, np.full((1, len(xs)), 7.0), ones(xs))

    assert np.allclose(found.curves, 7.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_unit_of_x_does_not_matter(family: str) -> None:
    curve = OWN["S-shaped"](U)[None, :]
    thousands = tuple(1000 * x for x in XS)

    assert np.allclose(fit(family, XS, curve, ones()).curves,
                       fit(family, thousands, curve, ones()).curves)


def test_a_fall_is_seen_by_the_smoother() -> None:
    hump = 50 - (U - 2.5) ** 2
    found = fit("smooth", XS, hump[None, :], ones())

    assert np.argmax(found.curves[0]) == pytest.approx(2.5 * 16, abs=4)


def test_the_grid_ends_at_the_greatest_x_and_has_the_double_of_its_points() -> None:
    grid = fine_grid((3.0, 5.0, 20.0))

    assert grid[-1] == math.log2(20)
    assert math.log2(3) <= grid[0] < math.log2(3) + 1 / 16
    assert np.allclose(grid[16:] - grid[:-16], 1)


@pytest.mark.parametrize(("curve", "x_star"), [
    (lambda u: 0 * u, -math.inf),
    (lambda u: -u, -math.inf),
    (lambda u: u, math.inf),
    (lambda u: 3 * np.minimum(u, 2), 2 - 0.5 / 3),
    (lambda u: 3 * np.minimum(u, 2) - np.maximum(u - 2, 0), 1.625),
    (lambda u: np.minimum(u, 1) + 2 * np.clip(u - 3, 0, 1), 3.75),
])
def test_x_star_is_where_the_last_paying_doubling_ends(
    curve: Callable[[Floats], Floats], x_star: float
) -> None:
    grid = fine_grid(XS)

    assert crossing(curve(grid)[None, :], grid, 0.5)[0] == pytest.approx(x_star, abs=1e-3)
    same = np.full(len(grid) - STEPS, 0.5)
    assert crossing(curve(grid)[None, :], grid, same)[0] == crossing(
        curve(grid)[None, :], grid, 0.5)[0]


def test_a_worth_that_rises_with_x_is_met_where_the_gain_does_not_rise_with_it() -> None:
    grid = fine_grid([1, 64])
    bounds = 0.1 * 2 ** grid[:-STEPS]  # a steady gain of 1 a doubling meets 0.1 x at x = 10
    steady = np.stack([grid, np.zeros_like(grid), 10 * grid])
    found = crossing(steady, grid, bounds)
    assert found[0] == pytest.approx(math.log2(10), abs=1e-3)
    assert found[1:].tolist() == [-math.inf, math.inf]
