"""Arm scores: from trials to values, paired with the control of the same model and block."""

from __future__ import annotations

import pytest

from search.arm_scores import arm_scores, block_means, encoders_of, paired_gains
from search.results import Outcome, Role
from spaces.tasks import Kind
from tests.search.arms_study import trials
from tests.search.simulated_table import KINDS

GAINS = {"dates": [6.0, 7.0, 8.0, 9.0], "entities": [0.0, 1.0, 0.0, 1.0]}


def test_every_score_of_the_report_panel_is_there_once_and_says_where_it_is_from() -> None:
    scores = arm_scores(trials(GAINS, encoders=2), KINDS, {"lab-tiny": 7})
    assert len(scores) == 3 * 4 * 2 * 2  # arms and control, blocks, tasks, languages
    assert len({(each.arm, each.block, each.task, each.language) for each in scores}) == len(scores)
    assert {each.parameters for each in scores} == {7}
    assert {(each.task, each.category, each.metric) for each in scores} == {
        ("nli", Kind.PAIR, "accuracy"), ("spans", Kind.QA, "f1")}
    assert encoders_of(scores) == {0: 0, 1: 1, 2: 0, 3: 1}


def test_gains_are_paired_within_model_and_block() -> None:
    results = trials(GAINS) + trials({"dates": [3.0]}, model="lab-25k", bare=60.0)
    found = paired_gains(arm_scores(results, KINDS))
    by_arm = {(each.model, each.arm, each.block): round(gain, 9) for each, gain in found}
    assert by_arm == {
        **{("lab-tiny", arm, block): gain for arm, gains in GAINS.items()
           for block, gain in enumerate(gains)}, ("lab-25k", "dates", 0): 3.0}


def test_what_failed_or_tried_a_rate_has_no_score_and_leaves_its_arms_unpaired() -> None:
    results = trials(GAINS)
    failed = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
              if each.role is Role.CONTROL and each.config.seed == 1 else each for each in results]
    scores = arm_scores(failed, KINDS)
    assert {each.block for each in scores if not each.arm} == {0, 2, 3}
    assert {each.block for each, _ in paired_gains(scores)} == {0, 2, 3}
    tried = [each.model_copy(update={"role": Role.TUNING}) for each in results]
    assert arm_scores(tried, KINDS) == ()


def test_a_mean_is_over_tasks_of_means_over_languages() -> None:
    scores = [each.model_copy(update={"points": 10.0 if each.task == "nli" else 40.0})
              for each in arm_scores(trials(GAINS), KINDS)]
    fewer = [each for each in scores if (each.task, each.language) != ("nli", "sw")]
    assert block_means(fewer)["dates", "lab-tiny"] == dict.fromkeys(range(4), 25.0)
    assert block_means(fewer, tasks=["spans"])["", "lab-tiny"][0] == 40.0
    assert block_means(fewer, languages=["sw"])["", "lab-tiny"][0] == 40.0
    assert block_means(fewer, rows="non-copy") == {}


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_results_does_not_matter(order: int) -> None:
    assert arm_scores(trials(GAINS)[::order], KINDS) == arm_scores(trials(GAINS), KINDS)
