"""Evaluation of one target task: its panels' rows, read by one encoder in one pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_model

from spaces.models import HubModel, LabModel
from spaces.tasks import Kind, Task
from trainables.context import Context
from trainables.device import choose_device
from trainables.encoded import Encoded
from trainables.encoder import load_encoder
from trainables.encoder_ref import read_ref
from trainables.heads import fresh_head
from trainables.panel_sets import PanelSet, subset
from trainables.predict import Predictor, values_of
from trainables.pretrain import tokenizer_directory
from trainables.retrieval import PanelTexts, parts_of, rank, retrieve
from trainables.rows import Rows
from trainables.scores import Cost, RepresentationChoice
from trainables.tokenizer import load_tokenizer
from trainables.training import HEAD_FILE

__all__ = ["predict_sets"]

Predicted = list[tuple[PanelSet, Rows, list[Any]]]


def predict_sets(task: Task, sets: Sequence[PanelSet], encoder_at: Path, context: Context, *,
                 model: LabModel | HubModel, name: str
                 ) -> tuple[Predicted, RepresentationChoice | None, Cost]:
    """Return each set's rows with one predicted value a row, and what the pass cost.

    Between them stands what retrieval was read by, where there was a choice.

    Args:
        task: what the sets are of.
        sets: its languages and panels.
        encoder_at: the directory of the phase that tuned the encoder.
        context: of the trial.
        model: what the encoder is a state of; it says how texts are read.
        name: the phase's, for progress.
    """
    begun = time.perf_counter()
    tokenizer = load_tokenizer(tokenizer_directory(model, context))
    all_rows = [
        subset(context.sources.panel_rows(task, each.language, each.panel)[0], each.rows)
        for each in sets
    ]
    encoded = [context.encoded.get(rows, tokenizer, model.max_length) for rows in all_rows]
    pools = [context.encoded.get_pool(pool, tokenizer, model.max_length)
             for pool in {rows.pool.fingerprint: rows.pool for rows in all_rows
                          if rows.pool is not None}.values()]
    device = choose_device(context.workspace.precision)
    encoder = load_encoder(read_ref(encoder_at, model), context.hub)
    predictor = Predictor(
        encoder, tokenizer.pad_id, device=device, workers=context.workers,
        report=context.throttled(f"{name} {task.name}", sum(map(len, [*encoded, *pools]))))
    texts = [PanelTexts(*each) for each in zip(sets, all_rows, encoded, strict=True)]
    choice: RepresentationChoice | None = None
    values: list[list[Any]]
    if task.kind is Kind.RANKING:
        (pool,) = pools  # one of the whole task, whatever the language
        values, choice = rank(predictor, texts, pool, model.representations)
        encoded += pools
    elif task.kind is Kind.RETRIEVAL:
        english = [context.encoded.get_english(rows, tokenizer, model.max_length)
                   for rows in all_rows]
        values, choice = retrieve(predictor, texts, english, model.representations)
        encoded += english
    else:
        head = fresh_head(task, encoder.hidden, seed=0)
        load_model(head, str(encoder_at / HEAD_FILE))
        found = predictor.labels(head, task.kind, Encoded.join(encoded))
        values = [values_of(rows, items, part) for rows, items, part in
                  zip(all_rows, encoded, parts_of(found, encoded), strict=True)]
    tokens = sum(len(items.ids) for items in encoded)
    cost = Cost(
        examples=sum(map(len, all_rows)), tokens=tokens,
        flops=2.0 * encoder.body_parameters * tokens,
        device_seconds=(time.perf_counter() - begun) * context.workers.size,
        device=device.hardware, precision=device.precision)
    return list(zip(sets, all_rows, values, strict=True)), choice, cost
