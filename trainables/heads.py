"""Heads: hidden states into labels, tags, spans, choices or masked tokens, and their losses.

A loss is the sum over a batch's counted items, so that micro-batches and workers add up to one
effective batch exactly; the loop divides by the whole batch's count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spaces.tasks import Kind, Task
from trainables.encoded import IGNORED
from trainables.encoder import Encoder, mean_pooled

__all__ = ["ChoiceHead", "Head", "HeadForm", "MaskedTokenHead", "SequenceHead", "SpanHead",
           "TagHead", "TranslationHead", "fresh_head", "initialised"]

_INITIAL_SD = 0.02  # the standard deviation of BERT's initial weights
_TEMPERATURE = 0.1  # of the similarities of translations


class Head(nn.Module):
    """One task's output layer on an encoder's hidden states [sequences, length, hidden].

    An item is one sequence, but for multiple choice one an option.
    """

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits."""
        raise NotImplementedError

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the summed cross-entropy of a batch, a float32 scalar."""
        raise NotImplementedError


class SequenceHead(Head):
    """Logits [items, labels] from the mean state, by a hidden layer and an output layer."""

    def __init__(self, hidden: int, labels: int, *, bias: bool = True) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden, bias=bias)
        self.out = nn.Linear(hidden, labels, bias=bias)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits [items, labels]."""
        logits: Tensor = self.out(torch.tanh(self.dense(mean_pooled(states, mask))))
        return logits

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over items; `targets` int64 [items]."""
        return functional.cross_entropy(self(states, mask).float(), targets, reduction="sum")


class ChoiceHead(SequenceHead):
    """Logits [items, options]: of each option's sequence one score, by a sequence head.

    Source: the multiple-choice models of transformers. Without biases, as in `SpanHead`: what
    moves all of a row's scores alike has next to no gradient but rounding errors.
    """

    def __init__(self, hidden: int, options: int) -> None:
        super().__init__(hidden, 1, bias=False)
        self._options = options

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits [items, options] of states [items * options, length, hidden]."""
        return super().forward(states, mask).view(-1, self._options)


class TagHead(Head):
    """Logits [items, length, tags]; only tokens with a tag are counted."""

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        self.out = nn.Linear(hidden, labels)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits [items, length, tags]."""
        logits: Tensor = self.out(states)
        return logits

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over tagged tokens; `targets` int64 [items, length]."""
        counted = targets != IGNORED
        logits = self.out(states[counted])
        return functional.cross_entropy(logits.float(), targets[counted], reduction="sum")


class SpanHead(Head):
    """Logits [items, length, 2] of an answer's first and last token.

    Without biases: one that all positions share would have no gradient but rounding errors.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.out = nn.Linear(hidden, 2, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits [items, length, 2], minus infinity on padding."""
        logits: Tensor = self.out(states).float()
        return logits.masked_fill(~mask.unsqueeze(-1), float("-inf"))

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over items of the mean of both ends' losses; `targets` [items, 2]."""
        logits = self(states, mask)
        return functional.cross_entropy(logits, targets, reduction="sum") / 2


@dataclass(frozen=True)
class HeadForm:
    """What a head for masked tokens computes beside its weights; XLM-R's, with torch's `eps`.

    `own_width` is the width of an output table of its own; None shares the encoder's embeddings.
    """

    activation: Callable[[Tensor], Tensor] = functional.gelu
    eps: float = 1e-5
    dense_bias: bool = True
    norm_bias: bool = True
    own_width: int | None = None


class MaskedTokenHead(Head):
    """A language-model head; its output table is the encoder's token embeddings, or its own.

    Its inner states are as wide as these, which some encoders widen only afterwards.
    """

    def __init__(self, encoder: Encoder, form: HeadForm | None = None) -> None:
        super().__init__()
        form = form or HeadForm()
        shared: Tensor = encoder.embeddings.weight  # type: ignore[assignment]
        width = form.own_width or shared.shape[1]
        self.dense = nn.Linear(encoder.hidden, width, bias=form.dense_bias)
        self.norm = nn.LayerNorm(width, eps=form.eps, bias=form.norm_bias)
        self.bias = nn.Parameter(torch.zeros(len(shared)))
        own = torch.zeros(len(shared), width) if form.own_width else None
        self.table = None if own is None else nn.Parameter(own)
        self._activation = form.activation
        self._tied = [encoder.embeddings]  # a list, so that the table is not this head's too

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return logits [..., vocabulary]."""
        shared: Tensor = self._tied[0].weight  # type: ignore[assignment]
        return functional.linear(self.norm(self._activation(self.dense(states))),
                                 shared if self.table is None else self.table, self.bias)

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over masked tokens; `targets` int64 [items, length]."""
        counted = targets != IGNORED
        logits = self(states[counted], mask)
        return functional.cross_entropy(logits.float(), targets[counted], reduction="sum")


class TranslationHead(Head):
    """Cosine similarities between the mean states of sentences and of their translations.

    Each side has to find its other among all pairs. Source: the contrastive objective of InfoXLM
    (Chi et al. 2021), within the batch as in LaBSE (Feng et al. 2022), without their margin,
    momentum encoder and queue. It has no weights of its own.
    """

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return similarities over the temperature [pairs, pairs], of states [2 * pairs, ...]."""
        pooled = functional.normalize(mean_pooled(states, mask).float(), dim=-1)
        first, second = pooled[0::2], pooled[1::2]
        return first @ second.T / _TEMPERATURE

    def loss(self, states: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over pairs of both directions' mean; `targets` int64 [1, pairs, 1].

        A pair's target is its own number, or `IGNORED` where another worker counts it.
        """
        similarities, own = self(states, mask), targets.flatten()
        there = functional.cross_entropy(similarities, own, reduction="sum")
        back = functional.cross_entropy(similarities.T, own, reduction="sum")
        return (there + back) / 2


def fresh_head(task: Task, hidden: int, seed: int) -> Head:
    """Return an untrained head; its weights depend on the task's name and the seed alone.

    Raises:
        ValueError: if the task's kind has no head of its own: it is never trained, or plain text.
    """
    match task.kind:
        case Kind.CLASSIFICATION | Kind.PAIR:
            head: Head = SequenceHead(hidden, len(task.labels))
        case Kind.TAGGING:
            head = TagHead(hidden, len(task.labels))
        case Kind.QA:
            head = SpanHead(hidden)
        case Kind.MULTIPLE_CHOICE:
            head = ChoiceHead(hidden, task.sequences)
        case _:
            raise ValueError("a head of a task's own needs a kind with labels or answers, got "
                             f"{task.kind.value} ({task.name})")
    return initialised(head, f"{seed}:{task.name}")


def initialised(head: Head, name: str) -> Head:
    """Return the head with weights from BERT's distribution, seeded by `name`; biases zero."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])
    random = torch.Generator().manual_seed(seed)
    for key, value in sorted(head.named_parameters()):
        with torch.no_grad():
            if key.endswith("bias"):
                value.zero_()
            elif not key.startswith("norm"):
                value.normal_(0.0, _INITIAL_SD, generator=random)
    return head
