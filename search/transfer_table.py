"""The transfer table: intermediate tasks by target tasks, as gains over paired controls.

It is exploratory: many cells, few seed blocks, and a best row that is picked where it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from scipy import special

from search.gains import finished_controls
from search.intervals import Interval, t_interval
from search.objective import control_key, marks, task_points
from search.results import Outcome, Role, TrialResult
from search.table_entries import (
    FALSE_DISCOVERY_RATE,
    Cell,
    Column,
    PublishedRow,
    Row,
    TransferTable,
)
from spaces.published_scores import PublishedScores, published_for
from spaces.tasks import Kind

__all__ = ["transfer_table"]

# Gains that agree to this many points are equal but for rounding: a spread of nothing, as coarse
# metrics give on few rows, tells nothing of the spread there is.
_NO_SPREAD: Final = 1e-9

_Key = tuple[str, int]  # what a trial and its control share: everything but the intermediate phase


def transfer_table(
    results: Iterable[TrialResult], kinds: Mapping[str, Kind], absent: Sequence[str] = ()
) -> TransferTable | None:
    """Return the table of the trials that were run for it, None where none of them ended.

    Args:
        results: every trial that ended, each once; their order does not matter.
        kinds: each target task's category.
        absent: the tasks that would have rows if their data were there, each with why not.
    """
    listed = sorted(results, key=lambda result: (len(result.trial), result.trial))
    ran = [result for result in listed if result.role is Role.TABLE]
    if not ran:
        return None
    keys = {_key(result) for result in ran}
    controls = [each for each in finished_controls(listed) if _key(each) in keys]
    columns = [_measured(column, controls) for column in _columns(ran, kinds)]
    bare = _points(controls)
    rows = _corrected([_row(name, [each for each in ran if each.group == name], columns, bare)
                       for name in dict.fromkeys(result.group for result in ran)], columns)
    columns = _with_best(columns, rows)
    config = ran[0].config
    return TransferTable(
        model=config.model.name, columns=tuple(columns), rows=tuple(rows),
        tested=sum(cell.survives is not None for row in rows for cell in row.cells),
        seeds=tuple(sorted({result.config.seed for result in ran if _is_finished(result)})),
        published=_published(published_for(config.model, config.targets), columns),
        absent=tuple(absent))


# ---- columns --------------------------------------------------------------------------------


def _columns(ran: Sequence[TrialResult], kinds: Mapping[str, Kind]) -> list[Column]:
    """Return a column for each target, then the averages with and without retrieval."""
    metrics = next((result.scores.primary_metrics() for result in ran if result.scores), {})
    targets = ran[0].config.targets
    found = [Column(name=task, tasks=(task,), kind=kinds[task], metric=metrics.get(task, "score"))
             for task in targets]
    trained = tuple(task for task in targets if kinds[task] is not Kind.RETRIEVAL)
    if len(targets) > 1:
        found.append(Column(name="average", tasks=targets))
    if 0 < len(trained) < len(targets):
        found.append(Column(name="average without retrieval", tasks=trained))
    return found


def _measured(column: Column, controls: Sequence[TrialResult]) -> Column:
    scored = [result.scores for result in controls if result.scores is not None]
    values = [_mean([task_points(scores, "report")[task] for task in column.tasks])
              for scores in scored]
    marked = sum("chance-level" in marks(scores, column.tasks) for scores in scored)
    return column.model_copy(update={
        "control": t_interval(values),
        "at_chance": not column.is_average and 2 * marked > len(scored)})


def _with_best(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    gains = {(row.name, cell.column): cell.gain.mean
             for row in rows for cell in row.cells if cell.gain is not None}
    best: dict[str, str] = {}
    for column in columns:
        known = [row.name for row in rows if (row.name, column.name) in gains]
        if known:
            best[column.name] = max(known, key=lambda name: gains[name, column.name])
    largest = {name: gains[row, name] for name, row in best.items()}
    return [column.model_copy(update={
        "best": best.get(column.name),
        "best_per_target": _mean([largest[task] for task in column.tasks])
        if set(column.tasks) <= largest.keys() else None}) for column in columns]


# ---- rows -----------------------------------------------------------------------------------


def _row(
    name: str, ran: Sequence[TrialResult], columns: Sequence[Column],
    controls: Mapping[_Key, Mapping[str, float]],
) -> Row:
    phase = ran[0].config.intermediate
    assert phase is not None  # made from a point
    finished = [result for result in ran if _is_finished(result)]
    own = _points(finished)
    paired = [key for key in own if key in controls]
    cells = []
    for column in columns:
        gains = [_mean([own[key][task] - controls[key][task] for task in column.tasks])
                 for key in paired]
        cells.append(Cell(column=column.name, gain=t_interval(gains)))
    return Row(name=name, mixture=phase.mixture.weights, cells=tuple(cells),
               is_single=phase.mixture.tasks == (name,), failed=len(ran) - len(finished))


def _corrected(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """Return the rows with p values, corrected over all the cells of target tasks.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate". It holds for cells
    that depend positively, as those that share controls do.
    """
    from scipy.stats import false_discovery_control  # takes its time to import

    averages = {column.name for column in columns if column.is_average}
    values = {(row.name, cell.column): _p_value(cell.gain)
              for row in rows for cell in row.cells if cell.column not in averages}
    tested = {place: value for place, value in values.items() if value is not None}
    adjusted = dict(zip(tested, map(float, false_discovery_control(list(tested.values()))),
                        strict=True)) if tested else {}
    return [row.model_copy(update={"cells": tuple(
        cell.model_copy(update={
            "p_value": tested[place], "adjusted_p_value": adjusted[place],
            "survives": adjusted[place] <= FALSE_DISCOVERY_RATE})
        if (place := (row.name, cell.column)) in tested else cell for cell in row.cells)})
        for row in rows]


def _p_value(gain: Interval | None) -> float | None:
    """Return the two-sided p value of the paired t test, None where there is nothing to test."""
    if gain is None or gain.sd is None or gain.sd <= _NO_SPREAD:
        return None
    t = gain.mean / (gain.sd / math.sqrt(gain.units))
    return float(2 * special.stdtr(gain.units - 1, -abs(t)))


# ---- what was published ---------------------------------------------------------------------


def _published(
    found: Sequence[PublishedScores], columns: Sequence[Column]
) -> tuple[PublishedRow, ...]:
    """Return published scores, and the gain where one source has both scores."""
    metrics = {column.name: column.metric for column in columns if not column.is_average}
    scores = [(each, {task: each.points[task][metric] for task, metric in metrics.items()
                      if metric in each.points.get(task, {})}) for each in found]
    names = {"control": "published control", "best per target": "published best"}
    rows = [PublishedRow(name=names[each.training], source=each.source, is_gain=False,
                         points=_in_columns(points, columns)) for each, points in scores]
    for control, bare in scores:
        for best, points in scores:
            if (control.source, control.training, best.training) == (
                    best.source, "control", "best per target"):
                gains = {task: points[task] - bare[task] for task in points if task in bare}
                rows.append(PublishedRow(name="published gain", source=best.source, is_gain=True,
                                         points=_in_columns(gains, columns)))
    return tuple(rows) if any(any(point is not None for point in row.points)
                              for row in rows) else ()


def _in_columns(
    points: Mapping[str, float], columns: Sequence[Column]
) -> tuple[float | None, ...]:
    return tuple(_mean([points[task] for task in column.tasks])
                 if set(column.tasks) <= points.keys() else None for column in columns)


# ---- points ---------------------------------------------------------------------------------


def _key(result: TrialResult) -> _Key:
    return control_key(result.config), result.config.seed


def _is_finished(result: TrialResult) -> bool:
    return result.outcome is Outcome.FINISHED and result.scores is not None


def _points(finished: Iterable[TrialResult]) -> dict[_Key, dict[str, float]]:
    """Return (control key, seed) -> target -> points on the report panel."""
    return {_key(result): task_points(result.scores, "report") for result in finished
            if result.scores is not None}


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
