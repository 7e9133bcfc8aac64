"""The lab's ladder: what size does to the control, and to the gain from an intermediate task.

One row a size of encoder, by the parameters of its body (embeddings apart), all pretrained for as
many steps on the same text: the control's score, and the gain of `--intermediate` over the control
of the same seed, as `lab_table` writes them and in its languages, from seeds of pretraining that
chose nothing.

With `--choose` each size's controls are scored instead, with learning rates and steps around its
own, on the validation rows of the default study's panel: what the recipes in `spaces.models` and
the rates of training here were chosen by.

    python -m tests.bench.lab_ladder                      hours on two cores, most for the largest
    python -m tests.bench.lab_ladder --models lab-small lab-medium --seeds 3
    python -m tests.bench.lab_ladder --choose --models lab-small
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
from collections.abc import Iterator, Sequence
from itertools import islice, product
from multiprocessing.pool import Pool
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from search.study import Study
from spaces.models import LabModel
from spaces.trial_config import Recipe
from tests.bench.lab_table import MODELS, RECIPE, Job, gain, measure, run, score
from trainables.encoder_ref import count_parameters

TARGETS = ("lab-measure", "lab-choice")
FIRST_SEED = 100
STEPS = 900  # of pretraining; the default encoder has fewer, so as to be there in seconds
TARGET_EXAMPLES = 2400
RATES = {32: 3e-3, 64: 2e-3, 96: 1.5e-3, 128: 1e-3, 144: 1e-3, 192: 7e-4, 256: 5e-4}
"""The peak learning rate of both trainings, by the encoder's hidden size."""


class Recipes(NamedTuple):
    """A way to pretrain and train one size: factors of its own rates and steps."""

    pretraining_rate: float
    steps: float
    rate: float


AROUND = (Recipes(1, 1, 1), Recipes(0.5, 1, 1), Recipes(2, 1, 1), Recipes(1, 1, 0.5),
          Recipes(1, 1, 2), Recipes(1, 1.5, 1))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [name for name in MODELS if name != "lab-tiny"]
    parser.add_argument("--models", nargs="+", default=sizes, choices=sizes, metavar="MODEL",
                        help=f"of {', '.join(sizes)} [all]")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each size [3]")
    parser.add_argument("--intermediate", default="lab-tags", help="the task [lab-tags]")
    parser.add_argument("--choose", action="store_true", help="score recipes, by validation")
    parser.add_argument("--recipes", type=int, default=len(AROUND), metavar="N",
                        help=f"to choose from, its own the first [{len(AROUND)}]")
    parser.add_argument("--processes", type=int, default=2, help="trials at once [2]")
    parser.add_argument("--storage", help="where finished phases are kept [a temporary directory]")
    given = parser.parse_args(arguments)
    models = [MODELS[name].model_copy(update={"steps": STEPS}) for name in given.models]
    with TemporaryDirectory() as temporary:
        storage = given.storage or temporary
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            lines = (_choose(models, given.recipes, given.seeds, storage, pool) if given.choose else
                     _measure(models, given.intermediate, given.seeds, storage, pool))
            for line in lines:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()


def _measure(
    models: Sequence[LabModel], task: str, seeds: int, storage: str, pool: Pool
) -> Iterator[str]:
    """Yield the ladder's table, a line a size."""
    rows = (None, task)
    jobs = [Job(model, target, each, seed, storage, _recipe(model),
                target_examples=TARGET_EXAMPLES)
            for model in models for target, each, seed in product(
                TARGETS, rows, range(FIRST_SEED, FIRST_SEED + seeds))]
    measured = pool.imap(measure, jobs)
    cells = [f"{target}, {row}" for target in TARGETS for row in ("control", "gain")]
    yield f"| encoder | body parameters | {' | '.join(cells)} |"
    yield f"|---|---|{'---|' * len(cells)}"
    for model in models:
        found = np.array(list(islice(measured, len(jobs) // len(models)))).reshape(
            len(TARGETS), len(rows), seeds, -1)
        written = [text for control, trained in found
                   for text in (score(control), gain(trained - control))]
        body = count_parameters(model, None).body
        yield f"| `{model.name}` | {body:,} | {' | '.join(written)} |"


def _choose(
    models: Sequence[LabModel], recipes: int, seeds: int, storage: str, pool: Pool
) -> Iterator[str]:
    """Yield the control's scores on validation rows, a line a size and recipe."""
    # Targets outermost: two trials at once are to wait for no encoder of each other's.
    jobs = [_tried(model, around, target, seed, storage) for model in models
            for target, around, seed in product(TARGETS, AROUND[:recipes], range(seeds))]
    scored = pool.imap(validated, jobs)
    for model in models:
        found = np.array(list(islice(scored, len(jobs) // len(models)))).reshape(
            len(TARGETS), -1, seeds)
        for number, around in enumerate(AROUND[:recipes]):
            job = _tried(model, around, "", 0, storage)
            each = ", ".join(f"{target} {' '.join(f'{score:.1f}' for score in scores)}"
                             for target, scores in zip(TARGETS, found[:, number], strict=True))
            yield (f"{model.name}, {job.model.steps} steps at {job.model.learning_rate:g}, then "
                   f"{job.recipe.learning_rate:g}: {found[:, number].mean():.1f}; {each}")


def _tried(model: LabModel, around: Recipes, target: str, seed: int, storage: str) -> Job:
    tried = model.model_copy(update={
        "learning_rate": model.learning_rate * around.pretraining_rate,
        "steps": round(model.steps * around.steps)})
    return Job(tried, target, None, seed, storage, _recipe(model, around.rate),
               target_examples=TARGET_EXAMPLES)


def validated(job: Job) -> float:
    """Return a trial's score on the default study's selection panel, in points."""
    panel = Study.from_file("lab").panels.selection
    scores = run(job, selection=panel, report=panel[:1])
    metric = scores.primary_metrics("all")[job.target]
    return statistics.fmean(scores.points(job.target, "selection", metric).values())


def _recipe(model: LabModel, factor: float = 1.0) -> Recipe:
    return Recipe(learning_rate=RATES[model.hidden] * factor, batch_size=RECIPE.batch_size)


if __name__ == "__main__":
    main()
