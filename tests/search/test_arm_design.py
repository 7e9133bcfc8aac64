"""The arms' trials: every arm, model and block once, equal but for mixture and languages."""

from __future__ import annotations

from collections import Counter

from search.arm_design import TUNING_SEEDS_FROM, arms_block, tuned_rates, tuning_block
from search.arms_section import CONTROL
from search.design import FRESH_SEEDS_FROM, Designed
from search.results import Outcome, Role, TrialResult
from search.study import Study
from spaces.trial_config import TrialConfig
from tests.search.arms_study import arms_study
from tests.search.simulated_study import simulated_study, sizes_of
from tests.search.simulated_table import scored

TUNED = ["intermediate.learning_rate=[1.0e-3, 4.0e-3]", "targets.learning_rate=[1.0e-3, 2.0e-3]",
         "arms.tuning={seeds: 2}", "models=[lab-tiny, lab-25k]", "arms.pretraining_seeds=2"]


def blocks(*overrides: str) -> tuple[Study, list[Designed], list[Designed]]:
    study = arms_study(*overrides)
    space = study.space(sizes_of(study))
    return study, tuning_block(study, space), arms_block(study, space)


def test_every_arm_runs_with_every_model_on_every_block_beside_one_control() -> None:
    _, tuning, found = blocks("models=[lab-tiny, lab-25k]", "search.seed=7",
                              "fidelity.search.target_examples=77", "intermediate.rungs=[0.5, 1]")
    assert tuning == []
    ran = Counter((each.group if each.role is Role.ARM else CONTROL, each.config.model.name,
                   each.config.seed) for each in found)
    assert ran == {(name, model, seed): 1 for name in ("near", "far", CONTROL)
                   for model in ("lab-tiny", "lab-25k") for seed in range(7, 11)}
    bare = {each.config for each in found if each.role is Role.CONTROL}
    assert {each.config.control() for each in found} == bare
    assert {each.config.fidelity.target_examples for each in found} == {77}
    assert len({each.config.fidelity for each in found if each.role is Role.ARM}) == 1
    assert {each.config.intermediate.rungs for each in found if each.config.intermediate} == {(1,)}


def test_arms_may_be_of_some_models_alone() -> None:
    _, _, found = blocks("models=[lab-tiny, lab-25k]", "arms.models=lab-25k")
    assert {each.config.model.name for each in found} == {"lab-25k"}


def test_an_arm_has_its_own_mixture_and_languages() -> None:
    _, _, found = blocks()
    trained = {each.group: {(cell.task, cell.language) for cell in each.config.intermediate.cells}
               for each in found if each.config.intermediate}
    assert trained == {"near": {("lab-tags", "fr"), ("lab-tags", "de")},
                       "far": {("lab-names", "en"), ("lab-names", "zh")}}


def test_pretraining_seeds_go_round_the_blocks_and_a_block_shares_one() -> None:
    _, _, found = blocks("arms.seeds=6", "arms.pretraining_seeds=3", "pretraining_seed=40",
                         "models=[lab-tiny]")
    by_block = {(each.config.seed, each.config.pretraining_seed) for each in found}
    assert sorted(by_block) == [(block, 40 + block % 3) for block in range(6)]


def test_rates_are_tried_at_equal_budget_on_blocks_of_their_own() -> None:
    study, tuning, found = blocks(*TUNED)
    assert {each.role for each in tuning} == {Role.TUNING}
    assert set(Counter((each.group, each.config.model.name) for each in tuning).values()) == {4}
    seeds = {each.config.seed for each in tuning}
    assert seeds == {TUNING_SEEDS_FROM, TUNING_SEEDS_FROM + 1}
    assert max(each.config.seed for each in found) < FRESH_SEEDS_FROM < min(seeds)
    assert {each.config.target.learning_rate for each in tuning if each.group != CONTROL} == {
        study.targets.learning_rate.middle}


def test_the_best_rates_on_the_selection_panel_are_those_of_the_block() -> None:
    study, tuning, _ = blocks(*TUNED)
    assert study.arms is not None

    def rate(config: TrialConfig) -> float:
        return (config.intermediate.recipe if config.intermediate else config.target).learning_rate

    def result(each: Designed) -> TrialResult:
        good = rate(each.config) == (1e-3 if each.group == "near" else 4e-3)
        scores = scored({"lab-measure": 0.0, "lab-tags": 0.0},
                        {"lab-measure": "accuracy", "lab-tags": "accuracy"})
        return TrialResult(
            trial="t", role=each.role, group=each.group, config=each.config,
            outcome=Outcome.FINISHED, scores=scores.model_copy(update={"scores": tuple(
                score.model_copy(update={"points": 50.0 + 10 * good})
                if score.panel == "selection" else score for score in scores.scores)}))

    rates = tuned_rates([result(each) for each in tuning], study)
    assert {pair: best for pair, best in rates.items() if pair[1] != CONTROL} == {
        (model, arm): best for model in ("lab-tiny", "lab-25k")
        for arm, best in (("near", 1e-3), ("far", 4e-3))}
    assert rates["lab-tiny", CONTROL] == 1e-3  # of equals the first
    block = arms_block(study, study.space(sizes_of(study)), rates)
    assert {(each.group, rate(each.config)) for each in block if each.role is Role.ARM} == {
        ("near", 1e-3), ("far", 4e-3)}
    assert {each.config.target.learning_rate for each in block} == {1e-3}
    assert tuned_rates([], study) == {}


def test_without_arms_there_is_no_block() -> None:
    study = simulated_study()
    space = study.space(sizes_of(study))
    assert arms_block(study, space) == tuning_block(study, space) == []
