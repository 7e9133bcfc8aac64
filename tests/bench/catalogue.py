"""Every catalogued task of a benchmark, trained or scored end to end on a mirror.

A target is tuned for a few steps in English and scored in every language that the mirror has; an
intermediate task is trained for a few steps in every language that it has there. Nothing is
learnt in so few: the table says that data, encoding, head, prediction and metric fit together.

    python -m tests.bench.catalogue --hub DIR            minutes on two cores
    python -m tests.bench.catalogue --hub DIR --tasks xcopa squad2 --model ENCODER_DIR
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Cell, Mixture
from spaces.models import Model, find_model
from spaces.tasks import Task
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from trainables.context import Context
from trainables.extents import spell_parts
from trainables.task_status import TaskStatus, status_of
from trainables.trial import run_trial
from trainables.workspace import Workspace

EXAMPLES = 64
RECIPE = Recipe(learning_rate=1e-4, batch_size=16)


def line(task: Task, status: TaskStatus, model: Model, context: Context) -> str:
    """Return a row of the table: what is there, and what training and scoring on it came to."""
    trained, scored = status.languages("train"), status.languages("validation", "test")
    cells = [task.name, f"{status.count('train'):,} in {len(trained)}",
             f"{status.count('validation', 'test'):,} in {len(scored)}",
             ", ".join(spell_parts(status.extents)) or status.extent or "-"]
    if status.faults:
        return " | ".join([*cells, status.faults[0]])
    if "intermediate" in task.roles:
        cells.append(_trained(task, trained, model, context) if trained else _why(status))
    else:
        cells.append("-")
    if "target" in task.roles:
        ready = scored and (not task.trained or ENGLISH in trained)
        cells.append(_scored(task, scored, model, context) if ready else _why(status))
    else:
        cells.append("-")
    return " | ".join(cells)


def _why(status: TaskStatus) -> str:
    return status.absent[0][1] if status.absent else "no rows"


def _scored(task: Task, languages: Sequence[str], model: Model, context: Context) -> str:
    """Tune on a task in English, score it in all languages, and say what came out."""
    config = _config(task.name, model, languages)
    (*_, outcome) = run_trial(config, context)
    metric = outcome.scores.primary_metrics()[task.name]
    found = outcome.scores.points(task.name, "report", metric)
    rows = sum(score.rows for score in outcome.scores.scores
               if score.metric == metric and score.panel == "report")
    return f"{metric} {statistics.fmean(found.values()):.1f} on {rows} rows in {len(found)}"


def _trained(task: Task, languages: Sequence[str], model: Model, context: Context) -> str:
    """Train on a task in all its languages, and say what that was."""
    config = _config("tatoeba", model, ("de",)).model_copy(update={"intermediate": Intermediate(
        mixture=Mixture(weights=((task.name, 1.0),)), recipe=RECIPE,
        languages=LanguageSet(order="random:0", count=len(set(languages) - {ENGLISH}),
                              english=ENGLISH in languages),
        cells=tuple(Cell(task=task.name, language=code, weight=1 / len(languages))
                    for code in languages))})
    (*_, outcome) = run_trial(config, context)
    (phase,) = [phase for phase in outcome.phases if phase.phase == "intermediate"]
    return f"{phase.cost.examples} examples, {phase.cost.tokens:,} tokens in {len(languages)}"


def _config(target: str, model: Model, languages: Sequence[str]) -> TrialConfig:
    panel = Panel(languages=tuple(languages))
    return TrialConfig(
        model=model, intermediate=None, targets=(target,), target=RECIPE, seed=0,
        fidelity=Fidelity(name="search", intermediate_examples=EXAMPLES, target_examples=EXAMPLES,
                          evaluation_rows=20),
        panels=Panels(selection=panel, report=panel))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [task.name for task in BENCHMARK_TASKS]
    parser.add_argument("--hub", required=True, help="a mirror of hub repositories")
    parser.add_argument("--tasks", nargs="+", default=names, choices=names, metavar="TASK")
    parser.add_argument("--model", default="lab-tiny", help="an encoder [lab-tiny]")
    given = parser.parse_args(arguments)
    sys.stdout.write("task | train rows in languages | other rows in languages | of those "
                     "published | trained | scored\n--- | --- | --- | --- | --- | ---\n")
    with tempfile.TemporaryDirectory() as storage:
        context = Context(Workspace(store=f"{storage}/store", cache=f"{storage}/cache",
                                    hub=str(Path(given.hub).absolute())))
        for name in given.tasks:
            task = context.task(name)
            status = status_of(task, context.sources)
            sys.stdout.write(line(task, status, find_model(given.model), context) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
