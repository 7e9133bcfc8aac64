"""The designed trials: those that a study fixes beforehand and no sampler proposes.

Seed blocks are whole numbers counted from the study's seed. The search runs in the first block;
controls, the curve and the table share the first few; confirmations have blocks that nothing else
has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, Final

from search.confirmation import Choice, is_winner
from search.curve_section import Curve
from search.further import further_group
from search.results import Role
from search.study import Study
from spaces.fidelity import Fidelity
from spaces.language_orders import LanguageSet
from spaces.search_space import Point, SearchSpace
from spaces.trial_config import TrialConfig
from spaces.value import Value

__all__ = ["FRESH_SEEDS_FROM", "Designed", "confirmations", "controls", "curve_block",
           "designed_control", "scored_once", "table_block"]

FRESH_SEEDS_FROM: Final = 1_000
"""The first block of confirmation; sections allow at most 500 seeds, so no other block has it."""


class Designed(Value):
    """One designed trial: why it runs, the point it belongs to, what it runs."""

    role: Role
    group: str
    config: TrialConfig


def controls(study: Study, space: SearchSpace) -> list[Designed]:
    """Return the controls of search and curve: each model and target rate, on each seed block.

    Where nothing is searched for and there is no curve there are none: a table has its own.
    """
    if not study.search.trials and study.curve is None:
        return []
    blocks = max(study.controls.seeds, study.curve.seeds if study.curve else 0)
    bare = [
        TrialConfig(model=model, pretraining_seed=study.pretraining_seed, intermediate=None,
                    targets=study.targets.tasks, target=study.targets.recipe(rate),
                    fidelity=study.fidelity.search, panels=space.panels,
                    seed=study.search.seed, robustness=study.robustness).control()
        for model, rate in product(study.models, study.targets.learning_rate.options)
    ]
    return [designed_control(config, study.search.seed + block)
            for block in range(blocks) for config in bare]


def curve_block(study: Study, space: SearchSpace) -> list[Designed]:
    """Return the curve's block: counts x orders x seeds at the search's fidelity.

    The mixture and the recipe are the same in all of it, and so is the total of examples, or what
    each language has of them, or with held updates both. At count 0 every order is English alone,
    run once per seed.
    """
    if study.curve is None or study.curve_mixture is None:
        return []
    curve, block = study.curve, []
    for seed, order, count in product(range(curve.seeds), curve.orders, curve.counts):
        if count == 0 and order != curve.orders[0]:
            continue
        languages = LanguageSet(order=order, count=count, english=curve.english)
        point = Point(mixture=study.curve_mixture, languages=languages)
        config = space.config(point, seed=study.search.seed + seed, fidelity=study.fidelity.search)
        config = _with_share(config, curve)
        group = f"{count} {order}" if count else "0"
        block.append(Designed(role=Role.CURVE, group=group, config=scored_once(config)))
    return block


def table_block(study: Study, space: SearchSpace) -> list[Designed]:
    """Return the table's block, seed by seed: a control, then each row, at `confirm` fidelity.

    Model and learning rates are the space's defaults, the languages and the total of examples the
    same for every row.

    Raises:
        InvalidPoint: if a task of a row has no train rows in the table's languages.
    """
    table, languages = study.table, study.table_languages
    if table is None or languages is None:
        return []
    sizes = space.sizes_in(space.intermediate.tasks, space.resolved(languages))
    points = {name: Point(mixture=mixture, languages=languages)
              for name, mixture in table.rows(sizes).items()}
    block = []
    for offset in range(table.seeds):
        seed = study.search.seed + offset
        configs = {name: _confirmed(point, space, seed=seed, fidelity=study.fidelity.confirm)
                   for name, point in points.items()}
        block += [designed_control(config, seed)
                  for config in dict.fromkeys(each.control() for each in configs.values())]
        block += [Designed(role=Role.TABLE, group=name, config=config)
                  for name, config in configs.items()]
    return block


def confirmations(
    study: Study, space: SearchSpace, chosen: Iterable[Choice | Mapping[str, Any]]
) -> list[Designed]:
    """Return the chosen points on fresh seeds at `confirm` fidelity, with their fresh controls.

    The further controls of winners come last, on the same seeds and at the same fidelity; a
    winner that is a reference as well has them once, under both names.

    Args:
        study: the study.
        space: its search space.
        chosen: winners and references, or their dumps as the journal holds them.

    Raises:
        InvalidPoint: if a chosen point cannot run.
    """
    choices = [Choice.model_validate(each) for each in chosen]
    planned, further = [], []
    for block in range(study.confirmation.seeds):
        seed = study.search.seed + FRESH_SEEDS_FROM + block
        configs = [_confirmed(choice.point, space, seed=seed, fidelity=study.fidelity.confirm)
                   for choice in choices]
        bare = list(dict.fromkeys(config.control() for config in configs))
        planned += [designed_control(config, seed) for config in bare]
        planned += [Designed(role=Role.CONFIRMATION, group=choice.group, config=config)
                    for choice, config in zip(choices, configs, strict=True)]
        further += [Designed(role=Role.FURTHER, group=further_group(choice.group, control),
                             config=config.further_control(control))
                    for control in study.controls.further
                    for choice, config in zip(choices, configs, strict=True)
                    if is_winner(choice.group)]
    return planned + further


def _with_share(config: TrialConfig, curve: Curve) -> TrialConfig:
    """Return a trial of the curve with the examples of its set, at least one."""
    phase, largest = config.intermediate, curve.counts[-1] + curve.english
    assert phase is not None  # made from a point
    if curve.examples == "total":
        return config
    in_all = config.fidelity.intermediate_examples
    if curve.updates == "held":
        distinct = max(1, round(in_all / largest))
        return config.model_copy(update={"intermediate": phase.model_copy(
            update={"distinct_examples": distinct})})
    share = (phase.languages.count + curve.english) / largest
    fidelity = config.fidelity.model_copy(
        update={"intermediate_examples": max(1, round(share * in_all))})
    return config.model_copy(update={"fidelity": fidelity})


def _confirmed(
    point: Point, space: SearchSpace, *, seed: int, fidelity: Fidelity
) -> TrialConfig:
    return scored_once(space.config(point, seed=seed, fidelity=fidelity))


def designed_control(config: TrialConfig, seed: int) -> Designed:
    """Return a control of a designed block on a seed."""
    return Designed(role=Role.CONTROL,
                    group=f"{config.model.name} at {config.target.learning_rate:g}",
                    config=config.model_copy(update={"seed": seed}))


def scored_once(config: TrialConfig) -> TrialConfig:
    """Return the trial scored at its end only; nothing stops a designed trial early."""
    assert config.intermediate is not None  # made from a point
    whole = config.intermediate.model_copy(update={"rungs": (1.0,)})
    return config.model_copy(update={"intermediate": whole})
