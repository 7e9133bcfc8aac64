from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.journal import Journal
from search.objective import SPREAD_FLOOR, Objective, control_key, marks, task_points
from search.results import Outcome, Role, collect, unfinished
from spaces.tasks import Kind
from tests.search.simulated_results import (
    CONFIRM,
    KINDS,
    PANELS,
    config,
    controls,
    result,
    scores,
)
from trainables.scores import Score, Scores


def one(points: float, *, task: str = "topics", metric: str = "accuracy", language: str = "el",
        chance: float = 25.0, rows: int = 100, collapsed: bool = False) -> Score:
    return Score(task=task, language=language, panel="selection", metric=metric, points=points,
                 chance=chance, rows=rows, collapsed=collapsed)


# ---- the score ------------------------------------------------------------------------------


def test_a_task_counts_by_its_first_metric_averaged_over_languages() -> None:
    found = Scores(scores=(one(60.0), one(10.0, metric="f1"), one(70.0, language="hi")))

    assert task_points(found, "selection") == {"topics": 65.0}
    assert task_points(found, "report") == {}


def test_the_score_is_the_mean_of_categories_not_of_tasks() -> None:
    kinds = {"a": Kind.PAIR, "b": Kind.PAIR, "c": Kind.TAGGING}
    found = Scores(scores=(one(80.0, task="a"), one(60.0, task="b"), one(30.0, task="c")))

    assert Objective(kinds=kinds).points(found) == 50.0


def test_training_free_retrieval_counts_only_if_asked_for() -> None:
    kinds = {"a": Kind.PAIR, "search": Kind.RETRIEVAL}
    found = Scores(scores=(one(80.0, task="a"), one(20.0, task="search")))

    assert Objective(kinds=kinds).points(found) == 80.0
    assert Objective(kinds=kinds, retrieval=True).points(found) == 50.0
    with pytest.raises(ValueError, match="`targets` must hold a trained task"):
        Objective(kinds={"search": Kind.RETRIEVAL})


def test_categories_are_standardised_by_their_controls_seed_spread() -> None:
    rows = [scores(60 + 2 * sign, 50 + 8 * sign) for sign in (-1, 0, 1)]
    found = Objective.scaled(
        [result(f"c{seed}", Role.CONTROL, config(seed=seed), row) for seed, row in enumerate(rows)],
        KINDS)

    assert found.controls == 3
    assert dict(found.centres) == {"classification": 60.0, "tagging": 50.0}
    assert dict(found.spreads) == pytest.approx({"classification": 2.0, "tagging": 8.0})
    # Two spreads above on one category, one below on the other.
    assert found.value(scores(64, 42)) == pytest.approx((2 - 1) / 2)


def test_controls_that_agree_do_not_let_a_category_decide_alone() -> None:
    found = Objective.scaled(controls([60.0] * 5), KINDS)

    assert dict(found.spreads) == dict.fromkeys(("classification", "tagging"), SPREAD_FLOOR)


def test_the_spread_is_that_of_seeds_not_of_kinds_of_control() -> None:
    low, high = controls([50.0, 51.0]), controls([80.0, 81.0], fidelity=CONFIRM, name="d")

    assert dict(Objective.scaled(low + high, KINDS).spreads)["tagging"] == pytest.approx(
        math.sqrt(0.5))


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_spread_the_floor_holds(count: int) -> None:
    found = Objective.scaled(controls([60.0] * count), KINDS)

    assert found.controls == count
    assert found.value(scores(61)) == pytest.approx((61 - 60 * count) / SPREAD_FLOOR)


def test_only_finished_controls_set_the_scale() -> None:
    noise = [result("t", Role.SEARCH, config({"dates": 1.0}), scores(99)),
             result("f", Role.CONTROL, config(seed=7), None, outcome=Outcome.FAILED)]

    assert Objective.scaled(controls([60.0, 62.0]) + noise, KINDS).controls == 2


@given(st.floats(5, 95), st.floats(5, 95), st.floats(-3, 3))
def test_a_better_score_is_never_told_as_worse(topics: float, tags: float, more: float) -> None:
    found = Objective.scaled(controls([50.0, 53.0, 51.0]), KINDS)
    before, after = found.value(scores(topics, tags)), found.value(scores(topics + more, tags))

    assert (after > before) == (more > 0) or math.isclose(after, before, abs_tol=1e-9)


def test_a_missing_target_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold every target, got none of 'tags'"):
        Objective(kinds=KINDS).value(Scores(scores=(one(60.0),)))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_never_told(wrong: float) -> None:
    unchecked = Score.model_construct(task="topics", language="el", panel="selection", rows=9,
                                      metric="accuracy", points=wrong, chance=0.0)
    found = Scores.model_construct(scores=(unchecked, one(50.0, task="tags")))

    with pytest.raises(ValueError, match="an objective must be finite"):
        Objective(kinds=KINDS).value(found)


# ---- the gain -------------------------------------------------------------------------------


def test_the_gain_is_paired_by_seed_block_where_it_can_be() -> None:
    objective = Objective(kinds=KINDS)
    bare = controls([50.0, 60.0])
    paired = objective.gain(result("t", Role.SEARCH, config({"dates": 1.0}, seed=1), scores(63)),
                            bare)
    alone = objective.gain(result("t", Role.SEARCH, config({"dates": 1.0}, seed=9), scores(63)),
                           bare)

    assert paired is not None
    assert alone is not None
    assert (paired.points, paired.paired, paired.controls) == (pytest.approx(3), True, 1)
    assert (alone.points, alone.paired, alone.controls) == (pytest.approx(8), False, 2)


def test_a_control_of_another_fidelity_is_no_control() -> None:
    trial = result("t", Role.SEARCH, config({"dates": 1.0}), scores(63))

    assert Objective(kinds=KINDS).gain(trial, controls([50.0], fidelity=CONFIRM)) is None
    assert control_key(trial.config) != control_key(config(fidelity=CONFIRM))
    assert control_key(trial.config) == control_key(config(seed=123))


def test_a_failed_trial_has_no_gain() -> None:
    failed = result("t", Role.SEARCH, config({"dates": 1.0}), None, outcome=Outcome.FAILED)

    assert Objective(kinds=KINDS).gain(failed, controls([50.0])) is None


# ---- marks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "rows", "expected"), [
    (25.0, 100, ("chance-level",)),
    (0.0, 100, ("chance-level",)),
    (32.0, 100, ("chance-level",)),  # binomial 0.95 quantile at n = 100, p = 0.25 is 32
    (33.0, 100, ()),
    (28.0, 1_000, ()),  # 27.3 is the quantile at n = 1000
    (40.0, 10, ("chance-level",)),  # five of ten is the quantile
    (60.0, 10, ()),
])
def test_chance_level_goes_by_the_rows(
    points: float, rows: int, expected: tuple[str, ...]
) -> None:
    assert marks(Scores(scores=(one(points, rows=rows),))) == expected


def test_languages_add_up_in_evidence() -> None:
    languages = ("el", "hi", "sw", "th")

    assert marks(Scores(scores=(one(31.0),))) == ("chance-level",)
    assert marks(Scores(scores=tuple(one(31.0, language=each) for each in languages))) == ()


def test_one_task_at_chance_marks_the_trial_unless_it_does_not_count() -> None:
    found = Scores(scores=(one(90.0), one(24.0, task="tags")))

    assert marks(found) == ("chance-level",)
    assert marks(found, tasks=["topics"]) == ()


def test_collapsed_means_in_every_language_of_a_task() -> None:
    part = Scores(scores=(one(90.0, collapsed=True), one(90.0, language="hi")))
    whole = Scores(scores=(one(25.0, collapsed=True), one(25.0, language="hi", collapsed=True)))

    assert marks(part) == ()
    assert marks(whole) == ("chance-level", "collapsed")


def test_an_answer_score_of_nothing_is_at_chance() -> None:
    assert marks(Scores(scores=(one(0.0, chance=0.0),))) == ("chance-level",)
    assert marks(Scores(scores=(one(2.0, chance=0.0),))) == ()


# ---- collecting -----------------------------------------------------------------------------


def test_each_trial_is_collected_once_by_its_last_ending(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    first = result("search-001", Role.SEARCH, config({"dates": 1.0}), None,
                   outcome=Outcome.FAILED, error="the node went away")
    other = result("search-000", Role.SEARCH, config({"dates": 0.5, "numbers": 0.5}), scores(60))
    again = first.model_copy(update={"outcome": Outcome.FINISHED, "error": None,
                                     "scores": scores(55)})
    for trial in ("search-000", "search-001", "search-002"):
        journal.append("suggested", trial)
    for ended in (first, other, again):
        journal.append("finished", ended.trial, **ended.model_dump(mode="json"))
    journal.close()

    reopened = Journal(tmp_path / "journal.jsonl")
    assert collect(reopened) == [other, again]
    assert unfinished(reopened) == ["search-002"]
    assert other.config.panels == PANELS
    reopened.close()
