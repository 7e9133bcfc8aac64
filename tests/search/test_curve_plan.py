"""A curve's worth in a study: its laws, its digest, and what it needs by a pilot."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from search.check import CheckReport, check
from search.check_tables import render
from search.intervals import units_needed
from search.study import Study, StudyError
from tests.search.simulated_study import simulated_study, sizes_of
from trainables.workspace import Workspace

BY_CATEGORY = "curve.worth={classification: 1.0, tagging: 0.5}"
HOURLY = ("curve.worth={per_device_hour: 2}", "curve.examples=per_language")


def checked(*overrides: str) -> CheckReport:
    study = simulated_study(overrides)
    return check(study, sizes_of(study), Workspace(store="unused", cache="unused"))


def printed(report: CheckReport) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(report))
    return " ".join(console.export_text().split())


def test_a_number_of_points_is_kept_as_it_always_was() -> None:
    plain = simulated_study().model_dump(mode="json")["curve"]
    assert plain["worth"] == 0.5
    assert "pilot_hours" not in plain
    # Its digest from before a worth could be anything else.
    assert simulated_study().digest() == "ac8a90394975934a"


@pytest.mark.parametrize("overrides", [(BY_CATEGORY,), HOURLY, (*HOURLY, "curve.pilot_hours=0.2")])
def test_other_worths_have_digests_of_their_own_and_read_back(overrides: tuple[str, ...]) -> None:
    study = simulated_study(overrides)
    assert study.digest() != simulated_study().digest()
    assert Study.from_text(study.to_yaml()) == study
    assert Study.model_validate(json.loads(study.model_dump_json())).digest() == study.digest()


@pytest.mark.parametrize(("overrides", "said"), [
    (["curve.worth={tagging: 0.5}"], "`worth` must name every category of the study's targets, got "
     "none for 'classification' (curve.worth.classification)"),
    (["curve.worth={tagging: 0.5, taging: 1}"], "`worth` must be by the categories of the study's "
     "targets (classification, tagging), got 'taging' (curve.worth.taging)"),
    (["curve.worth={classification: 1, tagging: 0}"],
     "`tagging` must be above 0, got 0 (curve.worth.tagging)"),
    (["curve.worth={classification: 1, tagging: [1]}"],
     "`tagging` must be a number, got [1] (curve.worth.tagging)"),
    (["curve.worth={per_device_hour: -1}"],
     "`per_device_hour` must be above 0, got -1 (curve.worth.per_device_hour)"),
    (["curve.worth={per_device_hour: 2, tagging: 1}"],
     "`per_device_hour` must stand alone, got per_device_hour, tagging "
     "(curve.worth.per_device_hour)"),
    (["curve.worth={per_device_hour: 2}"], "a worth per device hour must have `examples: "
     "per_language`, since at one total of examples more languages cost no more, got total "
     "(curve.worth.per_device_hour)"),
    (["curve.worth={}"], "got {} (curve.worth)"),
    (["curve.worth=much"], "`worth` must be a number, got 'much' (curve.worth)"),
    (["curve.worth=200"], "`worth` must be at most 100, got 200 (curve.worth)"),
    (["curve.worth=.inf"], "`worth` must be a finite number, got inf (curve.worth)"),
    (["curve.pilot_hours=1"], "`pilot_hours` must be left out unless `worth` is per device hour, "
     "got 1 (curve.pilot_hours)"),
])
def test_a_mistake_is_one_line_with_its_key(overrides: list[str], said: str) -> None:
    with pytest.raises(StudyError) as caught:
        simulated_study(overrides)
    assert str(caught.value).endswith(said)
    assert "\n" not in str(caught.value)


def test_each_category_needs_trials_by_its_own_worth() -> None:
    report = checked(BY_CATEGORY, "curve.pilot_sd=2")
    found = {need.category: (need.orders, need.trials) for need in report.curve_needs}
    # Three counts above 0 and English alone, on two seeds.
    expected = {category: (orders, 2 * (3 * orders + 1))
                for category, worth in (("classification", 1.0), ("tagging", 0.5))
                for orders in [units_needed(2, worth / 2)]}

    assert found == expected
    assert (report.curve_orders_needed, report.curve_trials_needed) == expected["tagging"]
    orders, trials = expected["tagging"]
    assert (f"curve, tagging {orders} orders needed by the pilot, {trials} trials (0.5 points per "
            "doubling)") in printed(report)
    assert f"at the pilot's spread {orders} orders tell 0.5 points a doubling of tagging" in str(
        report.warnings)


def test_per_device_hour_trials_are_told_once_hours_are() -> None:
    report = checked(*HOURLY, "curve.pilot_sd=2")
    assert report.curve_orders_needed is None
    assert "cannot be told before device hours are measured: give `pilot_hours`" in printed(report)

    report = checked(*HOURLY, "curve.pilot_sd=2", "curve.pilot_hours=0.25")
    assert report.curve_orders_needed == units_needed(2, 2 * 0.25 / 2)
    assert "trials (2 points per device hour at 0.25 hours more)" in printed(report)
    assert any(line.startswith("device hours are measured") for line in report.warnings)


def test_without_a_pilot_nothing_is_said_and_one_number_says_what_it_did() -> None:
    assert checked(BY_CATEGORY).curve_needs == checked().curve_needs == ()
    report = checked("curve.pilot_sd=2")
    assert report.curve_needs == ()
    assert f"{report.curve_orders_needed} orders needed by the pilot, " in printed(report)
