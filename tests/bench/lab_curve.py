"""The lab's languages curve: what more languages of an intermediate task bring, examples fixed.

English is always among them; x counts the others, drawn in nested random orders from the sixteen
of `lab_table`, or with `--dense` from every language outside its panel, at ten counts from 1 to 32.
Every trial trains on as many intermediate examples, and is scored on `lab_table`'s fixed panel, in
languages that no trial trains on. Printed are the target's scores by x, then the verdict that a
search's read-out gives of such a curve; `--out` keeps the trials as a small Parquet with what made
it in its metadata: the ground on which placements of trials are compared.

    python -m tests.bench.lab_curve                  about ten minutes on two cores
    python -m tests.bench.lab_curve --task lab-measure --target lab-tags
    python -m tests.bench.lab_curve --dense --orders 10 --seeds 3 --out lab_languages.parquet
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from search.saturation import Saturation, locate
from spaces.lab_tasks import LAB_TASKS
from spaces.language_orders import ordered
from spaces.languages import ENGLISH
from spaces.models import LabModel
from spaces.tasks import find_task
from tests.bench.lab_sweep import provenance
from tests.bench.lab_table import MODELS, TRAINED, UNSEEN, Job, Measured, measure

LAB_TAGS = find_task("lab-tags", LAB_TASKS)


class Design(NamedTuple):
    """How many languages are tried, out of which; at the ends all orders may be alike."""

    counts: tuple[int, ...]
    pool: tuple[str, ...]

    def orders_of(self, count: int, orders: int) -> Sequence[int]:
        """Return the orders whose languages differ at a count: one of them where all agree."""
        return range(1) if count in (0, len(self.pool)) else range(orders)


PLAIN = Design((0, 1, 2, 4, 8, len(TRAINED)), TRAINED)
DENSE = Design((0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32), tuple(sorted(
    set(LAB_TAGS.train) - {ENGLISH, *UNSEEN})))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lab-small", choices=list(MODELS), metavar="MODEL",
                        help=f"one of {', '.join(MODELS)} [lab-small]")
    parser.add_argument("--task", default="lab-tags", help="the intermediate task [lab-tags]")
    parser.add_argument("--target", default="lab-measure", help="the target [lab-measure]")
    parser.add_argument("--dense", action="store_true", help="ten counts to 32, of all languages")
    parser.add_argument("--orders", type=int, default=3, help="nested orders [3]")
    parser.add_argument("--seeds", type=int, default=10, help="seeds of each point [10]")
    parser.add_argument("--first-seed", type=int, default=100, help="the first of them [100]")
    parser.add_argument("--worth", type=float, default=1.0, help="points a doubling [1.0]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    parser.add_argument("--out", type=Path, help="a Parquet file of the trials [none is written]")
    given = parser.parse_args(arguments)
    design = DENSE if given.dense else PLAIN
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    cells = [(count, order, seed) for seed in seeds for count in design.counts
             for order in design.orders_of(count, given.orders)]
    with TemporaryDirectory() as storage:
        jobs = [_job(MODELS[given.model], given.target, given.task, design, cell, storage)
                for cell in cells]
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = dict(zip(cells, pool.map(measure, jobs, chunksize=1), strict=True))
    if given.out:
        _keep(given, found, jobs[0])
    for name in ("unseen", "non_copy"):
        sys.stdout.write(f"{given.task} before {given.target}, {name}:\n")
        sys.stdout.writelines(f"{line}\n" for line in _lines(
            _located(found, name, design, orders=given.orders, worth=given.worth)))


def _job(
    model: LabModel, target: str, task: str, design: Design, cell: tuple[int, int, int],
    storage: str,
) -> Job:
    count, order, seed = cell
    drawn = ordered(f"random:{order}", design.pool)[:count]
    return Job(model, target, task, seed, storage, languages=tuple(sorted(drawn)))


def _located(
    found: dict[tuple[int, int, int], Measured], name: str, design: Design, *, orders: int,
    worth: float,
) -> Saturation:
    """Judge one column of the scores; what all orders share counts in each."""
    rows = [(count, getattr(measured, name), str(each), str(seed))
            for (count, order, seed), measured in found.items()
            for each in (range(orders) if len(design.orders_of(count, orders)) < orders
                         else [order])]
    x, score, order, block = zip(*rows, strict=True)
    return locate(x, score, order, block, worth=worth, axis="languages")


def _lines(curve: Saturation) -> list[str]:
    table = [f"| {point.x:.0f} | {point.score.mean:.1f} [{point.score.low:.1f}, "
             f"{point.score.high:.1f}] |" for point in curve.points]
    return ["| languages | score |", "|---|---|", *table, curve.sentence]


def _keep(
    given: argparse.Namespace, found: dict[tuple[int, int, int], Measured], job: Job
) -> None:
    """Write a row a trial; what made them is in the file's metadata."""
    rows = [{"x": count, "order": f"random:{order}" if count else "", "block": str(seed),
             "score": round(measured.unseen, 3), "non_copy": round(measured.non_copy, 3)}
            for (count, order, seed), measured in found.items()]
    metadata = provenance() | {
        "command": f"python -m tests.bench.lab_curve{' --dense' if given.dense else ''} --task "
                   f"{given.task} --target {given.target} --orders {given.orders} --seeds "
                   f"{given.seeds} --first-seed {given.first_seed}",
        "model": job.model.model_dump_json(), "recipe": job.recipe.model_dump_json(),
        "units": "x: non-English languages; score, non_copy: points, 0 to 100, in the languages of "
                 "tests.bench.lab_table's panel; block: the seed, pretraining's as well",
    }
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata(metadata), given.out,
                   compression="zstd")


if __name__ == "__main__":
    main()
