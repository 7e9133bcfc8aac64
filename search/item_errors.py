"""Item errors: how much an aggregate owes to the test items that happened to be drawn.

Every metric here is a ratio of sums over rows (a mean has a row's 1 below the line, the F1 of
chunks its chunks), so a row's pull on it is (a - m b) / sum(b) to first order, and the pulls of an
item in several languages add up before they are squared: rows that are translations of each other
are no independent draws. Source: the linearisation of ratio estimators, Cochran 1977, "Sampling
Techniques", section 6.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import fs

from search.aggregates import Aggregate
from search.results import TrialResult
from spaces.tasks import Kind
from trainables.answer_metrics import answer_f1, normaliser_of, squad2_f1
from trainables.scores import Scores
from trainables.tag_metrics import chunks

__all__ = ["Pulls", "item_error", "pulls_of", "read_predictions"]

Pulls = Mapping[tuple[str, str, str], Mapping[str, float]]
"""(task, language, metric) -> id of a row -> its pull on the metric, in points."""

Values = NDArray[np.float64]
_COLUMNS: Final = ["task", "language", "panel", "id", "prediction", "label", "correct"]
_AGREES = 1e-6  # points by which rows may miss the score they are of


def read_predictions(result: TrialResult) -> pa.Table | None:
    """Return a trial's predictions of the report panel, None where they are no longer there."""
    if result.predictions is None:
        return None
    try:
        filesystem, path = fs.FileSystem.from_uri(result.predictions)
        table = pq.read_table(path, filesystem=filesystem, columns=_COLUMNS)
    except (OSError, pa.ArrowInvalid):  # collected from the store, or on another machine
        return None
    return table.filter(pc.equal(table["panel"], "report"))


def pulls_of(predictions: pa.Table, scores: Scores, kinds: Mapping[str, Kind]) -> Pulls:
    """Return the pull of every row on each report score that the predictions bear out.

    A score that they do not is left out: not all of its rows are there, or they were written
    before the answer kept beside a question's prediction was the best-fitting one.

    Args:
        predictions: as of `PREDICTIONS_SCHEMA`, of the report panel.
        scores: the same trial's.
        kinds: the kind of each task.
    """
    found: dict[tuple[str, str, str], Mapping[str, float]] = {}
    for each in scores.scores:
        if each.panel != "report" or each.subset != "all" or each.task not in kinds:
            continue
        rows = predictions.filter(pc.and_(pc.equal(predictions["task"], each.task),
                                          pc.equal(predictions["language"], each.language)))
        above, below = _sums(rows, each.metric, kinds[each.task], each.language)
        points = 100 * above.sum() / below.sum() if below.sum() else 0.0
        if len(rows) and math.isclose(points, each.points, abs_tol=_AGREES):
            pulls = (100 * above - points * below) / (below.sum() or 1.0)
            found[each.task, each.language, each.metric] = dict(
                zip(rows["id"].to_pylist(), pulls.tolist(), strict=True))
    return found


def item_error(aggregate: Aggregate, pulls: Pulls, parallel: Collection[str]) -> float | None:
    """Return an aggregate's standard error over test items, in points.

    None where a part's rows are not at hand, or a set has one item. Rows of one document count
    as independent.

    Args:
        aggregate: whose.
        pulls: of one trial.
        parallel: the tasks whose ids are the same items in all languages.
    """
    summed: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for part in aggregate.parts:
        rows = pulls.get((part.task, part.language, part.metric))
        if rows is None:
            return None
        drawn = summed[part.task, "" if part.task in parallel else part.language]
        for name, pull in rows.items():
            drawn[name] += part.weight * pull
    if any(len(items) < 2 for items in summed.values()):
        return None
    return math.sqrt(math.fsum(_variance(list(items.values())) for items in summed.values()))


def _variance(pulls: Sequence[float]) -> float:
    """Return the variance of a sum of independent pulls."""
    return math.fsum(pull**2 for pull in pulls) * len(pulls) / (len(pulls) - 1)


def _sums(rows: pa.Table, metric: str, kind: Kind, language: str) -> tuple[Values, Values]:
    """Return what each row adds above and below the line of a metric, shapes [rows]."""
    if kind is Kind.TAGGING:
        return _tag_sums(rows, metric)
    if kind is Kind.QA and metric.endswith("f1"):
        above = _answer_f1s(rows, metric, language)
    else:  # of a ranking it is the row's own precision
        above = np.asarray(rows["correct"].to_pylist(), dtype=np.float64)
    return above, np.ones(len(above))


def _answer_f1s(rows: pa.Table, metric: str, language: str) -> Values:
    normalised = normaliser_of(metric, language)
    f1 = squad2_f1 if metric.startswith("squad2_") else answer_f1
    return np.array([f1([[label]], [said], normalised) / 100 for label, said in
                     zip(rows["label"].to_pylist(), rows["prediction"].to_pylist(), strict=True)],
                    dtype=np.float64)


def _tag_sums(rows: pa.Table, metric: str) -> tuple[Values, Values]:
    gold, said = ([text.split() for text in rows[name].to_pylist()]
                  for name in ("label", "prediction"))
    if metric != "f1":
        right = [sum(map(str.__eq__, *pair)) for pair in zip(gold, said, strict=True)]
        return np.array(right, dtype=np.float64), np.array([len(tags) for tags in gold], np.float64)
    labels = sorted({tag for tags in (*gold, *said) for tag in tags})
    number = {tag: place for place, tag in enumerate(labels)}
    wanted, found = (chunks([[number[tag] for tag in tags] for tags in sentences], labels)
                     for sentences in (gold, said))
    return (2 * _per_row(wanted & found, len(rows)),
            _per_row(wanted, len(rows)) + _per_row(found, len(rows)))


def _per_row(found: Collection[tuple[int, int, int, str]], rows: int) -> Values:
    return np.bincount([each[0] for each in found] or [0], minlength=rows)[:rows].astype(
        np.float64) if found else np.zeros(rows)
