"""The search space: every point goes to a trial and back exactly; weights are flat Dirichlet."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.mixtures import GRAIN, InvalidPoint, Mixture
from spaces.models import LAB_MODELS, find_model
from spaces.points import Point
from spaces.search_space import LOWEST_LEVEL, SearchSpace
from spaces.trial_config import TrialConfig

FIDELITY = Fidelity(name="search", intermediate_examples=640, target_examples=320,
                    evaluation_rows=50)
SIZES = {
    "english": {"en": 30_000},
    "everywhere": {"en": 100, "de": 70, "fr": 50, "ar": 90, "fi": 10},
    "some": {"en": 1_000, "ar": 4, "fi": 10},
    "tiny": {"en": 1, "de": 1, "fr": 2},
}
LANGUAGES = {"pool": ["de", "fr", "ar", "fi"], "order": ["random:0", "diverse"],
             "count": [0, 2, 4], "english": [True, False]}
WEIGHTINGS: list[dict[str, Any]] = [
    {},
    {"max_active": 1},
    {"max_active": 2},
    {"max_active": 4},
    {"weighting": "uniform"},
    {"weighting": "uniform", "max_active": 3},
    {"weighting": "proportional"},
    {"weighting": "proportional", "max_active": 4},
    {"weighting": {"temperature": 2.5}},
    {"weighting": {"temperature": [1, 2, 5]}, "max_active": 4},
    {"weighting": {"temperature": {"low": 1, "high": 2}}, "max_active": 3},
    {"weighting": {"cap": [5, 100, 10_000]}, "max_active": 2},
    {"weighting": {"cap": 100}},
    {"tasks": ["everywhere"]},
]


def space(**phase: Any) -> SearchSpace:
    return SearchSpace.model_validate({
        "models": (find_model("lab-tiny"), find_model("lab-small")),
        "intermediate": {"tasks": list(SIZES), "learning_rate": {"low": 5e-4, "high": 4e-3},
                         "languages": LANGUAGES, **phase},
        "targets": {"tasks": ["everywhere"], "learning_rate": [1e-3, 2e-3]},
        "panels": Panels(selection=Panel(languages=("el",)), report=Panel(languages=("tr",))),
        "sizes": SIZES,
    })


def values(distribution: BaseDistribution) -> st.SearchStrategy[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return st.sampled_from(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return st.integers(distribution.low, distribution.high)
    assert isinstance(distribution, FloatDistribution)
    return st.floats(distribution.low, distribution.high)


def suggestions(at: SearchSpace) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values(each) for name, each in at.distributions().items()})


def decoded(at: SearchSpace, suggestion: dict[str, Any], seed: int = 0) -> TrialConfig:
    try:
        return at.decode(suggestion, seed=seed, fidelity=FIDELITY)
    except InvalidPoint:
        assume(False)
        raise


@pytest.mark.parametrize("phase", WEIGHTINGS, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_every_trial_is_a_mixture_and_goes_to_a_suggestion_and_back(
    phase: dict[str, Any], data: Any
) -> None:
    at = space(**phase)
    config = decoded(at, data.draw(suggestions(at)), seed=data.draw(st.integers(0, 99)))
    _check_weights(config, most=phase.get("max_active") or len(SIZES))
    again = json.loads(json.dumps(at.encode(config)))
    at.check_in_range(again)
    assert at.decode(again, seed=config.seed, fidelity=config.fidelity) == config


def _check_weights(config: TrialConfig, *, most: int) -> None:
    """At most `most` weights, whole multiples of the grain, that sum to exactly 1."""
    assert config.intermediate is not None
    grains = [weight * GRAIN for _, weight in config.intermediate.mixture.weights]
    assert all(abs(grain - round(grain)) < 1e-6 for grain in grains)
    assert sum(round(grain) for grain in grains) == GRAIN
    assert 1 <= len(grains) <= most
    assert math.isclose(math.fsum(cell.weight for cell in config.intermediate.cells), 1)


@given(weights=st.lists(st.integers(0, GRAIN), min_size=3, max_size=3))
def test_any_mixture_on_the_grain_lies_in_a_free_simplex(weights: list[int]) -> None:
    cuts = [0, *sorted(weights), GRAIN]
    given_weights = {task: (high - low) / GRAIN
                     for task, low, high in zip(SIZES, cuts, cuts[1:], strict=False)}
    at = space(languages={**LANGUAGES, "english": True})
    config = at.config(Point(mixture=Mixture.model_validate(given_weights)), seed=1,
                       fidelity=FIDELITY)
    assert at.decode(at.encode(config), seed=1, fidelity=FIDELITY) == config


def test_uniform_levels_give_a_flat_dirichlet_distribution_of_weights() -> None:
    at = space(languages={"count": 0})
    draws, tasks = 2_000, len(SIZES)
    levels = np.random.default_rng(0).uniform(LOWEST_LEVEL, 1, (draws, tasks))
    rest = {"model": "lab-tiny", "intermediate.learning_rate": 1e-3, "target.learning_rate": 1e-3}
    weights = np.empty((draws, tasks))
    for row, drawn in zip(weights, levels, strict=True):
        named = {f"level.{task}": float(level) for task, level in zip(SIZES, drawn, strict=True)}
        intermediate = at.decode(rest | named, seed=0, fidelity=FIDELITY).intermediate
        assert intermediate is not None
        row[:] = [intermediate.mixture[task] for task in SIZES]
    # Dirichlet(1, ..., 1) of k parts: mean 1/k, variance (k - 1) / (k^2 (k + 1)),
    # covariance -1 / (k^2 (k + 1)); tolerances are about five standard errors.
    covariance = np.cov(weights.T)
    expected = (np.eye(tasks) * tasks - 1) / (tasks**2 * (tasks + 1))
    assert np.allclose(weights.mean(axis=0), 1 / tasks, atol=0.022)
    assert np.allclose(covariance, expected, atol=0.006)


@pytest.mark.parametrize(("phase", "present"), [
    ({}, {"level.english", "level.everywhere", "level.some", "level.tiny"}),
    ({"max_active": 1}, {"level.english", "level.everywhere", "level.some", "level.tiny"}),
    ({"max_active": 2}, {"level.english", "level.everywhere", "level.some", "level.tiny",
                         "active"}),
    ({"weighting": "uniform"}, set()),
    ({"weighting": {"temperature": 2}}, set()),
    ({"weighting": {"temperature": [1, 2]}}, {"temperature"}),
    ({"weighting": {"cap": [1, 2]}}, {"cap"}),
    ({"tasks": ["tiny"]}, set()),
    ({"tasks": ["tiny"], "max_active": 1}, set()),
    ({"tasks": ["tiny"], "examples": [10, 20]}, {"intermediate.examples"}),
    ({"tasks": ["tiny"], "examples": 10}, set()),
])
def test_a_dimension_exists_only_where_something_varies(
    phase: dict[str, Any], present: set[str]
) -> None:
    fixed = {"learning_rate": 1e-3, "languages": {"pool": ["de"], "count": 1}}
    at = space(**fixed, **phase).model_copy(update={"models": LAB_MODELS[:1]})
    assert set(at.distributions()) == present | {"target.learning_rate"}


def test_examples_of_a_point_override_the_fidelity() -> None:
    at = space(examples=[100, 200])
    suggestion = at.fixed_points()[0] | {"intermediate.examples": 100}
    config = at.decode(suggestion, seed=0, fidelity=FIDELITY)
    assert config.fidelity.intermediate_examples == 100
    assert config.fidelity.target_examples == FIDELITY.target_examples


def test_a_range_of_counts_reaches_both_ends() -> None:
    at = space(languages={**LANGUAGES, "count": {"low": 1, "high": 4}})
    assert at.distributions()["languages.count"] == IntDistribution(1, 4)


@pytest.mark.parametrize(("change", "line"), [
    ({"model": "lab-huge"}, "`model` must be one of lab-tiny, lab-small, got 'lab-huge' "
                            "(suggestion)"),
    ({"level.tiny": 0.0}, "`level.tiny` must be from 1e-12 to 1, got 0.0 (suggestion)"),
    ({"level.tiny": 1.5}, "`level.tiny` must be from 1e-12 to 1, got 1.5 (suggestion)"),
    ({"level.tiny": math.nan}, "`level.tiny` must be from 1e-12 to 1, got nan (suggestion)"),
    ({"level.tiny": math.inf}, "`level.tiny` must be from 1e-12 to 1, got inf (suggestion)"),
    ({"level.tiny": "0.5"}, "`level.tiny` must be from 1e-12 to 1, got '0.5' (suggestion)"),
    ({"active": 5}, "`active` must be from 1 to 4, got 5 (suggestion)"),
    ({"active": 1.0}, "`active` must be from 1 to 4, got 1.0 (suggestion)"),
    ({"active": True}, "`active` must be from 1 to 4, got True (suggestion)"),
    ({"languages.english": 1}, "`languages.english` must be one of True, False, got 1 "
                               "(suggestion)"),
    ({"languages.count": 3}, "`languages.count` must be one of 0, 2, 4, got 3 (suggestion)"),
    ({"intermediate.learning_rate": 1.0}, "`intermediate.learning_rate` must be from 0.0005 to "
                                          "0.004, got 1.0 (suggestion)"),
])
def test_a_value_out_of_range_is_refused_in_one_line(change: dict[str, Any], line: str) -> None:
    at = space(max_active=4)
    good = at.fixed_points()[0]
    at.check_in_range(good)
    with pytest.raises(ValueError, match="must") as caught:
        at.decode(good | change, seed=0, fidelity=FIDELITY)
    assert str(caught.value) == line


def test_missing_and_unknown_dimensions_are_refused() -> None:
    at = space()
    good = at.fixed_points()[0]
    with pytest.raises(ValueError, match="must give every dimension, got none for 'level.tiny'"):
        at.check_in_range({name: each for name, each in good.items() if name != "level.tiny"})
    with pytest.raises(ValueError, match="must have only the dimensions .*, got 'colour'"):
        at.check_in_range(good | {"colour": 1})


@pytest.mark.parametrize(("change", "reason"), [
    ({"languages.count": 0, "languages.english": False}, "a language set must hold a language"),
    ({"languages.english": False, "languages.count": 2}, "got 'english' with"),
])
def test_a_point_that_cannot_run_is_invalid(change: dict[str, Any], reason: str) -> None:
    for phase in ({}, {"weighting": "proportional", "max_active": 4}):
        at = space(**phase)
        all_levels = {name: 0.5 for name in at.distributions() if name.startswith("level.")}
        active = {"active": 4} if "active" in at.distributions() else {}
        with pytest.raises(InvalidPoint, match=reason):
            at.decode(at.fixed_points()[0] | all_levels | active | change, seed=0,
                      fidelity=FIDELITY)


def test_the_search_begins_with_single_tasks_uniform_proportional_and_what_is_fed_back() -> None:
    at = space(languages={**LANGUAGES, "english": True})
    fed_back = Point(mixture=Mixture.model_validate({"some": 0.25, "tiny": 0.75}))
    mixtures = [decoded(at, point).intermediate.mixture  # type: ignore[union-attr]
                for point in at.fixed_points([fed_back])]
    assert [dict(each.weights) for each in mixtures[:4]] == [{task: 1.0} for task in SIZES]
    assert dict(mixtures[4].weights) == dict.fromkeys(SIZES, 0.25)
    rows = {task: sum(sizes.values()) for task, sizes in SIZES.items()}
    for task, weight in mixtures[5].weights:
        assert weight == pytest.approx(rows[task] / sum(rows.values()), abs=1 / GRAIN)
    assert mixtures[6:] == [fed_back.mixture]


@pytest.mark.parametrize(("phase", "count"), [
    ({"max_active": 2}, 4),  # single tasks only: the others need all four
    ({"weighting": "uniform", "languages": {"count": 0}}, 1),
    ({"weighting": {"temperature": {"low": 1, "high": 5}}, "languages": {"count": 0}}, 1),
])
def test_fixed_points_outside_the_space_are_left_out(phase: dict[str, Any], count: int) -> None:
    assert len(space(**phase).fixed_points()) == count


def test_a_point_fed_back_from_outside_the_space_is_refused() -> None:
    at = space(max_active=2)
    three = Point(mixture=Mixture.model_validate({"some": 0.5, "tiny": 0.25, "english": 0.25}))
    with pytest.raises(ValueError, match="a point must lie in the search space"):
        at.fixed_points([three])
    unknown = Point(mixture=Mixture.model_validate({"colour": 1}))
    with pytest.raises(ValueError, match="a mixture must use the tasks .*, got 'colour'"):
        at.fixed_points([unknown])


@settings(max_examples=40)
@given(data=st.data())
def test_a_trial_fed_back_as_a_point_is_the_same_trial(data: Any) -> None:
    at = space(max_active=3, examples=[100, 200])
    config = decoded(at, data.draw(suggestions(at)))
    written = Point.of(config).model_dump(mode="json", exclude_none=True)
    point = Point.model_validate(json.loads(json.dumps(written)))
    assert at.config(point, seed=config.seed, fidelity=config.fidelity) == config
    assert point.mixture == config.intermediate.mixture  # type: ignore[union-attr]


def test_digests_stand_still() -> None:
    at = space(max_active=3)
    config = at.decode(at.fixed_points()[1], seed=3, fidelity=FIDELITY)
    again = TrialConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert again.digest() == config.digest()
    assert SearchSpace.model_validate_json(at.model_dump_json()) == at
    assert at.decode(at.fixed_points()[1], seed=4, fidelity=FIDELITY).digest() != config.digest()
    assert Mixture.model_validate({"a": 0.3, "b": 0.7}).digest() == "0cafea3a8d53b6e5"


def test_a_control_has_no_point() -> None:
    at = space()
    control = at.decode(at.fixed_points()[0], seed=0, fidelity=FIDELITY).control()
    assert control.control() == control
    assert control.fidelity.intermediate_examples == 0
    with pytest.raises(ValueError, match="must have an intermediate phase, got a control"):
        at.encode(control)
