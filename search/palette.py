"""Colours of every figure: Okabe and Ito's, which all common kinds of colour vision tell apart."""

from __future__ import annotations

from typing import Final

from search.table_entries import TransferTable
from spaces.tasks import Kind

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "PALE", "PURPLE", "RED", "SKY", "TASK_COLOURS",
           "colour_limit"]

ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
TASK_COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, "#999999")
GREY, PALE, INK = "#8A8A8A", "#E4E4E4", "#222222"

_LEAST_LIMIT: Final = 1.0  # points, so that no colour is made of next to nothing


def colour_limit(table: TransferTable) -> float:
    """Return the gain of full colour, in points: the largest of target tasks that are trained.

    Untrained retrieval gains many times more or less than the rest, and would leave it pale.
    """
    trained = {column.name for column in table.columns if not column.is_average
               and column.kind is not Kind.RETRIEVAL}
    every = [(cell.column, abs(cell.gain.mean)) for row in table.rows for cell in row.cells
             if cell.gain is not None]
    found = [size for name, size in every if name in trained] or [size for _, size in every]
    return max([_LEAST_LIMIT, *found])
