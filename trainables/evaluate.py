"""The evaluate phase: each target's panels predicted in one pass, scored, predictions kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from spaces.data_sources import LabSource
from spaces.models import HubModel, LabModel
from spaces.robustness import Robustness
from spaces.tasks import Kind, Task
from trainables.context import Context, Progress
from trainables.metrics import chance, collapsed, metric_of, metrics_of, right_of
from trainables.panel_sets import PanelSet, gold_of, non_copy_rows
from trainables.phases import Made, Phase, PhaseKind
from trainables.rows import Rows
from trainables.scores import (
    Cost,
    PerturbedScore,
    RepresentationChoice,
    Score,
    Scores,
    Subset,
)

__all__ = ["PREDICTIONS_FILE", "PREDICTIONS_SCHEMA", "SCORES_FILE", "EvaluatePhase",
           "predictions_of", "scores_of", "similarity_version"]

SCORES_FILE, PREDICTIONS_FILE = "scores.json", "predictions.parquet"
PREDICTIONS_SCHEMA = pa.schema([(name, pa.string()) for name in
                     ("task", "language", "panel", "id", "prediction", "label")]
                    + [("correct", pa.float64())])


@dataclass(frozen=True)
class EvaluatePhase(Phase):
    """Predicting and scoring `sets` with the encoders of the parents.

    `encoders` gives for each target task the parent's number: its target phase, or for a task
    that is never trained the phase before.
    """

    kind: ClassVar[PhaseKind] = "evaluate"
    version: ClassVar[int] = 5

    tasks: tuple[Task, ...]
    encoders: tuple[int, ...]
    sets: tuple[PanelSet, ...]
    tokenizer: str  # its identity
    model: LabModel | HubModel  # the parents' digests hold it, but for how it reads texts
    robustness: Robustness | None = None
    partners: tuple[str, ...] = ()  # fingerprints of the rows that code-mixing takes from

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Tasks, the sets with their data, and how texts are read."""
        return {
            "tasks": [[task.name, task.kind.value, task.labels, metrics_of(task)]
                      for task in self.tasks],
            "encoders": self.encoders, "sets": [each.model_dump() for each in self.sets],
            "tokenizer": self.tokenizer, "max_length": self.model.max_length,
            "similarity": similarity_version(self.tasks), **_read_by(self.model),
            **self._robustness_inputs(),
        }

    def _robustness_inputs(self) -> dict[str, Any]:
        """Return what decides perturbed scores; nothing where there are none, as it always was."""
        if self.robustness is None:
            return {}
        from trainables.robustness.perturbed_rows import VERSION

        return {"robustness": self.robustness.model_dump(mode="json"), "partners": self.partners,
                "perturbation": VERSION, "unicode": unicodedata.unidata_version}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Score every target task and write scores and predictions."""
        # torch and transformers take seconds to import; who finds all in the store does without.
        from trainables.evaluation import predict_sets
        from trainables.robustness.evaluation import CleanSet, score_robustness

        scored: list[Score] = []
        choices: list[RepresentationChoice] = []
        tables: list[pa.Table] = []
        costs: list[Cost] = []
        perturbed: list[PerturbedScore] = []
        for task, number in zip(self.tasks, self.encoders, strict=True):
            sets = [each for each in self.sets if each.task == task.name]
            if context.workers.size > 1:  # of whose batches nobody hears
                context.report(Progress(f"{self.name} {task.name}", 0, 0))
            found, choice, cost = predict_sets(task, sets, parents[number], context,
                                               model=self.model, name=self.name)
            choices += [] if choice is None else [choice]
            for each, rows, values in found:
                scored += scores_of(each, rows, values)
                tables.append(predictions_of(each, rows, values))
            costs.append(cost)
            if self.robustness is not None:
                clean = [CleanSet(*each) for each in found if each[0].panel == "report"]
                more, cost = score_robustness(task, clean, parents[number], context,
                                              model=self.model, robustness=self.robustness,
                                              name=self.name)
                perturbed += more
                costs.append(cost)
        made = Scores(scores=tuple(scored), representations=tuple(choices),
                      perturbed=tuple(perturbed))
        (directory / SCORES_FILE).write_text(made.model_dump_json())
        pq.write_table(pa.concat_tables(tables), directory / PREDICTIONS_FILE)
        return Made(Cost.total(costs))


def _read_by(model: LabModel | HubModel) -> dict[str, Any]:
    """Return what retrieval may read, without what always was: the mean, of the lab the last."""
    if not isinstance(model, HubModel):
        return {"layer": None}
    return model.model_dump(mode="json", include={"layer", "pooling"})


def scores_of(each: PanelSet, rows: Rows, values: Sequence[Any]) -> Iterator[Score]:
    """Yield the scores of predicted values, one a row: of all rows, then of the non-copies."""
    gold = gold_of(rows)
    yield from _subset_scores(each, rows, gold, values, "all")
    places = non_copy_rows(rows).tolist()
    if places:
        yield from _subset_scores(each, rows, [gold[place] for place in places],
                                  [values[place] for place in places], "non-copy")


def similarity_version(tasks: Sequence[Task]) -> int | None:
    """Return the version of what tells the lab's near-copies apart; None without lab tasks."""
    if not any(isinstance(task.source, LabSource) for task in tasks):
        return None
    from trainables.lab.similarity import VERSION  # a study of hub data does without babel

    return VERSION


def _subset_scores(each: PanelSet, rows: Rows, gold: Sequence[Any], values: Sequence[Any],
                   subset: Subset) -> Iterator[Score]:
    task = rows.task
    # Whatever is asked for of a retrieval task's rows is looked for among all of them.
    guessed = gold_of(rows) if task.kind is Kind.RETRIEVAL else gold
    for name in metrics_of(task, subset):
        yield Score(
            task=task.name, language=each.language, panel=each.panel, metric=name,
            points=metric_of(task, name, each.language)(gold, values), rows=len(gold),
            chance=chance(task, name, each.language, guessed,
                          pool=None if rows.pool is None else len(rows.pool)),
            collapsed=collapsed(task.kind, values),
            official=each.official and subset == "all", subset=subset)


def predictions_of(each: PanelSet, rows: Rows, values: Sequence[Any]) -> pa.Table:
    """Return predicted values, one a row, as people read them; `PREDICTIONS_SCHEMA`.

    The label of a question is the gold answer that scores its prediction; `correct` is what the
    row has right of itself, 0 to 1, None where it has nothing to count.
    """
    task, gold = rows.task, gold_of(rows)
    right = right_of(task, each.language)
    columns = {
        "task": [task.name] * len(rows),
        "language": [each.language] * len(rows),
        "panel": [each.panel] * len(rows),
        "id": rows.table["id"].to_pylist(),
        "prediction": _texts(rows, values),
        "label": _texts(rows, gold if task.kind is not Kind.QA else [
            _fitting(task, each.language, *row) for row in zip(gold, values, strict=True)]),
        "correct": [right([wanted], [said]) / 100 if wanted != [] else None
                    for wanted, said in zip(gold, values, strict=True)],
    }
    return pa.table(columns, schema=PREDICTIONS_SCHEMA)


def _fitting(task: Task, language: str, answers: Sequence[str], said: str) -> str:
    """Return the gold answer that a prediction is scored by: the first of those it fits best."""
    f1 = metric_of(task, next(name for name in metrics_of(task) if name.endswith("f1")), language)
    return max(answers, key=lambda answer: f1([[answer]], [said]))


def _texts(rows: Rows, values: Sequence[Any]) -> list[str]:
    """Return one value a row as people read it."""
    labels = rows.task.labels
    match rows.task.kind:
        case Kind.TAGGING:
            return [" ".join(labels[tag] for tag in value) for value in values]
        case Kind.QA:
            return list(map(str, values))
        case Kind.RETRIEVAL:
            ids = rows.table["id"].to_pylist()
            return [ids[value] for value in values]
        case Kind.RANKING:
            assert rows.pool is not None  # checked on construction
            return [" ".join(rows.pool.ids[place] for place in value) for value in values]
        case Kind.MULTIPLE_CHOICE:  # by name too: two options of a row may read the same
            options = rows.table["options"].to_pylist()
            return [f"{labels[value]}: {texts[value]}"
                    for texts, value in zip(options, values, strict=True)]
        case _:
            return [labels[value] for value in values]
