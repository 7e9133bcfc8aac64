"""The arms of a study: what may be written, what is refused in one line, what is only told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from search.arm_plan import planned_contrast
from search.arms_section import Arms
from search.journal import Event
from search.projection import Projection
from search.study import Study, StudyError
from tests.search.arms_study import ALONE, arms_study, section
from tests.search.simulated_study import simulated_study

GOOD: dict[str, Any] = {"arms": {"near": {"languages": ["fr", "de"]}, "far": {}},
                        "primary": {"better": "far", "worse": "near"}}


def given(**fields: Any) -> Study:
    return simulated_study([*ALONE, f"arms={json.dumps(GOOD | fields)}"])


@pytest.mark.parametrize(("fields", "line"), [
    ({"arms": {}}, "(arms.arms)"),
    ({"arms": {"control": {}}}, "must have names of 1 to 40 characters other than 'control', got "
                                "'control' (arms.arms)"),
    ({"arms": {"near": None}}, "an arm must be a mapping with a mixture or languages, got nothing "
                               "(arms.arms.near)"),
    ({"arms": {"near": {"languages": []}}}, "must be a language set or list languages, each once, "
                                            "got [] (arms.arms.near.languages)"),
    ({"arms": {"near": {"languages": ["fr", "sw"]}, "far": {}}},
     "a listed order must list languages of the pool, got 'sw' (arms.arms.near.languages)"),
    ({"arms": {"near": {"mixture": {"lab-same": 1}}, "far": {}}},
     "a mixture must use the tasks lab-kind, lab-names, lab-tags, got 'lab-same' "
     "(arms.arms.near.mixture)"),
    ({"arms": {"near": {"mixture": {"lab-kind": 0.5, "lab-tags": 0.7}}}},
     "`weights` must sum to 1, got 1.2 (arms.arms.near.mixture)"),
    ({"arms": {"near": {"languages": {"order": "nearest", "count": 9, "english": True}},
               "far": {}}},
     "`count` must be at most the 4 languages of `intermediate.languages.pool`, got 9 "
     "(arms.arms.near.languages.count)"),
    ({"models": ["other"]}, "`models` must be of simulated, got 'other' (arms.models)"),
    ({"seeds": 4, "pretraining_seeds": 3}, "`seeds` must be a multiple of `pretraining_seeds`, so "
                                           "that each has as many, got 4 and 3 (arms.seeds)"),
    ({"primary": {"better": "up"}},
     "`better` must name arms of near, far, control, got 'up' (arms.primary.better)"),
    ({"primary": {"better": "far", "worse": "far"}},
     "`better` and `worse` must differ, got 'far' in both (arms.primary.better)"),
    ({"primary": {"better": "far", "family": "lab"}},
     "`family` must be left out unless `per` is octave, got 'lab' (arms.primary.family)"),
    ({"primary": {"better": "far", "tasks": ["lab-same"]}},
     "`tasks` must be of lab-measure, lab-tags, got 'lab-same' (arms.primary.tasks.0)"),
    ({"primary": {"better": {"arm": "far", "languages": ["de"]}}},
     "languages must be of the report panel (el, hi, sw), got 'de' (arms.primary.better)"),
    ({"tuning": {}}, "`learning_rate` must be a list for `arms.tuning` to choose from, got a range "
                     "(intermediate.learning_rate)"),
])
def test_malformed_arms_are_refused_in_one_line(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(StudyError) as caught:
        given(**fields)
    assert str(caught.value).endswith(line)
    assert "\n" not in str(caught.value)


def test_a_published_encoder_has_one_pretraining() -> None:
    with pytest.raises(StudyError, match=r"got 2 with some-encoder \(arms.pretraining_seeds\)$"):
        arms_study("models=[some-encoder]", "arms.pretraining_seeds=2")


def test_what_is_written_reads_back_and_no_arms_leave_no_trace() -> None:
    study = arms_study("arms.arms.far.mixture={tasks: [lab-kind], weighting: uniform}")
    assert Study.from_text(study.to_yaml()) == study
    assert Study.model_validate(study.model_dump(mode="json")) == study
    assert "arms" not in simulated_study().model_dump(mode="json")


def test_listed_languages_are_the_arms_own_with_english_or_without() -> None:
    study = arms_study()
    assert study.arms is not None
    pool = study.intermediate.languages.pool
    assert {name: study.arm_languages(arm).resolve(pool) for name, arm in
            study.arms.arms.items()} == {"near": ("fr", "de"), "far": ("en", "zh")}
    alone = Arms.model_validate({"arms": {"x": {"languages": ["en"]}},
                                 "primary": {"better": "x"}}).arms["x"]
    assert study.arm_languages(alone).resolve(pool) == ("en",)


def test_a_models_family_is_the_first_that_it_begins_with() -> None:
    arms = section(families=["xlm-roberta", "mt5"])
    assert [arms.family_of(name) for name in ("xlm-roberta-xl", "mt5-base", "lab-2m", "bert")] == [
        "xlm-roberta", "mt5", "lab", "bert"]


@pytest.mark.parametrize(("override", "part"), [
    ("arms.seeds=1", "one unit gives the arms no intervals"),
    ("arms.seeds=3", "cannot be halved"),
    ("arms.seeds=4", "the middle learning rates"),
    ("arms.primary.per=octave", "a slope needs at least 3 sizes of a family, got 1"),
    ("models=[lab-tiny]", "one pretraining seed speaks of its encoders alone"),
])
def test_what_is_allowed_and_should_be_known_is_told(override: str, part: str) -> None:
    assert any(part in line for line in arms_study(override).warnings())


def test_the_primary_contrasts_digest_is_a_tag_of_the_parent_run() -> None:
    study = arms_study()
    assert study.arms is not None
    opened = Event(sequence=0, time=0.0, kind="opened", data={
        "search": "s-1", "search_id": "5eed", "study": study.model_dump(mode="json"),
        "study_yaml": "", "versions": {}, "storage": "", "datasets": []})
    tags = Projection().changes(opened)[0].tags
    assert tags["stiltune.primary"] == study.arms.primary.digest()
    changed = arms_study("arms.primary.minimal=2.0").arms
    assert changed is not None
    assert changed.primary.digest() != tags["stiltune.primary"]


def test_what_a_design_can_show_is_reckoned_from_the_assumed_spread() -> None:
    plain = planned_contrast(arms_study("arms.pilot_sd=2.0", "arms.seeds=9"), {})
    assert plain is not None
    # t of 8 degrees at 0.95 and at 0.80, times 2 / 3.
    assert plain.minimal_detectable_effect == pytest.approx((1.8595 + 0.8889) * 2 / 3, rel=1e-3)
    assert "too few for 1 point" in plain.text
    sizes = ["models=[lab-25k, lab-small, lab-2m]", "arms.primary.per=octave", "arms.pilot_sd=2.0"]
    slope = planned_contrast(arms_study(*sizes), {"lab-25k": 1, "lab-small": 2, "lab-2m": 4})
    assert slope is not None
    assert slope.minimal_detectable_effect == pytest.approx(
        (2.3534 + 0.9785) * 2 / 2**0.5 / 2, rel=1e-3)
    unknown = planned_contrast(arms_study(), {})
    assert unknown is not None
    assert "unknown: `arms.pilot_sd` is not given" in unknown.text
    assert planned_contrast(simulated_study(), {}) is None


def test_rates_chosen_on_one_seed_block_are_chosen_by_luck_in_part() -> None:
    rates = "intermediate.learning_rate=[1.0e-3, 2.0e-3]"
    told = [any("chosen by luck" in line for line in arms_study(
        rates, f"arms.tuning={{seeds: {seeds}}}").warnings()) for seeds in (1, 2)]
    assert told == [True, False]
