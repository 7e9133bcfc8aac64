"""Comparison tables: each target's methods for people, as titles, headers, rows and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from search.comparison import Comparison, Level, Line
from search.text_tables import NONE, TextRow, TextTable
from trainables.panel_sets import NON_COPY_BELOW, NON_COPY_ROWS
from trainables.scores import BaselineName

__all__ = ["comparison_tables", "metric_text"]

_MEANS = ("Means over seeds and languages of the report panel. Chance is what the best constant "
          "answer of each language reaches; of a ranking, what a random order is expected to.")
_BASELINES = ("Character n-grams and nearest neighbours learn labels from the target's English "
              "rows; of spans, options, translations and candidates they take the most alike.")
_NON_COPY = (f"Non-copy: rows with an edit similarity to English below {NON_COPY_BELOW}, in "
             f"languages with at least {NON_COPY_ROWS} of them. Balanced accuracy is the mean over "
             "labels of the share of a label's rows that is right.")


def comparison_tables(comparisons: Iterable[Comparison]) -> Iterator[TextTable]:
    """Yield a table for each target."""
    for number, each in enumerate(comparisons):
        apart = next((line.non_copy for line in each.lines if line.non_copy), None)
        header = ["method", f"{metric_text(each.lines[0].whole.metric)} (points)", "languages"]
        if apart:
            header += [f"non-copy {metric_text(apart.metric)} (points)", "languages"]
        rows = [_row(line, with_non_copy=apart is not None) for line in each.lines]
        notes = [_MEANS]
        if any(line.name in get_args(BaselineName) for line in each.lines):
            notes.append(_BASELINES)
        if apart:
            notes.append(_NON_COPY)
        yield TextTable(f"{each.task} beside characters alone", tuple(header), rows,
                        [] if number else notes)


def metric_text(name: str) -> str:
    """Return a metric's name as people read it: "balanced accuracy"."""
    return name.replace("_", " ")


def _row(line: Line, *, with_non_copy: bool) -> TextRow:
    return line.name, *_cells(line.whole), *(_cells(line.non_copy) if with_non_copy else ())


def _cells(level: Level | None) -> TextRow:
    return (NONE, NONE) if level is None else (f"{level.points:.2f}", str(level.languages))
