"""Does the lab order intermediate tasks as real data does? Spearman's rank correlation.

Six intermediate tasks of the lab stand beside six of the benchmarks that are alike in what they
ask; both sides train on English alone and are scored on targets of shared kinds, in languages
never trained on. A task's gain on a target is over the control of the same seed; `all` is the mean
over targets, each in standard deviations of its gains over the tasks. The lab side runs the
lab's encoder, the other a published one.

    python -m tests.bench.lab_and_hub --hub DIR --model DIR

DIRs are a directory of hub clones and one of an encoder: about half an hour on two cores. The
interval is a percentile bootstrap over seeds, those of either side apart; the six tasks are fixed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
from collections.abc import Sequence
from itertools import product, starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from scipy import stats

from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Cell, Mixture
from spaces.models import find_model
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from tests.bench.bare import waiting_lease
from tests.bench.lab_table import RECIPE, UNSEEN, Floats
from trainables.context import Context
from trainables.trial import run_trial
from trainables.workspace import Workspace

PAIRS = (("lab-tags", "udpos"), ("lab-names", "panx"), ("lab-same", "pawsx"),
         ("lab-kind", "mnli"), ("lab-qa", "squad"), ("lab-choice", "hellaswag"))
TARGETS = (("lab-tags", "udpos"), ("lab-measure", "xnli"), ("lab-retrieval", "tatoeba"))
SIDES = ("lab", "hub")
LANGUAGES = (UNSEEN, ("ar", "bg", "de", "el", "es", "fr", "hi", "ru", "tr", "ur", "vi", "zh"))
RECIPES = (RECIPE, Recipe(learning_rate=1e-4, batch_size=16))
FIDELITIES = (Fidelity(name="search", intermediate_examples=3200, target_examples=2400,
                       evaluation_rows=200),
              Fidelity(name="search", intermediate_examples=1600, target_examples=1000,
                       evaluation_rows=60))
FIRST_SEED = 100
RESAMPLES = 2_000


class Job(NamedTuple):
    """One trial: its side (0 the lab, 1 the hub), its encoder, a pair's number or none."""

    side: int
    model: str
    pair: int | None
    seed: int
    hub: str
    storage: str


def measure(job: Job) -> list[float]:
    """Run one trial; return its score on each target, the mean over languages, in points."""
    context = Context(Workspace(store=f"{job.storage}/store", cache=f"{job.storage}/cache",
                                hub=job.hub),
                      lease=waiting_lease(Path(job.storage) / "locks"))
    targets = tuple(each[job.side] for each in TARGETS)
    panel = Panel(languages=LANGUAGES[job.side])
    recipe, fidelity = RECIPES[job.side], FIDELITIES[job.side]
    config = TrialConfig(
        model=find_model(job.model), targets=targets, target=recipe, seed=job.seed,
        pretraining_seed=job.seed if job.side == 0 else 0, fidelity=fidelity,
        intermediate=None if job.pair is None else _intermediate(
            PAIRS[job.pair][job.side], recipe),
        panels=Panels(selection=panel, report=panel))
    (*_, outcome) = run_trial(config if job.pair is not None else config.control(), context)
    scores, metrics = outcome.scores, outcome.scores.primary_metrics("all")
    return [statistics.fmean(scores.points(name, "report", metrics[name]).values())
            for name in targets]


def _intermediate(task: str, recipe: Recipe) -> Intermediate:
    return Intermediate(
        mixture=Mixture(weights=((task, 1.0),)), recipe=recipe,
        languages=LanguageSet(order="random:0", count=0, english=True),
        cells=(Cell(task=task, language=ENGLISH, weight=1.0),))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hub", required=True, help="a directory of hub clones")
    parser.add_argument("--model", required=True, help="a published encoder")
    parser.add_argument("--lab-model", default="lab-small", help="the lab's encoder [lab-small]")
    parser.add_argument("--seeds", type=int, default=3, help="seeds on either side [3]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    given = parser.parse_args(arguments)
    rows = (None, *range(len(PAIRS)))
    seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
    with TemporaryDirectory() as storage:
        jobs = [list(starmap(Job, product([side], [model], rows, seeds, [given.hub], [storage])))
                for side, model in enumerate((given.lab_model, given.model))]
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = np.array(pool.map(measure, [*jobs[0], *jobs[1]], chunksize=1))
    scores = found.reshape(len(SIDES), len(rows), given.seeds, len(TARGETS))
    sys.stdout.write("".join(f"{line}\n" for line in _lines(scores)))


def _lines(scores: Floats) -> list[str]:
    """Return the table of gains and the correlations. Scores: [sides, rows, seeds, targets]."""
    gains = scores[:, 1:] - scores[:, :1]
    names = [f"{lab} / {hub}" for lab, hub in TARGETS]
    lines = [f"| intermediate | {' | '.join(names)} |", f"|---|{'---|' * len(names)}",
             _row("none (controls)", scores[:, 0], sign="")]
    lines += [_row(" / ".join(pair), gains[:, number], sign="+")
              for number, pair in enumerate(PAIRS)]
    found, draws = correlations(gains.mean(axis=2)), _resampled(gains)
    lows, highs = np.quantile(draws, [0.05, 0.95], axis=0)
    return lines + [f"Spearman, {name}: {value:+.2f} [{low:+.2f}, {high:+.2f}]"
                    for name, value, low, high in
                    zip([*names, "all"], found, lows, highs, strict=True)]


def _row(name: str, values: Floats, sign: str) -> str:
    """Return a line of the table. Values: [sides, seeds, targets]."""
    cells = [" / ".join(f"{column.mean():{sign}.1f} ± {column.std(ddof=1):.1f}"
                        for column in values[:, :, target]) for target in range(len(TARGETS))]
    return f"| {name} | {' | '.join(cells)} |"


def correlations(gains: Floats) -> Floats:
    """Return Spearman's correlation of the sides for each target, and for all targets together.

    Args:
        gains: mean over seeds. Shape [sides, tasks, targets].
    """
    together = (gains / gains.std(axis=1, keepdims=True)).mean(axis=2)
    columns = [*np.moveaxis(gains, 2, 0), together]
    return np.array([stats.spearmanr(lab, hub).statistic for lab, hub in columns])


def _resampled(gains: Floats) -> Floats:
    """Return correlations of bootstrap samples of the seeds. Shape [resamples, targets + 1]."""
    random = np.random.default_rng(0)
    seeds = gains.shape[2]
    drawn = random.integers(seeds, size=(RESAMPLES, len(SIDES), seeds))
    return np.array([correlations(np.stack([side[:, picked].mean(axis=1) for side, picked in
                                            zip(gains, sample, strict=True)]))
                     for sample in drawn])


if __name__ == "__main__":
    main()
