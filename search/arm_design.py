"""The designed trials of a study's arms, and of the learning rates that are tried for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final

from search.arms_section import CONTROL, Arm
from search.design import Designed, designed_control, scored_once
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from search.study import Study
from search.table_section import sized
from spaces.mixtures import uniform
from spaces.models import Model
from spaces.search_space import Point, SearchSpace
from spaces.trial_config import TrialConfig

__all__ = ["TUNING_SEEDS_FROM", "Rates", "arms_block", "tuned_rates", "tuning_block"]

TUNING_SEEDS_FROM: Final = 2_000
"""The first seed block of tuning, from the study's seed on; no other block has it."""

Rates = Mapping[tuple[str, str], float]
"""(model, arm) -> the arm's intermediate learning rate; (model, `control`) -> the target rate."""


def arms_block(study: Study, space: SearchSpace, rates: Rates | None = None) -> list[Designed]:
    """Return the block, seed by seed: for each model a control, then each arm.

    All at `confirm` fidelity, so that every arm has as many examples; a model's arms and control
    share the target recipe, a block's trials its pretraining seed.

    Args:
        study: the study.
        space: its search space.
        rates: chosen learning rates; the middle of the study's where there is none.

    Raises:
        InvalidPoint: if a task of an arm has no train rows in the arm's languages.
    """
    if study.arms is None:
        return []
    block = []
    for offset, model in product(range(study.arms.seeds), _longest_first(study)):
        chosen = {name: (rates or {}).get((model.name, name)) for name in (*study.arms.arms,
                                                                           CONTROL)}
        configs = {name: _config(study, space, arm, model=model.name, block=offset,
                                 rate=chosen[name], target_rate=chosen[CONTROL])
                   for name, arm in study.arms.arms.items()}
        bare = next(iter(configs.values())).control()
        block.append(designed_control(bare, bare.seed))
        block += [Designed(role=Role.ARM, group=name, config=config)
                  for name, config in configs.items()]
    return block


def tuning_block(study: Study, space: SearchSpace) -> list[Designed]:
    """Return the trials that choose learning rates, seed by seed and model by model.

    Controls run at every target rate, each arm at every intermediate rate before the middle target
    rate: as many for every arm and model.
    """
    if study.arms is None or study.arms.tuning is None:
        return []
    block = []
    for offset, model in product(range(study.arms.tuning.seeds), _longest_first(study)):
        first = next(iter(study.arms.arms.values()))
        trials: list[tuple[str, Arm, float | None, float | None]] = [
            (CONTROL, first, None, rate) for rate in study.targets.learning_rate.options]
        trials += [(name, arm, rate, None) for name, arm in study.arms.arms.items()
                   for rate in study.intermediate.learning_rate.options]
        for name, arm, rate, target_rate in trials:
            config = _config(study, space, arm, model=model.name,
                             block=TUNING_SEEDS_FROM + offset, rate=rate, target_rate=target_rate)
            # Rates are chosen by clean scores on the selection panel: no changed row is read.
            config = config.model_copy(update={"robustness": None})
            block.append(Designed(role=Role.TUNING, group=name,
                                  config=config.control() if name == CONTROL else config))
    return block


def tuned_rates(tried: Iterable[TrialResult], study: Study) -> Rates:
    """Return the rates whose trials scored best on the selection panel, on average over blocks.

    Of equals the first that was tried is taken; where no trial of a pair finished it has none.
    """
    objective = Objective(kinds=study.target_kinds, retrieval=study.search.retrieval)
    found: dict[tuple[str, str], dict[float, list[float]]] = {}
    for result in tried:
        if result.outcome is Outcome.FINISHED and result.scores is not None:
            phase = result.config.intermediate
            rate = (phase.recipe if phase else result.config.target).learning_rate
            listed = found.setdefault((result.config.model.name, result.group), {})
            listed.setdefault(rate, []).append(objective.points(result.scores))
    return {pair: max(by_rate, key=lambda rate: sum(by_rate[rate]) / len(by_rate[rate]))
            for pair, by_rate in found.items()}


def _config(
    study: Study, space: SearchSpace, arm: Arm, *, model: str, block: int, rate: float | None,
    target_rate: float | None,
) -> TrialConfig:
    assert study.arms is not None  # an arm is of arms
    languages = study.arm_languages(arm)
    sizes = space.sizes_in(_tasks(study, arm), space.resolved(languages))
    mixture = uniform(tuple(sizes)) if arm.mixture is None else sized(arm.mixture, sizes)
    point = Point(mixture=mixture, model=model, languages=languages,
                  intermediate_learning_rate=rate, target_learning_rate=target_rate)
    config = scored_once(space.config(point, seed=study.search.seed + block,
                                      fidelity=study.fidelity.confirm))
    pretraining = study.pretraining_seed + block % study.arms.pretraining_seeds
    return config.model_copy(update={"pretraining_seed": pretraining})


def _longest_first(study: Study) -> Iterable[Model]:
    """Return the models as they run: studies list them by size, and what takes longest begins."""
    return reversed(study.arm_models)


def _tasks(study: Study, arm: Arm) -> tuple[str, ...]:
    """Return the tasks that an arm may weight; a rule without tasks is over all of them."""
    return getattr(arm.mixture, "tasks", study.intermediate.tasks)
