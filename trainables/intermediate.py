"""The intermediate phase: multi-task training on a mixture, one head a task, in segments.

A task of plain text is trained on by restoring masked tokens of it: continued pretraining.

As a further control it trains on the same inputs in the same batches, but against masked tokens
of theirs or against shuffled labels. Text stays what it is in either: it has no labels.

Each rung ends a segment; the next segment takes up its whole train state, so that rungs change
no score but their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spaces.mixtures import Cell
from spaces.models import HubModel, LabModel
from spaces.tasks import Kind, Task
from spaces.trial_config import Recipe, Supervision
from trainables.context import Context
from trainables.encoder_ref import model_directory, read_ref
from trainables.phases import Made, Phase, PhaseKind
from trainables.pretrain import tokenizer_directory
from trainables.recipes import derived_seed

if TYPE_CHECKING:
    from trainables.batches import Batches, TaskBatches
    from trainables.encoded import Encoded
    from trainables.encoder import Encoder
    from trainables.heads import Head
    from trainables.tokenizer import Tokenizer

__all__ = ["IntermediatePhase", "describe_rows"]


@dataclass(frozen=True)
class IntermediatePhase(Phase):
    """Training on `cells` from step `start` to `stop` of `steps`.

    `data` are the fingerprints of the cells' train rows, `limits` the most different rows of each
    cell, empty for all. The parent is what provides the encoder, or the segment before.
    """

    kind: ClassVar[PhaseKind] = "intermediate"
    version: ClassVar[int] = 1

    cells: tuple[Cell, ...]
    tasks: tuple[Task, ...]
    data: tuple[str, ...]
    recipe: Recipe
    seed: int
    start: int
    stop: int
    steps: int
    tokenizer: str  # its identity
    model: LabModel | HubModel  # the parents' digests hold it, but for the length it reads
    supervision: Supervision = "task"
    published_head: bool = False  # what restores masked tokens is the checkpoint's own head
    limits: tuple[int, ...] = ()

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Mixture, data, recipe, seed, segment; what is unusual of supervision, head and rows."""
        further = {} if self.supervision == "task" else {"supervision": self.supervision}
        # Its weights stand in the first parent's digest.
        head = {"masked_token_head": "published"} if self.published_head else {}
        limits = {"limits": self.limits} if self.limits else {}
        return further | head | limits | {
            "cells": [cell.model_dump() for cell in self.cells],
            "tasks": [describe_rows(task) for task in self.tasks], "data": self.data,
            "recipe": self.recipe.model_dump(), "seed": self.seed, "stop": self.stop,
            "steps": self.steps, "max_length": self.model.max_length,
            "tokenizer": self.tokenizer,
        }

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Train from the parent's encoder, or on from its state."""
        # torch and transformers take seconds to import; who finds all in the store does without.
        from trainables.batches import TaskBatches
        from trainables.encoder import load_encoder
        from trainables.tokenizer import load_tokenizer
        from trainables.train_loop import TaskModel
        from trainables.training import HEAD_FILE, STATE_FOLDER, Segment, train_phase

        before = read_ref(parents[0], self.model)
        tokenizer = load_tokenizer(tokenizer_directory(self.model, context))
        tasks = TaskBatches(list(self._cells(context, tokenizer)), self.steps,
                            self.recipe.batch_size, seed=self._draws, tokenizer=tokenizer)
        encoder = load_encoder(before, context.hub, to_train=True)
        masked = partial(self._masked_token_head, encoder, parents[0] / HEAD_FILE, context.hub)
        heads, batches = self._supervised(encoder, tasks, tokenizer, masked)
        segment = Segment(stop=self.stop, begin=parents[0] / STATE_FOLDER if self.start else None,
                          goes_on=self.stop < self.steps)
        made = train_phase(
            self, context, TaskModel(encoder, heads), batches, recipe=self.recipe, seed=self.seed,
            segment=segment, directory=directory)
        return made._replace(seen_cells=tuple(f"{cell.task}/{cell.language}"
                                              for cell in self.cells if cell.weight))

    @property
    def _draws(self) -> int:
        """The seed of draws and maskings, so that every supervision has the same batches."""
        return derived_seed(self.seed, "intermediate")

    def _cells(
        self, context: Context, tokenizer: Tokenizer
    ) -> Iterator[tuple[Task, float, Encoded]]:
        """Yield each cell's task, weight and items."""
        from trainables.sampling import of_some_rows
        from trainables.shuffled_labels import shuffled

        by_name = {task.name: task for task in self.tasks}
        limits = self.limits or (None,) * len(self.cells)
        for cell, limit in zip(self.cells, limits, strict=True):
            rows = context.sources.rows(by_name[cell.task], cell.language, "train")
            encoded = context.encoded.get(rows, tokenizer, self.model.max_length)
            if self.supervision == "shuffled":
                encoded = shuffled(encoded, rows, self.seed)
            if limit is not None:
                encoded = of_some_rows(
                    encoded, limit, derived_seed(self.seed, f"{cell.task} {cell.language}"))
            yield rows.task, cell.weight, encoded

    def _supervised(
        self, encoder: Encoder, tasks: TaskBatches, tokenizer: Tokenizer,
        masked: Callable[[], Head]
    ) -> tuple[dict[str, Head], Batches]:
        """Return heads and what they are trained on.

        All text has one head for its masked tokens, which `masked` makes.
        """
        from trainables.batches import MaskedTaskBatches
        from trainables.heads import fresh_head

        if self.supervision == "mlm":
            return ({"mlm": masked()},
                    MaskedTaskBatches(tasks, seed=self._draws, tokenizer=tokenizer))
        heads = {task.name: fresh_head(task, encoder.hidden, self.seed)
                 for task in self.tasks if task.kind is not Kind.MLM}
        if len(heads) < len(self.tasks):
            heads["mlm"] = masked()
        return heads, tasks

    def _masked_token_head(self, encoder: Encoder, before: Path, hub: Path | None) -> Head:
        """Return a head that goes on where pretraining left it: the lab's is in the file `before`.

        One that must be learnt first would make text a weak task, and a weak control.
        """
        from safetensors.torch import load_model

        from trainables.heads import MaskedTokenHead, initialised
        from trainables.published_head import find_published_head, load_published_head

        if self.published_head:
            assert isinstance(self.model, HubModel)
            found = find_published_head(model_directory(self.model, hub))
            assert found is not None
            return load_published_head(found, encoder)
        head = initialised(MaskedTokenHead(encoder), f"{self.seed}:mlm")
        if before.exists():
            load_model(head, str(before))
        return head


def describe_rows(task: Task) -> dict[str, Any]:
    """Return what a head and its loss depend on."""
    return {"name": task.name, "kind": task.kind.value, "labels": task.labels}
