"""A trial: the graph of phases that a configuration stands for, run rung by rung."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spaces.languages import ENGLISH
from spaces.models import HubModel, LabModel, SimulatedModel
from spaces.tasks import Kind, Task
from spaces.trial_config import Intermediate, TrialConfig
from trainables.baselines import BaselinesPhase, read_baselines
from trainables.context import Context
from trainables.encoder_ref import model_directory
from trainables.evaluate import PREDICTIONS_FILE, SCORES_FILE, EvaluatePhase
from trainables.intermediate import IntermediatePhase
from trainables.panel_sets import panel_sets
from trainables.phases import EntryBusy, Phase, Runner
from trainables.pretrain import pretrain_phase, tokenizer_identity
from trainables.published_head import find_published_head
from trainables.recipes import segment_stops, steps_of
from trainables.robustness.code_mix import MIXED_COLUMNS
from trainables.scores import Baseline, PhaseResult, Scores
from trainables.simulated import simulated_rungs
from trainables.target import TargetPhase

__all__ = ["Rung", "RungOutcome", "is_stored", "rungs_of", "run_trial"]


@dataclass(frozen=True)
class Rung:
    """A fraction of the intermediate examples and the phase that scores it.

    A control also has the baselines to which its scores are held.
    """

    fraction: float
    evaluate: Phase
    baselines: Phase | None = None


@dataclass(frozen=True)
class RungOutcome:
    """What a rung came to.

    `phases` are those that this rung added, in order; `predictions` is a Parquet file, one line
    an example. `baselines` are a control's; none where another control is making them now.
    """

    fraction: float
    scores: Scores
    phases: tuple[PhaseResult, ...]
    predictions: Path
    baselines: tuple[Baseline, ...] = ()


def run_trial(config: TrialConfig, context: Context) -> Iterator[RungOutcome]:
    """Run a trial's phases through the store and yield after each rung.

    Nothing of the next rung is made before the caller asks for it.

    Raises:
        DataError: if data, tokenizer or encoder are at fault.
        EntryBusy: if another trial is making an entry that this one needs; what was made until
            then is kept, so the trial can be run again.
        NonFiniteLoss: if training diverges.
    """
    runner = Runner(context)
    told: set[str] = set()
    if not isinstance(config.model, SimulatedModel):
        # Before the rest of the graph, which reads rows: a fresh search still makes them now.
        runner.path(pretrain_phase(config.model, config.pretraining_seed, context))
    for rung in rungs_of(config, context):
        directory = runner.path(rung.evaluate)
        scores = Scores.model_validate_json((directory / SCORES_FILE).read_text())
        baselines = () if rung.baselines is None else _baselines(rung.baselines, runner)
        done = [rung.evaluate, *([rung.baselines] if baselines and rung.baselines else [])]
        added = [result for phase in done for result in runner.results(phase)
                 if result.entry not in told]
        told |= {result.entry for result in added}
        yield RungOutcome(rung.fraction, scores, tuple(added), directory / PREDICTIONS_FILE,
                          baselines)


def _baselines(phase: Phase, runner: Runner) -> tuple[Baseline, ...]:
    try:
        return read_baselines(runner.path(phase))
    except EntryBusy:
        return ()  # the control that makes them tells them; nobody need wait


def is_stored(config: TrialConfig, context: Context) -> bool:
    """Whether the store holds all that a trial asks for, so that nothing is left to make.

    Raises:
        DataError: if data or encoder cannot be had.
    """
    asked: list[Phase] = []
    if not isinstance(config.model, SimulatedModel):
        asked.append(pretrain_phase(config.model, config.pretraining_seed, context))
    for rung in rungs_of(config, context):
        asked += [rung.evaluate, *([rung.baselines] if rung.baselines else [])]
    return all(context.store.manifest(phase.kind, phase.entry) for phase in asked)


def rungs_of(config: TrialConfig, context: Context) -> list[Rung]:
    """Return a trial's rungs, each with its graph of phases; nothing is run.

    Raises:
        DataError: if data or encoder cannot be had.
    """
    model = config.model
    if isinstance(model, SimulatedModel):
        return [Rung(fraction, phase) for fraction, phase in simulated_rungs(config, context)]
    graph = _Graph(config, model, context)
    start = pretrain_phase(model, config.pretraining_seed, context)
    if config.intermediate is None:
        return [Rung(1.0, graph.scored(start, ""), graph.baselines())]
    rungs = []
    several = len(config.intermediate.rungs) > 1
    for fraction, phase in graph.segments(config.intermediate, start):
        rungs.append(Rung(fraction, graph.scored(phase, f" at {fraction:g}" if several else "")))
    return rungs


class _Graph:
    """Builds the phases of one configuration."""

    def __init__(self, config: TrialConfig, model: LabModel | HubModel, context: Context) -> None:
        self._config, self._model, self._context = config, model, context
        self._tokenizer = tokenizer_identity(model, context)
        self._targets = tuple(context.task(name) for name in config.targets)
        self._sets = tuple(each for task in self._targets for each in
                           panel_sets(task, config.panels, config.fidelity, context.sources))

    def segments(self, intermediate: Intermediate, start: Phase) -> Iterator[tuple[float, Phase]]:
        """Yield each rung's fraction and the segment that ends there."""
        cells = tuple(cell for cell in intermediate.cells if cell.weight > 0)
        names = dict.fromkeys(cell.task for cell in cells)
        tasks = tuple(self._context.task(name) for name in names)
        by_name = {task.name: task for task in tasks}
        data = tuple(self._fingerprint(by_name[cell.task], cell.language) for cell in cells)
        steps = steps_of(self._config.fidelity.intermediate_examples, intermediate.recipe)
        supervision, distinct = intermediate.supervision, intermediate.distinct_examples
        limits = () if distinct is None else tuple(
            max(1, round(distinct * intermediate.mixture[cell.task])) for cell in cells)
        masks = supervision == "mlm" or any(task.kind is Kind.MLM for task in tasks)
        published_head = masks and self._has_head()
        name = "intermediate" + ("" if supervision == "task" else f" {supervision}")
        parent, first = start, 0
        for fraction, stop in segment_stops(intermediate.rungs, steps):
            parent = IntermediatePhase(
                name if stop == steps and not first else f"{name} to {fraction:g}",
                (parent,), self._context.setting, cells=cells, tasks=tasks, data=data,
                recipe=intermediate.recipe, seed=self._config.seed, start=first, stop=stop,
                steps=steps, tokenizer=self._tokenizer, model=self._model,
                supervision=supervision, published_head=published_head, limits=limits)
            yield fraction, parent
            first = stop

    def _has_head(self) -> bool:
        """Whether the encoder was published with a head for masked tokens."""
        if not isinstance(self._model, HubModel):
            return False
        directory = model_directory(self._model, self._context.hub)
        return find_published_head(directory) is not None

    def scored(self, encoder: Phase, suffix: str) -> EvaluatePhase:
        """Return the phase that scores all targets, tuned from one encoder."""
        parents: list[Phase] = [encoder]
        numbers = []
        for task in self._targets:
            numbers.append(len(parents) if task.trained else 0)
            if task.trained:
                parents.append(self._tuned(task, encoder, suffix))
        return EvaluatePhase(
            f"evaluate{suffix}", tuple(parents), self._context.setting, tasks=self._targets,
            encoders=tuple(numbers), sets=self._sets,
            tokenizer=self._tokenizer, model=self._model, robustness=self._config.robustness,
            partners=tuple(self._partners()))

    def _partners(self) -> Iterator[str]:
        """Yield the fingerprints of the rows in the languages that others are mixed with."""
        robustness = self._config.robustness
        for code in robustness.code_mix if robustness else ():
            for task in self._targets:
                if task.kind in MIXED_COLUMNS and code in task.evaluation:
                    yield self._context.sources.panel_rows(task, code, "report")[0].fingerprint

    def baselines(self) -> BaselinesPhase:
        """Return the phase that scores the report panel by characters alone."""
        return BaselinesPhase(
            "baselines", (), self._context.setting, tasks=self._targets,
            data=tuple(self._fingerprint(task, ENGLISH) if task.trained else None
                       for task in self._targets),
            sets=tuple(each for each in self._sets if each.panel == "report"))

    def _tuned(self, task: Task, encoder: Phase, suffix: str) -> TargetPhase:
        recipe = self._config.target
        return TargetPhase(
            f"target {task.name}{suffix}", (encoder,), self._context.setting, task=task,
            data=self._fingerprint(task, ENGLISH), recipe=recipe, seed=self._config.seed,
            steps=steps_of(self._config.fidelity.target_examples, recipe),
            tokenizer=self._tokenizer, model=self._model)

    def _fingerprint(self, task: Task, language: str) -> str:
        return self._context.sources.rows(task, language, "train").fingerprint
