"""What a doubling must gain: so many points, or so many per device hour that it costs more."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from search.curve_families import STEPS, fine_grid
from search.curve_table import curve_notes, doublings_table
from search.doublings import CurveData, Observation
from search.placement import Placement
from search.saturation import Saturation, locate, locate_observations
from search.worth import Threshold, UnpricedError, Worth

XS = (1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0)
RISES_TO_8 = "rises to 8"
TRUTHS: dict[str, Callable[[float], float]] = {
    RISES_TO_8: lambda x: 60 + 2 * min(math.log2(x), 3),
    "still rises": lambda x: 60 + 2 * math.log2(x),
    "flat": lambda x: 60.0,
    "power": lambda x: 60 - 6 / x}


def rows(
    truth: Callable[[float], float], hours: Callable[[float], float | None], *, sd: float = 0.1
) -> list[Observation]:
    rng = np.random.default_rng(3)
    return [Observation(x=x, score=truth(x) + rng.normal(0, sd), order=f"o{order}",
                        block=f"b{block}", hours=hours(x))
            for x, order, block in product(XS, range(3), range(2))]


def hourly(points: float) -> Worth:
    return Worth(per_device_hour=points)


def told(found: Saturation) -> dict[str, object]:
    """Return what a verdict says, with what of it is in doubt only by rounding left out."""
    return {name: getattr(found, name)
            for name in ("verdict", "low", "high", "x_star", "falls_after", "units_needed")}


@pytest.mark.parametrize("written", [0.5, {"per_device_hour": 2.0},
                                     {"classification": 1.0, "tagging": 0.5}])
def test_a_worth_is_written_as_it_was_given(written: object) -> None:
    assert Worth.model_validate(written).model_dump(mode="json") == written


@pytest.mark.parametrize("given", [0, -1, math.inf, math.nan, True, "much", None, {}, [1],
                                   {"per_device_hour": 0}, {"points": 1, "per_device_hour": 1},
                                   {"per_device_hour": "2"}, {"tagging": 0}])
def test_what_is_no_worth_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        Worth.model_validate(given)


def test_a_number_is_worth_the_same_everywhere_to_the_last_bit() -> None:
    threshold = Worth.of(0.1).threshold(CurveData(rows(TRUTHS["flat"], lambda x: x)))
    assert {threshold.at(start) for start in XS} == {0.1}
    assert set(threshold.over(fine_grid(XS)) / 0.1) == {1.0}


def test_per_hour_a_doubling_is_worth_what_it_costs_more() -> None:
    data = CurveData(rows(TRUTHS["flat"], lambda x: 0.5 + 0.1 * x))
    threshold = hourly(3.0).threshold(data)

    for start in (1.0, 2.0, 4.0, 8.0, 16.0):
        assert threshold.at(start) == pytest.approx(3.0 * 0.1 * start)
    grid = fine_grid(XS)[:-STEPS]
    assert np.all(threshold.over(grid) > 0)
    # Nothing was measured between 4 and 8, nor between 8 and 16.
    assert threshold.at(2**2.5) == pytest.approx((threshold.at(4.0) + threshold.at(8.0)) / 2)


def test_trials_of_one_x_count_by_their_mean() -> None:
    found = CurveData([Observation(x=1, score=1, hours=1), Observation(x=1, score=1, hours=3)])
    assert (found.hours(1.0), found.point(1.0).hours) == (2.0, 2.0)


@pytest.mark.parametrize("truth", list(TRUTHS))
@pytest.mark.parametrize("worth", [0.5, 1.0])
def test_where_each_doubling_costs_as_much_the_two_kinds_agree(truth: str, worth: float) -> None:
    # 0.25 hours a doubling and 4 * worth an hour: nothing but the words may differ.
    given = rows(TRUTHS[truth], lambda x: 1 + 0.25 * math.log2(x))
    points, hours = (locate_observations(given, worth=each)
                     for each in (worth, hourly(4 * worth)))

    assert told(hours) == told(points)
    both = [each.combined.model_dump(exclude={"families"}) for each in (hours, points)
            if each.combined is not None]
    assert len(both) == 2
    assert both[0] == pytest.approx(both[1])
    assert [test.worth for test in hours.tests] == pytest.approx([worth] * len(hours.tests))


@pytest.mark.parametrize("scale", [1e-4, 60.0])
def test_the_unit_of_time_plays_no_part(scale: float) -> None:
    first = locate_observations(rows(TRUTHS["power"], lambda x: 1 + 0.1 * x), worth=hourly(2.0))
    other = locate_observations(rows(TRUTHS["power"], lambda x: scale * (1 + 0.1 * x)),
                                worth=hourly(2.0 / scale))
    assert told(first) == told(other)


def test_dearer_doublings_stop_paying_sooner() -> None:
    # Each doubling gains 2 points and costs 0.1 x hours: at 4 points an hour it pays up to x = 5,
    # which hours read off between 4 and 8 put at 4.8.
    given = rows(TRUTHS["still rises"], lambda x: 0.5 + 0.1 * x, sd=0.03)
    found = locate_observations(given, worth=hourly(4.0), axis="languages")

    assert found.verdict == "located"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 4.8 <= found.high
    assert "for 0.4 device hours more" in found.sentence
    assert "worth 4 per device hour, so 0.4 to 6.4 points a doubling" in found.sentence
    assert locate_observations(given, worth=1.0).verdict == "still rising"
    assert "0.6 at 1, 0.7 at 2" in next(iter(curve_notes(found)))
    assert doublings_table(found).header[2] == "worth (points)"


@pytest.mark.parametrize(("hours", "said"), [
    (lambda x: 0.5, "a trial at 2 costs no more device hours than one at 1 (+0)"),
    (lambda x: 1 / x, "a trial at 2 costs no more device hours than one at 1 (-0.5)"),
    (lambda x: min(x, 16.0), "a trial at 32 costs no more device hours than one at 16 (+0)"),
    (lambda x: None if x == 8 else x, "the device hours of the trials at 8 are not all recorded"),
    (lambda x: None, "the device hours of the trials at 1 are not all recorded"),
])
def test_a_doubling_without_a_price_is_said_and_nothing_is_tested(
    hours: Callable[[float], float | None], said: str
) -> None:
    found = locate_observations(rows(TRUTHS[RISES_TO_8], hours), worth=hourly(2.0))

    assert found.verdict == "not located"
    assert said in found.sentence
    assert found.unpriced is not None
    assert (found.combined, found.x_star, found.low, found.high) == (None,) * 4
    assert not any(test.above or test.within or test.p_above for test in found.tests)
    assert len(found.tests) == len(found.doublings) > 0


def test_placement_measures_the_whole_range_while_nothing_has_a_price() -> None:
    placement = Placement(xs=XS, orders=tuple("abcdef"), blocks=("0", "1"), worth=hourly(2.0))
    given = rows(TRUTHS[RISES_TO_8], lambda x: None)
    assert {cell.x for cell in placement.next(5, given)} > {1.0, 32.0}


def test_placement_stops_by_hours_as_it_does_by_points() -> None:
    given = rows(TRUTHS[RISES_TO_8], lambda x: 1 + 0.25 * math.log2(x))
    by_points, by_hours = (
        Placement(xs=XS, orders=("o0", "o1", "o2"), blocks=("b0", "b1"), worth=worth)
        for worth in (Worth.of(1.0), hourly(4.0)))
    assert [by_hours.next(begun, given) for begun in range(3, 7)] == [
        by_points.next(begun, given) for begun in range(3, 7)]


@pytest.mark.parametrize("xs", [[], [0.0], [4.0], [1.0, 1.5]])
def test_without_a_doubling_nothing_is_asked_of_costs(xs: list[float]) -> None:
    given = [Observation(x=x, score=1, hours=1.0) for x in xs]
    found = locate_observations(given, worth=hourly(1.0))
    assert (found.verdict, found.unpriced) == ("not located", None)
    assert found.sentence == locate_observations(given, worth=1.0).sentence


def test_hours_are_finite_not_negative_and_as_many_as_scores() -> None:
    for hours in ([-1.0, 1.0], [math.nan, 1.0], [1.0]):
        with pytest.raises(ValueError, match="hours"):
            locate([1, 2], [3, 4], worth=hourly(1.0), hours=hours)


def test_one_curve_has_no_worth_by_category() -> None:
    with pytest.raises(ValueError, match="must be that of one curve, got one for each of tagging"):
        locate_observations([Observation(x=1, score=1)],
                            worth=Worth.model_validate({"tagging": 1.0}))


def test_hours_of_a_number_of_points_are_not_asked_for() -> None:
    with pytest.raises(ValueError, match="`rate` must be per device hour"):
        Threshold(1.0).more_hours(np.zeros(1))
    with pytest.raises(UnpricedError):
        hourly(1.0).threshold(CurveData(rows(TRUTHS["flat"], lambda x: None)))
