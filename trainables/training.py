"""Training phases: what pretraining, intermediate and target training have in common.

The one way from a phase's batches to files: weights, reference, and, where the phase is to be
gone on with, the whole train state.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_model

from spaces.trial_config import Recipe
from trainables.batches import Batches
from trainables.context import Context
from trainables.device import choose_device
from trainables.encoder import save_encoder
from trainables.encoder_ref import write_ref
from trainables.phases import Made, Phase
from trainables.scores import Cost
from trainables.train_loop import TaskModel, TrainLoop

__all__ = ["HEAD_FILE", "STATE_FOLDER", "Segment", "train_phase"]

STATE_FOLDER = "state"
HEAD_FILE = "head.safetensors"


@dataclass(frozen=True)
class Segment:
    """The part of a training that one phase does: up to step `stop` of the batches' steps.

    `begin` is the state to go on from, None at the start; `goes_on` says whether another
    segment follows, so that the state must be kept.
    """

    stop: int
    begin: Path | None = None
    goes_on: bool = False


def train_phase(phase: Phase, context: Context, model: TaskModel, batches: Batches, *,
                recipe: Recipe, seed: int, segment: Segment, directory: Path,
                head: str | None = None) -> Made:
    """Train a model over one segment; write encoder, the named head, and the state if it goes on.

    Raises:
        NonFiniteLoss: if training diverges.
    """
    device = choose_device(context.workspace.precision)
    loop = TrainLoop(model, batches, recipe, seed=seed, device=device, workers=context.workers)
    if segment.begin is not None:
        loop.load(segment.begin)
    begun = loop.state
    state = loop.run(segment.stop, on_step=context.in_step(phase.name, segment.stop),
                     keep=context.states / phase.entry, keep_seconds=context.keep_seconds)
    save_encoder(model.encoder, directory)
    write_ref(directory, phase.entry)
    if head is not None:
        save_model(model.head(head), str(directory / HEAD_FILE))
    if segment.goes_on:
        loop.save(directory / STATE_FOLDER)
    tokens = state.tokens - begun.tokens
    cost = Cost(
        examples=state.examples - begun.examples, tokens=tokens,
        flops=6.0 * model.encoder.body_parameters * tokens,
        device_seconds=(state.seconds - begun.seconds) * context.workers.size,
        device=device.hardware, precision=device.precision)
    curve = tuple(point for point in state.learning_curve if point[0] > begun.step)
    return Made(cost, curve)
