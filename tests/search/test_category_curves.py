"""Curves by category and by device hour, from trials to what is shown of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from search.curve_section import Curve
from search.figures import draw_figures
from search.headline import headline, summary
from search.placed_curve import PlacedCurve, device_hours
from search.planned import Planned
from search.readout import locate_curve, read_out, selection_objective
from search.renderings import as_json, as_markdown
from search.report.page import figures_of
from search.report.pieces import Material
from search.report.sections import sections_of
from search.results import Role, TrialResult
from search.worth import Worth
from tests.search.simulated_results import (
    CONFIRM,
    KINDS,
    QUESTION,
    config,
    controls,
    result,
    scores,
)
from trainables.scores import Cost, PhaseResult

COUNTS = (0, 1, 2, 4, 8, 15)
WORTHS = Worth.model_validate({"classification": 1.0, "tagging": 1.0})
BY_CATEGORY = QUESTION.model_copy(update={"worth": WORTHS})


def stops_at_2(x: float) -> float:
    return 50 + 4 * math.log2(1 + min(x, 2))


def rises(x: float) -> float:
    return 40 + 3 * math.log2(1 + x)


def block(
    seconds: Callable[[int], float] = lambda count: 36.0 * (1 + count), *, saved: float = 0.0,
    orders: int = 4,
) -> list[TrialResult]:
    """Return a curve's block: classification stops paying at 2, tagging goes on."""
    rng = np.random.default_rng(0)
    found = []
    for count, order, seed in product(COUNTS, range(orders), range(2)):
        if count or not order:
            point = config({"dates": 1.0}, seed=seed, count=count, order=f"random:{order}",
                           fidelity=CONFIRM)
            scored = scores(stops_at_2(count) + rng.normal(0, 0.05),
                            rises(count) + rng.normal(0, 0.05))
            cost = Cost(device_seconds=seconds(count) * (1 - saved),
                        saved_seconds=seconds(count) * saved)
            phases = (PhaseResult(phase="pretrain", name="p", entry="a",
                                  cost=Cost(device_seconds=999)),
                      PhaseResult(phase="intermediate", name="i", entry="b", cost=cost),
                      PhaseResult(phase="evaluate", name="e", entry="c", cost=cost))
            found.append(result(f"curve-{len(found):03d}", Role.CURVE, point, scored)
                         .model_copy(update={"phases": phases}))
    return found


def test_each_category_has_its_own_curve_of_the_same_trials() -> None:
    trials = block()
    readout = read_out(trials, BY_CATEGORY, search="lab-1")

    assert readout.curve is None
    assert {name: curve.verdict for name, curve in readout.curves.items()} == {
        "classification": "located", "tagging": "still rising"}
    for task, kind in KINDS.items():
        alone = selection_objective(trials, QUESTION).model_copy(update={"kinds": {task: kind}})
        assert readout.curves[kind] == locate_curve(trials, alone, 1.0)


def test_they_are_shown_one_under_the_other_everywhere(tmp_path: Path) -> None:
    trials = [*block(), *controls([49.0, 51.0], fidelity=CONFIRM)]
    readout = read_out(trials, BY_CATEGORY, search="lab-1")
    data, text = json.loads(as_json(readout)), as_markdown(readout)

    assert set(data["curves"]) == {"classification", "tagging"}
    assert "Languages curve, classification: located" in text
    assert "Languages curve, tagging: still rising" in text
    for curve in readout.curves.values():
        assert curve.sentence in headline(readout)
        assert curve.sentence in summary(readout)
    assert {path.name for path in draw_figures(readout, trials, tmp_path)} == {
        "curve-classification.png", "curve-tagging.png"}
    shown = figures_of(sections_of(Material(readout, trials, {"study": {"question": "?"}})))
    assert {"curve-classification", "curve-tagging"} <= {figure.name for figure in shown}
    assert any(line.startswith("Of tagging: The curve still rises") for line in readout.next)
    assert any(line.startswith("Of classification: Train on") for line in readout.next)


def test_with_one_number_there_is_one_curve_and_no_word_of_categories_or_hours() -> None:
    data = json.loads(as_json(read_out(block(), QUESTION, search="lab-1")))
    assert data["curve"]["worth"] == 0.5
    assert not {"curves", "coverages"} & set(data)
    assert "hours" not in json.dumps(data["curve"])


@pytest.mark.parametrize("saved", [0.0, 0.4, 1.0])
def test_hours_are_of_training_and_scoring_whether_made_now_or_stored(saved: float) -> None:
    trial = block(saved=saved)[-1]
    assert device_hours(trial) == pytest.approx(2 * 36.0 * 16 / 3600)


def test_hours_that_are_not_recorded_are_not_guessed() -> None:
    trials = block(lambda count: 0.0 if count == 4 else 36.0 * (1 + count))
    hourly = QUESTION.model_copy(update={"worth": Worth(per_device_hour=10.0)})
    found = read_out(trials, hourly, search="lab-1")

    assert device_hours(result("t", Role.CURVE, config(), None)) is None
    assert found.curve is not None
    assert "the device hours of the trials at 4 are not all recorded" in found.curve.sentence
    assert any(line.startswith("A worth per device hour needs") for line in found.next)


def test_a_worth_per_hour_reads_costs_from_the_trials() -> None:
    hourly = QUESTION.model_copy(update={"worth": Worth(per_device_hour=30.0)})
    found = read_out(block(), hourly, search="lab-1").curve
    assert found is not None
    assert found.worth.per_device_hour == 30.0
    assert [point.hours for point in found.points] == pytest.approx(
        [2 * 36.0 * (1 + count) / 3600 for count in COUNTS])
    # From x to 2x costs 0.02 x hours more, so that a doubling must gain 0.6 x points.
    assert [test.worth for test in found.tests if test.start in (1, 2, 4)] == pytest.approx(
        [0.6, 1.2, 2.4])
    assert found.verdict == "located"


def test_what_is_placed_goes_on_until_every_category_has_its_verdict() -> None:
    trials = {trial.trial: trial for trial in block(orders=6)}
    planned = [Planned(trial=name, role=Role.CURVE, group="", config=trial.config)
               for name, trial in trials.items()]
    objective = selection_objective(trials.values(), QUESTION)

    def placed(worth: Worth) -> set[str]:
        curve = Curve(counts=COUNTS, orders=tuple(f"random:{number}" for number in range(6)),
                      worth=worth)
        given = PlacedCurve(curve, planned, 0)
        given.place(trials, objective)
        assert given.is_complete
        return {each.trial for each in given.trials}

    both = placed(WORTHS)
    assert placed(WORTHS) == both
    assert len(both) < len(trials)
    ran = [trials[name] for name in both]
    assert all(locate_curve(ran, objective.only(category), worth).verdict != "not located"
               for category, worth in WORTHS.each.items())
