"""Work: what the trials of a study do, at most, reckoned from their configurations alone.

FLOPs count every example at the model's longest input (in multiple choice, one an option; of a
published pool, every candidate), bytes every encoder at float32; work that trials share through
the phase store is counted for each of them. Heads are left out, the one that restores masked
tokens too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from search.arm_design import arms_block, tuning_block
from search.design import FRESH_SEEDS_FROM, Designed, controls, curve_block, table_block
from search.results import Role
from search.study import Study
from spaces.fidelity import Fidelity
from spaces.mixtures import uniform
from spaces.points import Point
from spaces.robustness import PERTURBED_KINDS
from spaces.search_space import SearchSpace
from spaces.tasks import Task
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.encoder_ref import ParameterCounts
from trainables.panel_sets import panel_languages
from trainables.recipes import segment_stops, steps_of

__all__ = ["Batch", "BatchName", "Block", "Work", "batches_of", "blocks_of", "work_of"]

BYTES_PER_PARAMETER = 4
STATE_COPIES = 3  # a train state to go on from: the weights and AdamW's two moments

BatchName = Literal["search", "controls", "curve", "table", "table controls", "tuning",
                    "arms", "arm controls", "confirmation", "fresh controls",
                    "further controls"]


class Work(Value):
    """What one trial does, at most.

    Steps are optimiser steps; `target_phases` and `rows` (scored) count every rung; `bytes` is
    what the store keeps of it, predictions apart.
    """

    intermediate_examples: int
    intermediate_steps: int
    target_phases: int
    target_examples: int
    target_steps: int
    rows: int
    flops: float
    bytes: int


class Batch(Value):
    """Trials of one kind: how many at most, on which seeds, and what the largest of them does."""

    name: BatchName
    trials: int
    seeds: tuple[int, ...]
    each: Work


def work_of(config: TrialConfig, study: Study, parameters: ParameterCounts) -> Work:
    """Return what a trial does, at most.

    FLOPs are 6 x body parameters x tokens in training and 2 x in evaluation.
    """
    intermediate, fidelity = config.intermediate, config.fidelity
    stops: list[int] = []
    if intermediate is not None:
        steps = steps_of(fidelity.intermediate_examples, intermediate.recipe)
        stops = [stop for _, stop in segment_stops(intermediate.rungs, steps)]
    examples = stops[-1] * intermediate.recipe.batch_size if intermediate and stops else 0
    rungs = max(1, len(stops))
    phases = rungs * sum(task.trained for task in study.target_tasks)
    target_steps = phases * steps_of(fidelity.target_examples, config.target)
    target_examples = target_steps * config.target.batch_size
    scored = [(task, rungs * fidelity.evaluation_rows * _readings(task, config))
              for task in study.target_tasks]
    length = getattr(config.model, "max_length", 0)  # a simulated model reads nothing
    copies = len(stops) + phases + STATE_COPIES * max(0, len(stops) - 1)
    return Work(
        intermediate_examples=examples, intermediate_steps=stops[-1] if stops else 0,
        target_phases=phases, target_examples=target_examples, target_steps=target_steps,
        rows=sum(rows for _, rows in scored),
        flops=parameters.body * length * (
            6.0 * (examples * _sequences(config, study) + target_examples * _mean(
                task.sequences for task in study.target_tasks if task.trained))
            + 2.0 * sum(task.sequences * rows + rungs * task.candidates
                        for task, rows in scored)),
        bytes=copies * parameters.total * BYTES_PER_PARAMETER,
    )


def _readings(task: Task, config: TrialConfig) -> int:
    """Return how often a set of rows is read: each panel's languages, changed rows besides."""
    panels = [panel for panel, _ in panel_languages(task, config.panels, config.fidelity)]
    passes = config.robustness.passes if config.robustness else 0
    return len(panels) + (passes * panels.count("report") if task.kind in PERTURBED_KINDS else 0)


def _sequences(config: TrialConfig, study: Study) -> float:
    """Return the sequences that an encoder reads for an intermediate example, on average."""
    weights = config.intermediate.mixture.weights if config.intermediate else ()
    return math.fsum(weight * study.task(name).sequences for name, weight in weights)


def _mean(values: Iterable[int]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


class Block(NamedTuple):
    """Trials of one kind, at most so many, on these seeds; `configs` are all of them or samples."""

    name: BatchName
    trials: int
    seeds: tuple[int, ...]
    configs: list[TrialConfig]


def batches_of(
    study: Study, space: SearchSpace, parameters: Mapping[str, ParameterCounts]
) -> Iterator[Batch]:
    """Yield the trials of a study by kind.

    Args:
        study: the study.
        space: its search space.
        parameters: each model's number of parameters, by the model's name.
    """
    for block in blocks_of(study, space):
        works = [work_of(each, study, parameters[each.model.name]) for each in block.configs]
        yield Batch(name=block.name, trials=block.trials, seeds=block.seeds,
                    each=max(works, key=lambda work: work.flops))


def blocks_of(study: Study, space: SearchSpace) -> Iterator[Block]:
    """Yield the trials of a study by kind; of what a sampler proposes, one of each model."""
    if study.search.trials:
        yield Block("search", study.search.trials, (study.search.seed,),
                    _one_of_each_model(study, space, study.fidelity.search))
    table, arms = table_block(study, space), arms_block(study, space)
    designed: dict[BatchName, list[Designed]] = {
        "controls": controls(study, space), "curve": curve_block(study, space),
        "table": [each for each in table if each.role is Role.TABLE],
        "table controls": [each for each in table if each.role is Role.CONTROL],
        "tuning": tuning_block(study, space),
        "arms": [each for each in arms if each.role is Role.ARM],
        "arm controls": [each for each in arms if each.role is Role.CONTROL]}
    for name, block in designed.items():
        if block:
            yield Block(name, len(block), tuple(dict.fromkeys(each.config.seed for each in block)),
                        [each.config for each in block])
    yield from _confirmations(study, space)


def _confirmations(study: Study, space: SearchSpace) -> Iterator[Block]:
    confirmation = study.confirmation
    if not confirmation.winners:
        return
    seeds = tuple(study.search.seed + FRESH_SEEDS_FROM + block
                  for block in range(confirmation.seeds))
    again = [_scored_once(config) for config in
             _one_of_each_model(study, space, study.fidelity.confirm)]
    kinds = len(study.models) * len(study.targets.learning_rate.options)
    yield Block("confirmation", confirmation.chosen * len(seeds), seeds, again)
    yield Block("fresh controls", min(kinds, confirmation.chosen) * len(seeds), seeds,
                [config.control() for config in again])
    if study.controls.further:
        yield Block("further controls", study.further_trials, seeds, again)


def _one_of_each_model(
    study: Study, space: SearchSpace, fidelity: Fidelity
) -> list[TrialConfig]:
    """Return a trial of each model with the most work: on the task that reads most a row."""
    widest = max(study.intermediate_tasks, key=lambda task: task.sequences)
    mixture = uniform([widest.name])
    return [space.config(Point(mixture=mixture, model=model.name), seed=study.search.seed,
                         fidelity=fidelity) for model in study.models]


def _scored_once(config: TrialConfig) -> TrialConfig:
    assert config.intermediate is not None  # made from a point
    whole = config.intermediate.model_copy(update={"rungs": (1.0,)})
    return config.model_copy(update={"intermediate": whole})
