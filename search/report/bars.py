"""Intervals as lines beside rows, and rows that stand beneath each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.intervals import Interval

__all__ = ["horizontal_bars", "range_of", "vertical_bars"]

_MARGIN = 0.04  # of what is shown, on either side, so that no line ends at the edge


def horizontal_bars(
    rows: Sequence[str | float], intervals: Sequence[Interval | None], *, name: str, colour: str,
    width: float,
) -> dict[str, Any]:
    """Return a trace with a line from `low` to `high` on each row that has both."""
    known = [(row, each.low, each.high) for row, each in zip(rows, intervals, strict=True)
             if each is not None and each.low is not None]
    return {"type": "scatter", "mode": "lines", "name": name, "hoverinfo": "skip",
            "line": {"color": colour, "width": width},
            "x": [x for _, low, high in known for x in (low, high, None)],
            "y": [row for row, *_ in known for _ in range(3)]}


def vertical_bars(intervals: Sequence[Interval], colour: str) -> dict[str, Any]:
    """Return the error bars of points with intervals; a point without one has none."""
    return {"type": "data", "symmetric": False, "color": colour, "thickness": 2, "width": 4,
            "array": [None if each.high is None else each.high - each.mean for each in intervals],
            "arrayminus": [None if each.low is None else each.mean - each.low
                           for each in intervals]}


def range_of(intervals: Sequence[Interval | None], *further: float) -> list[float]:
    """Return an axis' range that shows 0, every mean and bound, and further values."""
    ends = [end for each in intervals if each is not None
            for end in (each.mean, each.low, each.high) if end is not None]
    low, high = min([0.0, *ends, *further]), max([0.0, *ends, *further])
    margin = _MARGIN * (high - low or 1.0)
    return [low - margin, high + margin]
