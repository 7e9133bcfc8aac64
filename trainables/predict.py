"""Prediction: what a tuned encoder says of rows, by kind of task.

All sets of a task are predicted in one pass; batches are formed by length over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spaces.representations import Representation
from spaces.tasks import Kind
from trainables.device import Device
from trainables.encoded import IGNORED, Encoded
from trainables.encoder import Encoder
from trainables.heads import Head
from trainables.rows import Rows
from trainables.workers import Workers

__all__ = ["Predictor", "values_of"]

_TOKENS = {"cpu": 4_096, "cuda": 65_536}  # padded tokens a batch
_LONGEST_ANSWER = 30  # tokens, as in the SQuAD recipes
Array = NDArray[Any]


class Predictor:
    """One pass of an encoder over items, shared by the workers of a trial.

    Args:
        encoder: in its trained state.
        pad_id: what fills a batch.
        device: where.
        workers: who shares the batches.
        report: called with the items done and the items in all.
    """

    def __init__(self, encoder: Encoder, pad_id: int, *, device: Device, workers: Workers,
                 report: Callable[[int], None]) -> None:
        self._encoder = encoder.to(device.name).eval()
        self._pad_id, self._device, self._workers = pad_id, device, workers
        self._report, self._done = report, 0
        self._tokens = _TOKENS[device.name]

    def labels(self, head: Head, kind: Kind, items: Encoded) -> list[Array]:
        """Return of each item what its head makes of it.

        For classification and pairs the label [1], for multiple choice the position of the
        option [1], for tagging the tag of every token [length],
        for qa the best span (score, first token, last token) and the score of no answer [4].
        """
        head = head.to(self._device.name).eval()

        def read(ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
            logits: Tensor = head(self._encoder(ids, mask, types), mask).float()
            return logits

        return self._all(items, read, kind)

    def states(self, items: Encoded, wanted: Sequence[Representation]) -> list[Array]:
        """Return of each item its pooled states, float32 [representations, hidden]."""

        def read(ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
            return self._encoder.pooled(ids, mask, types, wanted).float()

        return self._all(items, read, Kind.RETRIEVAL)

    def _all(self, items: Encoded, read: Callable[..., Tensor], kind: Kind) -> list[Array]:
        own: dict[int, Array] = {}
        batches = list(_by_length(items, self._tokens))
        for number, batch in enumerate(batches):
            if number % self._workers.size == self._workers.rank:
                own.update(self._read_batch(items, batch, read, kind))
                self._report(self._done + len(own))
        found: dict[int, Array] = {}
        for part in self._workers.gather(own):
            found |= part
        self._done += len(found)
        return [found[item] for item in range(len(items))]

    @torch.inference_mode()
    def _read_batch(self, items: Encoded, batch: Array, read: Callable[..., Tensor],
                    kind: Kind) -> Iterator[tuple[int, Array]]:
        """Predict one batch, in halves where memory runs out."""
        padded = items.pad(batch, self._pad_id)
        parts = (padded.ids, padded.mask, padded.types)
        try:
            with self._device.autocast():
                out = read(*map(self._device.put, parts))
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            torch.cuda.empty_cache()
            self._tokens //= 2
            halves = np.array_split(batch, 2)
            return iter([pair for half in halves
                         for pair in self._read_batch(items, half, read, kind)])
        return zip(batch.tolist(), _decoded(out, kind, items, batch), strict=True)


def values_of(rows: Rows, items: Encoded, found: list[Array]) -> list[Any]:
    """Return one value a row: a label, a position, a list of tags, or an answer's text.

    Args:
        rows: the rows, in the items' numbering.
        items: the rows' items.
        found: what `Predictor.labels` said of each item.
    """
    match rows.task.kind:
        case Kind.TAGGING:
            return _tags(rows, items, found)
        case Kind.QA:
            return _answers(rows, items, found)
        case _:
            return [int(label[0]) for label in found]


def _decoded(out: Tensor, kind: Kind, items: Encoded, batch: Array) -> list[Array]:
    match kind:
        case Kind.RETRIEVAL:
            return list(out.cpu().numpy())
        case Kind.TAGGING:
            lengths = _lengths(items, batch)
            tags = out.argmax(-1).cpu().numpy()
            return [row[:length] for row, length in zip(tags, lengths, strict=True)]
        case Kind.QA:
            lengths = _lengths(items, batch)
            spans = out.cpu().numpy()
            begins = [items.tokens["char_start"][start : start + length] for start, length
                      in zip(items.offsets[batch], lengths, strict=True)]
            return [_best_span(row[: len(each)], each)
                    for row, each in zip(spans, begins, strict=True)]
        case _:
            return list(out.argmax(-1, keepdim=True).cpu().numpy())


def _lengths(items: Encoded, batch: Array) -> list[int]:
    """Return the tokens of items of one sequence."""
    lengths: list[int] = (items.offsets[batch + 1] - items.offsets[batch]).tolist()
    return lengths


def _by_length(items: Encoded, tokens: int) -> Iterator[Array]:
    """Yield items in batches of like length, the longest first, within a budget of tokens."""
    lengths = items.longest
    order = np.argsort(-lengths, kind="stable")
    first = 0
    while first < len(order):
        count = max(1, tokens // (int(lengths[order[first]]) * items.width))
        yield order[first : first + count]
        first += count


def _best_span(logits: Array, begins: Array) -> Array:
    """Return (score, first, last, score of no answer) of the best span in the context.

    Its score is -inf if there is no context. No answer is the span of the first token alone.
    """
    length = len(logits)
    inside = begins >= 0
    first, last = np.indices((length, length))
    allowed = inside[:, None] & inside & (last >= first) & (last < first + _LONGEST_ANSWER)
    scores = np.where(allowed, logits[:, None, 0] + logits[None, :, 1], -np.inf)
    best = int(scores.argmax())
    return np.asarray([scores.flat[best], best // length, best % length, logits[0].sum()])


def _tags(rows: Rows, items: Encoded, found: list[Array]) -> list[list[int]]:
    """Return the tags of each sentence's counted words, in order."""
    values: list[list[int]] = [[] for _ in range(len(rows))]
    for item, tags in enumerate(found):
        places = slice(items.offsets[item], items.offsets[item + 1])
        counted = items.tokens["tag"][places] != IGNORED
        values[items.items["row"][item]] += tags[counted].tolist()
    return values


def _answers(rows: Rows, items: Encoded, found: list[Array]) -> list[str]:
    """Return each row's best span over its windows, or "" where no answer is likelier and may be.

    No answer is as likely as in the window that holds it least likely. Source: the SQuAD v2.0
    recipes of BERT and of transformers, at a threshold of 0.
    """
    contexts = rows.table["context"].to_pylist()
    best = [(-np.inf, "")] * len(rows)
    none = np.full(len(rows), np.inf if rows.task.unanswerable else -np.inf)
    for item, (score, first, last, no_answer) in enumerate(found):
        row, start = int(items.items["row"][item]), int(items.offsets[item])
        none[row] = min(none[row], no_answer)
        if score > best[row][0]:
            low = items.tokens["char_start"][start + int(first)]
            high = items.tokens["char_end"][start + int(last)]
            best[row] = (score, contexts[row][low:high])
    return [text if score >= without else ""
            for (score, text), without in zip(best, none, strict=True)]
