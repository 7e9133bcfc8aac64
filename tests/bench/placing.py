"""Placed trials against a uniform grid: how many it takes to a verdict, and whether it holds.

    python -m tests.bench.placing --repeats 40
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from search.doublings import Observation
from search.placement import Cell, Placement, _located

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


def true_x_star(truth: Callable[[float], float], top: float) -> float:
    """Return x* of a truth: inf where the last doubling pays, 0 where none does."""
    at = np.exp2(np.linspace(0, math.log2(top / 2), 2001))
    pays = np.array([truth(2 * x) - truth(x) > WORTH for x in at])
    if pays[-1]:
        return math.inf
    return 0.0 if not pays.any() else float(at[np.flatnonzero(pays)[-1]])


class Run(NamedTuple):
    verdict: str
    trials: int
    right: bool


class World:
    """Trials of a truth: orders and blocks have levels and slopes of their own."""

    def __init__(self, truth: Callable[[float], float], noise: float, seed: int) -> None:
        self.truth, self.noise, self.seed = truth, noise, seed

    def score(self, cell: Cell) -> float:
        order, block = int(cell.order), int(cell.block)
        level, bend = np.random.default_rng([self.seed, 1, order]).normal(size=2)
        shared = np.random.default_rng([self.seed, 2, block]).normal()
        own = np.random.default_rng([self.seed, 3, order, block, int(4 * cell.x)]).normal()
        fade = 1.3 - 0.1 * math.log2(cell.x)
        return float(self.truth(cell.x) + self.noise * (
            level + 0.3 * bend * math.log2(cell.x) / 5 + shared + fade * own))


def run(world: World, *, placed: bool, orders: int, blocks: int) -> Run:
    placement = Placement(xs=XS, orders=tuple(map(str, range(orders))),
                          blocks=tuple(map(str, range(blocks))), worth=WORTH, seed=world.seed)
    seen: list[Observation] = []
    for begun in range(len(placement.units) + 1):
        if placed:
            cells = placement.next(begun, seen)
        elif begun < len(placement.units) and not (begun > 3 and placement._stands(begun, seen)):
            cells = tuple(Cell(x, *placement.units[begun]) for x in XS)
        else:
            cells = ()
        if not cells:
            break
        seen += [Observation(x=cell.x, score=world.score(cell), order=cell.order,
                             block=cell.block) for cell in cells]
    found = _located(seen, WORTH)
    star = true_x_star(world.truth, XS[-1])
    right = {"located": (found.low or 0) * 0.999 <= star <= (found.high or 0) * 1.001,
             "no gain anywhere": star == 0, "still rising": star > (found.low or 0),
             "falls after x": True, "not located": True}[found.verdict]
    return Run(found.verdict, len(seen), bool(right))


def _job(job: tuple[str, float, int, int, int]) -> tuple[Run, Run]:
    name, noise, seed, orders, blocks = job
    world = World(TRUTHS[name], noise, seed)
    return (run(world, placed=False, orders=orders, blocks=blocks),
            run(world, placed=True, orders=orders, blocks=blocks))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--noises", type=float, nargs="+", default=[0.3, 0.6, 1.0])
    parser.add_argument("--truths", nargs="+", default=list(TRUTHS))
    given = parser.parse_args(arguments)
    with multiprocessing.get_context("fork").Pool(given.processes) as pool:
        for name in given.truths:
            star = true_x_star(TRUTHS[name], XS[-1])
            for noise in given.noises:
                jobs = [(name, noise, seed, given.orders, given.blocks)
                        for seed in range(given.repeats)]
                pairs = pool.map(_job, jobs, chunksize=1)
                line = f"{name:12} x*={star:5.1f} sd {noise:.1f}"
                for side in (0, 1):
                    runs = [pair[side] for pair in pairs]
                    settled = [each for each in runs if each.verdict != "not located"]
                    right = sum(each.right for each in settled)
                    line += (f" | {'placed' if side else 'grid'}: median "
                             f"{np.median([each.trials for each in runs]):.0f} mean "
                             f"{np.mean([each.trials for each in runs]):.0f} settled "
                             f"{len(settled)}/{len(runs)} right {right}")
                ratio = (np.mean([pair[1].trials for pair in pairs])
                         / np.mean([pair[0].trials for pair in pairs]))
                sys.stdout.write(f"{line} | ratio {ratio:.2f}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
