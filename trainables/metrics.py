"""Metrics: which score a task, and what constant predictions reach by them.

A metric goes from gold and predicted values, one a row each, to points, 0 to 100. What a value is
depends on the task's kind: a label index (classification, pair), a list of tag indices per sentence
(tagging), a text against its gold answers (QA), the position of the sentence found in the pool
(retrieval), the positions of the candidates found, best first, against those of the relevant ones
(ranking), the position of an option in its row (multiple choice).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from spaces.tasks import Kind, Task
from trainables.answer_metrics import (
    answer_f1,
    exact_match,
    normaliser_of,
    squad2_exact_match,
    squad2_f1,
)
from trainables.label_metrics import (
    CONSTANTS_TRIED,
    accuracy,
    balanced_accuracy,
    check_some,
    points_of,
)
from trainables.ranking_metrics import mean_average_precision, random_average_precision
from trainables.scores import Subset
from trainables.tag_metrics import (
    balanced_tag_accuracy,
    chunk_f1,
    constant_chunk_f1,
    tag_accuracy,
)

__all__ = ["METRICS", "Metric", "chance", "collapsed", "metric_of", "metrics_of", "right_of"]

Metric = Callable[[Sequence[Any], Sequence[Any]], float]
"""(gold, predicted), one value per row each -> points. Order of rows does not matter."""

_BALANCED = "balanced_accuracy"
_MLQA = "mlqa_"
_AVERAGE_PRECISION = "map@20"

METRICS: Final[Mapping[Kind, tuple[tuple[str, ...], ...]]] = MappingProxyType({
    Kind.CLASSIFICATION: (("accuracy",),),
    Kind.PAIR: (("accuracy",),),
    Kind.TAGGING: (("f1", "accuracy"),),
    Kind.QA: (("f1", "exact_match"), ("squad2_f1", "squad2_exact_match"),
              ("mlqa_f1", "mlqa_exact_match")),
    Kind.RETRIEVAL: (("accuracy",),),
    Kind.MULTIPLE_CHOICE: (("accuracy",),),
    Kind.RANKING: ((_AVERAGE_PRECISION,),),
})
"""The names of each kind's metrics; those that stand together score one task. Text has none."""


def metrics_of(task: Task, subset: Subset = "all") -> tuple[str, ...]:
    """Return the names of the metrics that score a task, the primary one first.

    A part of the rows is scored by balanced accuracy alone, where there are labels: they are
    unequally frequent there, whatever they are in the whole.

    Raises:
        ValueError: if the task's metric is not one of its kind's, or the kind is never scored.
    """
    if task.kind not in METRICS:
        raise ValueError(f"a task that is scored must be of another kind than {task.kind.value} "
                         f"({task.name})")
    for names in METRICS[task.kind]:
        if task.metric in names:
            if subset != "all" and task.kind in _LABELLED:
                return (_BALANCED,)
            return (task.metric, *(name for name in names if name != task.metric))
    known = ", ".join(chain.from_iterable(METRICS[task.kind]))
    raise ValueError(f"`metric` must be one of {known} for {task.kind.value}, "
                     f"got {task.metric!r} ({task.name})")


def metric_of(task: Task, name: str, language: str) -> Metric:
    """Return a task's metric of that name, for rows of a language.

    Raises:
        KeyError: if its kind has no metric of that name.
    """
    match task.kind, name:
        case Kind.TAGGING, "f1":
            return partial(chunk_f1, labels=task.labels)
        case Kind.TAGGING, _:
            return {"accuracy": tag_accuracy, _BALANCED: balanced_tag_accuracy}[name]
        case Kind.RANKING, _:
            return {_AVERAGE_PRECISION: mean_average_precision}[name]
        case Kind.QA, _:
            return partial(_ANSWERS[name.removeprefix(_MLQA)],
                           normalised=normaliser_of(name, language))
        case _:
            return {"accuracy": accuracy, _BALANCED: balanced_accuracy}[name]


def right_of(task: Task, language: str) -> Metric:
    """Return the metric that says of a single row how much of it is right."""
    if task.kind is Kind.RANKING:
        return mean_average_precision
    if task.kind is not Kind.QA:
        return metric_of(task, "accuracy", language)
    return metric_of(task, next(name for name in metrics_of(task) if "exact" in name), language)


def chance(task: Task, name: str, language: str, gold: Sequence[Any], *,
           pool: int | None = None) -> float:
    """Return the points of the best constant prediction: one value for every row (or token).

    For balanced accuracy that is 100 / labels, of the labels that occur. For QA the constants tried
    are the empty text and the 20 most frequent gold answers, for the F1 of tags the 20 most
    frequent tags. For ranking, it is what a random ranking of a `pool` of so many candidates is
    expected to score.

    Raises:
        ValueError: if there are no rows, or a ranking's pool is not given.
    """
    check_some(gold)
    if task.kind is Kind.RANKING:
        if pool is None:
            raise ValueError(f"`pool` must be given for ranking, got none ({task.name})")
        return random_average_precision(list(map(len, gold)), pool)
    metric = metric_of(task, name, language)
    match task.kind, name:
        case Kind.QA, _:
            normalised = normaliser_of(name, language)
            counted = Counter(chain.from_iterable({*map(normalised, row)} for row in gold))
            texts = ["", *(text for text, _ in counted.most_common(CONSTANTS_TRIED))]
            return max(metric(gold, [text] * len(gold)) for text in texts)
        case Kind.TAGGING, "f1":
            return constant_chunk_f1(gold, task.labels)
    labels = list(chain.from_iterable(gold)) if task.kind is Kind.TAGGING else gold
    counts = Counter(labels)
    return points_of(1, len(counts)) if name == _BALANCED else points_of(
        max(counts.values()), len(labels))


def collapsed(kind: Kind, predicted: Sequence[Any]) -> bool:
    """Return whether one and the same value was predicted for every row (tagging: token).

    Of a ranking, the candidate found first. A single prediction is no collapse.
    """
    values = list(chain.from_iterable(predicted)) if kind is Kind.TAGGING else list(predicted)
    if kind is Kind.RANKING:
        values = [found[0] for found in values]
    return len(values) > 1 and len(set(values)) == 1


_ANSWERS = {"f1": answer_f1, "exact_match": exact_match, "squad2_f1": squad2_f1,
            "squad2_exact_match": squad2_exact_match}
_LABELLED = frozenset({Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING, Kind.MULTIPLE_CHOICE})
