"""Samplers compared on the lab's recorded table, in seconds and without a trial.

Each sampler searches the default study's space in rounds, as a study does; a suggestion is
scored by the recorded cell nearest to it (the same language set, the nearest mixture, the nearest
rate), on the selection panel and with one of the cell's seeds, drawn. Told is the mean over
targets. What a search picks, the cell of its best value, is then looked up on the report panel,
over all seeds. Printed is how far that lies below the best cell of the table (which, being picked
from all on few seeds, is itself too high: the same for all samplers), with a 90 % t interval over
searches, and what each sampler gains over random search, paired by the search's seed.

    python -m tests.bench.searchers --searches 100      about a minute
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import stats

from search.sampler import Sampler, SamplerName
from search.snapshot import take_snapshot
from search.study import Study
from spaces.search_space import SearchSpace
from spaces.trial_config import TrialConfig
from tests.bench.lab_sweep import TABLE
from trainables.lab import Lab
from trainables.workspace import Workspace

ROUND = 6
LOOKS = (6, 12, 24, 48)  # trials after which a search is asked what it would pick


class Recorded:
    """The table: cells by what they are, their scores by seed on either panel. Points, 0 to 100."""

    def __init__(self, path: Path, study: Study, space: SearchSpace) -> None:
        self._space = space
        self._tasks = study.intermediate.tasks
        rows = [row for row in pq.read_table(path).to_pylist() if row["order"] is not None]
        cells: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in rows:
            cells.setdefault(self._key(row), []).append(row)
        self._keys = list(cells)
        self.selection, self.report = (
            np.array([[np.mean([row[f"{panel} {task}"] for task in study.targets.tasks])
                       for row in held] for held in cells.values()])
            for panel in ("selection", "report"))  # [cells, seeds]

    def _key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        weights = tuple(row[task] for task in self._tasks)
        return weights, self._codes(row["order"], row["count"]), row["learning_rate"]

    def _codes(self, order: str, count: int) -> frozenset[str]:
        pool = self._space.intermediate.languages
        chosen = next(each for each in pool.sets() if (each.order, each.count) == (order, count))
        return frozenset(self._space.resolved(chosen))

    def nearest(self, config: TrialConfig) -> int:
        """Return the number of the cell nearest to a trial."""
        phase = config.intermediate
        assert phase is not None
        wanted = [phase.mixture[task] for task in self._tasks]
        codes = frozenset(self._space.resolved(phase.languages))

        def distance(cell: int) -> tuple[float, float]:
            weights, _, rate = self._keys[cell]
            return (sum(abs(one - two) for one, two in zip(wanted, weights, strict=True)),
                    abs(math.log(rate / phase.recipe.learning_rate)))

        return min((cell for cell, (_, held, _) in enumerate(self._keys) if held == codes),
                   key=distance)


def picks(name: SamplerName, seed: int, study: Study, space: SearchSpace,
          table: Recorded) -> list[float]:
    """Return the report score of what one search would pick after each look."""
    sampler = Sampler(space.distributions(), name=name, seed=seed)
    random = np.random.default_rng(seed)
    told: list[tuple[float, int]] = []
    found = []
    for _ in range(max(LOOKS) // ROUND):
        asked = [sampler.ask() for _ in range(ROUND)]
        for number, suggestion in asked:
            cell = table.nearest(space.decode(suggestion, seed=0, fidelity=study.fidelity.search))
            value = float(random.choice(table.selection[cell]))
            sampler.tell(number, value)
            told.append((value, cell))
        if len(told) in LOOKS:
            found.append(float(table.report[max(told)[1]].mean()))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=100, help="searches a sampler [100]")
    parser.add_argument("--table", type=Path, default=TABLE, help=f"[{TABLE.name}]")
    given = parser.parse_args(arguments)
    if not given.table.is_file():
        parser.error(f"`--table` must be a file of `lab_sweep`, got none at {given.table}")
    study = Study.from_file("lab")
    with tempfile.TemporaryDirectory() as storage:
        workspace = Workspace(store=f"{storage}/store", cache=f"{storage}/cache")
        space = study.space(take_snapshot(study, workspace).sizes)
    table = Recorded(given.table, study, space)
    sys.stdout.write(_recorded(given.table))
    best = table.report.mean(axis=1).max()
    found = {name: np.array([picks(name, seed, study, space, table)
                             for seed in range(given.searches)])
             for name in get_args(SamplerName)}
    sys.stdout.write(f"{len(table.report)} cells, the best {best:.2f} points, the mean "
                     f"{table.report.mean():.2f}; {given.searches} searches a sampler\n"
                     "| sampler | " + " | ".join(f"{look} trials" for look in LOOKS)
                     + f" |\n|---|{'---|' * len(LOOKS)}\n")
    for name, scores in found.items():
        _write_row(f"{name}: below the best", best - scores)
    for name, scores in found.items():
        if name != "random":
            _write_row(f"{name} over random", scores - found["random"])


def _recorded(path: Path) -> str:
    """Say when and on which lab a table was recorded."""
    found = {key.decode(): value.decode() for key, value in pq.read_schema(path).metadata.items()}
    lab = Lab(Path()).fingerprint
    whose = "this lab" if found["lab"] == lab else f"lab {found['lab']}, no longer this one ({lab})"
    return f"recorded {found['date']} on {whose} by {found['command']}\n"


def _write_row(name: str, values: NDArray[np.float64]) -> None:
    half = stats.t.ppf(0.95, len(values) - 1) * stats.sem(values, axis=0)
    cells = [f"{mean:.2f} ± {each:.2f}" for mean, each in
             zip(values.mean(axis=0), half, strict=True)]
    sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
