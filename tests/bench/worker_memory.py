"""A worker's peak memory by the rows of its train set, beside the same with twenty times as many.

One process runs one tiny trial: MNLI before XNLI on made-up rows in a temporary mirror, an encoder
of random weights. `first` reads, checks and encodes the rows; `later` is a fresh worker over the
same cache with another seed, as nearly all workers are. What all of them hold (imports, torch, the
encoder) is measured with `NO_ROWS` rows and taken off in the last lines.

Memory is the process tree's peak PSS, sampled: a page of a mapped file counts while it is mapped,
though the system can take it back.

    python -m tests.bench.worker_memory
    python -m tests.bench.worker_memory --rows 5000 --times 20
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Cell, Mixture
from spaces.models import HubModel
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from tests.bench.measure import Measured, report, run
from tests.trainables.mirrors import NLI, shard, stated, write
from tests.trainables.tiny import WORDS, write_encoder
from trainables.context import Context
from trainables.trial import run_trial
from trainables.workspace import Workspace

SAMPLE_SECONDS = 0.05
NO_ROWS = 300
WORDS_A_ROW = (20, 10)  # of premise and hypothesis, as MNLI's on average
ENCODER = "encoder"
SIDES = ("first", "later")
RECIPE = Recipe(learning_rate=1e-3, batch_size=8)


def write_rows(mirror: Path, count: int) -> int:
    """Write `count` train rows and a few to score on; return the train file's bytes."""
    draw = random.Random(count)
    for repository, config, split, rows in (
            ("nyu-mll/glue", "mnli", "train", count), ("facebook/xnli", "de", "validation", 60),
            ("facebook/xnli", "de", "test", 60)):
        texts = [[f"{row} " + " ".join(draw.choices(WORDS, k=words)) for row in range(rows)]
                 for words in WORDS_A_ROW]
        write(shard(mirror, repository, config, split),
              {"premise": texts[0], "hypothesis": texts[1],
               "label": [row % 3 for row in range(rows)]}, stated("label", NLI))
    return shard(mirror, "nyu-mll/glue", "mnli", "train").stat().st_size


def work(directory: Path, seed: int) -> None:
    """Run one trial as a worker would."""
    context = Context(Workspace(store=str(directory / "store"), cache=str(directory / "cache"),
                                hub=str(directory / "mirror")))
    panel = Panel(languages=("de",))
    config = TrialConfig(
        model=HubModel(name=ENCODER, path=str(directory.parent / ENCODER), max_length=24),
        intermediate=Intermediate(
            mixture=Mixture(weights=(("mnli", 1.0),)), recipe=RECIPE,
            languages=LanguageSet(order="random:0", count=0, english=True),
            cells=(Cell(task="mnli", language="en", weight=1.0),)),
        targets=("xnli",), target=RECIPE, seed=seed,
        fidelity=Fidelity(name="search", intermediate_examples=80, target_examples=80,
                          evaluation_rows=20),
        panels=Panels(selection=panel, report=panel))
    for _ in run_trial(config, context):
        pass


def measured(root: Path, rows: int) -> tuple[dict[str, Measured], int]:
    """Return both sides' memory at a number of rows, and the bytes of their Parquet file."""
    directory = root / str(rows)
    size = write_rows(directory / "mirror", rows)
    return {side: run([sys.executable, "-m", "tests.bench.worker_memory", "--work",
                       str(directory), "--seed", str(seed)], directory / side,
                      sampled_every=SAMPLE_SECONDS) for seed, side in enumerate(SIDES)}, size


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="train rows [20000]")
    parser.add_argument("--times", type=int, default=20, help="how many times as many [20]")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)  # of a worker
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work is not None:
        work(given.work, given.seed)
        return
    counts = (NO_ROWS, given.rows, given.rows * given.times)
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        write_encoder(Path(temporary) / ENCODER)
        found = [measured(Path(temporary), count) for count in counts]
    lines = [("train rows", "".join(f"{count:>12,}" for count in counts)
              + f"{'last ratio':>12}{'a row':>14}")]
    for side in SIDES:
        peaks = [sides[side].peak_mib for sides, _ in found]
        more = (peaks[2] - peaks[1]) * 2**20 / (counts[2] - counts[1])
        lines.append((f"{side} worker, peak PSS, MiB",
                      "".join(f"{peak:>12.0f}" for peak in peaks)
                      + f"{peaks[2] / peaks[1]:>12.2f}{more:>8.0f} bytes"))
    lines.append(("train file, MiB", "".join(f"{size / 2**20:>12.1f}" for _, size in found)))
    report(lines)


if __name__ == "__main__":
    main()
