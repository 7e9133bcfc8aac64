"""Preparing all of a mirror: every split of every benchmark task read, checked and encoded.

It is done twice, by two processes one after the other: from an empty cache, and over the cache
that the first has filled, as every later worker and trial does. Of retrieval both sides are
encoded; a split that several tasks have is read for each of them and encoded once. The tokenizer
is there beforehand. Memory is the peak of the process tree's summed PSS, pages of mapped files
included.

    python -m tests.bench.preparing --hub DIR
    python -m tests.bench.preparing --hub DIR --model ENCODER_DIR --tasks udpos panx
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import Split
from spaces.models import HubModel, LabModel, find_model
from spaces.tasks import Kind, Task
from tests.bench.measure import Measured, report, run
from trainables.context import Context
from trainables.encoded import Encoded
from trainables.pretrain import tokenizer_directory
from trainables.rows import DataError, Rows
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.workspace import Workspace

SAMPLE_SECONDS = 0.1
COUNTS = ("splits", "rows", "items", "tokens")


def prepare(tasks: Sequence[Task], model: LabModel | HubModel, context: Context) -> None:
    """Read and encode everything; print `COUNTS` and seconds as JSON.

    Of each stage there are wall seconds and, named `_cpu`, the processor's over all threads.
    """
    tokenizer = load_tokenizer(tokenizer_directory(model, context))
    sums: dict[str, float] = defaultdict(float)
    clock = _Clock(sums)
    for rows in _rows(tasks, context):
        clock.ends("reading")
        sums["splits"] += 1
        sums["rows"] += len(rows)
        for encoded in _encoded(rows, tokenizer, model, context):
            sums["items"] += len(encoded)
            sums["tokens"] += len(encoded.ids)
        clock.ends("encoding")
    clock.ends("reading")
    sys.stdout.write(json.dumps(sums) + "\n")


class _Clock:
    """Adds the time since it was last asked to a stage's sums."""

    def __init__(self, sums: dict[str, float]) -> None:
        self._sums = sums
        self._last = time.perf_counter(), time.process_time()

    def ends(self, stage: str) -> None:
        now = time.perf_counter(), time.process_time()
        for name, before, after in zip((stage, f"{stage}_cpu"), self._last, now, strict=True):
            self._sums[name] += after - before
        self._last = now


def _rows(tasks: Sequence[Task], context: Context) -> Iterator[Rows]:
    """Yield all splits that are there and whole; `tests.bench.catalogue` says what is not."""
    sources = context.sources
    for task in tasks:
        for language in sorted({*task.train, *task.evaluation}):
            for split in get_args(Split):
                try:
                    rows = sources.rows(task, language, split)
                except DataError:
                    continue
                yield rows


def _encoded(
    rows: Rows, tokenizer: Tokenizer, model: LabModel | HubModel, context: Context
) -> Iterator[Encoded]:
    """Yield what a split is encoded as."""
    yield context.encoded.get(rows, tokenizer, model.max_length)
    if rows.task.kind is Kind.RETRIEVAL:
        yield context.encoded.get_english(rows, tokenizer, model.max_length)
    if rows.pool is not None:
        yield context.encoded.get_pool(rows.pool, tokenizer, model.max_length)


def table(first: Measured, second: Measured) -> list[tuple[str, str]]:
    """Return the lines that say what two runs came to, and the second's share of the first."""
    sides = [json.loads(each.output.splitlines()[-1]) for each in (first, second)]
    lines = [("", f"{'cold':>12} {'again':>12} {'again/cold':>12}")]

    def measured(name: str, values: Sequence[float], form: str) -> None:
        cells = [f"{value:>12,{form}}" for value in values]
        lines.append((name, " ".join([*cells, f"{values[1] / values[0]:>12.2f}"])))

    for name in COUNTS:
        measured(name, [side[name] for side in sides], ".0f")
    for clock, unit in (("_cpu", "processor's seconds"), ("", "wall seconds")):
        measured(f"reading and checking, {unit}", [side[f"reading{clock}"] for side in sides],
                 ".2f")
        measured(f"encoding or mapping, {unit}", [side[f"encoding{clock}"] for side in sides],
                 ".2f")
        spent = [side[f"reading{clock}"] + side[f"encoding{clock}"] for side in sides]
        measured(f"tokens a second of {unit.split()[0]} time",
                 [side["tokens"] / each for side, each in zip(sides, spent, strict=True)], ".0f")
    measured("process, wall seconds, imports included", [first.seconds, second.seconds], ".1f")
    measured("peak memory, MiB", [first.peak_mib, second.peak_mib], ".0f")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [task.name for task in BENCHMARK_TASKS]
    parser.add_argument("--hub", required=True, help="a mirror of hub repositories")
    parser.add_argument("--model", default="lab-small", help="an encoder [lab-small]")
    parser.add_argument("--tasks", nargs="+", default=names, choices=names, metavar="TASK")
    parser.add_argument("--cache", help=argparse.SUPPRESS)  # of a run that is measured
    given = parser.parse_args(arguments)
    hub, model = str(Path(given.hub).absolute()), find_model(given.model)
    if not isinstance(model, LabModel | HubModel):
        parser.error(f"--model must read texts, got {given.model}")
    tasks = [task for task in BENCHMARK_TASKS if task.name in given.tasks]
    if given.cache is not None:
        prepare(tasks, model, _context(given.cache, hub))
        return
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        cache = f"{temporary}/cache"
        tokenizer_directory(model, _context(cache, hub))
        command = [sys.executable, "-m", "tests.bench.preparing", "--hub", hub, "--model",
                   given.model, "--cache", cache, "--tasks", *given.tasks]
        runs = [run(command, Path(temporary) / name, sampled_every=SAMPLE_SECONDS)
                for name in ("cold", "again")]
        kept = sum(path.stat().st_size for path in Path(cache).rglob("*")
                   if path.is_file() and "lab" not in path.relative_to(cache).parts)
        report([*table(*runs), ("kept on disk, MiB", f"{kept / 2**20:.1f}")])


def _context(cache: str, hub: str) -> Context:
    return Context(Workspace(store=f"{cache}/store", cache=cache, hub=hub))


if __name__ == "__main__":
    main()
