"""Benchmark scores: a search's controls and confirmed mixtures by XTREME's and XTREME-R's rules."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from search.aggregates import (
    Aggregate,
    AggregateKind,
    Grouping,
    Measured,
    aggregates_of,
    common,
    measured,
)
from search.gains import gain_between
from search.intervals import Interval
from search.item_errors import Pulls, item_error, pulls_of
from search.objective import control_key
from search.results import Outcome, Role, TrialResult
from search.trained_on import active_data, seen_languages
from spaces.benchmarks import BENCHMARKS, Benchmark, Missing
from spaces.shared_data import SharedData
from spaces.tasks import Kind
from spaces.unread_languages import unread_by
from spaces.value import Value

__all__ = ["AggregateScore", "BenchmarkLine", "BenchmarkSection", "Predictions",
           "benchmark_sections"]

Predictions = Callable[[TrialResult], pa.Table | None]
"""A trial -> its predictions of the report panel, None where they cannot be had."""

_LEAST_TASKS = 2  # of a benchmark, to be read out as one


class AggregateScore(Value):
    """An aggregate in points: the mean over seeds, on so many tasks and pairs of those there are.

    `seed_error` is the standard error over seeds, None with one. `item_error` is that over test
    items, of the first seed's predictions; None where they are not at hand. `gain` is over the
    controls, by the same languages and tasks, paired by seed block.
    """

    kind: AggregateKind
    name: str
    points: float
    seed_error: float | None
    item_error: float | None
    gain: Interval | None
    tasks: int
    of_tasks: int
    pairs: int
    of_pairs: int


class BenchmarkLine(Value):
    """The controls of one kind, or a confirmed mixture, or a further control of one.

    `seen` are the languages of the training phases, English at the target among them.
    """

    group: str
    model: str
    fidelity: str
    seeds: int
    seen: tuple[str, ...]
    scores: tuple[AggregateScore, ...]


class BenchmarkSection(Value):
    """A benchmark on the report panel, and how much of it that is.

    `official` says that its scores are the benchmark's own; `reasons` why they are not.
    """

    benchmark: str
    title: str
    tasks: int
    of_tasks: int
    languages: int
    of_languages: int
    official: bool
    reasons: tuple[str, ...]
    missing: tuple[Missing, ...]
    lines: tuple[BenchmarkLine, ...]


def benchmark_sections(
    results: Iterable[TrialResult], kinds: Mapping[str, Kind], *, order: Sequence[str] = (),
    shared: Sequence[SharedData] = (), predictions: Predictions | None = None,
) -> tuple[BenchmarkSection, ...]:
    """Return a section for each benchmark of which two tasks or more were scored.

    A benchmark is left out where another has all its scored pairs of task and language, and more,
    or as many and stands before it.

    Args:
        results: every trial that ended.
        kinds: the target tasks' kinds.
        order: the confirmed groups in the order in which they are shown.
        shared: what of the study's intermediate data is the targets' own.
        predictions: where a trial's predictions come from; None for no item errors.
    """
    finished = [each for each in results
                if each.outcome is Outcome.FINISHED and each.scores is not None]
    groups = list(_groups(finished, order))
    if not groups:
        return ()
    scored = {pair: metrics for trials, _ in groups
              for pair, metrics in _measured(trials).items()}
    rows = _Rows(kinds, predictions)
    return tuple(_section(benchmark, scored, groups, shared, rows)
                 for benchmark in _shown(scored))


_Group = tuple[Sequence[TrialResult], Sequence[TrialResult]]
"""The trials of a line, and the controls they are held against."""


def _groups(finished: Sequence[TrialResult], order: Sequence[str]) -> Iterator[_Group]:
    """Yield the controls, then each confirmed mixture with its further controls."""
    confirmed: dict[str, list[TrialResult]] = {group: [] for group in order}
    further: dict[str, list[TrialResult]] = defaultdict(list)
    controls: dict[str, list[TrialResult]] = defaultdict(list)
    for each in finished:
        if each.config.is_control:
            controls[control_key(each.config)].append(each)
        elif each.role is Role.CONFIRMATION:
            confirmed.setdefault(each.group, []).append(each)
        elif each.role is Role.FURTHER:
            further[each.group].append(each)
    listed = [trials for trials in (*confirmed.values(), *further.values()) if trials]
    keys = dict.fromkeys(control_key(trials[0].config) for trials in listed)
    for key in keys or controls:
        if controls.get(key):
            yield controls[key], ()
    for trials in listed:
        yield trials, controls.get(control_key(trials[0].config), ())


def _shown(scored: Measured) -> Iterator[Benchmark]:
    held = {benchmark.name: {(task.task, code) for task, codes in benchmark.scored(scored)
                             for code in codes} for benchmark in BENCHMARKS}
    for place, benchmark in enumerate(BENCHMARKS):
        own = held[benchmark.name]
        others = [(held[other.name], number < place) for number, other in enumerate(BENCHMARKS)
                  if number != place]
        if len(benchmark.scored(scored)) >= _LEAST_TASKS and not any(
                own < theirs or (own == theirs and first) for theirs, first in others):
            yield benchmark


def _section(
    benchmark: Benchmark, scored: Measured, groups: Iterable[_Group],
    shared: Sequence[SharedData], rows: _Rows,
) -> BenchmarkSection:
    tasks = benchmark.scored(scored)
    listed = list(groups)
    reasons = tuple(_reasons(benchmark, scored, [trial for trials, _ in listed
                                                 for trial in trials]))
    return BenchmarkSection(
        benchmark=benchmark.name, title=benchmark.title,
        tasks=len(tasks), of_tasks=len(benchmark.tasks),
        languages=len({code for _, codes in tasks for code in codes}),
        of_languages=len(benchmark.languages),
        official=not reasons, reasons=reasons, missing=benchmark.missing(scored),
        lines=tuple(_line(benchmark, trials, controls, shared, rows)
                    for trials, controls in listed))


def _reasons(benchmark: Benchmark, scored: Measured, trials: Iterable[TrialResult]
             ) -> Iterator[str]:
    """Yield why scores are not the benchmark's own."""
    if benchmark.missing(scored):
        yield "parts of it were not scored"
    names = {task.task: task.name for task, _ in benchmark.scored(scored)}
    cut = {score.task for trial in trials if trial.scores for score in trial.scores.scores
           if score.panel == "report" and score.subset == "all" and not score.official}
    if found := [name for task, name in names.items() if task in cut]:
        yield f"not the whole official split of {', '.join(found)}"
    for task, _ in benchmark.scored(scored):
        if task.note:
            yield f"{task.name}: {task.note}"


def _line(
    benchmark: Benchmark, trials: Sequence[TrialResult], controls: Sequence[TrialResult],
    shared: Sequence[SharedData], rows: _Rows,
) -> BenchmarkLine:
    first = min(trials, key=lambda each: (each.config.seed, each.trial))
    seen = seen_languages(first)
    grouping = Grouping(seen=seen, unread=unread_by(first.config.model), shared=frozenset(
        each.target for each in active_data(first, shared)))
    found = aggregates_of(benchmark, _measured([*trials, *controls]), grouping)
    pulls = rows.pulls(first)
    parallel = {task.task for task in benchmark.tasks if task.task and task.parallel}
    return BenchmarkLine(
        group="control" if first.config.is_control else first.group,
        model=first.config.model.name, fidelity=first.config.fidelity.name,
        seeds=len({each.config.seed for each in trials}), seen=tuple(sorted(seen)),
        scores=tuple(_score(each, trials, controls, pulls, parallel) for each in found))


def _score(
    aggregate: Aggregate, trials: Iterable[TrialResult], controls: Sequence[TrialResult],
    pulls: Pulls, parallel: Collection[str],
) -> AggregateScore:
    own = _by_seed(aggregate, trials)
    values = list(own.values())
    return AggregateScore(
        points=math.fsum(values) / len(values),
        seed_error=(float(np.std(values, ddof=1)) / math.sqrt(len(values))
                    if len(values) > 1 else None),
        item_error=item_error(aggregate, pulls, parallel),
        gain=gain_between(own, _by_seed(aggregate, controls)) if controls else None,
        **aggregate.model_dump(exclude={"parts"}))


def _by_seed(aggregate: Aggregate, trials: Iterable[TrialResult]) -> dict[int, float]:
    return {each.config.seed: aggregate.points(each.scores) for each in trials
            if each.scores is not None}


def _measured(trials: Iterable[TrialResult]) -> Measured:
    return common(measured(each.scores) for each in trials if each.scores is not None)


class _Rows:
    """The rows behind scores, each trial's read once."""

    def __init__(self, kinds: Mapping[str, Kind], predictions: Predictions | None) -> None:
        self._kinds, self._predictions = kinds, predictions
        self._read: dict[str, Pulls] = {}

    def pulls(self, trial: TrialResult) -> Pulls:
        """Return the pulls of a trial's rows on its scores; none where they are not at hand."""
        if trial.trial not in self._read:
            table = None if self._predictions is None else self._predictions(trial)
            self._read[trial.trial] = {} if table is None or trial.scores is None else pulls_of(
                table, trial.scores, self._kinds)
        return self._read[trial.trial]
