"""Robust evaluation: what a tuned encoder scores on changed copies of its report panel's rows.

Every trial is asked the same copies: draws depend on the study's seed, the row and the query alone,
rates on the rows and the tokenizer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load_model

from spaces.models import HubModel, LabModel
from spaces.robustness import Perturbation, Robustness
from spaces.tasks import Task
from trainables.context import Context
from trainables.device import choose_device
from trainables.encoded import Encoded
from trainables.encoder import load_encoder
from trainables.encoder_ref import read_ref
from trainables.heads import fresh_head
from trainables.kept_files import CHANGED
from trainables.metrics import chance, metric_of, metrics_of, right_of
from trainables.panel_sets import PanelSet, gold_of
from trainables.predict import Predictor, values_of
from trainables.pretrain import tokenizer_directory
from trainables.retrieval import parts_of
from trainables.robustness.changed_cache import ChangedCache
from trainables.robustness.code_mix import mixed_rows
from trainables.robustness.perturbed_rows import (
    PERTURBED_COLUMNS,
    Calibration,
    Changed,
)
from trainables.rows import Rows
from trainables.scores import Cost, PerturbedScore
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.training import HEAD_FILE

__all__ = ["CleanSet", "score_robustness"]


@dataclass(frozen=True)
class CleanSet:
    """A set of the report panel: its rows and what was predicted of them unchanged, one a row."""

    each: PanelSet
    rows: Rows
    values: Sequence[Any]


def score_robustness(
    task: Task, sets: Sequence[CleanSet], encoder_at: Path, context: Context, *,
    model: LabModel | HubModel, robustness: Robustness, name: str,
) -> tuple[list[PerturbedScore], Cost]:
    """Return what a target's encoder scores under each condition, and what that cost.

    A language has no score under a perturbation that changes nothing in it, under an attack where
    none reaches its severity, nor mixed with a language in which its rows have no translations.

    Args:
        task: a trained target.
        sets: its report panel with the clean predictions.
        encoder_at: the directory of the phase that tuned the encoder.
        context: of the trial.
        model: what the encoder is a state of.
        robustness: what is asked.
        name: the phase's, for progress.
    """
    if task.kind not in PERTURBED_COLUMNS:
        return [], Cost()
    begun = time.perf_counter()
    reader = _Reader(task, encoder_at, context, model, f"{name} {task.name} changed")
    cache = ChangedCache(Path(context.workspace.cache) / CHANGED)
    scores = [*_perturbed(sets, robustness, reader, cache),
              *_mixed(sets, robustness, reader, context)]
    return scores, Cost(
        examples=reader.rows, tokens=reader.tokens,
        flops=2.0 * reader.body_parameters * reader.tokens,
        device_seconds=(time.perf_counter() - begun) * context.workers.size,
        device=reader.device.hardware, precision=reader.device.precision)


class _Reader:
    """A tuned encoder with its head, which says what it makes of rows."""

    def __init__(self, task: Task, encoder_at: Path, context: Context,
                 model: LabModel | HubModel, name: str) -> None:
        self.tokenizer: Tokenizer = load_tokenizer(tokenizer_directory(model, context))
        self.device = choose_device(context.workspace.precision)
        self.rows = self.tokens = 0
        encoder = load_encoder(read_ref(encoder_at, model), context.hub)
        self.body_parameters = encoder.body_parameters
        self._task, self._context, self._max_length = task, context, model.max_length
        self._head = fresh_head(task, encoder.hidden, seed=0)
        load_model(self._head, str(encoder_at / HEAD_FILE))
        self._predictor = Predictor(encoder, self.tokenizer.pad_id, device=self.device,
                                    workers=context.workers, report=context.throttled(name, 0))

    def values(self, listed: Sequence[Rows]) -> list[list[Any]]:
        """Return one value a row of each of several sets, read in one pass."""
        if not listed:
            return []
        encoded = [self._context.encoded.get(rows, self.tokenizer, self._max_length)
                   for rows in listed]
        self.rows += sum(map(len, listed))
        self.tokens += sum(len(items.ids) for items in encoded)
        found = self._predictor.labels(self._head, self._task.kind, Encoded.join(encoded))
        return [values_of(rows, items, part) for rows, items, part in
                zip(listed, encoded, parts_of(found, encoded), strict=True)]


@dataclass
class _Attacked:
    """A set under attack: each row's worst value so far, how right it was, what was changed."""

    worst: list[Any] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    queries: int = 0
    changed: float = 0.0

    def add(self, values: Sequence[Any], rights: Sequence[float], changed: Changed) -> None:
        """Take another query's values where they are worse."""
        pairs = list(zip(values, rights, strict=True))
        if self.queries:
            pairs = [new if new[1] < old[1] else old for old, new in
                     zip(zip(self.worst, self.right, strict=True), pairs, strict=True)]
        self.worst, self.right = [value for value, _ in pairs], [right for _, right in pairs]
        self.queries += 1
        self.changed = max(self.changed, changed.share)


def _perturbed(
    sets: Sequence[CleanSet], robustness: Robustness, reader: _Reader, cache: ChangedCache
) -> Iterator[PerturbedScore]:
    """Yield the scores of each kind at its first query, then of the worst of all queries."""
    fertilities, seed = robustness.perturbations.fertilities, robustness.seed
    rates = [cache.rates(each.rows, fertilities, reader.tokenizer, seed) for each in sets]
    plans = [_plan(found, robustness) for found in rates]
    attacked = [_Attacked() for _ in sets]
    for query in range(max(map(len, plans), default=0)):
        asked = [place for place, plan in enumerate(plans) if query < len(plan)]
        changed = [cache.changed(sets[place].rows, kind, rates[place][kind].rate, seed, draw)
                   for place in asked for kind, draw in [plans[place][query]]]
        found = reader.values([each.rows for each in changed])
        for place, each, values in zip(asked, changed, found, strict=True):
            kind, draw = plans[place][query]
            calibration = rates[place][kind]
            if calibration.is_matched:
                attacked[place].add(values, _rights(sets[place], values), each)
            if not draw:
                yield _score(sets[place], kind, values, changed=each.share,
                             calibration=calibration)
    for own, hit in zip(sets, attacked, strict=True):
        if robustness.attack is not None and hit.queries:
            yield _score(own, "attack", hit.worst, changed=hit.changed, queries=hit.queries)


def _plan(rates: Mapping[Perturbation, Calibration], robustness: Robustness
          ) -> list[tuple[Perturbation, int]]:
    """Return what is asked in turn: a kind and the number of its draw.

    An attack goes through the kinds that reach their severity, and has all its queries in every
    language in which one does. The other kinds are asked once, to be shown as unmatched.
    """
    kinds = [kind for kind, rate in rates.items() if rate.is_matched]
    queries = robustness.attack.queries if robustness.attack and kinds else len(kinds)
    return [*((kinds[query % len(kinds)], query // len(kinds)) for query in range(queries)),
            *((kind, 0) for kind in rates if kind not in kinds)]


def _mixed(
    sets: Sequence[CleanSet], robustness: Robustness, reader: _Reader, context: Context
) -> Iterator[PerturbedScore]:
    """Yield the scores of the rows that can be asked in each other language."""
    for code in robustness.code_mix:
        found = []
        for each in sets:
            if code not in each.rows.task.evaluation:
                continue
            partner, _ = context.sources.panel_rows(each.rows.task, code, each.each.panel)
            if (mixed := mixed_rows(each.rows, partner)) is not None:
                rows, places = mixed
                clean = each.rows.taken(each.rows.table.take(places), each.rows.fingerprint)
                kept = CleanSet(each.each, clean, [each.values[place] for place in places])
                found.append((kept, rows))
        read = reader.values([rows for _, rows in found])
        for (kept, _), values in zip(found, read, strict=True):
            yield _score(kept, f"code-mix {code}", values, changed=1.0)


def _rights(each: CleanSet, values: Sequence[Any]) -> list[float]:
    """Return how right each row's value is, in points: of questions by F1, so that halves count."""
    task, gold = each.rows.task, gold_of(each.rows)
    names = [name for name in metrics_of(task) if name.endswith("f1")]
    right: Callable[[Sequence[Any], Sequence[Any]], float] = (
        metric_of(task, names[0], each.rows.language) if names and not task.labels
        else right_of(task, each.rows.language))
    return [right([wanted], [said]) if wanted != [] else 0.0
            for wanted, said in zip(gold, values, strict=True)]


def _score(
    each: CleanSet, condition: Perturbation | str, values: Sequence[Any], *, changed: float,
    calibration: Calibration | None = None, queries: int = 1,
) -> PerturbedScore:
    """Return the primary metric of changed rows beside that of the same rows unchanged."""
    task, gold, language = each.rows.task, gold_of(each.rows), each.rows.language
    (name, *_) = metrics_of(task)
    metric = metric_of(task, name, language)
    return PerturbedScore(
        task=task.name, language=language, metric=name, condition=condition,
        points=metric(gold, values), clean=metric(gold, each.values),
        chance=chance(task, name, language, gold), rows=len(gold), changed=changed,
        fertility=None if calibration is None else calibration.reached,
        matched=calibration is None or calibration.is_matched, queries=queries)
