"""The values of a transfer table: its columns, cells and rows, and the whole."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from search.intervals import LEVEL, Interval
from spaces.tasks import Kind
from spaces.value import Shares, Value

__all__ = ["FALSE_DISCOVERY_RATE", "Cell", "Column", "PublishedRow", "Row", "TransferTable"]

FALSE_DISCOVERY_RATE: Final = 0.10
"""The expected share of false ones among the cells that survive the correction."""


class Column(Value):
    """A target task, or an average over several: the mean of their primary metrics, in points.

    `control` is the controls' score over the seed blocks of the table; `best` the row of the
    largest mean gain; `best_per_target` that gain, for an average the mean of its tasks' largest.
    `at_chance` says that most controls are at chance level there.
    """

    name: str
    tasks: tuple[str, ...]
    kind: Kind | None = None
    metric: str | None = None
    control: Interval | None = None
    best: str | None = None
    best_per_target: float | None = None
    at_chance: bool = False

    @property
    def is_average(self) -> bool:
        """Whether it is an average over tasks."""
        return self.metric is None


class Cell(Value):
    """A row's gain in a column over its controls of the same seed blocks, in points.

    `p_value` is that of the two-sided paired t test, `adjusted_p_value` its Benjamini-Hochberg
    correction over all cells tested, `survives` whether that is at most the table's rate; None
    where there is no test: one seed block, gains without any spread, or an average.
    """

    column: str
    gain: Interval | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    survives: bool | None = None


class Row(Value):
    """An intermediate task or a mixture; `failed` of its trials gave no score."""

    name: str
    mixture: Shares
    is_single: bool
    cells: tuple[Cell, ...]
    failed: int = 0


class PublishedRow(Value):
    """Published figures in the table's columns, in points; None where there is none.

    `is_gain` tells gains over the published control from scores. An average is there where all of
    its tasks are, over the metrics of the columns.
    """

    name: str
    source: str
    is_gain: bool
    points: tuple[float | None, ...]


class TransferTable(Value):
    """Rows by columns, in the order of the design; `seeds` are the seed blocks with a score.

    Every interval is a t interval over seed blocks at `level`; there is none with one block.
    `absent` are the tasks that would have rows if their data were there, each with why not.
    """

    title: str = "Transfer table (exploratory)"
    model: str
    level: float = LEVEL
    false_discovery_rate: float = FALSE_DISCOVERY_RATE
    tested: int
    seeds: tuple[int, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    published: tuple[PublishedRow, ...] = ()
    absent: tuple[str, ...] = Field(default=(), exclude_if=lambda given: not given)
