"""Aggregates: a benchmark's means over languages, tasks and categories, as weights over scores.

Every aggregate is linear in the scores, so it is held as its weights: whoever has values by (task,
language, metric), scores or their errors, can put them together. A task's score is the mean over
its languages, of questions the mean of exact match and F1; a benchmark's is the mean over its
tasks. Source: google-research/xtreme, `evaluate.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

from spaces.benchmarks import Benchmark, BenchmarkTask, Category
from spaces.languages import ENGLISH
from spaces.value import Value
from trainables.scores import PanelName, Scores

__all__ = ["Aggregate", "AggregateKind", "Grouping", "Measured", "Part", "aggregates_of", "common",
           "measured"]

Measured = Mapping[tuple[str, str], tuple[str, ...]]
"""(task, language) -> the metrics whose mean is the score there."""

AggregateKind = Literal["task", "category", "average", "training", "pretraining", "data", "gap"]
_Chosen = Sequence[tuple[BenchmarkTask, tuple[str, ...]]]
_ANSWERS = ("f1", "exact_match")


class Part(Value):
    """One score and its weight in an aggregate."""

    task: str
    language: str
    metric: str
    weight: float


class Aggregate(Value):
    """A weighted sum of scores; the weights sum to 1, of a transfer gap to 0.

    It rests on `tasks` of the `of_tasks` tasks that it has in the benchmark, and on `pairs` of
    their `of_pairs` pairs of task and language.
    """

    kind: AggregateKind
    name: str
    parts: tuple[Part, ...]
    tasks: int
    of_tasks: int
    pairs: int
    of_pairs: int

    def points(self, scores: Scores, panel: PanelName = "report") -> float:
        """Return the sum, in points.

        Raises:
            KeyError: if one of the scores is not there.
        """
        values = {(each.task, each.language, each.metric): each.points for each in scores.scores
                  if each.panel == panel and each.subset == "all"}
        return math.fsum(part.weight * values[part.task, part.language, part.metric]
                         for part in self.parts)


class Grouping(Value):
    """By what a trial's scores are told apart.

    `seen` are the languages of its training phases, `unread` those that its encoder's pretraining
    has not read (None where that is not known), `shared` the targets whose data also came before.
    """

    seen: frozenset[str] = frozenset({ENGLISH})
    unread: frozenset[str] | None = None
    shared: frozenset[str] = frozenset()


def measured(scores: Scores, panel: PanelName = "report") -> Measured:
    """Return what was scored on all rows of a panel.

    Of questions, by SQuAD's or MLQA's rules, it is F1 and exact match; else the primary metric.
    """
    wanted = {task: _metrics(primary, {each.metric for each in scores.scores if each.task == task})
              for task, primary in scores.primary_metrics().items()}
    found: dict[tuple[str, str], list[str]] = {}
    for each in scores.scores:
        if each.panel == panel and each.subset == "all" and each.metric in wanted[each.task]:
            found.setdefault((each.task, each.language), []).append(each.metric)
    return {pair: tuple(metrics) for pair, metrics in found.items()}


def common(listed: Iterable[Measured]) -> Measured:
    """Return what all have been measured by."""
    first, *others = listed
    return {pair: metrics for pair, metrics in first.items()
            if all(other.get(pair) == metrics for other in others)}


def aggregates_of(
    benchmark: Benchmark, scored: Measured, grouping: Grouping
) -> tuple[Aggregate, ...]:
    """Return every aggregate of a benchmark that rests on at least one score.

    Args:
        benchmark: its tasks and languages.
        scored: what there is; what is not of the benchmark is passed over.
        grouping: by what the scores are told apart.
    """
    return tuple(found for found in (
        *_means(benchmark, scored), *_apart(benchmark, scored, grouping),
        *_gaps(benchmark, scored)) if found is not None)


# ---- means ----------------------------------------------------------------------------------


def _means(benchmark: Benchmark, scored: Measured) -> Iterable[Aggregate | None]:
    for task in benchmark.tasks:
        yield _mean("task", task.name, [task], scored)
    for category in Category:
        yield _mean("category", category.value, _in(benchmark, {category}), scored)
    yield _mean("average", "average", benchmark.tasks, scored)
    yield _mean("average", "average without retrieval",
                _in(benchmark, set(Category) - {Category.RETRIEVAL}), scored)


def _apart(
    benchmark: Benchmark, scored: Measured, grouping: Grouping
) -> Iterable[Aggregate | None]:
    """Yield the averages over seen and unseen languages, and over targets with and without data."""
    tasks = benchmark.tasks
    yield _mean("training", "languages trained on", tasks, scored,
                lambda code: code in grouping.seen)
    yield _mean("training", "zero-shot languages", tasks, scored,
                lambda code: code not in grouping.seen)
    unread = grouping.unread
    if unread is not None:
        yield _mean("pretraining", "languages read in pretraining", tasks, scored,
                    lambda code: code not in unread)
        yield _mean("pretraining", "languages not read in pretraining", tasks, scored,
                    lambda code: code in unread)
    if grouping.shared:
        yield _mean("data", "targets with their data in both phases",
                    [task for task in tasks if task.task in grouping.shared], scored)
        yield _mean("data", "targets with data of their own",
                    [task for task in tasks if task.task not in grouping.shared], scored)


def _mean(
    kind: AggregateKind, name: str, tasks: Sequence[BenchmarkTask], scored: Measured,
    holds: Callable[[str], bool] = lambda code: True,
) -> Aggregate | None:
    """Return the mean over tasks of the mean over the languages that fit, None without any."""
    whole = [(task, tuple(code for code in task.languages if holds(code))) for task in tasks]
    found = [(task, codes) for task, languages in whole
             if (codes := tuple(code for code in languages if (task.task, code) in scored))]
    if not found:
        return None
    return _aggregate(kind, name, [pair for pair in whole if pair[1]], found, (
        part for task, codes in found
        for part in _shares(task, codes, scored, 1 / (len(found) * len(codes)))))


# ---- the transfer gap -----------------------------------------------------------------------


def _gaps(benchmark: Benchmark, scored: Measured) -> Iterable[Aggregate | None]:
    """Yield English less the mean of the other languages, by task, and its mean (Hu et al. 2020).

    Where the benchmark has no English, or English was not scored, a task has no gap.
    """
    whole = [(task, task.languages) for task in benchmark.tasks if ENGLISH in task.languages]
    pairs = {pair for pair in scored if (pair[0], ENGLISH) in scored}
    found = [(task, codes) for task, codes in benchmark.scored(pairs) if len(codes) > 1]
    for task, codes in found:
        yield _gap(f"transfer gap of {task.name}", [(task, task.languages)], [(task, codes)],
                   scored)
    if found:
        yield _gap("transfer gap", whole, found, scored)


def _gap(name: str, whole: _Chosen, found: _Chosen, scored: Measured) -> Aggregate:
    def parts() -> Iterable[Part]:
        for task, codes in found:
            others = tuple(code for code in codes if code != ENGLISH)
            yield from _shares(task, (ENGLISH,), scored, 1 / len(found))
            yield from _shares(task, others, scored, -1 / (len(found) * len(others)))

    return _aggregate("gap", name, whole, found, parts())


# ---- parts ----------------------------------------------------------------------------------


def _shares(
    task: BenchmarkTask, codes: Iterable[str], scored: Measured, weight: float
) -> Iterable[Part]:
    for code in codes:
        assert task.task is not None  # it has scores
        metrics = scored[task.task, code]
        for metric in metrics:
            yield Part(task=task.task, language=code, metric=metric,
                       weight=weight / len(metrics))


def _aggregate(
    kind: AggregateKind, name: str, whole: _Chosen, found: _Chosen, parts: Iterable[Part]
) -> Aggregate:
    return Aggregate(kind=kind, name=name, parts=tuple(parts),
                     tasks=len(found), of_tasks=len(whole),
                     pairs=sum(len(codes) for _, codes in found),
                     of_pairs=sum(len(codes) for _, codes in whole))


def _in(benchmark: Benchmark, categories: Collection[Category]) -> list[BenchmarkTask]:
    return [task for task in benchmark.tasks if task.category in categories]


def _metrics(primary: str, there: Collection[str]) -> tuple[str, ...]:
    """Return the metrics whose mean is a task's score, of those that it is scored by."""
    prefix = primary.removesuffix("f1").removesuffix("exact_match")  # as in mlqa_f1
    both = {f"{prefix}{name}" for name in _ANSWERS}
    return tuple(sorted(both)) if primary in both and both <= set(there) else (primary,)
