"""Real tokens a second: the train loop against transformers' Trainer on rows of mixed length.

The same model, the same rows, the same batch size, one torch thread, one process. The Trainer
runs with its defaults (random batches, padded to the longest row) and with its length-grouped
sampler; all three sides are repeated in turn and the medians compared. Padding is not counted;
the drawing of batches is, on every side. Rows are the lab's sentences, one to many of them
joined, or with `--hub` the premises and hypotheses of MNLI.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import LabSource
from spaces.models import LAB_MODELS, LabModel
from spaces.tasks import Kind, Task, find_task
from spaces.trial_config import Recipe
from spaces.value import digest_of
from tests.bench.measure import report
from trainables.batches import TaskBatches
from trainables.device import choose_device
from trainables.encoded import Encoded
from trainables.encoder import fresh_encoder
from trainables.encoding import encode
from trainables.heads import fresh_head
from trainables.lab import Lab
from trainables.rows import Rows, row_schema
from trainables.sources import Sources
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.train_loop import TaskModel, TrainLoop
from trainables.workers import Alone

LEAST_DEFAULT, LEAST_GROUPED = 1.5, 0.97
LONGEST = 128
SIDES = ("stiltune", "random", "group_by_length")
PAIRS = Task(name="pairs", kind=Kind.PAIR, roles=("intermediate",), train=("en",),
             labels=("no", "yes"), metric="accuracy", source=LabSource())


class _ForTrainer(nn.Module):
    """The very model that the train loop trains, called as the Trainer calls models."""

    def __init__(self, model: TaskModel, name: str) -> None:
        super().__init__()
        self.model, self.name = model, name

    def forward(self, input_ids: Tensor, attention_mask: Tensor,
                labels: Tensor) -> dict[str, Tensor]:
        mask = attention_mask.bool()
        states = self.model.encoder(input_ids, mask, torch.zeros_like(input_ids))
        return {"loss": self.model.head(self.name).loss(states, mask, labels) / len(labels)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6400,
                        help="rows, each read once; with fewer than 200 batches the Trainer "
                             "groups within smaller windows than the train loop [6400]")
    parser.add_argument("--batch", type=int, default=32, help="rows a batch [32]")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each side [3]")
    parser.add_argument("--models", nargs="+", default=["lab-small", "lab-medium"],
                        choices=[model.name for model in LAB_MODELS], help="encoders")
    parser.add_argument("--hub", type=Path,
                        help="offline mirror with nyu-mll/glue, at most all of its rows")
    parser.add_argument("--cache", type=Path, help="where the lab is kept [a temporary directory]")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        cache = given.cache or Path(temporary)
        count = given.rows // given.batch * given.batch
        rows = _mnli(given.hub, cache, count) if given.hub else _joined(cache, count)
        for name in given.models:
            model = next(each for each in LAB_MODELS if each.name == name)
            wide = model.model_copy(update={"max_length": LONGEST})
            tokenizer = load_tokenizer(Lab(cache).tokenizer(model.vocabulary))
            items = encode(rows, tokenizer, LONGEST)
            _compare(wide, rows.task, items, tokenizer, given, Path(temporary))


def _compare(model: LabModel, task: Task, items: Encoded, tokenizer: Tokenizer,
             given: argparse.Namespace, directory: Path) -> None:
    choose_device()  # one torch thread
    cuts = list(zip(items.offsets[:-1], items.offsets[1:], strict=True))
    ids = [items.ids[low:high].tolist() for low, high in cuts]
    dataset = Dataset.from_dict({
        "input_ids": ids, "attention_mask": [[1] * len(each) for each in ids],
        "labels": items.items["label"].tolist(), "length": [len(each) for each in ids]})
    total = len(items.ids)
    few = np.arange(4 * given.batch)

    def seconds(side: str, items: Encoded = items, dataset: Any = dataset) -> float:
        fresh = TaskModel(encoder := fresh_encoder(model, tokenizer.pad_id, 0),
                          {task.name: fresh_head(task, encoder.hidden, 0)})
        run = (_loop if side == SIDES[0] else _trainer)(
            fresh, task, items, dataset, tokenizer, batch=given.batch, side=side,
            directory=directory)
        begun = time.perf_counter()
        run()
        return time.perf_counter() - begun

    for side in SIDES:
        seconds(side, items.take(few), dataset.select(few))  # imports and caches
    taken = [{side: seconds(side) for side in SIDES} for _ in range(given.repeats)]
    rates = {side: statistics.median(total / turn[side] for turn in taken) for side in SIDES}
    ratios = {side: statistics.median(turn[side] / turn[SIDES[0]] for turn in taken)
              for side in SIDES}
    lengths = items.lengths
    report([
        (f"{model.name}, rows of {lengths.min()} to {lengths.max()} tokens",
         f"mean {lengths.mean():.1f}, median {np.median(lengths):.0f}"),
        ("train loop, real tokens a second", f"{rates['stiltune']:,.0f}"),
        ("Trainer, default", f"{rates['random']:,.0f}"),
        ("Trainer, group_by_length", f"{rates['group_by_length']:,.0f}"),
        ("train loop / Trainer, default",
         f"{ratios['random']:.2f} (at least {LEAST_DEFAULT})"),
        ("train loop / Trainer, group_by_length",
         f"{ratios['group_by_length']:.3f} (at least {LEAST_GROUPED})"),
    ])


def _loop(model: TaskModel, task: Task, items: Encoded, dataset: Any, tokenizer: Tokenizer,
          **given: Any) -> Callable[[], object]:
    def run() -> None:
        steps = len(items) // given["batch"]
        batches = TaskBatches([(task, 1.0, items)], steps, given["batch"], seed=0,
                              tokenizer=tokenizer)
        TrainLoop(model, batches, Recipe(learning_rate=1e-3, batch_size=given["batch"]), seed=0,
                  device=choose_device(), workers=Alone()).run(steps)

    return run


def _trainer(model: TaskModel, task: Task, items: Encoded, dataset: Any, tokenizer: Tokenizer,
             **given: Any) -> Callable[[], object]:
    collator = DataCollatorWithPadding(AutoTokenizer.from_pretrained(tokenizer.directory))
    trainer = Trainer(
        _ForTrainer(model, task.name),
        TrainingArguments(
            output_dir=str(given["directory"]), num_train_epochs=1, learning_rate=1e-3,
            per_device_train_batch_size=given["batch"], use_cpu=True, save_strategy="no",
            logging_strategy="no", report_to="none", disable_tqdm=True, warmup_steps=0.1,
            weight_decay=0.01, train_sampling_strategy=given["side"]),
        train_dataset=dataset, data_collator=collator)
    trainer.remove_callback(PrinterCallback)
    return trainer.train


def _joined(cache: Path, count: int) -> Rows:
    """Return pairs of the lab's sentences, mostly of one, some of many."""
    random = np.random.default_rng(0)
    texts = Lab(cache).text()["text"].to_pylist()
    sizes = np.minimum(8, random.geometric(0.7, (count, 2)))
    chosen = [[" ".join(random.choice(texts, size)) for size in pair] for pair in sizes]
    return _rows([pair[0] for pair in chosen], [pair[1] for pair in chosen],
                 random.integers(0, 2, count).tolist(), PAIRS)


def _mnli(hub: Path, cache: Path, count: int) -> Rows:
    task = find_task("mnli", BENCHMARK_TASKS)
    table = Sources(hub=hub, cache=cache).rows(task, "en", "train").table
    chosen = np.random.default_rng(0).permutation(len(table))[:count]
    taken = table.take(pa.array(chosen))
    return _rows(taken["text"].to_pylist(), taken["text_pair"].to_pylist(),
                 taken["label"].to_pylist(), task)


def _rows(texts: list[str], pairs: list[str], labels: list[int], task: Task) -> Rows:
    names = [str(number) for number in range(len(texts))]
    table = pa.table({"id": names, "document": names, "text": texts, "text_pair": pairs,
                      "label": labels}, schema=row_schema(Kind.PAIR))
    return Rows(task=task, language="en", split="train", table=table,
                fingerprint=digest_of([texts, pairs, labels]))


if __name__ == "__main__":
    main()
