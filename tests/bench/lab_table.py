"""What each intermediate task of the lab does to each of its targets, as one table.

The first row is the control's score in points; each other cell is the gain over the control of
the same seed, which has its own encoder: means and 90 % t intervals over seeds, on rows of the
report panel in languages that no trial trains on. In brackets the same on rows that are no
near-copies of English, by balanced accuracy (of retrieval by accuracy). English is the control's
English test.

Recipes were chosen on seeds below 100 and on the languages of the default study's panels; the
table's seeds and languages are others.

    python -m tests.bench.lab_table               about twenty minutes on two cores
    python -m tests.bench.lab_table --seeds 3
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Sequence
from itertools import product, starmap
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.lab_tasks import LAB_TASKS
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Cell, Mixture
from spaces.models import LAB_MODELS, LabModel
from spaces.tasks import find_task
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from tests.bench.bare import waiting_lease
from trainables.context import Context
from trainables.scores import Scores, Subset
from trainables.trial import run_trial
from trainables.workspace import Workspace

UNSEEN = ("af", "ca", "et", "gu", "hr", "hy", "kk", "mk", "ml", "nl", "ro", "te")
TRAINED = ("am", "ar", "az", "bg", "bn", "cs", "de", "es", "fa", "fr", "hi", "hu", "id", "ko",
           "pl", "ru")
MODELS = {model.name: model for model in LAB_MODELS}
Floats = npt.NDArray[np.float64]
RECIPE = Recipe(learning_rate=2e-3, batch_size=32)


class Measured(NamedTuple):
    """One trial's scores in points; NaN where there is nothing to score.

    That is `english` of a target without English rows, and `non_copy` where no language has enough.
    """

    english: float
    unseen: float
    non_copy: float


class Job(NamedTuple):
    """One trial: an encoder, a target, an intermediate task or none, and where all is kept."""

    model: LabModel
    target: str
    task: str | None
    seed: int
    storage: str
    recipe: Recipe = RECIPE  # of both trainings
    languages: tuple[str, ...] = TRAINED  # of the intermediate task, beside English
    target_examples: int = 3200


def measure(job: Job) -> Measured:
    """Run one trial; its selection panel is as small as can be, since nothing is selected."""
    scores = run(job, selection=UNSEEN[:1], report=(ENGLISH, *UNSEEN))
    points, apart = (_points(scores, job.target, subset) for subset in get_args(Subset))
    english = points.pop(ENGLISH, math.nan)
    return Measured(english, statistics.fmean(points.values()),
                    statistics.fmean(apart.values()) if apart else math.nan)


def run(job: Job, *, selection: Sequence[str], report: Sequence[str]) -> Scores:
    """Run one trial, whose encoder is pretrained from its own seed, and return its scores."""
    context = Context(Workspace(store=f"{job.storage}/store", cache=f"{job.storage}/cache"),
                      lease=waiting_lease(Path(job.storage) / "locks"))
    config = TrialConfig(
        model=job.model, intermediate=_intermediate(job),
        targets=(job.target,), target=job.recipe, seed=job.seed, pretraining_seed=job.seed,
        fidelity=Fidelity(name="search", intermediate_examples=3200 if job.task else 0,
                          target_examples=job.target_examples, evaluation_rows=200),
        panels=Panels(selection=Panel(languages=tuple(selection)),
                      report=Panel(languages=tuple(report))))
    (*_, outcome) = run_trial(config, context)
    return outcome.scores


def _points(scores: Scores, target: str, subset: Subset) -> dict[str, float]:
    metric = scores.primary_metrics(subset).get(target)
    return scores.points(target, "report", metric, subset) if metric else {}


def _intermediate(job: Job) -> Intermediate | None:
    if job.task is None:
        return None
    train = find_task(job.task, LAB_TASKS).train
    offered = [code for code in (ENGLISH, *job.languages) if code in train]
    return Intermediate(
        mixture=Mixture(weights=((job.task, 1.0),)), recipe=job.recipe,
        languages=LanguageSet(order="random:0", count=len(offered) - 1, english=True),
        cells=tuple(Cell(task=job.task, language=code, weight=1 / len(offered))
                    for code in offered))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lab-small", choices=list(MODELS), metavar="MODEL",
                        help=f"one of {', '.join(MODELS)} [lab-small]")
    parser.add_argument("--seeds", type=int, default=10, help="seeds of each cell [10]")
    parser.add_argument("--first-seed", type=int, default=100, help="the first of them [100]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    given = parser.parse_args(arguments)
    targets = [task.name for task in LAB_TASKS if "target" in task.roles]
    rows: list[str | None] = [None, *(task.name for task in LAB_TASKS if task.trained)]
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    model = MODELS[given.model]
    with tempfile.TemporaryDirectory() as storage:
        jobs = list(starmap(Job, product([model], targets, rows, seeds, [storage])))
        measure(jobs[0])  # the data, once
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = dict(zip(jobs, pool.map(measure, jobs, chunksize=1), strict=True))
    sys.stdout.write(f"| intermediate | {' | '.join(targets)} |\n|---|{'---|' * len(targets)}\n")
    for task in rows:
        cells = []
        for target in targets:
            own, control = (np.array([found[Job(model, target, each, seed, storage)]
                                      for seed in seeds]) for each in (task, None))
            cells.append(gain(own - control) if task else score(control))
        sys.stdout.write(f"| {f'`{task}`' if task else 'none (control)'} | "
                         f"{' | '.join(cells)} |\n")


def score(measured: Floats) -> str:
    """Write the scores of `Measured`, shape [seeds, 3], as a cell of the table."""
    english, unseen, apart = _intervals(measured, sign="")
    known = "" if math.isnan(measured[0, 0]) else f", English {english}"
    return f"{unseen} ({apart}){known}"


def gain(measured: Floats) -> str:
    """Write the gains of `Measured`, shape [seeds, 3], as a cell of the table."""
    _, unseen, apart = _intervals(measured, sign="+")
    return f"{unseen} ({apart})"


def _intervals(measured: Floats, sign: str) -> list[str]:
    """Return each column's mean and the half width of its 90 % t interval over seeds, written."""
    halves = stats.t.ppf(0.95, len(measured) - 1) * stats.sem(measured, axis=0)
    return [f"{mean:{sign}.1f} ± {half:.1f}"
            for mean, half in zip(measured.mean(axis=0), halves, strict=True)]


if __name__ == "__main__":
    main()
