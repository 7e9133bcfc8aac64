"""The transfer table for people: as a terminal's table, as Markdown, and in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap
from typing import Final, Protocol

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.comparison_tables import metric_text
from search.intervals import Interval, spell
from search.table_entries import Cell, TransferTable
from search.text_tables import NONE, dimmed

__all__ = ["WIDTH", "Shown", "notes_of", "table_as_markdown", "table_as_text",
           "table_headline", "table_rows"]

WIDTH: Final = 100
"""The columns of a terminal in which nine tasks and their averages fit."""

_NAME_WIDTH: Final = 13  # "commonsenseqa"
_AVERAGE_WIDTH: Final = 6  # "+12.3<"
_SHORT: Final = {"average": "avg", "average without retrieval": "avg - retr"}


class Shown(Protocol):
    """How a gain is written."""

    def __call__(self, cell: Cell, *, is_best: bool) -> str:
        """Return the text of a cell, with the marks of what survives and what is best."""
        ...


def table_as_text(table: TransferTable) -> RenderableType:
    """Return the table for a terminal, at most `WIDTH` columns wide with nine tasks."""
    rows = table_rows(table, _as_text)
    first = min(_NAME_WIDTH, max(len(name) for name, _ in rows))
    averages = sum(column.is_average for column in table.columns)
    tasks = len(table.columns) - averages
    room = (WIDTH - first - averages * (_AVERAGE_WIDTH + 1)) // tasks - 1
    grid = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    grid.add_column("", overflow="fold", max_width=first)
    for column in table.columns:
        width = _AVERAGE_WIDTH if column.is_average else max(_AVERAGE_WIDTH, room)
        header = "\n".join(wrap(_SHORT.get(column.name, column.name), width))
        grid.add_column(Text(header), justify="right", overflow="fold")
    for name, cells in rows:
        grid.add_row(*map(Text, (name, *cells)))
    return Group(Text(f"\n{table.title}", style="bold"), grid, *dimmed(notes_of(table)))


def table_as_markdown(table: TransferTable) -> list[str]:
    """Return the lines of the same as a Markdown section."""
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"

    lines = ["", f"## {table.title}", "", line(["", *(each.name for each in table.columns)]),
             line(["---", *("--:" for _ in table.columns)])]
    lines += [line([name, *(cell.replace("\n", " ") for cell in cells)])
              for name, cells in table_rows(table, _as_markdown)]
    return [*lines, "", *(f"{note}  " for note in notes_of(table, best="Bold",
                                                           survivor="An asterisk"))]


def table_headline(table: TransferTable) -> str:
    """Return in a sentence how much of the table survives, and which row is best on average."""
    survivors = [(row.name, cell.column) for row in table.rows for cell in row.cells
                 if cell.survives]
    if not table.tested:
        why = ("one seed block tells nothing of spread" if len(table.seeds) == 1
               else "no cell could be tested")
        text = f"an exploratory table of gains without intervals: {why}"
    else:
        text = (f"{len(survivors)} of {table.tested} gains of an exploratory table survive the "
                f"correction at a false-discovery rate of {table.false_discovery_rate:.0%}")
    average = next((each for each in table.columns if each.is_average), None)
    if average is None or average.best is None:
        return f"{text}."
    cell = next(cell for row in table.rows if row.name == average.best for cell in row.cells
                if cell.column == average.name)
    gain = spell(cell.gain, signed=True)
    return f"{text}; the best row on average is {average.best}, {gain} points."


def table_rows(
    table: TransferTable, shown: Shown, score: Callable[[Interval | None], str] | None = None
) -> list[tuple[str, list[str]]]:
    """Return a label and a cell for each column: controls, tasks, mixtures, best, published.

    Args:
        table: the table.
        shown: how a gain is written, by its cell and whether it is its column's best.
        score: how the controls' score is written; None for that of text.
    """
    write = score or _score
    rows = [("control", [write(column.control) for column in table.columns])]
    for row in sorted(table.rows, key=lambda each: not each.is_single):
        rows.append((row.name, [shown(cell, is_best=column.best == row.name) for cell, column in
                                zip(row.cells, table.columns, strict=True)]))
    rows.append(("best per target", [_figure(column.best_per_target, signed=True)
                                     for column in table.columns]))
    return rows + [(row.name, [_figure(point, signed=row.is_gain) for point in row.points])
                   for row in table.published]


def _figure(points: float | None, *, signed: bool) -> str:
    return NONE if points is None else f"{points:{'+' if signed else ''}.1f}"


def notes_of(table: TransferTable, *, best: str = "<", survivor: str = "*") -> list[str]:
    """Return what the table's numbers are, and what they are not.

    Args:
        table: the table.
        best: what marks a column's best row.
        survivor: what marks a cell that survives the correction.
    """
    return list(_notes(table, best, survivor))


def _notes(table: TransferTable, best: str, survivor: str) -> Iterator[str]:
    yield (f"{table.model}. The controls' scores, then gains over the controls of the same seed "
           "blocks, in points of each target's primary metric on the report panel "
           f"({_metrics(table)}).")
    if len(table.seeds) > 1:
        yield (f"{survivor}: survives the correction of {table.tested} tests at a false-discovery "
               f"rate of {table.false_discovery_rate:.0%} (paired t tests, Benjamini and "
               f"Hochberg); ± is half of a {table.level:.0%} t interval over "
               f"{len(table.seeds)} seed blocks.")
    else:
        yield "One seed block: there are no intervals, and nothing is tested."
    yield (f"{best}: the best row of a column. Best per target takes it in each, picked where it "
           "is shown, so it flatters. Exploratory: confirm on fresh seeds what you use.")
    averaged = [each.tasks for each in table.columns if each.is_average]
    if len(averaged) == 2:
        left_out = [task for task in averaged[0] if task not in averaged[1]]
        yield f"The second average leaves out {', '.join(left_out)}."
    if weak := [each.name for each in table.columns if each.at_chance]:
        yield f"The controls are at chance level in {', '.join(weak)}: gains there say little."
    if failed := sum(row.failed for row in table.rows):
        yield f"{failed} trials of the table gave no score; their cells rest on fewer blocks."
    if table.absent:
        yield f"Absent, so without a row and in no mixture: {', '.join(table.absent)}."
    if table.published:
        sources = "; ".join(dict.fromkeys(row.source for row in table.published))
        yield (f"Published: XLM-R large on test sets in all of a task's languages ({sources}), the "
               "best intermediate task of each target; averages are over these columns' metrics. "
               "The hub's UD-POS cuts some words into other tokens.")


def _metrics(table: TransferTable) -> str:
    found: dict[str, list[str]] = {}
    for column in table.columns:
        if column.metric is not None:
            found.setdefault(metric_text(column.metric), []).append(column.name)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{metric}: {', '.join(names)}" for metric, names in found.items())


def _score(interval: Interval | None) -> str:
    return NONE if interval is None else f"{interval.mean:.1f}" + _half(interval)


def _half(interval: Interval | None) -> str:
    reach = None if interval is None else interval.half_width
    return "" if reach is None else f"\n±{reach:.1f}"


def _as_text(cell: Cell, *, is_best: bool) -> str:
    marks = ("*" if cell.survives else "") + ("<" if is_best else "")
    return _gain(cell) + marks + _half(cell.gain)


def _as_markdown(cell: Cell, *, is_best: bool) -> str:
    gain = f"**{_gain(cell)}**" if is_best else _gain(cell)
    return gain + ("\\*" if cell.survives else "") + _half(cell.gain)


def _gain(cell: Cell) -> str:
    return NONE if cell.gain is None else f"{cell.gain.mean:+.1f}"
