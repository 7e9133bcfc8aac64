"""What is said where little can be: truths that flatten, fall, bend or rise, and runs that failed.

Each case is a simulated run with a known truth, read out as a search's own is; its answer is
printed in full, with the numbers that the read-out gives.

    python -m tests.bench.readout_cases                   seconds
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from search.doublings import Observation
from search.headline import headline
from search.readout import read_out
from search.results import Outcome
from search.saturation import Saturation, locate_observations
from tests.search.simulated_results import QUESTION, curve, search

Truth = Callable[[float], float]

CURVES: dict[str, Truth] = {
    "flat": lambda x: 60.0,
    "falling": lambda x: 60 - 1.5 * math.log2(x),
    "S": lambda x: 60 + 6 / (1 + math.exp(-3 * (math.log2(x) - 1.5))),
    "flattening (a power)": lambda x: 60 - 7 / x,
    "still rising": lambda x: 60 + 1.2 * math.log2(x),
}
EFFECTS = {"dates": 3.0, "entities": 2.6, "numbers": 0.0}


def found_on(truth: Truth, *, orders: int = 6, seeds: int = 2) -> Saturation:
    """Return what a curve of a truth is found to be, with 0.1 points of noise a trial."""
    draw = np.random.default_rng(0)
    return locate_observations(
        [Observation(x=float(x), score=truth(x) + draw.normal(0, 0.1), order=str(order),
                     block=str(seed))
         for order, seed, x in product(range(orders), range(seeds), (1, 2, 4, 8, 16))],
        worth=0.5, axis="languages")


def main() -> None:
    for line in (*_curves(), *_searches()):
        sys.stdout.write(f"{line}\n")


def _curves() -> Iterator[str]:
    for name, truth in CURVES.items():
        yield from _curve(name, found_on(truth))
    yield from _curve("one seed and one order only", found_on(CURVES["S"], orders=1, seeds=1))


def _curve(name: str, found: Saturation) -> Iterator[str]:
    given = {number: getattr(found, number) for number in ("x_star", "low", "high", "falls_after")}
    told = ", ".join(f"{number} {value:g}" for number, value in given.items() if value is not None)
    yield f"{name}: {found.verdict} ({told or 'no number'})"
    yield f"    {found.sentence}"


def _searches() -> Iterator[str]:
    whole = search(EFFECTS) + curve(lambda x: 60 - 4 / (x + 1))
    cases = {
        "a search with an answer": whole,
        "all trials failed": [each.model_copy(update={
            "outcome": Outcome.FAILED, "scores": None, "error": "out of memory"})
            for each in whole],
        "the controls are missing": [each for each in whole if not each.config.is_control],
        "one fresh seed only": [each for each in whole if each.config.seed < 101],
    }
    for name, results in cases.items():
        readout = read_out(results, QUESTION, search="lab-1")
        intervals = sum(entry.low is not None for entry in readout.entries)
        yield f"{name}: {intervals} of {len(readout.entries)} entries with an interval"
        yield f"    {headline(readout)}"
        yield from (f"    next: {sentence}" for sentence in readout.next[:1])


if __name__ == "__main__":
    main()
