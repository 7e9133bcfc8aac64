"""The baselines phase: what methods that see characters alone score on the report panel."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Final, get_args

from spaces.languages import ENGLISH
from spaces.tasks import Task
from trainables.context import Context
from trainables.evaluate import scores_of, similarity_version
from trainables.metrics import metrics_of
from trainables.panel_sets import PanelSet, subset
from trainables.phases import Made, Phase, PhaseKind
from trainables.scores import Baseline, BaselineName, Cost, Score, Scores

__all__ = ["MOST_CANDIDATES", "TRAIN_ROWS", "BaselinesPhase", "read_baselines"]

TRAIN_ROWS: Final = 2_400
"""English train rows that a baseline learns from: those whose ids' hashes are smallest."""

MOST_CANDIDATES: Final = 20_000
"""A pool of more is not searched by characters: a million texts would take hours."""

_FILE = "baselines.json"
_COMPUTING = ("scikit-learn", "rapidfuzz")


@dataclass(frozen=True)
class BaselinesPhase(Phase):
    """Every baseline scored on `sets`, where labels are to be learnt after the task's English rows.

    A task whose pool holds more than `MOST_CANDIDATES` has none.

    Nothing of an encoder is in it, so all controls of a search share one entry for each number
    of evaluation rows.
    """

    kind: ClassVar[PhaseKind] = "baselines"
    version: ClassVar[int] = 3

    tasks: tuple[Task, ...]
    data: tuple[str | None, ...]  # fingerprints of their English train rows
    sets: tuple[PanelSet, ...]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Tasks, their data, and the libraries that compute."""
        return {
            "tasks": [[task.name, task.kind.value, task.labels, metrics_of(task)]
                      for task in self.tasks],
            "data": self.data, "sets": [each.model_dump() for each in self.sets],
            "similarity": similarity_version(self.tasks),
            "libraries": {name: version(name) for name in _COMPUTING},
        }

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Train and score on one core; other workers of the trial have nothing to do."""
        if context.workers.rank > 0:
            return Made(Cost())
        begun = time.perf_counter()
        found: dict[BaselineName, list[Score]] = {name: [] for name in get_args(BaselineName)}
        for task in self.tasks:
            for name, scores in found.items():
                scores += self._scores(name, task, context)
        listed = [Baseline(name=name, scores=Scores(scores=tuple(scores)))
                  for name, scores in found.items()]
        (directory / _FILE).write_text(json.dumps([each.model_dump(mode="json")
                                                   for each in listed]))
        return Made(Cost(device_seconds=time.perf_counter() - begun))

    def _scores(self, name: BaselineName, task: Task, context: Context) -> list[Score]:
        # scikit-learn takes a second to import; who finds all in the store does without.
        from trainables.string_models import predict_strings

        sets = [each for each in self.sets if each.task == task.name]
        train = (subset(context.sources.rows(task, ENGLISH, "train"), TRAIN_ROWS)
                 if task.trained else None)
        tests = [subset(context.sources.panel_rows(task, each.language, each.panel)[0], each.rows)
                 for each in sets]
        if any(rows.pool is not None and len(rows.pool) > MOST_CANDIDATES for rows in tests):
            return []
        predicted = predict_strings(name, train, tests)
        return [score for each, rows, values in zip(sets, tests, predicted, strict=True)
                for score in scores_of(each, rows, values)]


def read_baselines(directory: Path) -> tuple[Baseline, ...]:
    """Return what a baselines phase kept."""
    return tuple(map(Baseline.model_validate, json.loads((directory / _FILE).read_text())))
