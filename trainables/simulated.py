"""Simulated trials: a known function of a configuration, scored on the real path in milliseconds.

They go through phases, store, leases and rungs like any trial; only the making is a formula. So
the search can be tested on what it should find.

A task t is worth a_t (`task_worth`); a mixture w gains the sum of a_t sqrt(w_t), which is largest
at w_t proportional to a_t squared over the tasks with a positive worth (Cauchy and Schwarz). The
gain saturates in the number of non-English languages, grows with the fraction of the examples
seen, and falls off quadratically in the logarithm of the learning rate. In place of the tasks'
worth, the same text with masked tokens is worth `TEXT_WORTH` and with shuffled labels
`SHUFFLED_WORTH`, whatever the mixture.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, ClassVar

import pyarrow.parquet as pq

from spaces.languages import ENGLISH
from spaces.models import SimulatedModel
from spaces.tasks import Task
from spaces.trial_config import Intermediate, TrialConfig
from trainables.context import Context, Setting
from trainables.evaluate import PREDICTIONS_FILE, PREDICTIONS_SCHEMA, SCORES_FILE
from trainables.metrics import metrics_of
from trainables.panel_sets import panel_languages
from trainables.phases import Made, Phase, PhaseKind
from trainables.scores import Cost, Score, Scores

__all__ = ["BEST_LEARNING_RATE", "SHUFFLED_WORTH", "TEXT_WORTH", "SimulatedPhase",
           "best_weights", "expected_gain", "simulated_rungs", "task_worth"]

BEST_LEARNING_RATE = 1e-3
TEXT_WORTH = 3.0  # points
SHUFFLED_WORTH = -1.0
_RATE_PENALTY = 4.0  # points per squared decade
_HALF_LANGUAGES = 4.0  # non-English languages that bring half of what is left to gain
_HALF_EXAMPLES = 0.25  # fraction of the examples, likewise


def task_worth(task: str) -> float:
    """Return what a task alone gains, in points: fixed by its name, between -4 and 12."""
    return -4.0 + 16.0 * _uniform(f"worth {task}")


def best_weights(tasks: Sequence[str]) -> dict[str, float]:
    """Return the weights of the largest expected gain.

    Raises:
        ValueError: if no task is worth anything.
    """
    squares = {task: max(0.0, task_worth(task)) ** 2 for task in tasks}
    total = math.fsum(squares.values())
    if total == 0:
        raise ValueError(f"a task must have a positive worth, got none of {', '.join(tasks)}")
    return {task: square / total for task, square in squares.items()}


def expected_gain(intermediate: Intermediate | None, fraction: float = 1.0) -> float:
    """Return the gain over the control without noise, in points, at a fraction of the examples."""
    if intermediate is None:
        return 0.0
    worth = {"mlm": TEXT_WORTH, "shuffled": SHUFFLED_WORTH}.get(intermediate.supervision)
    if worth is None:
        worth = math.fsum(task_worth(task) * math.sqrt(weight)
                          for task, weight in intermediate.mixture.weights)
    count = len({cell.language for cell in intermediate.cells} - {ENGLISH})
    languages = 1.0 - 0.8 * math.exp2(-count / _HALF_LANGUAGES)
    examples = 1.0 - math.exp2(-fraction / _HALF_EXAMPLES)
    decades = math.log10(intermediate.recipe.learning_rate / BEST_LEARNING_RATE)
    return worth * languages * examples - _RATE_PENALTY * decades**2


@dataclass(frozen=True)
class SimulatedPhase(Phase):
    """The scores of one rung of a simulated trial."""

    kind: ClassVar[PhaseKind] = "evaluate"
    version: ClassVar[int] = 1

    config: TrialConfig
    tasks: tuple[Task, ...]
    fraction: float

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The whole configuration and the rung."""
        return {"config": self.config.model_dump(mode="json"), "fraction": self.fraction}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Write the formula's scores, and predictions of no example."""
        assert isinstance(self.config.model, SimulatedModel)
        time.sleep(self.config.model.seconds * self._share())
        scores = Scores(scores=tuple(score for task in self.tasks for score in self._scores(task)))
        (directory / SCORES_FILE).write_text(scores.model_dump_json())
        pq.write_table(PREDICTIONS_SCHEMA.empty_table(), directory / PREDICTIONS_FILE)
        return Made(Cost(device_seconds=self.config.model.seconds * self._share()))

    def _share(self) -> float:
        """The fraction of the trial that lies between the rung before and this one."""
        rungs = self.config.intermediate.rungs if self.config.intermediate else (1.0,)
        return self.fraction - max([0.0, *(rung for rung in rungs if rung < self.fraction)])

    def _scores(self, task: Task) -> Iterator[Score]:
        assert isinstance(self.config.model, SimulatedModel)
        gain = expected_gain(self.config.intermediate, self.fraction)
        for panel, language in panel_languages(task, self.config.panels, self.config.fidelity):
            place = f"{task.name} {language} {panel}"
            noise = NormalDist().inv_cdf(_uniform(f"{self.entry} {place}"))
            base = 40.0 + 20.0 * _uniform(f"base {task.name} {language}")
            points = base + gain + self.config.model.noise_sd * noise
            for metric in metrics_of(task):
                yield Score(task=task.name, language=language, panel=panel, metric=metric,
                            points=min(100.0, max(0.0, points)), official=False,
                            rows=self.config.fidelity.evaluation_rows)


def simulated_rungs(config: TrialConfig, context: Context) -> Iterator[tuple[float, Phase]]:
    """Yield each rung's fraction and the phase that scores it."""
    tasks = tuple(context.task(name) for name in config.targets)
    for fraction in config.intermediate.rungs if config.intermediate else (1.0,):
        yield fraction, SimulatedPhase(
            f"simulate to {fraction:g}", (), Setting(),
            config=config, tasks=tasks, fraction=fraction)


def _uniform(name: str) -> float:
    """Return a number in (0, 1) fixed by a name."""
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6])
    return (drawn + 0.5) / 2**48
