"""How often the studies' tests err, and how often their intervals hold, on made-up scores.

Printed are shares of repeats, each with its 90 % bounds (Clopper and Pearson):

- distance: how often the permutation test finds an effect where there is none (it may in 10 %),
  beside ordinary least squares over pairs, and how often where there is one; how often the
  interval holds the truth. Languages clash with each other by traits that relatives share, so
  that pairs are not independent.
- size: how often the slope's interval, and the prediction of the next size, hold, where seeds
  have slopes of their own and sizes stray from the line; beside it the interval over sizes alone.
- coverage: how often the intervals of nearness and of number hold, and how often number is said
  to help where nearness alone does.

    python -m tests.bench.language_laws                 a minute
    python -m tests.bench.language_laws --repeats 1000 --first-seed 5000
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from scipy import stats

from search.coverage import CoverageRow, coverage
from search.intervals import LEVEL, Interval
from search.language_effects import Effect, language_effects
from search.language_grid import Measurement, language_grid, pair_part
from search.octave_slopes import held_against, octave_slope
from tests.search.language_rows import World, made_rows, made_world

ALPHA = 1 - LEVEL
SIZES = 25_000.0 * 2.0 ** np.arange(0, 8.4, 1.2)  # seven; the last is the next size
COUNTS = (1, 2, 4, 8, 16)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200, help="of each line [200]")
    parser.add_argument("--first-seed", type=int, default=0, help="of the made-up scores [0]")
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.repeats)
    for line in chain(_distance(seeds), _size(seeds), _coverage(seeds)):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _distance(seeds: Sequence[int]) -> Iterator[str]:
    yield "distance, 8 sources x 12 targets of 2 families, 2 sizes, 2 seeds"
    yield "| points per 0.1 | clash | permutation finds | pairs find | interval holds |"
    yield "|---|---|---|---|---|"
    for effect, clash in ((0.0, 0.0), (0.0, 3.0), (-0.5, 0.0), (-1.0, 0.0), (-1.0, 3.0),
                          (-2.0, 3.0)):
        found = [_one_distance(effect, clash, seed) for seed in seeds]
        cells = [_share([each[place] for each in found]) for place in range(3)]
        yield f"| {effect:g} | {clash:g} | {' | '.join(cells)} |"


def _one_distance(effect: float, clash: float, seed: int) -> tuple[bool, bool, bool]:
    world = made_world(seed)
    rows = made_rows(world, effect=10 * effect, clash=clash, sd=2.0, seed=seed)
    found = language_effects(rows, {"made": world.distance}, pair_covariates={},
                             families=world.families, draws=299, seed=seed).distances[0].effect
    assert isinstance(found, Effect)
    assert found.p_value is not None
    return found.p_value <= ALPHA, _pairs_p(rows, world) <= ALPHA, _holds(found.points, effect)


def _pairs_p(rows: Sequence[Measurement], world: World) -> float:
    """Return the p value of ordinary least squares, every pair by itself."""
    grid = language_grid(rows)
    bare = np.zeros((0, *grid.mean.shape))
    x, y = pair_part(grid.table(world.distance), bare), pair_part(grid.mean, bare)
    freedom = (len(grid.sources) - 1) * (len(grid.targets) - 1) - 1
    r = float((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))
    return float(2 * stats.t.sf(abs(r) * math.sqrt(freedom / (1 - r**2)), freedom))


def _size(seeds: Sequence[int]) -> Iterator[str]:
    yield ""
    yield "size, 6 sizes over 6 octaves, 1 point per octave, residual 1 point"
    yield ("| seeds | their slopes' sd | sizes' sd | interval holds | over sizes alone | "
           "next size within |")
    yield "|---|---|---|---|---|---|"
    for count in (2, 3, 5):
        for of_seed, of_size in ((0.0, 0.0), (0.5, 0.0), (0.0, 1.0), (0.5, 1.0)):
            found = [_one_size(count, of_seed, of_size, seed) for seed in seeds]
            cells = [_share([each[place] for each in found]) for place in range(3)]
            yield f"| {count} | {of_seed:g} | {of_size:g} | {' | '.join(cells)} |"


def _one_size(count: int, of_seed: float, of_size: float, seed: int) -> tuple[bool, bool, bool]:
    rng = np.random.default_rng(seed)
    octaves = np.log2(SIZES / SIZES[0])[:, None]
    strays = of_size * rng.normal(size=(len(SIZES), 1))

    def drawn() -> np.ndarray:
        own = 1 + of_seed * rng.normal(size=count)
        return (50 + strays + rng.normal(size=count) + octaves * own
                + rng.normal(size=(len(SIZES), count)))

    table, fresh = drawn(), drawn()[-1].tolist()
    cells = [(SIZES[i], table[i, j], j) for i in range(len(SIZES) - 1) for j in range(count)]
    parameters, points, of = zip(*cells, strict=True)
    families = ["made"] * len(cells)
    law = octave_slope(parameters, points, of, families, next_parameters=float(SIZES[-1]))
    alone = octave_slope(SIZES[:-1].tolist(), table[:-1].mean(axis=1).tolist(),
                         [0] * (len(SIZES) - 1), families[: len(SIZES) - 1])
    return (_holds(law.slope, 1.0), _holds(alone.slope, 1.0),
            bool(held_against(law, fresh).lies_within))


def _coverage(seeds: Sequence[int]) -> Iterator[str]:
    yield ""
    yield "coverage, 8 orders, counts 1 to 16, 2 seeds, 1 point of noise by order and of each trial"
    yield "| nearer by 0.1 | doubling | nearer holds | doubling holds | number is said to help |"
    yield "|---|---|---|---|---|"
    for nearer, doubling in ((0.0, 0.0), (3.0, 0.0), (0.0, 1.0), (3.0, 1.0)):
        found = [_one_coverage(nearer, doubling, seed) for seed in seeds]
        cells = [_share([each[place] for each in found]) for place in range(3)]
        yield f"| {nearer:g} | {doubling:g} | {' | '.join(cells)} |"


def _one_coverage(nearer: float, doubling: float, seed: int) -> tuple[bool, bool, bool]:
    rng = np.random.default_rng(seed)
    rows = []
    levels = rng.normal(0, 3, size=2)
    for order in range(8):
        distance = 0.7
        for count in COUNTS:
            distance -= 0.1 * float(rng.random())  # falls, and otherwise in each order
            own = rng.normal()
            rows += [CoverageRow(
                count=count, order=str(order), seed=block, distance=distance,
                score=60 - nearer * distance / 0.1 + doubling * math.log2(count) + own
                + levels[block] + rng.normal()) for block in range(2)]
    found = coverage(rows)
    assert found.nearer is not None
    assert found.doubling is not None
    return (_holds(found.nearer, nearer), _holds(found.doubling, doubling),
            found.answer in ("count", "coverage and count"))


def _holds(interval: Interval, truth: float) -> bool:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low <= truth <= interval.high


def _share(found: Sequence[bool]) -> str:
    bounds = stats.binomtest(sum(found), len(found)).proportion_ci(0.90)
    return f"{np.mean(found):.2f} [{bounds.low:.2f}, {bounds.high:.2f}]"


if __name__ == "__main__":
    main()
