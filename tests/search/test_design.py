"""The designed trials: complete blocks, the right seeds, controls beside everything."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from search.confirmation import Choice
from search.design import FRESH_SEEDS_FROM, confirmations, controls, curve_block
from search.results import Role
from search.study import Study
from spaces.mixtures import InvalidPoint, Mixture, uniform
from spaces.points import Point
from spaces.search_space import SearchSpace

BASE = ["models=[lab-tiny]", "search.seed=7", "targets.learning_rate=1e-3"]


def made(*overrides: str) -> tuple[Study, SearchSpace]:
    study = Study.from_file("lab", [*BASE, *overrides])
    sizes: dict[str, dict[str, int]] = {}
    for task, code in study.cells():
        sizes.setdefault(task, {})[code] = 100
    return study, study.space(sizes)


def some_choices(space: SearchSpace) -> list[Choice]:
    tasks = space.intermediate.tasks
    mixtures = {"winner-1": Mixture.model_validate({tasks[0]: 0.25, tasks[1]: 0.75}),
                "single": uniform(tasks[:1]), **space.references()}
    return [Choice(group=group, point=Point(mixture=mixture))
            for group, mixture in mixtures.items()]


def test_controls_cover_every_model_rate_and_seed_once() -> None:
    study, space = made("models=[lab-tiny, lab-small]", "targets.learning_rate=[1e-3, 2e-3]",
                        "controls.seeds=3")
    found = controls(study, space)
    assert Counter((each.config.model.name, each.config.target.learning_rate, each.config.seed)
                   for each in found) == {
        (model, rate, seed): 1 for model in ("lab-tiny", "lab-small") for rate in (1e-3, 2e-3)
        for seed in (7, 8, 9)}
    assert all(each.config.is_control and each.role is Role.CONTROL for each in found)


def test_controls_are_the_controls_of_every_search_trial_and_curve_point() -> None:
    study, space = made("curve.seeds=3", "controls.seeds=2")
    known = {each.config for each in controls(study, space)}
    searched = space.decode(space.fixed_points()[0], seed=study.search.seed,
                            fidelity=study.fidelity.search)
    assert searched.control() in known
    assert {each.config.control() for each in curve_block(study, space)} == known


def test_the_curve_is_a_complete_block_with_one_mixture_recipe_and_total() -> None:
    study, space = made("curve.counts=[0, 1, 4, 16]", "curve.orders=[random:3, diverse]",
                        "curve.seeds=2")
    found = curve_block(study, space)
    phases = [each.config.intermediate for each in found]
    sets = Counter((phase.languages.count, phase.languages.order, each.config.seed)
                   for phase, each in zip(phases, found, strict=True) if phase)
    assert sets == {(count, order, seed): 1 for count in (1, 4, 16)
                    for order in ("random:3", "diverse") for seed in (7, 8)} | {
        (0, "random:3", 7): 1, (0, "random:3", 8): 1}
    assert {each.config.fidelity for each in found} == {study.fidelity.search}
    assert {(phase.mixture, phase.recipe, phase.rungs) for phase in phases if phase} == {
        (study.curve_mixture, phases[0].recipe, (1.0,))}  # type: ignore[union-attr]
    assert {each.role for each in found} == {Role.CURVE}
    assert len({each.group for each in found}) == 7


def test_count_zero_is_english_alone() -> None:
    study, space = made()
    for each in curve_block(study, space):
        phase = each.config.intermediate
        assert phase is not None
        trained = {cell.language for cell in phase.cells}
        assert "en" in trained
        assert len(trained) == 1 + phase.languages.count
        assert (each.group == "0") == (trained == {"en"})


def test_without_a_curve_there_is_no_block() -> None:
    study, space = made("curve=null")
    assert curve_block(study, space) == []


@pytest.mark.parametrize("seed", [0, 7, 2_000])
def test_confirmations_run_on_seeds_that_nothing_else_has(seed: int) -> None:
    study, space = made(f"search.seed={seed}", "confirmation.seeds=4", "controls.seeds=500",
                        "curve.seeds=500", "curve.counts=[0, 1, 2]")
    fresh = {each.config.seed for each in confirmations(study, space, some_choices(space))}
    assert fresh == {seed + FRESH_SEEDS_FROM + block for block in range(4)}
    used = {each.config.seed for each in [*controls(study, space), *curve_block(study, space)]}
    assert not fresh & (used | {study.search.seed})


def test_every_choice_runs_once_per_seed_with_its_control_at_confirm_fidelity() -> None:
    study, space = made("confirmation.seeds=3", "fidelity.confirm.target_examples=4800")
    choices = some_choices(space)
    found = confirmations(study, space, choices)
    runs = Counter((each.group, each.config.seed) for each in found
                   if each.role is Role.CONFIRMATION)
    assert set(runs.values()) == {1}
    assert {group for group, _ in runs} == {choice.group for choice in choices}
    bare = [each.config for each in found if each.role is Role.CONTROL]
    assert len(bare) == len(set(bare)) == 3
    assert {each.config.control() for each in found} == set(bare)
    assert {each.config.fidelity.target_examples for each in found} == {4800}
    assert {each.config.fidelity.name for each in found} == {"confirm"}


def test_choices_of_different_models_have_controls_of_their_own() -> None:
    study, space = made("models=[lab-tiny, lab-small]", "confirmation.seeds=2")
    mixture = uniform(space.intermediate.tasks)
    choices = [Choice(group=model, point=Point(mixture=mixture, model=model))
               for model in ("lab-tiny", "lab-small")]
    found = confirmations(study, space, choices)
    assert Counter(each.role for each in found) == {Role.CONTROL: 4, Role.CONFIRMATION: 4}


def test_confirmations_are_the_same_from_the_journal() -> None:
    study, space = made()
    choices = some_choices(space)
    dumped: list[Any] = [choice.model_dump(mode="json") for choice in choices]
    assert confirmations(study, space, dumped) == confirmations(study, space, choices)


def test_confirmed_trials_are_scored_at_their_end_only() -> None:
    study, space = made("intermediate.rungs=[0.5, 1]", "search.scheduler=asha")
    for each in [*confirmations(study, space, some_choices(space)), *curve_block(study, space)]:
        if each.config.intermediate is not None:
            assert each.config.intermediate.rungs == (1.0,)


def test_a_reference_runs_in_the_largest_set_its_tasks_have_data_in() -> None:
    study = Study.from_file("xtreme-mini")
    sizes = {"udpos": {"en": 9, "de": 9}, "mnli": {"en": 9}, "squad": {"en": 9}}
    space = study.space(sizes)
    found = confirmations(study, space, [Choice(group="uniform", point=Point(
        mixture=uniform(space.intermediate.tasks)))])
    phases = [each.config.intermediate for each in found if each.config.intermediate]
    assert {phase.languages.count for phase in phases} == {
        study.intermediate.languages.count.all[-1]}
    assert {cell.task for phase in phases for cell in phase.cells} == set(sizes)


def test_a_choice_that_cannot_run_is_invalid() -> None:
    study, space = made()
    point = some_choices(space)[0].point
    alone = point.model_copy(update={"languages": space.intermediate.languages.largest.model_copy(
        update={"count": 0, "english": False})})
    with pytest.raises(InvalidPoint, match="a language set must hold a language"):
        confirmations(study, space, [Choice(group="winner-1", point=alone)])
