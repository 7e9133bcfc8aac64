"""Placed trials against a uniform grid: how many it takes to a verdict, and whether it holds.

Truths are curves over x = 1 to 32 with noise of orders, seed blocks and trials; on each, units (an
order with a seed block) are measured until the verdict has stood twice: on the grid each at all ten
x, placed at those that the verdict lacks. Both sides see the same noise and stop by the same rule.
Or the ground is a table that `lab_curve --dense` has recorded, whose own verdict is printed beside,
placed upon with its units in many an order.

    python -m tests.bench.placing                     half an hour on two cores
    python -m tests.bench.placing --repeats 12 --noise 0.3 0.6 --truths power kink
    python -m tests.bench.placing --recorded tests/bench/lab_languages.parquet
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from search.doublings import Observation
from search.placement import Cell, Placement, is_settled
from search.saturation import Saturation, locate_observations

XS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
WORTH = 1.0
TRUTHS: dict[str, Callable[[float], float]] = {
    "power": lambda x: 70 - 8 * x**-0.6,
    "exponential": lambda x: 70 - 9 * math.exp(-x / 4),
    "kink": lambda x: 60 + 2.5 * min(math.log2(x), 3.0) + 0.1 * math.log2(x),
    "S": lambda x: 60 + 8 / (1 + (x / 4) ** -3),
    "flat": lambda x: 65.0,
    "rising": lambda x: 60 + 2.0 * math.log2(x),
    "hump": lambda x: 60 + 3 * math.log2(x) - 0.45 * math.log2(x) ** 2,
}


class Run(NamedTuple):
    """What one side found, after how many trials."""

    found: Saturation
    trials: int


def x_star(truth: Callable[[float], float]) -> float:
    """Return x* of a truth: inf where the last doubling pays, 0 where none does."""
    at = np.exp2(np.linspace(0, math.log2(XS[-1] / 2), 2001))
    pays = np.array([truth(2 * x) - truth(x) > WORTH for x in at])
    if pays[-1]:
        return math.inf
    return float(at[np.flatnonzero(pays)[-1]]) if pays.any() else 0.0


def is_right(found: Saturation, star: float) -> bool:
    """Whether what a verdict says of x* holds; of a fall, that x* lies within what is said."""
    if found.verdict == "no gain anywhere":
        return star == 0
    if found.verdict == "still rising":
        return star > (found.low or 0.0)
    return (found.low or 0.0) * 0.999 <= star <= (found.high or math.inf) * 1.001


def noisy(truth: Callable[[float], float], noise: float, seed: int) -> Callable[[Cell], float]:
    """Return a trial's score: levels and bends of orders, of blocks, and less noise at large x."""
    def score(cell: Cell) -> float:
        order, block = int(cell.order), int(cell.block)
        level, bend = np.random.default_rng([seed, 1, order]).normal(size=2)
        shared = np.random.default_rng([seed, 2, block]).normal()
        own = np.random.default_rng([seed, 3, order, block, int(4 * cell.x)]).normal()
        octaves = math.log2(cell.x)
        return truth(cell.x) + noise * float(
            level + 0.06 * bend * octaves + shared + (1.3 - 0.1 * octaves) * own)
    return score


def on_grid(planned: Placement, score: Callable[[Cell], float]) -> Run:
    """Measure every x on one unit after the other until the verdict stands."""
    seen: list[Observation] = []
    for begun, (order, block) in enumerate(planned.units):
        if planned.stands(begun, seen):
            break
        seen += _measured([Cell(x, order, block) for x in planned.xs], score)
    return Run(locate_observations(seen, worth=planned.worth), len(seen))


def placed(planned: Placement, score: Callable[[Cell], float]) -> Run:
    """Measure what is placed until nothing is."""
    seen: list[Observation] = []
    begun = 0
    while cells := planned.next(begun, seen):
        seen += _measured(cells, score)
        begun += 1
    return Run(locate_observations(seen, worth=planned.worth), len(seen))


def _measured(cells: Sequence[Cell], score: Callable[[Cell], float]) -> list[Observation]:
    return [Observation(x=cell.x, score=score(cell), order=cell.order, block=cell.block)
            for cell in cells]


class Job(NamedTuple):
    """One repeat of a truth at a level of noise."""

    truth: str
    noise: float
    seed: int
    orders: int
    blocks: int


def both(job: Job) -> tuple[Run, Run]:
    """Return what the grid finds, and what placing does."""
    planned = Placement(xs=XS, orders=tuple(map(str, range(job.orders))),
                        blocks=tuple(map(str, range(job.blocks))), worth=WORTH, seed=job.seed)
    score = noisy(TRUTHS[job.truth], job.noise, job.seed)
    return on_grid(planned, score), placed(planned, score)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=60, help="of each cell [60]")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.2, 0.3, 0.6, 1.0],
                        metavar="SD", help="of a trial, in points [0.2 0.3 0.6 1.0]")
    parser.add_argument("--truths", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    parser.add_argument("--orders", type=int, default=10, help="nested orders at hand [10]")
    parser.add_argument("--blocks", type=int, default=4, help="seed blocks at hand [4]")
    parser.add_argument("--processes", type=int, default=2, help="repeats at once [2]")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="a recorded dense table")
    parser.add_argument("--worth", type=float, nargs="+", default=[0.5, 1.0, 1.5, 2.0],
                        help="points per doubling, on a recorded table [0.5 1 1.5 2]")
    parser.add_argument("--shuffles", type=int, default=20,
                        help="placed runs on a recorded table, units in another order each [20]")
    given = parser.parse_args(arguments)
    lines = (_recorded(given) if given.recorded else _simulated(given))
    for line in lines:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _simulated(given: argparse.Namespace) -> Iterator[str]:
    yield ("| truth | x* | noise | grid: trials | settled | right | placed: trials | settled | "
           "right | placed / grid |")
    yield "|---|---|---|---|---|---|---|---|---|---|"
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for truth in given.truths:
            for noise in given.noise:
                jobs = [Job(truth, noise, seed, given.orders, given.blocks)
                        for seed in range(given.repeats)]
                grid, own = zip(*pool.map(both, jobs, chunksize=1), strict=True)
                star = x_star(TRUTHS[truth])
                ratio = _mean(own) / _mean(grid)
                yield (f"| {truth} | {star:.1f} | {noise:g} | {_said(grid, star)} | "
                       f"{_said(own, star)} | {ratio:.2f} |")


def _mean(runs: Sequence[Run]) -> float:
    return float(np.mean([run.trials for run in runs]))


def _said(runs: Sequence[Run], star: float) -> str:
    settled = [run.found for run in runs if is_settled(run.found)]
    right = sum(is_right(found, star) for found in settled)
    return f"{_mean(runs):.0f} | {len(settled)} of {len(runs)} | {right}"


def _recorded(given: argparse.Namespace) -> Iterator[str]:
    rows = [row for row in pq.read_table(given.recorded).to_pylist() if row["x"]]
    for column, worth in product(("score", "non_copy"), given.worth):
        scores = {Cell(float(row["x"]), row["order"], row["block"]): row[column] for row in rows}
        yield f"{column}, worth {worth:g}"
        yield from _against_all(scores, worth, given.shuffles)


def _against_all(scores: Mapping[Cell, float], worth: float, shuffles: int) -> Iterator[str]:
    whole = locate_observations(_measured(list(scores), scores.__getitem__), worth=worth)
    yield f"  all {len(scores)} trials: {whole.sentence}"
    runs = [placed(_units(scores, worth, seed), scores.__getitem__) for seed in range(shuffles)]
    shares = [run.trials / len(scores) for run in runs]
    verdicts = Counter(run.found.verdict for run in runs)
    yield (f"  placed, {shuffles} shuffles of orders and blocks: {np.mean(shares):.0%} of the "
           f"trials ({min(shares):.0%} to {max(shares):.0%}); "
           + ", ".join(f"{verdict} {times}" for verdict, times in verdicts.most_common()))


def _units(scores: Mapping[Cell, float], worth: float, seed: int) -> Placement:
    """Return what may be placed, its orders and blocks in an order of their own."""
    shuffle = random.Random(seed).sample
    orders = sorted({cell.order for cell in scores})
    blocks = sorted({cell.block for cell in scores})
    return Placement(xs=tuple(sorted({cell.x for cell in scores})), worth=worth, seed=seed,
                     orders=tuple(shuffle(orders, len(orders))),
                     blocks=tuple(shuffle(blocks, len(blocks))))


if __name__ == "__main__":
    main()
