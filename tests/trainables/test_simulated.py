from __future__ import annotations

import itertools
import time
from pathlib import Path
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.mixtures import Mixture
from spaces.models import SimulatedModel, find_model
from spaces.trial_config import TrialConfig
from tests.trainables.tiny import TASKS, config, context
from trainables.simulated import best_weights, expected_gain, task_worth
from trainables.trial import run_trial

NAMES = tuple(f"task-{number}" for number in range(5))


def mixed(weights: dict[str, float], count: int = 2) -> TrialConfig:
    mixture = Mixture(weights=weights)
    given_config = config(SimulatedModel(noise_sd=0.0))
    assert given_config.intermediate is not None
    languages = ("en", "de", "fr", "sw", "fi")[: count + 1]
    cells = mixture.cells(languages, dict.fromkeys(weights, languages))
    intermediate = given_config.intermediate.model_copy(
        update={"mixture": mixture, "cells": cells})
    return given_config.model_copy(update={"intermediate": intermediate})


@settings(max_examples=60)
@given(st.lists(st.floats(0.001, 1.0), min_size=5, max_size=5))
def test_no_mixture_gains_more_than_the_known_best(levels: list[float]) -> None:
    total = sum(levels)
    other = mixed({name: level / total for name, level in zip(NAMES, levels, strict=True)})
    best = mixed(best_weights(NAMES))
    assert expected_gain(other.intermediate) <= expected_gain(best.intermediate) + 0.02  # grain


def test_some_tasks_help_and_some_harm() -> None:
    worths = [task_worth(f"task-{number}") for number in range(40)]
    assert min(worths) < 0 < max(worths)


def test_gains_saturate_in_languages_and_grow_with_examples() -> None:
    best = best_weights(NAMES)
    gains = [expected_gain(mixed(best, count).intermediate) for count in range(5)]
    steps = [later - sooner for sooner, later in itertools.pairwise(gains)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps, reverse=True)
    intermediate = mixed(best).intermediate
    assert expected_gain(intermediate, 0.25) < expected_gain(intermediate, 1.0)


def test_scores_are_the_formula_plus_noise_of_the_declared_spread(tmp_path: Path) -> None:
    name = TASKS[0].name
    values = []
    for seed in range(40):
        given_config = config(SimulatedModel(noise_sd=2.0), seed=seed, intermediate=None,
                              targets=(name,))
        (outcome,) = run_trial(given_config, context(tmp_path))
        values.append(outcome.scores.points(name, "report", "accuracy")["sw"])
    assert 1.2 < stdev(values) < 2.8
    (clean,) = run_trial(config(SimulatedModel(noise_sd=0.0), intermediate=None, targets=(name,)),
                         context(tmp_path))
    assert mean(values) == pytest.approx(clean.scores.points(name, "report", "accuracy")["sw"],
                                         abs=1.5)


def test_a_simulated_trial_takes_milliseconds_and_its_declared_seconds(tmp_path: Path) -> None:
    where = context(tmp_path)
    begun = time.perf_counter()
    for seed in range(20):
        list(run_trial(config(SimulatedModel(), rungs=(0.5, 1.0), seed=seed), where))
    assert (time.perf_counter() - begun) / 20 < 0.2
    begun = time.perf_counter()
    list(run_trial(config(SimulatedModel(seconds=0.3), rungs=(0.5, 1.0)), where))
    assert time.perf_counter() - begun >= 0.3


def test_a_simulated_trial_goes_the_way_of_any_trial(tmp_path: Path) -> None:
    given_config = config(SimulatedModel(), rungs=(0.5, 1.0))
    first = list(run_trial(given_config, context(tmp_path)))
    again = list(run_trial(given_config, context(tmp_path)))
    assert [rung.fraction for rung in first] == [0.5, 1.0]
    assert [rung.scores for rung in again] == [rung.scores for rung in first]
    assert all(phase.stored for rung in again for phase in rung.phases)
    assert all(rung.predictions.exists() for rung in again)


def test_it_has_a_name() -> None:
    assert find_model("simulated") == SimulatedModel()
