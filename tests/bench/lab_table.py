"""What each intermediate task of the lab does to each of its targets, as one table.

Each cell is the score in languages that no trial trains on, mean and standard deviation over
seeds, in points, and in brackets that on rows that are no near-copies of English, by balanced
accuracy (of retrieval by accuracy). The first row is the control; English is its English test.

    python -m tests.bench.lab_table --seeds 3            about five minutes on two cores
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple, get_args

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.lab_tasks import LAB_TASKS
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Cell, Mixture
from spaces.models import find_model
from spaces.tasks import find_task
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from trainables.phases import Context
from trainables.scores import Scores, Subset
from trainables.trial import run_trial
from trainables.workspace import Workspace

UNSEEN = ("cy", "el", "eu", "fi", "he", "ja", "ka", "mr", "sk", "ur", "uz", "vi")
TRAINED = ("am", "ar", "az", "bg", "bn", "cs", "de", "es", "fa", "fr", "hi", "hu", "id", "ko",
           "pl", "ru")
RECIPE = Recipe(learning_rate=2e-3, batch_size=32)


class Measured(NamedTuple):
    """One trial's scores in points.

    `english` is None of a target without English rows, `non_copy` where no language has enough.
    """

    english: float | None
    unseen: float
    non_copy: float | None


def measure(job: tuple[str, str, str | None, int, str]) -> Measured:
    """Run one trial: model, target, intermediate task, seed, storage."""
    model, target, task, seed, storage = job
    context = Context(Workspace(store=f"{storage}/store", cache=f"{storage}/cache"))
    config = TrialConfig(
        model=find_model(model), intermediate=_intermediate(task), targets=(target,),
        target=RECIPE, seed=seed,
        fidelity=Fidelity(name="search", intermediate_examples=3200 if task else 0,
                          target_examples=2400, evaluation_rows=200),
        panels=Panels(selection=Panel(languages=UNSEEN[:1]),
                      report=Panel(languages=(ENGLISH, *UNSEEN))))
    (*_, outcome) = run_trial(config, context)
    points, apart = (_points(outcome.scores, target, subset) for subset in get_args(Subset))
    english = points.pop(ENGLISH, None)
    return Measured(english, statistics.fmean(points.values()),
                    statistics.fmean(apart.values()) if apart else None)


def _points(scores: Scores, target: str, subset: Subset) -> dict[str, float]:
    metric = scores.primary_metrics(subset).get(target)
    return scores.points(target, "report", metric, subset) if metric else {}


def _intermediate(task: str | None) -> Intermediate | None:
    if task is None:
        return None
    offered = [code for code in (ENGLISH, *TRAINED) if code in find_task(task, LAB_TASKS).train]
    return Intermediate(
        mixture=Mixture(weights=((task, 1.0),)), recipe=RECIPE,
        languages=LanguageSet(order="random:0", count=len(offered) - 1, english=True),
        cells=tuple(Cell(task=task, language=code, weight=1 / len(offered)) for code in offered))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lab-small", help="a lab encoder [lab-small]")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each cell [3]")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them [0]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    given = parser.parse_args(arguments)
    targets = [task.name for task in LAB_TASKS if "target" in task.roles]
    rows: list[str | None] = [None, *(task.name for task in LAB_TASKS if task.trained)]
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    with tempfile.TemporaryDirectory() as storage:
        jobs = [(given.model, target, task, seed, storage)
                for task in rows for target in targets for seed in seeds]
        measure(jobs[0])  # the encoder and the data, once
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = dict(zip(jobs, pool.map(measure, jobs, chunksize=1), strict=True))
    sys.stdout.write(f"| intermediate | {' | '.join(targets)} |\n|---|{'---|' * len(targets)}\n")
    for task in rows:
        cells = [_cell([found[given.model, target, task, seed, storage] for seed in seeds],
                       with_english=task is None) for target in targets]
        sys.stdout.write(f"| {task or 'none (control)'} | {' | '.join(cells)} |\n")


def _cell(found: Sequence[Measured], *, with_english: bool) -> str:
    unseen = [each.unseen for each in found]
    apart = [each.non_copy for each in found if each.non_copy is not None]
    text = f"{statistics.fmean(unseen):.1f} ± {statistics.stdev(unseen):.1f}"
    text += f" ({statistics.fmean(apart):.1f})" if apart else ""
    english = [each.english for each in found if each.english is not None]
    return f"{text}, English {statistics.fmean(english):.1f}" if with_english and english else text


if __name__ == "__main__":
    main()
