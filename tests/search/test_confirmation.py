from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from search.confirmation import Standing, choose, winner_set
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from spaces.dimensions import IntermediateSpace, TargetSpace
from spaces.mixtures import uniform
from spaces.models import LAB_MODELS
from spaces.search_space import Point, SearchSpace
from tests.search.simulated_results import (
    CONFIRM,
    KINDS,
    OFFERED,
    PANELS,
    POOL,
    REFERENCES,
    SEARCH,
    TASKS,
    config,
    result,
    scores,
)

OBJECTIVE = Objective(kinds=KINDS)


def searched(points: dict[str, tuple[dict[str, float], float]]) -> list[TrialResult]:
    return [result(trial, Role.SEARCH, config(mixture), scores(value))
            for trial, (mixture, value) in points.items()]


def confirmed(table: dict[str, list[float]], *, base: list[float] | None = None
              ) -> list[TrialResult]:
    """Return confirmations: group -> report score by seed block, and controls scoring `base`."""
    shares = itertools.count(1)
    found = []
    for group, row in table.items():
        mixture = {"dates": (share := next(shares)) / 10, "numbers": 1 - share / 10}
        found += [result(f"{group}-{seed}", Role.CONFIRMATION,
                         config(mixture, seed=seed, fidelity=CONFIRM), scores(points), group=group)
                  for seed, points in enumerate(row)]
    return found + [result(f"control-{seed}", Role.CONFIRMATION,
                           config(seed=seed, fidelity=CONFIRM), scores(points), group="control")
                    for seed, points in enumerate(base or [])]


def by_group(results: list[TrialResult]) -> dict[str, Standing]:
    return {standing.group: standing for standing in winner_set(results, OBJECTIVE)}


# ---- choosing -------------------------------------------------------------------------------

POINTS = {
    "t0": ({"dates": 1.0}, 60.0),
    "t1": ({"entities": 1.0}, 55.0),
    "t2": ({"numbers": 1.0}, 50.0),
    "t3": (dict(REFERENCES["uniform"].weights), 58.0),
    "t4": ({"dates": 0.7, "numbers": 0.3}, 66.0),
    "t5": ({"dates": 0.5, "entities": 0.5}, 64.0),
}


def test_the_best_mixtures_and_the_references_are_chosen_each_once() -> None:
    found = choose(searched(POINTS), OBJECTIVE, 2, REFERENCES)

    assert [(choice.group, choice.trial) for choice in found] == [
        ("winner-1", "t4"), ("winner-2", "t5"), ("uniform", "t3"), ("proportional", None),
        ("single", "t0")]
    assert found[3].point == Point(mixture=REFERENCES["proportional"])
    assert found[0].point.mixture == config({"dates": 0.7, "numbers": 0.3}).intermediate.mixture  # type: ignore[union-attr]


def test_a_winner_that_is_a_reference_is_confirmed_once() -> None:
    better = POINTS | {"t0": ({"dates": 1.0}, 70.0)}

    assert [choice.group for choice in choose(searched(better), OBJECTIVE, 1, REFERENCES)] == [
        "winner-1+single", "uniform", "proportional"]


def test_other_languages_make_another_candidate_and_another_rate_does_not() -> None:
    wide = config({"dates": 0.7, "numbers": 0.3})
    narrow = config({"dates": 0.7, "numbers": 0.3}, count=2)
    phase = wide.intermediate
    assert phase is not None
    slower = wide.model_copy(update={"intermediate": phase.model_copy(update={
        "recipe": phase.recipe.model_copy(update={"learning_rate": 1e-6})})})
    found = choose([result("a", Role.SEARCH, wide, scores(60)),
                    result("b", Role.SEARCH, slower, scores(59)),
                    result("c", Role.SEARCH, narrow, scores(58))], OBJECTIVE, 3, {})

    assert [(choice.group, choice.trial) for choice in found] == [
        ("winner-1", "a"), ("winner-2", "c")]


def test_a_mixture_stands_for_itself_by_its_best_trial() -> None:
    twice = [*searched(POINTS), result("t9", Role.SEARCH, config({"dates": 1.0}, count=2),
                                       scores(90))]
    best, second, *_ = choose(twice, OBJECTIVE, 2, REFERENCES)

    assert (best.group, best.trial) == ("winner-1+single", "t9")
    assert second.trial == "t4"
    assert best.point.languages is not None
    assert best.point.languages.count == 2


def test_failed_and_stopped_trials_win_nothing() -> None:
    ended = [result("f", Role.SEARCH, config({"dates": 0.9, "numbers": 0.1}), None,
                    outcome=Outcome.FAILED),
             result("s", Role.SEARCH, config({"dates": 0.8, "numbers": 0.2}), scores(99),
                    outcome=Outcome.STOPPED),
             result("c", Role.CONTROL, config(), scores(99))]

    assert choose([*searched(POINTS), *ended], OBJECTIVE, 1, {})[0].trial == "t4"


def test_a_reference_that_failed_in_the_search_is_confirmed_all_the_same() -> None:
    failed = result("u", Role.SEARCH, config(REFERENCES["uniform"], count=2), None,
                    outcome=Outcome.FAILED)
    (choice,) = choose([failed], OBJECTIVE, 3, {"uniform": REFERENCES["uniform"]})

    assert (choice.group, choice.trial, choice.value) == ("uniform", None, None)
    assert choice.point == Point.of(failed.config)


def test_nothing_searched_leaves_the_references() -> None:
    assert [choice.group for choice in choose([], OBJECTIVE, 3, REFERENCES)] == [
        "uniform", "proportional"]
    assert choose([], OBJECTIVE, 3) == []
    with pytest.raises(ValueError, match="`winners` must not be negative, got -1"):
        choose([], OBJECTIVE, -1)


def test_without_names_uniform_over_all_tasks_used_is_a_reference() -> None:
    chosen = choose(searched(POINTS), OBJECTIVE, 1)

    assert [choice.point.mixture for choice in chosen if choice.group == "uniform"] == [
        uniform(TASKS)]


def test_a_choice_goes_back_into_the_space_it_came_from() -> None:
    space = SearchSpace(
        models=LAB_MODELS[:1], panels=PANELS, sizes={task: dict.fromkeys(OFFERED[task], 50)
                                                     for task in TASKS},
        intermediate=IntermediateSpace.model_validate({
            "tasks": TASKS, "learning_rate": {"low": 1e-4, "high": 1e-3},
            "languages": {"pool": POOL, "order": ["random:0"], "count": {"low": 0, "high": 8},
                          "english": True}}),
        targets=TargetSpace.model_validate({"tasks": tuple(KINDS), "learning_rate": 1e-3}))
    winner = choose(searched(POINTS), OBJECTIVE, 1, space.references())[0]
    read_back = Point.model_validate(winner.model_dump(mode="json")["point"])
    suggestion = space.fixed_points([read_back])[-1]

    again = space.decode(suggestion, seed=0, fidelity=SEARCH)
    assert Point.of(again) == winner.point


# ---- the winner set -------------------------------------------------------------------------


def test_two_mixtures_compare_as_a_paired_one_sided_t_test() -> None:
    first, second = [60.0, 62.0, 61.0, 63.0], [59.0, 60.5, 60.4, 61.0]
    found = by_group(confirmed({"a": first, "b": second}))
    difference = np.subtract(second, first)
    bound = difference.mean() + stats.t.ppf(0.95, 3) * difference.std(ddof=1) / 2

    assert found["b"].behind is not None
    assert found["b"].behind.mean == pytest.approx(difference.mean())
    assert found["b"].behind.high == pytest.approx(max(0.0, bound))
    assert found["b"].in_winner_set == (bound > 0)
    assert found["a"].in_winner_set is True


def test_clear_differences_leave_one_winner_and_noise_leaves_several() -> None:
    block = np.array([0.0, 3.0, -2.0, 1.0, 5.0])  # shared by all groups, so it must not matter
    wiggle = np.array([1.0, -1.0, 0.0, 0.5, -0.5])

    def possible(means: tuple[float, float, float]) -> list[str]:
        rows = [mean + block + noise for mean, noise in zip(
            means, (0 * wiggle, wiggle, -wiggle), strict=True)]
        table = dict(zip("abc", map(np.ndarray.tolist, rows), strict=True))
        return sorted(each.group for each in by_group(confirmed(table)).values()
                      if each.in_winner_set)

    assert possible((65, 62, 60)) == ["a"]
    assert possible((62.2, 62, 60)) == ["a", "b"]
    assert possible((62, 62.3, 62.1)) == ["a", "b", "c"]


def test_the_truly_best_is_in_the_winner_set_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    held, alone, repeats = 0, 0, 100
    for _ in range(repeats):
        table = rng.normal(0, 1, (4, 5)) + 60 + rng.normal(0, 3, 5) + np.array(
            [[0.8], [0.8], [0.8], [0.9]])
        found = by_group(confirmed(dict(zip("abcd", table.tolist(), strict=True))))
        held += found["d"].in_winner_set is True
        alone += sum(each.in_winner_set is True for each in found.values()) == 1

    assert held >= 0.90 * repeats  # promised 0.95, less two standard errors
    assert alone <= 0.10 * repeats


def test_gains_are_paired_with_the_controls_of_their_blocks() -> None:
    found = by_group(confirmed({"a": [61.0, 65.0, 58.0]}, base=[59.0, 62.0, 57.0]))["a"]

    assert found.gain is not None
    assert (found.gain.mean, found.gain.units) == (pytest.approx(2.0), 3)
    assert found.gain.low == pytest.approx(2 - stats.t.ppf(0.95, 2) / np.sqrt(3))
    assert found.in_winner_set is None  # nothing to compare it with


def test_without_controls_there_is_no_gain_and_with_one_block_no_interval() -> None:
    assert by_group(confirmed({"a": [61.0, 65.0]}))["a"].gain is None
    single = by_group(confirmed({"a": [61.0], "b": [60.0]}, base=[59.0]))
    assert single["a"].gain is not None
    assert (single["a"].gain.mean, single["a"].gain.low) == (pytest.approx(2.0), None)
    assert single["a"].in_winner_set is None


def test_only_blocks_that_all_mixtures_finished_are_compared() -> None:
    complete = confirmed({"a": [61.0, 62.0, 63.0], "b": [60.0, 61.5, 62.0], "c": [59.0]})
    found = by_group(complete)

    assert found["c"].in_winner_set is None
    assert found["a"].behind is not None
    assert found["a"].behind.units == 3
    lacking = [each for each in complete if each.trial != "b-1"]
    again = by_group(lacking)
    assert again["a"].behind is not None
    assert (again["a"].behind.units, again["a"].behind.mean) == (2, pytest.approx(1.0))


def test_a_mixture_with_a_failed_block_is_not_said_to_be_among_the_best() -> None:
    whole = confirmed({"a": [61.0, 62.0, 63.0], "b": [40.0, 41.5, 42.0], "c": [60.0, 61.0, 62.0]})
    diverged = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
                if each.trial == "a-0" else each for each in whole]
    found = by_group(diverged)

    assert (found["a"].failed, found["a"].in_winner_set) == (1, None)
    assert (found["b"].failed, found["b"].in_winner_set) == (0, False)


def test_failures_of_every_confirmation_leave_nothing() -> None:
    failed = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
              for each in confirmed({"a": [1.0, 2.0]})]

    assert winner_set(failed, OBJECTIVE) == ()
