"""The designed trials: complete blocks, the right seeds, controls beside everything."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from search.confirmation import Choice
from search.design import (
    FRESH_SEEDS_FROM,
    confirmations,
    controls,
    curve_block,
    table_block,
)
from search.results import Role
from search.study import Study, StudyError
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


def test_each_language_may_have_as_many_examples_in_every_set() -> None:
    study, space = made("curve.counts=[0, 1, 4, 15]", "curve.examples=per_language",
                        "fidelity.search.intermediate_examples=1600")
    found = curve_block(study, space)
    assert {(each.config.intermediate.languages.count,  # type: ignore[union-attr]
             each.config.fidelity.intermediate_examples) for each in found} == {
        (0, 100), (1, 200), (4, 500), (15, 1600)}
    assert {each.config.control() for each in found} <= {
        each.config for each in controls(study, space)}


def test_held_updates_leave_each_language_its_different_examples_and_no_more() -> None:
    study, space = made("curve.counts=[0, 1, 4, 15]", "curve.examples=per_language",
                        "curve.updates=held", "fidelity.search.intermediate_examples=1600")
    found = curve_block(study, space)
    assert {each.config.fidelity for each in found} == {study.fidelity.search}
    assert {each.config.intermediate.distinct_examples  # type: ignore[union-attr]
            for each in found} == {100}
    bare = {each.config for each in controls(study, space)}
    assert {each.config.control() for each in found} <= bare
    with pytest.raises(StudyError, match="`updates` must be left out unless"):
        made("curve.updates=held")


def test_the_total_is_what_a_curve_holds_unless_told_and_its_digest_stays() -> None:
    (told, _), (left_out, _) = made("curve.examples=total"), made()
    assert told == left_out
    assert not {"examples", "updates"} & told.curve.model_dump().keys()  # type: ignore[union-attr]
    with pytest.raises(StudyError, match="'total' or 'per_language'"):
        made("curve.examples=some")


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


TABLE = "table={mixtures: {all: proportional, two: {lab-tags: 0.5, lab-same: 0.5}}, seeds: 3}"


def test_the_table_is_each_row_on_each_seed_with_its_control_at_confirm_fidelity() -> None:
    study, space = made(TABLE, "intermediate.rungs=[0.5, 1]", "fidelity.confirm.target_examples=77")
    found = table_block(study, space)
    rows = [*space.intermediate.tasks, "all", "two"]
    ran = [each for each in found if each.role is Role.TABLE]
    bare = [each for each in found if each.role is Role.CONTROL]
    assert Counter((each.group, each.config.seed) for each in ran) == {
        (name, seed): 1 for name in rows for seed in (7, 8, 9)}
    assert [each.config.seed for each in bare] == [7, 8, 9]
    assert {each.config.control() for each in ran} == {each.config for each in bare}
    assert {each.config.fidelity for each in ran} == {study.fidelity.confirm}
    phases = [each.config.intermediate for each in ran if each.config.intermediate]
    assert len({(phase.languages, phase.recipe, phase.rungs) for phase in phases}) == 1
    assert phases[0].rungs == (1.0,)  # nothing stops a designed trial early


def test_the_table_trains_in_its_own_languages_or_the_largest_set() -> None:
    largest, space = made(TABLE)
    assert largest.table_languages == space.intermediate.languages.largest
    study, space = made(TABLE, "table.languages={order: 'random:3', count: 0, english: true}")
    assert {cell.language for each in table_block(study, space) if each.config.intermediate
            for cell in each.config.intermediate.cells} == {"en"}


def test_size_proportional_rows_go_by_the_rows_in_the_tables_languages() -> None:
    study, space = made("table={mixtures: {all: proportional, capped: {cap: 300}}, languages: "
                        "{order: diverse, count: 0, english: true}}")
    tasks = space.intermediate.tasks
    sizes = {task: {code: 100 * (index + 1) * (1 if code == "en" else 999) for code in rows}
             for index, (task, rows) in enumerate(space.sizes.items())}
    found = {each.group: each.config.intermediate.mixture
             for each in table_block(study, study.space(sizes)) if each.config.intermediate}
    total = sum(range(1, len(tasks) + 1))
    assert dict(found["all"].weights) == pytest.approx(
        {task: (index + 1) / total for index, task in enumerate(tasks)}, abs=1e-4)
    capped = [min(100 * (index + 1), 300) for index in range(len(tasks))]
    assert dict(found["capped"].weights) == pytest.approx(
        {task: rows / sum(capped) for task, rows in zip(tasks, capped, strict=True)}, abs=1e-4)


def test_without_a_search_or_a_curve_the_tables_controls_are_all_there_are() -> None:
    study, space = made(TABLE, "search.trials=0", "confirmation.winners=0", "curve=null")
    assert controls(study, space) == []
    assert table_block(made("curve=null")[0], space) == []


@pytest.mark.parametrize("seed", [0, 7, 2_000])
def test_confirmations_run_on_seeds_that_nothing_else_has(seed: int) -> None:
    study, space = made(f"search.seed={seed}", "confirmation.seeds=4", "controls.seeds=500",
                        "curve.seeds=500", "curve.counts=[0, 1, 2]",
                        "table={singles: false, mixtures: {all: uniform}, seeds: 500}")
    fresh = {each.config.seed for each in confirmations(study, space, some_choices(space))}
    assert fresh == {seed + FRESH_SEEDS_FROM + block for block in range(4)}
    used = {each.config.seed for each in [*controls(study, space), *curve_block(study, space),
                                          *table_block(study, space)]}
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
