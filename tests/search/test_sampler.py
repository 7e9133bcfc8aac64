"""The sampler: suggestions are a function of seed, number and what was told."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search.sampler import MOST_BEST, MOST_MODELLED, Modelled, Sampler, SamplerName

SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "order": CategoricalDistribution(["diverse", "random:0"]),
    "active": IntDistribution(1, 3),
}


def value(suggestion: dict[str, Any]) -> float:
    return suggestion["active"] - abs(math.log10(suggestion["rate"]) + 3)


def run(
    name: SamplerName, *, seed: int = 0, replayed: list[dict[str, Any]] | None = None,
    rounds: int = 6,
) -> list[dict[str, Any]]:
    """Ask in rounds of four, tell in order: a failure and an early stop among the endings."""
    sampler = Sampler(SPACE, name=name, seed=seed)
    asked: list[dict[str, Any]] = []
    for _ in range(rounds):
        for _ in range(4):
            known = replayed[len(asked)] if replayed and len(asked) < len(replayed) else None
            asked.append(sampler.ask(known)[1])
        for number in range(len(asked) - 4, len(asked)):
            if number % 7 == 3:
                sampler.tell(number, None)
            else:
                sampler.tell(number, value(asked[number]),
                             stopped_at=0.5 if number % 7 == 2 else None)
    return asked


@pytest.mark.parametrize("name", ["tpe", "random"])
def test_the_same_seed_asks_the_same_and_another_seed_does_not(name: SamplerName) -> None:
    assert run(name) == run(name)
    assert run(name) != run(name, seed=1)


@pytest.mark.parametrize("name", ["tpe", "random"])
@pytest.mark.parametrize("known", [1, 6, 13, 23])
def test_rebuilt_from_what_was_asked_it_goes_on_as_it_would_have(
    name: SamplerName, known: int
) -> None:
    whole = run(name)
    assert run(name, replayed=whole[:known]) == whole


def test_suggestions_of_a_round_differ() -> None:
    sampler = Sampler(SPACE, name="random", seed=0)
    rates = {sampler.ask()[1]["rate"] for _ in range(20)}
    assert len(rates) == 20


def test_tpe_learns_what_pays() -> None:
    asked = run("tpe", rounds=15)
    early, late = asked[:8], asked[-20:]
    assert sum(map(value, late)) / len(late) > sum(map(value, early)) / len(early)


@pytest.mark.parametrize(("fixed", "law"), [
    ({"rate": 1.0, "order": "diverse", "active": 1}, "range"),
    ({"rate": 1e-3, "order": "nearest", "active": 1}, "nearest"),
    ({"rate": 1e-3, "order": "diverse"}, "active"),
])
def test_a_fixed_point_outside_the_space_is_refused(fixed: dict[str, Any], law: str) -> None:
    with pytest.raises(ValueError, match=law):
        Sampler(SPACE, name="tpe", seed=0).ask(fixed)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_objective_that_is_not_finite_is_refused(bad: float) -> None:
    sampler = Sampler(SPACE, name="tpe", seed=0)
    number, _ = sampler.ask()
    with pytest.raises(ValueError, match="finite"):
        sampler.tell(number, bad)


@pytest.mark.parametrize("in_turn", [True, False])
def test_of_very_many_trials_few_are_modelled(in_turn: bool) -> None:
    values = {number: float(number * 7919 % 1_000) for number in range(1_000)}
    del values[500]  # it failed
    order = sorted(values, key=lambda number: number if in_turn else number * 31 % 1_000)
    modelled = Modelled()
    for number in range(1_001):
        modelled.begun(number)
    modelled.ended(500, None, is_whole=True)
    for place, number in enumerate(order):
        numbers = modelled.numbers()
        assert (numbers is None) == (place <= MOST_MODELLED)
        modelled.ended(number, values[number], is_whole=True)
    numbers = modelled.numbers()
    assert numbers is not None
    assert numbers == sorted(numbers)
    assert len(numbers) == MOST_MODELLED + 1  # and the one that runs
    best = sorted(values, key=lambda number: values[number])[-MOST_BEST:]
    assert {*best, *range(1_001 - (MOST_MODELLED - MOST_BEST), 1_001)} <= {*numbers}


def test_a_stopped_trial_is_modelled_and_never_among_the_best() -> None:
    modelled = Modelled()
    modelled.ended(0, 1e9, is_whole=False)
    for number in range(1, MOST_MODELLED + 2):
        modelled.ended(number, 0.0, is_whole=True)
    numbers = modelled.numbers()
    assert numbers is not None
    assert 0 not in numbers


def test_with_few_modelled_it_still_learns_where_the_best_lies(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.sampler.MOST_MODELLED", 30)
    monkeypatch.setattr("search.sampler.MOST_BEST", 10)
    sampler = Sampler(SPACE, name="tpe", seed=0)
    for number in range(60):
        point = {"rate": 1e-4 * 10 ** (number % 20 / 10), "order": "diverse",
                 "active": 1 + number % 3}
        sampler.tell(sampler.ask(point)[0], value(point))
    assert fmean(value(sampler.ask()[1]) for _ in range(5)) > 2.3  # at random 1.5
