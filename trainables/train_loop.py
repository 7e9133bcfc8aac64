"""The training loop: bare AdamW steps over batches, resumable at any step.

One step is one effective batch, whatever micro-batches and workers share it: each adds its summed
loss over the whole batch's count, and gradients are summed over workers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from spaces.trial_config import Recipe
from trainables.batches import Batch, Batches
from trainables.device import Device
from trainables.encoder import Encoder
from trainables.heads import Head
from trainables.train_state import LoopState, load_state, save_state
from trainables.workers import Workers

__all__ = ["NonFiniteLoss", "TaskModel", "TrainLoop", "learning_rate"]

CURVE_POINTS = 20  # of a whole phase
_CUDA_CHECKS = 20  # steps between looks at the loss, each of which waits for the device


class NonFiniteLoss(RuntimeError):
    """Training has diverged: a loss or gradient is NaN or infinite."""


class TaskModel(nn.Module):
    """An encoder with one head per task."""

    def __init__(self, encoder: Encoder, heads: dict[str, Head]) -> None:
        super().__init__()
        self.encoder = encoder
        # A module's name may not hold a dot; tasks' names may.
        self._names = {name: f"head_{number}" for number, name in enumerate(heads)}
        self.heads = nn.ModuleDict({self._names[name]: head for name, head in heads.items()})

    def head(self, name: str) -> Head:
        """Return a task's head."""
        found = self.heads[self._names[name]]
        assert isinstance(found, Head)
        return found

    def loss(self, batch: Batch, low: int, high: int, device: Device) -> Tensor:
        """Return the summed loss of items `low` to `high` of a batch."""
        ids, mask, types, targets = map(device.put, batch.slice(low, high))
        with device.autocast():
            states = self.encoder(ids, mask, types)
            return self.head(batch.head).loss(states, mask, targets)


class TrainLoop:
    """Training of one model over one phase's batches.

    Args:
        model: moved to the device and trained in place.
        batches: what each step trains on.
        recipe: how.
        seed: of dropout.
        device: where.
        workers: who shares each batch.
    """

    def __init__(self, model: TaskModel, batches: Batches, recipe: Recipe, *, seed: int,
                 device: Device, workers: Workers) -> None:
        if batches.batch_size < workers.size:
            raise ValueError(f"`batch_size` must be at least one item a worker, "
                             f"got {batches.batch_size} for {workers.size} workers")
        self.state = LoopState(seed=seed)
        self._model = model.to(device.name)
        self._batches, self._recipe = batches, recipe
        self._device, self._workers = device, workers
        self._named = dict(model.named_parameters())
        self._parameters = list(self._named.values())
        self._optimiser = torch.optim.AdamW(
            [{"params": [value for value in self._parameters if value.ndim > 1],
              "weight_decay": recipe.weight_decay},
             {"params": [value for value in self._parameters if value.ndim <= 1],
              "weight_decay": 0.0}],  # biases and norms
            lr=recipe.learning_rate, fused=True)

    def run(self, stop: int, *, on_step: Callable[[int], None] = lambda step: None,
            keep: Path | None = None, keep_seconds: float = 60.0) -> LoopState:
        """Train until `stop` optimiser steps are done and return the state's numbers.

        Args:
            stop: at most the batches' steps, over which the learning rate is laid out.
            on_step: called after each step with the number of steps done.
            keep: a directory in which the whole state is kept, and from which it is taken up.
            keep_seconds: how often.

        Raises:
            NonFiniteLoss: if training diverges.
        """
        if keep is not None and (taken := load_state(keep)) is not None:
            self._take(*taken)
        self._model.train()
        done = self.state
        progress = _Progress(done, self._device)
        kept = time.perf_counter()
        for step in range(done.step, stop):
            progress.add(self._train_step(step, progress), self._at_point(step + 1))
            on_step(step + 1)
            if keep is not None and time.perf_counter() - kept >= keep_seconds:
                self.state = progress.snapshot()
                if self._workers.rank == 0:
                    self.save(keep)
                kept = time.perf_counter()
        self.state = progress.snapshot()
        return self.state

    def save(self, directory: Path) -> None:
        """Write the whole state: weights, optimiser, and the numbers that place the rest."""
        tensors = {f"model.{name}": value.detach() for name, value in self._named.items()}
        for name, value in self._named.items():
            for field, moment in self._optimiser.state.get(value, {}).items():
                tensors[f"optimiser.{field}.{name}"] = moment
        save_state(directory, self.state, tensors)

    def load(self, directory: Path) -> None:
        """Take up a state that `save` wrote for the same phase.

        Raises:
            OSError: if it is not there, or damaged.
        """
        taken = load_state(directory)
        if taken is None:
            raise OSError(f"a train state must be whole, got none or a damaged one ({directory})")
        self._take(*taken)

    def _take(self, state: LoopState, tensors: dict[str, Tensor]) -> None:
        self.state = state
        with torch.no_grad():
            for name, value in self._named.items():
                value.copy_(tensors.pop(f"model.{name}"))
        for key, moment in tensors.items():
            _, field, name = key.split(".", 2)
            value = self._named[name]
            self._optimiser.state[value][field] = moment.to(value.device)

    def _at_point(self, step: int) -> bool:
        every = math.ceil(self._batches.steps / CURVE_POINTS)
        return step % every == 0 or step == self._batches.steps

    def _train_step(self, step: int, progress: _Progress) -> Tensor:
        """Do one optimiser step; return (mean loss, gradient norm) as a tensor of two."""
        batch = self._batches.batch(step, self._workers.rank, self._workers.size)
        loss = self._backward(batch, step, progress)
        gradients = [value.grad for value in self._parameters if value.grad is not None]
        if self._workers.size > 1:
            self._workers.add([loss, *gradients])
        norm = torch.nn.utils.get_total_norm(gradients)
        torch.nn.utils.clip_grads_with_norm_(
            [value for value in self._parameters if value.grad is not None],
            self._recipe.max_gradient_norm, norm)
        rate = learning_rate(step, self._batches.steps, self._recipe)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        progress.count(batch.examples, batch.tokens)
        return torch.stack([loss, norm])

    def _backward(self, batch: Batch, step: int, progress: _Progress) -> Tensor:
        """Leave the share's gradients; return its part of the batch's mean loss.

        Where memory runs out, the micro-batch is halved and the step is done again.
        """
        while True:
            micro_batch = min(progress.micro_batch or len(batch), len(batch))
            self._device.seed(hash((self.state.seed, step, self._workers.rank)) % 2**63)
            try:
                return self._accumulate(batch, micro_batch)
            except torch.OutOfMemoryError:
                if micro_batch == 1:
                    raise
            progress.micro_batch = micro_batch // 2
            self._optimiser.zero_grad(set_to_none=True)
            if self._device.name == "cuda":
                torch.cuda.empty_cache()

    def _accumulate(self, batch: Batch, micro_batch: int) -> Tensor:
        total = torch.zeros((), device=self._device.name)
        for low in range(0, len(batch), micro_batch):
            high = min(low + micro_batch, len(batch))
            loss = self._model.loss(batch, low, high, self._device) / batch.count
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total


class _Progress:
    """The numbers of a running loop; losses stay on the device between looks at them."""

    def __init__(self, state: LoopState, device: Device) -> None:
        self.micro_batch = state.micro_batch
        self._begun = state
        self._since = time.perf_counter()
        self._step, self._examples, self._tokens = state.step, state.examples, state.tokens
        self._curve = list(state.learning_curve)
        self._loss_sum, self._loss_steps = state.loss_sum, state.loss_steps
        self._every = 1 if device.name == "cpu" else _CUDA_CHECKS
        self._unseen: list[Tensor] = []

    def count(self, examples: int, tokens: int) -> None:
        """Count the work of one step."""
        self._step += 1
        self._examples += examples
        self._tokens += tokens

    def add(self, measured: Tensor, at_point: bool) -> None:
        """Add one step's (loss, gradient norm), and end a point of the learning curve."""
        self._unseen.append(measured)
        if at_point or len(self._unseen) >= self._every:
            self._look()
        if at_point:
            self._curve.append((self._step, self._loss_sum / self._loss_steps))
            self._loss_sum, self._loss_steps = 0.0, 0

    def snapshot(self) -> LoopState:
        """Return the numbers as they stand."""
        self._look()
        return LoopState(
            seed=self._begun.seed, step=self._step, micro_batch=self.micro_batch,
            examples=self._examples, tokens=self._tokens,
            seconds=self._begun.seconds + time.perf_counter() - self._since,
            loss_sum=self._loss_sum, loss_steps=self._loss_steps,
            learning_curve=tuple(self._curve))

    def _look(self) -> None:
        """Read the losses that wait on the device.

        Raises:
            NonFiniteLoss: if one is NaN or infinite.
        """
        if not self._unseen:
            return
        first = self._step - len(self._unseen) + 1
        for number, (loss, norm) in enumerate(torch.stack(self._unseen).tolist(), start=first):
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise NonFiniteLoss(f"training must stay finite, got loss {loss} and gradient "
                                    f"norm {norm} (step {number})")
            self._loss_sum += loss
        self._loss_steps += len(self._unseen)
        self._unseen.clear()


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Return the rate of a step counted from 0: linear warm-up, then linear decay to zero."""
    warm = math.ceil(recipe.warmup * steps)
    if step < warm:
        return recipe.learning_rate * (step + 1) / warm
    return recipe.learning_rate * (steps - step) / max(1, steps - warm)
