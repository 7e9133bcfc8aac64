"""How often the point of diminishing returns is right: coverage and false claims on known truths.

Each truth is simulated on designs of x by orders by seed blocks at three levels of noise, which the
estimator is not told; what it says is held against the truth's own x*, the smallest x from which
every doubling inside the range gains at most `worth`. A claim is a verdict with an x*. It is right
where x* lies in [low, high]; it is false where it does not, or where there is no x* inside the data
(the truth gains nowhere, or still rises). Printed by truth, design and noise: the share of repeats
that claim, the coverage among them with its 95 % Clopper-Pearson interval ("BELOW" where that lies
below 0.90), the share of all repeats that are false claims, and the commonest verdict.

    python -m tests.bench.calibration                    the whole table, 200 repeats
    python -m tests.bench.calibration --repeats 20 --truths truths.csv

A file of truths has columns `name`, `x`, `score`: points of curves without noise, read off linearly
in log2(x) between them (as many as a bend needs); designs use the x that lie in a truth's range.
Noise: levels of (order, block) series, which stand for shared controls; deviations of orders,
correlated from x to x; of blocks; and of trials, twice as large at the least x as at the greatest.
The level is the standard deviation of a trial's, in units of `worth`. Of a `placed` design those
trials are seen that a searcher places, which looks after each unit and stops by its own rule.
"""

from __future__ import annotations

import argparse
import csv
import math
import multiprocessing
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import stats

from search.curve_families import crossing
from search.doublings import Observation
from search.placement import Placement
from search.saturation import Saturation, locate

WORTH, PROMISED, FALSE = 0.5, 0.90, 0.10
LEVELS = (0.15, 0.4, 1.0)
STEPS = 64  # points to a doubling at which a truth's own x* is found


@dataclass(frozen=True)
class Design:
    xs: tuple[float, ...]
    orders: int
    blocks: int
    is_placed: bool = False


DESIGNS = {
    "dense": Design((1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64), orders=6, blocks=2),
    "sparse": Design((1, 2, 4, 8, 16, 32, 64), orders=3, blocks=4),
    "one order": Design((1, 2, 4, 8, 16, 32, 64), orders=1, blocks=6),
    "placed": Design((1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64), orders=8, blocks=3,
                     is_placed=True),
}
RANGE = tuple(float(x) for x in 2 ** np.linspace(0, 6, 6 * STEPS + 1))


def s_shape(u: float) -> float:
    return 6 / (1 + math.exp(-2.5 * (u - 2.2)))


# Points above a level that noise hides, by u = log2(x). The last four are of no family.
TRUTHS = {
    "power": lambda u: -8 * 2 ** (-0.8 * u),
    "exponential": lambda u: -6 * math.exp(-(2**u) / 5),
    "kink": lambda u: 1.5 * min(u, 2.7),
    "S": s_shape,
    "flat": lambda u: 0.0,
    "rising": lambda u: 1.1 * u,
    "falling": lambda u: -0.9 * u,
    "step": lambda u: 3.0 * (u > 3.4),
    "hump": lambda u: 1.6 * min(u, 3.2) - 0.8 * max(u - 4.1, 0),
    "two kinks": lambda u: 1.6 * min(u, 1.4) + 0.9 * min(max(u - 2.6, 0), 1.2),
    "wave": lambda u: 2.2 * (1 - math.exp(-u)) + 0.25 * math.sin(2.5 * u),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truths", type=Path, metavar="CSV", help="truths instead of the own ones")
    parser.add_argument("--repeats", type=int, default=200, help="of each cell [200]")
    parser.add_argument("--processes", type=int, default=2, help="at once [2]")
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), metavar="DESIGN",
                        default=["dense", "sparse"],
                        help=f"some of {', '.join(DESIGNS)} [dense sparse]")
    parser.add_argument("--worth", type=float, default=WORTH, help=f"points a doubling [{WORTH}]")
    given = parser.parse_args(arguments)
    truths = read_truths(given.truths) if given.truths else {
        name: (RANGE, tuple(of(math.log2(x)) for x in RANGE)) for name, of in TRUTHS.items()}
    cells = [(name, truths[name], design, level, given.worth, repeat)
             for name, design, level in product(truths, given.designs, LEVELS)
             for repeat in range(given.repeats)]
    began = perf_counter()
    found: dict[tuple[str, str, float], list[dict[str, Any]]] = defaultdict(list)
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for (name, _, design, level, *_), each in zip(
                cells, pool.imap(judged, cells, chunksize=10), strict=True):
            found[name, design, level].append(each)
    for line in table(found):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(cells)} curves in {perf_counter() - began:.0f} s\n")


Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""A truth: x, rising, and its scores."""


def read_truths(path: Path) -> dict[str, Curve]:
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            points[row["name"]].append((float(row["x"]), float(row["score"])))
    return {name: tuple(zip(*sorted(each), strict=True)) for name, each in points.items()}


def true_log_x_star(truth: Curve, least: float, most: float, worth: float) -> float:
    """Return log2(x*) of a truth between two x; infinite where it does not lie inside."""
    count = math.floor(math.log2(most / least) * STEPS + 1e-9)
    grid = math.log2(most) - np.arange(count, -1, -1) / STEPS
    return float(crossing(at(truth, 2**grid)[None, :], grid, worth, STEPS)[0])


def at(truth: Curve, xs: Any) -> Any:
    return np.interp(np.log2(xs), np.log2(truth[0]), truth[1])


def simulated(truth: Curve, design: Design, sd: float, seed: int) -> list[tuple[Any, ...]]:
    """Return rows (x, score, order, block) of one simulated block of trials."""
    rng = np.random.default_rng(seed)
    xs = [x for x in design.xs if truth[0][0] * (1 - 1e-9) <= x <= truth[0][-1] * (1 + 1e-9)]
    shape = (design.orders, design.blocks, len(xs))
    scores = 50 + at(truth, np.array(xs)) + rng.normal(0, 1, (*shape[:2], 1))
    drift = rng.normal(0, sd / 2, (design.orders, len(xs)))
    for i in range(1, len(xs)):
        drift[:, i] = 0.5 * drift[:, i - 1] + math.sqrt(0.75) * drift[:, i]
    scores = scores + drift[:, None, :] + rng.normal(0, sd / 3, (1, design.blocks, len(xs)))
    scores = scores + rng.normal(0, sd, shape) * np.linspace(4 / 3, 2 / 3, len(xs))
    return [(x, float(scores[order, block, i]), str(order), str(block))
            for order, block in product(range(design.orders), range(design.blocks))
            for i, x in enumerate(xs)]


def judged(cell: tuple[str, Curve, str, float, float, int]) -> dict[str, Any]:
    name, truth, design, level, worth, repeat = cell
    seed = zlib.crc32(f"{name} {design} {level} {repeat}".encode())
    rows = simulated(truth, DESIGNS[design], level * worth, seed)
    if DESIGNS[design].is_placed:
        rows = placed(rows, worth, seed)
    x, score, order, block = zip(*rows, strict=True)
    said = locate(x, score, order, block, worth=worth)
    true = true_log_x_star(truth, min(x), max(x), worth)
    claims, right = said.x_star is not None, covers(said, true)
    return {"verdict": said.verdict, "claims": claims, "right": right, "true": true}


def placed(rows: Sequence[tuple[Any, ...]], worth: float, seed: int) -> list[tuple[Any, ...]]:
    """Return those rows of a block that a searcher places, unit by unit."""
    scores = {(x, order, block): score for x, score, order, block in rows}
    xs, orders, blocks = (tuple(sorted(set(each))) for each in zip(*scores, strict=True))
    searcher = Placement(xs=xs, orders=orders, blocks=blocks, worth=worth, seed=seed)
    seen: list[Observation] = []
    begun = 0
    while cells := searcher.next(begun, seen):
        seen += [Observation(x=cell.x, score=scores[cell], order=cell.order, block=cell.block)
                 for cell in cells]
        begun += 1
    return [(each.x, each.score, each.order, each.block) for each in seen]


def covers(said: Saturation, true: float) -> bool:
    return (math.isfinite(true) and said.low is not None and said.high is not None
            and math.log2(said.low) - 1e-9 <= true <= math.log2(said.high) + 1e-9)


def table(found: dict[tuple[str, str, float], list[dict[str, Any]]]) -> Iterator[str]:
    yield "| truth | x* | design | noise | claims | coverage | false claims | mostly |"
    yield "|---|---|---|---|---|---|---|---|"
    for (name, design, level), cell in found.items():
        yield f"| {name} | {spelt(cell[0]['true'])} | {design} | {level:g} | {row(cell)} |"
    for level in sorted({key[2] for key in found}):
        pooled = [each for key, cell in found.items() if key[2] == level for each in cell]
        yield f"| all | | | {level:g} | {row(pooled)} |"
    yield f"| all | | | all | {row([each for cell in found.values() for each in cell])} |"
    worst = max(map(false_share, found.values()))
    below = sum("BELOW" in row(cell) for cell in found.values())
    yield (f"cells whose coverage is shown to be below {PROMISED}: {below} of {len(found)}; "
           f"most false claims in a cell: {worst:.3f} (allowed: {FALSE})")


def row(cell: list[dict[str, Any]]) -> str:
    claims = [each for each in cell if each["claims"]]
    right = sum(each["right"] for each in claims)
    low, high = bounds(right, len(claims))
    coverage = f"{right / len(claims):.2f} [{low:.2f}, {high:.2f}]" if claims else "-"
    mark = " BELOW" if high < PROMISED else ""
    verdict, count = Counter(each["verdict"] for each in cell).most_common(1)[0]
    return (f"{len(claims) / len(cell):.2f} | {coverage}{mark} | {false_share(cell):.3f} | "
            f"{verdict} {count / len(cell):.2f}")


def false_share(cell: list[dict[str, Any]]) -> float:
    return sum(each["claims"] and not each["right"] for each in cell) / len(cell)


def bounds(right: int, number: int) -> tuple[float, float]:
    """Return the 95 % Clopper-Pearson interval of a share."""
    low = float(stats.beta.ppf(0.025, right, number - right + 1)) if right else 0.0
    high = float(stats.beta.ppf(0.975, right + 1, number - right)) if right < number else 1.0
    return low, high


def spelt(true: float) -> str:
    return f"{2**true:.2f}" if math.isfinite(true) else ("above" if true > 0 else "none")


if __name__ == "__main__":
    main()
