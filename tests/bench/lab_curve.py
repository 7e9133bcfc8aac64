"""The lab's languages curve: what more languages of an intermediate task bring, examples fixed.

English is always among them; x counts the others, drawn from the sixteen of `lab_table` in
nested random orders. Every trial trains on as many intermediate examples, and is scored on
`lab_table`'s fixed panel, in languages that no trial trains on. Printed are the target's scores
by x, then the verdict that a search's read-out gives of such a curve.

    python -m tests.bench.lab_curve                  about ten minutes on two cores
    python -m tests.bench.lab_curve --task lab-measure --target lab-tags
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from itertools import product
from tempfile import TemporaryDirectory

from search.saturation import Saturation, locate
from spaces.language_orders import ordered
from spaces.models import LabModel
from tests.bench.lab_table import MODELS, TRAINED, Job, Measured, measure

COUNTS = (0, 1, 2, 4, 8, len(TRAINED))
SHARED = (0, len(TRAINED))  # where all orders are alike


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lab-small", choices=list(MODELS), metavar="MODEL",
                        help=f"one of {', '.join(MODELS)} [lab-small]")
    parser.add_argument("--task", default="lab-tags", help="the intermediate task [lab-tags]")
    parser.add_argument("--target", default="lab-measure", help="the target [lab-measure]")
    parser.add_argument("--orders", type=int, default=3, help="nested orders [3]")
    parser.add_argument("--seeds", type=int, default=10, help="seeds of each point [10]")
    parser.add_argument("--first-seed", type=int, default=100, help="the first of them [100]")
    parser.add_argument("--worth", type=float, default=1.0, help="points a doubling [1.0]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    cells = [(count, order, seed) for count, order, seed in
             product(COUNTS, range(given.orders), seeds) if not (count in SHARED and order)]
    with TemporaryDirectory() as storage:
        jobs = [_job(MODELS[given.model], given.target, given.task, cell, storage)
                for cell in cells]
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = dict(zip(cells, pool.map(measure, jobs, chunksize=1), strict=True))
    for name in ("unseen", "non_copy"):
        sys.stdout.write(f"{given.task} before {given.target}, {name}:\n")
        sys.stdout.writelines(f"{line}\n" for line in _lines(
            _located(found, name, given.orders, given.worth)))


def _job(
    model: LabModel, target: str, task: str, cell: tuple[int, int, int], storage: str
) -> Job:
    count, order, seed = cell
    drawn = ordered(f"random:{order}", TRAINED)[:count]
    return Job(model, target, task, seed, storage, languages=tuple(sorted(drawn)))


def _located(
    found: dict[tuple[int, int, int], Measured], name: str, orders: int, worth: float
) -> Saturation:
    """Judge one column of the scores; what all orders share counts in each."""
    rows = [(count, getattr(measured, name), str(each), str(seed))
            for (count, order, seed), measured in found.items()
            for each in (range(orders) if count in SHARED else [order])]
    x, score, order, block = zip(*rows, strict=True)
    return locate(x, score, order, block, worth=worth, axis="languages")


def _lines(curve: Saturation) -> list[str]:
    table = [f"| {point.x:.0f} | {point.score.mean:.1f} [{point.score.low:.1f}, "
             f"{point.score.high:.1f}] |" for point in curve.points]
    return ["| languages | score |", "|---|---|", *table, curve.sentence]


if __name__ == "__main__":
    main()
