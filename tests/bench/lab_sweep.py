"""The lab's recorded table: some five hundred real trials on a grid over the default study's space.

Seven mixtures (each task alone, the pairs in halves, all three alike), language sets of every
count in either order, two learning rates, four seeds, and each seed's control; scores on both
panels in points, and on the report panel also on rows that are no near-copies of English, by
balanced accuracy. So searchers and estimators can be compared in seconds (`searchers`).

    python -m tests.bench.lab_sweep                 about twenty minutes on two cores
    python -m tests.bench.lab_sweep --storage DIR   keeps finished phases: a second run goes on

It writes `tests/bench/lab_sweep.parquet`; what made it is in the file's own metadata.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from search.snapshot import take_snapshot
from search.study import Study
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture, uniform
from spaces.points import Point
from spaces.search_space import SearchSpace
from spaces.trial_config import TrialConfig
from tests.bench.bare import waiting_lease
from trainables.context import Context
from trainables.lab import Lab
from trainables.scores import Scores
from trainables.trial import run_trial
from trainables.workspace import Workspace

TABLE = Path(__file__).with_name("lab_sweep.parquet")
RATES = (1.5e-3, 3e-3)
LIBRARIES = ("babel", "numpy", "scipy", "tokenizers", "torch", "transformers")


def grid(study: Study, space: SearchSpace) -> list[Point]:
    """Return every cell of the table once: equal language sets of two orders are one."""
    sets: dict[tuple[str, ...], LanguageSet] = {}
    for languages in study.intermediate.languages.sets():
        sets.setdefault(tuple(sorted(space.resolved(languages))), languages)
    return [Point(mixture=mixture, languages=languages, intermediate_learning_rate=rate)
            for mixture in mixtures(study.intermediate.tasks)
            for languages in sets.values() for rate in RATES]


def mixtures(tasks: Sequence[str]) -> list[Mixture]:
    """Return each task alone, every two in halves, and all alike."""
    return [uniform(chosen) for size in (1, 2, len(tasks)) for chosen in combinations(tasks, size)]


def measure(job: tuple[str, str]) -> dict[str, float]:
    """Run one trial: its configuration as JSON, and the storage. Returns its columns of scores."""
    config, storage = TrialConfig.model_validate_json(job[0]), Path(job[1])
    workspace = Workspace(store=f"{storage}/store", cache=f"{storage}/cache", one_machine=True)
    (*_, outcome) = run_trial(config, Context(workspace, lease=waiting_lease(storage / "locks")))
    return {name: round(value, 3) for target in config.targets
            for name, value in _scores(outcome.scores, target)}


def _scores(scores: Scores, target: str) -> Iterator[tuple[str, float]]:
    metric = scores.primary_metrics("all")[target]
    yield f"selection {target}", scores.mean(target, "selection", metric)
    yield f"report {target}", scores.mean(target, "report", metric)
    apart = scores.primary_metrics("non-copy")[target]
    yield f"report non-copy {target}", scores.mean(target, "report", apart, subset="non-copy")


def described(config: TrialConfig, study: Study) -> dict[str, Any]:
    """Return a trial's columns that say what it is; a control has no mixture."""
    phase = config.intermediate
    weights = {task: phase.mixture[task] if phase else 0.0 for task in study.intermediate.tasks}
    return weights | {
        "order": phase.languages.order if phase else None,
        "count": phase.languages.count if phase else None,
        "learning_rate": phase.recipe.learning_rate if phase else None,
        "seed": config.seed}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="lab", help="whose space it is [lab]")
    parser.add_argument("--seeds", type=int, default=4, help="seeds of each cell [4]")
    parser.add_argument("--cells", type=int, help="only so many cells, to try it out")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    parser.add_argument("--storage", help="where finished phases are kept [a temporary directory]")
    parser.add_argument("--out", type=Path, default=TABLE, help=f"[{TABLE.name}]")
    given = parser.parse_args(arguments)
    study = Study.from_file(given.study)
    with tempfile.TemporaryDirectory() as temporary:
        storage = Path(given.storage or temporary)
        storage.mkdir(parents=True, exist_ok=True)
        configs = _configs(study, storage, seeds=given.seeds, cells=given.cells)
        rows = [described(config, study) | scores for config, scores in
                zip(configs, _measured(configs, storage, given.processes), strict=True)]
    metadata = _described(study, f"--seeds {given.seeds}")
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata(metadata), given.out,
                   compression="zstd")
    sys.stdout.write(f"{len(rows)} trials in {given.out}\n")


def _configs(study: Study, storage: Path, *, seeds: int, cells: int | None) -> list[TrialConfig]:
    workspace = Workspace(store=f"{storage}/store", cache=f"{storage}/cache", one_machine=True)
    space = study.space(take_snapshot(study, workspace).sizes)
    fidelity = study.fidelity.search
    points = grid(study, space)[:cells]
    trials = [space.config(point, seed=seed, fidelity=fidelity)
              for seed in range(seeds) for point in points]
    controls = [trials[seed * len(points)].control() for seed in range(seeds)]
    return controls + trials


def _measured(
    configs: Sequence[TrialConfig], storage: Path, processes: int
) -> Iterator[dict[str, float]]:
    """Yield each trial's scores in turn, saying how many are done."""
    jobs = [(config.model_dump_json(), str(storage)) for config in configs]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, scores in enumerate(pool.imap(measure, jobs), start=1):
            if number % 20 == 0 or number == len(jobs):
                sys.stderr.write(f"{number} of {len(jobs)} trials\n")
            yield scores


def provenance() -> dict[str, str]:
    """Return when and with what a recorded table is made, as a Parquet file's metadata."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "lab": Lab(Path()).fingerprint,
        "libraries": json.dumps({name: version(name) for name in LIBRARIES}),
    }


def _described(study: Study, options: str) -> dict[str, str]:
    return provenance() | {
        "command": f"python -m tests.bench.lab_sweep --study {study.study} {options}",
        "model": study.models[0].model_dump_json(),
        "fidelity": study.fidelity.search.model_dump_json(),
        "panels": study.panels.model_dump_json(),
        "units": "scores in points, 0 to 100; weights sum to 1; count: non-English languages",
    }


if __name__ == "__main__":
    main()
