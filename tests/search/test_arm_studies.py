"""The shipped studies of arms: what their files say of languages and sizes is so."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean

import pytest

from search.answer import question_of
from search.arm_plan import planned_contrast
from search.arms_section import Arms, Side
from search.study import Study
from spaces.languages import ENGLISH, HIGH_RESOURCE_GIB, language
from spaces.models import HubModel
from spaces.typology import distance
from tests.search.simulated_study import sizes_of

LOW = ["low-resource", "low-resource-lab"]


def arms_of(name: str) -> tuple[Study, Arms]:
    study = Study.from_file(name)
    assert study.arms is not None
    return study, study.arms


@pytest.mark.parametrize("name", LOW)
def test_better_pairs_are_nearer_than_worse_ones_and_all_targets_low_resource(name: str) -> None:
    study, arms = arms_of(name)
    pool = study.intermediate.languages.pool
    sources = {arm: study.arm_languages(each).resolve(pool) for arm, each in arms.arms.items()}
    assert len({len(codes) for codes in sources.values()}) == 1

    def apart(side: Side) -> float:
        return fmean(distance(source, target) for source in sources[side.arm]
                     for target in side.languages or ())

    pairs = [(near, far) for near in arms.primary.better for far in arms.primary.worse
             if near.languages == far.languages]
    assert {near.languages for near, _ in pairs} == {each.languages for each in arms.primary.better}
    assert all(apart(near) < apart(far) for near, far in pairs)
    to_english = sorted(fmean(distance(ENGLISH, code) for code in codes)
                        for codes in sources.values())
    assert to_english[0] < 0.4 < 0.5 < to_english[1]
    assert all((language(code).cc100_gib or 0) < HIGH_RESOURCE_GIB
               for code in study.panels.report)


@pytest.mark.parametrize("name", LOW)
def test_every_arm_and_every_target_stands_as_often_on_either_side(name: str) -> None:
    study, arms = arms_of(name)
    for each in (lambda side: [one.arm for one in side],
                 lambda side: [code for one in side for code in one.languages]):
        assert sorted(each(arms.primary.better)) == sorted(each(arms.primary.worse))
    listed = {code for one in arms.primary.better for code in one.languages or ()}
    assert listed == set(study.panels.report)


def test_the_labs_sizes_rise_with_several_pretrainings_and_what_slope_shows_is_said() -> None:
    study, arms = arms_of("scaling-lab")
    parameters = question_of(study, study.space(sizes_of(study))).parameters
    assert len(parameters) == 6
    assert all(small < large for small, large in pairwise(parameters.values()))
    assert arms.pretraining_seeds >= 3
    plan = planned_contrast(study, parameters)
    assert plan is not None
    assert plan.minimal_detectable_effect is not None
    # As those very seeds showed: half an hour on two cores tells two points, and not one.
    assert plan.minimal_detectable_effect == pytest.approx(2.09, abs=0.05)


def test_published_sizes_are_two_families_and_the_primary_is_of_one() -> None:
    study, arms = arms_of("scaling")
    families = [arms.family_of(model.name) for model in study.arm_models]
    assert {family: families.count(family) for family in families} == {"xlm-roberta": 4, "mt5": 5}
    assert arms.primary.family == "xlm-roberta"
    assert all(isinstance(model, HubModel) for model in study.models)


@pytest.mark.parametrize("name", ["scaling", "scaling-lab", *LOW])
def test_each_is_its_arms_alone_with_rates_tuned_and_a_pilot(name: str) -> None:
    study, arms = arms_of(name)
    assert study.search.trials == 0
    assert arms.tuning is not None
    assert arms.pilot_sd is not None
    assert not any("arms" in warning for warning in study.warnings())
    small = Study.from_file(name, ["models=[lab-tiny]"])
    assert any("pretraining" in line or "sizes" in line for line in small.warnings()) == (
        arms.pretraining_seeds == 1 or arms.primary.per is not None)
