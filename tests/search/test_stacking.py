from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from search.curve_families import FAMILIES
from search.curve_resampling import CurveEstimate, estimate_curve
from search.doublings import Observation
from search.stacking import FLOOR, Combination, combine, sample_curves

XS = (1, 2, 4, 8, 16, 32, 64)


def estimate(
    truth: Callable[[float], float], *, sd: float = 0.05, blocks: int = 5,
    xs: tuple[float, ...] = XS,
) -> CurveEstimate:
    rng = np.random.default_rng(0)
    found = estimate_curve([
        Observation(x=x, score=truth(math.log2(x)) + rng.normal(0, sd), block=str(block))
        for block, x in product(range(blocks), xs)])
    assert found is not None
    return found


def combined(truth: Callable[[float], float], **kwargs: float) -> Combination:
    found = combine(estimate(truth, **kwargs), 0.5)  # type: ignore[arg-type]
    assert found is not None
    return found


def power(u: float) -> float:
    return -8 * 2 ** (-0.8 * u)


@pytest.mark.parametrize(("truth", "family"), [
    (power, "power"),
    (lambda u: -6 * math.exp(-(2**u) / 5), "exponential"),
    (lambda u: 6 / (1 + math.exp(-2.5 * (u - 2.2))), "S-shaped"),
])
def test_the_truths_own_family_weighs_most(truth: Callable[[float], float], family: str) -> None:
    found = combined(truth, sd=0.02)

    assert max(found.families, key=lambda each: each.weight).name == family
    assert sum(each.weight for each in found.families) == pytest.approx(1)
    assert min(each.weight for each in found.families) >= FLOOR
    assert [each.name for each in found.families] == list(FAMILIES)


def test_x_star_of_a_known_curve_lies_between_its_bounds() -> None:
    found = combined(power, sd=0.2)  # x* = 11.0

    assert found.low is not None
    assert found.high is not None
    assert found.low < 11.0 < found.high < 32
    assert found.beyond < 0.05


def test_more_noise_is_a_wider_interval() -> None:
    quiet, loud = combined(power, sd=0.05), combined(power, sd=0.3)

    assert quiet.low is not None
    assert quiet.high is not None
    assert loud.low is not None
    assert loud.low < quiet.low
    assert loud.high is None or quiet.high < loud.high


def test_what_rises_to_the_end_has_its_mass_beyond_the_data_and_a_bound_only() -> None:
    found = combined(lambda u: 1.2 * u)

    assert found.beyond > 0.9
    assert (found.low, found.x_star, found.high) == (32, None, None)


def test_what_never_gains_has_no_x_star() -> None:
    found = combined(lambda u: -u)

    assert found.nowhere > 0.9
    assert (found.low, found.x_star, found.high) == (None, None, 1)


@pytest.mark.parametrize("given", [
    estimate(power, xs=(1, 2, 4)), estimate(power, blocks=1), estimate(power, xs=(5, 6, 7, 8)),
    CurveEstimate((), np.zeros(0), np.zeros(0)),
])
def test_too_little_data_has_no_combination(given: CurveEstimate) -> None:
    assert sample_curves(given, 0.5) is None
    assert combine(given, 0.5) is None


def test_sampled_curves_have_the_shapes_that_they_say() -> None:
    found = sample_curves(estimate(power), 0.5)

    assert found is not None
    families, replicates, points = found.curves.shape
    assert (families, points) == (len(FAMILIES), 6 * 16 + 1)
    assert found.log_x_star.shape == (families, replicates)
    assert found.weights.shape == found.errors.shape == (families,)
    gains = found.curves[0][:, 16:] - found.curves[0][:, :-16]
    assert np.mean(gains[:, 0]) == pytest.approx(power(1) - power(0), abs=0.3)
