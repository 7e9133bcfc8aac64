"""The target phase: fine-tuning on one target task's English train rows, with a fresh head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from spaces.languages import ENGLISH
from spaces.models import HubModel, LabModel
from spaces.tasks import Task
from spaces.trial_config import Recipe
from trainables.context import Context
from trainables.encoder_ref import read_ref
from trainables.intermediate import describe_rows
from trainables.phases import Made, Phase, PhaseKind
from trainables.pretrain import tokenizer_directory
from trainables.recipes import derived_seed

__all__ = ["TargetPhase"]


@dataclass(frozen=True)
class TargetPhase(Phase):
    """Training on `steps` batches of one task in English; the last step's weights are kept."""

    kind: ClassVar[PhaseKind] = "target"
    version: ClassVar[int] = 1

    task: Task
    data: str  # the fingerprint of its English train rows
    recipe: Recipe
    seed: int
    steps: int
    tokenizer: str  # its identity
    model: LabModel | HubModel  # the parents' digests hold it, but for the length it reads

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Task, data, recipe, steps and seed."""
        return {
            "task": describe_rows(self.task), "data": self.data,
            "recipe": self.recipe.model_dump(), "seed": self.seed, "steps": self.steps,
            "max_length": self.model.max_length, "tokenizer": self.tokenizer,
        }

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Train from the parent's encoder."""
        # torch and transformers take seconds to import; who finds all in the store does without.
        from trainables.batches import TaskBatches
        from trainables.encoder import load_encoder
        from trainables.heads import fresh_head
        from trainables.tokenizer import load_tokenizer
        from trainables.train_loop import TaskModel
        from trainables.training import Segment, train_phase

        before = read_ref(parents[0], self.model)
        tokenizer = load_tokenizer(tokenizer_directory(self.model, context))
        rows = context.sources.rows(self.task, ENGLISH, "train")
        encoded = context.encoded.get(rows, tokenizer, self.model.max_length)
        batches = TaskBatches([(self.task, 1.0, encoded)], self.steps, self.recipe.batch_size,
                              seed=derived_seed(self.seed, f"target {self.task.name}"),
                              tokenizer=tokenizer)
        encoder = load_encoder(before, context.hub, to_train=True)
        head = fresh_head(self.task, encoder.hidden, self.seed)
        made = train_phase(
            self, context, TaskModel(encoder, {self.task.name: head}), batches,
            recipe=self.recipe, seed=self.seed, segment=Segment(stop=self.steps),
            directory=directory, head=self.task.name)
        return made._replace(seen_cells=(f"{self.task.name}/{ENGLISH}",))
