"""The plan of a trial: what its phases would do and cost, counted without running anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from spaces.languages import ENGLISH
from spaces.models import HubModel, LabModel
from spaces.tasks import Kind, Task
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.encoder_ref import ParameterCounts, count_parameters, model_directory
from trainables.panel_sets import panel_languages
from trainables.phases import Context, PhaseKind
from trainables.recipes import segment_stops, steps_of
from trainables.rows import Rows

__all__ = ["PlannedPhase", "plan_trial"]

_SAMPLE = 200  # rows whose length stands for a split's
_FLOAT = 4  # bytes
# Bytes of UTF-8 a piece: 3.3 to 4.4 for XLM-R's pieces and the lab's, over scripts.
_BYTES_A_PIECE = 4.0
_PREDICTION_BYTES = 60


class PlannedPhase(Value):
    """One phase of a plan.

    `examples` are what it trains on or scores, `rows` what there is to draw from; `tokens` and
    `flops` are estimates from the texts' bytes; `bytes` is what its entry takes in the store.
    """

    phase: PhaseKind
    name: str
    steps: int = 0
    examples: int = 0
    rows: int = 0
    tokens: float = 0.0
    flops: float = 0.0
    bytes: int = 0


def plan_trial(config: TrialConfig, context: Context) -> tuple[PlannedPhase, ...]:
    """Return a trial's phases in order, with what each would do and cost from an empty store.

    Reads rows, which checks them; makes and downloads what a published encoder's size needs.

    Raises:
        DataError: if data or encoder are at fault.
    """
    if not isinstance(config.model, LabModel | HubModel):
        return ()
    return tuple(_Planner(config, config.model, context).phases())


class _Planner:
    def __init__(self, config: TrialConfig, model: LabModel | HubModel, context: Context) -> None:
        self._config, self._model, self._context = config, model, context
        published = model_directory(model, context.hub) if isinstance(model, HubModel) else None
        self._counts: ParameterCounts = count_parameters(model, published)

    def phases(self) -> Iterator[PlannedPhase]:
        """Yield the phases, parents first."""
        yield self._pretrain()
        segments = list(self._segments())
        yield from segments
        for _ in range(max(1, len(segments))):
            yield from self._targets()
            yield self._evaluate()

    def _pretrain(self) -> PlannedPhase:
        if isinstance(self._model, HubModel):
            return PlannedPhase(phase="pretrain", name=f"load {self._model.name}")
        examples = self._model.steps * self._model.batch_size
        tokens = examples * self._model.max_length / 3  # seen: 21 tokens a line at length 64
        return PlannedPhase(phase="pretrain", name=f"pretrain {self._model.name}",
                            steps=self._model.steps, examples=examples, tokens=tokens,
                            flops=self._training_flops(tokens), bytes=self._weights)

    def _segments(self) -> Iterator[PlannedPhase]:
        intermediate = self._config.intermediate
        if intermediate is None:
            return
        rows = {cell: self._context.sources.rows(self._context.task(cell.task), cell.language,
                                                 "train")
                for cell in intermediate.cells if cell.weight > 0}
        mean = sum(cell.weight * self._mean_tokens(each) for cell, each in rows.items())
        batch = intermediate.recipe.batch_size
        steps = steps_of(self._config.fidelity.intermediate_examples, intermediate.recipe)
        first = 0
        for fraction, stop in segment_stops(intermediate.rungs, steps):
            tokens = (stop - first) * batch * mean
            # A segment that is gone on with keeps weights and two moments beside its encoder.
            held = self._weights * (1 if stop == steps else 4)
            yield PlannedPhase(
                phase="intermediate", name=f"intermediate to {fraction:g}", steps=stop - first,
                examples=(stop - first) * batch, rows=sum(map(len, rows.values())),
                tokens=tokens, flops=self._training_flops(tokens), bytes=held)
            first = stop

    def _targets(self) -> Iterator[PlannedPhase]:
        recipe, fidelity = self._config.target, self._config.fidelity
        for task in map(self._context.task, self._config.targets):
            if task.trained:
                rows = self._context.sources.rows(task, ENGLISH, "train")
                steps = steps_of(fidelity.target_examples, recipe)
                tokens = steps * recipe.batch_size * self._mean_tokens(rows)
                yield PlannedPhase(
                    phase="target", name=f"target {task.name}", steps=steps,
                    examples=steps * recipe.batch_size, rows=len(rows), tokens=tokens,
                    flops=self._training_flops(tokens), bytes=self._weights)

    def _evaluate(self) -> PlannedPhase:
        fidelity, rows, examples, tokens = self._config.fidelity, 0, 0, 0.0
        for task in map(self._context.task, self._config.targets):
            for panel, language in panel_languages(task, self._config.panels, fidelity):
                found, _ = self._context.sources.panel_rows(task, language, panel)
                taken = min(len(found), fidelity.evaluation_rows)
                rows, examples = rows + len(found), examples + taken
                tokens += taken * self._mean_tokens(found)
        return PlannedPhase(phase="evaluate", name="evaluate", examples=examples, rows=rows,
                            tokens=tokens, flops=2.0 * self._counts.body * tokens,
                            bytes=examples * _PREDICTION_BYTES)

    @property
    def _weights(self) -> int:
        return self._counts.total * _FLOAT

    def _training_flops(self, tokens: float) -> float:
        return 6.0 * self._counts.body * tokens

    def _mean_tokens(self, rows: Rows) -> float:
        """Estimate tokens a row from the texts' bytes, special tokens included."""
        head = rows.table.slice(0, _SAMPLE)
        lengths = [self._tokens(rows.task, values) for values in head.to_pylist()]
        return sum(lengths) / len(lengths)

    def _tokens(self, task: Task, row: dict[str, Any]) -> float:
        texts: Sequence[str] = {
            Kind.TAGGING: row.get("tokens") or [],
            Kind.PAIR: [row.get("text", ""), row.get("text_pair", "")],
            Kind.QA: [row.get("question", ""), row.get("context", "")],
            Kind.RETRIEVAL: [row.get("text", ""), row.get("english", "")],
        }.get(task.kind, [row.get("text", "")])
        pieces = sum(max(1.0, len(text.encode()) / _BYTES_A_PIECE) for text in texts)
        bounded = task.kind in (Kind.PAIR, Kind.CLASSIFICATION)
        return min(pieces + 2, self._model.max_length) if bounded else pieces + 2
