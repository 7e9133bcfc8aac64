"""Pairs of a source and a target over each distance between them, with the slopes by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.intervals import LEVEL, Interval, spell
from search.language_effects import STEP, DistanceEffect, LanguageEffects
from search.language_grid import partial_points
from search.report.bars import range_of
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Numbers

__all__ = ["Size", "pairs_figure"]

_COLUMNS: Final = 2  # of the small figures
_HEIGHT: Final = 240  # of each, in CSS pixels
_BETWEEN: Final = (0.1, 0.3)  # small figures: of all the width, and of a small figure's height

Array = NDArray[Any]


class Size(NamedTuple):
    """A size of encoder, as figures show it; `place` is its place among the sizes."""

    place: int
    parameters: float
    name: str
    colour: str
    symbol: str


class _Drawn(NamedTuple):
    """The pairs over one distance at one size, shape [sources, targets]."""

    distances: Array
    points: Array
    slope: Interval | None  # per `STEP`

    def at(self, slope: float, x: float) -> float:
        """Return a line's height; it goes through the middle of the distances."""
        return slope / STEP * (x - float(self.distances.mean()))

    def reach(self) -> tuple[float, float]:
        """Return the least and the largest distance."""
        return float(self.distances.min()), float(self.distances.max())

    def ends(self) -> tuple[float, ...]:
        """Return the heights between which points and line lie."""
        line = () if self.slope is None else tuple(
            self.at(self.slope.mean, x) for x in self.reach())
        return float(self.points.min()), float(self.points.max()), *line


def _drawn(effects: LanguageEffects, each: DistanceEffect, size: int) -> _Drawn:
    shape = len(effects.sources), len(effects.targets)
    names = list(effects.pairs[0].covariates)
    table = np.array([pair.distances[each.distance] for pair in effects.pairs]).reshape(shape)
    scores = np.array([pair.scores[size] for pair in effects.pairs]).reshape(shape)
    covariates = np.array([[pair.covariates[name] for pair in effects.pairs] for name in names])
    points, _ = partial_points(scores, table, covariates.reshape(len(names), *shape))
    slope = each.by_size[size] if len(each.by_size) == len(effects.sizes) else None
    return _Drawn(table, points, slope)


def pairs_figure(
    name: str, family: str, effects: LanguageEffects, sizes: Sequence[Size]
) -> Figure:
    """Return a small figure for each distance: every pair and size as a point, with the slopes."""
    cells = {(each.distance, size.place): _drawn(effects, each, size.place)
             for each in effects.distances for size in sizes}
    ends = [end for drawn in cells.values() for end in drawn.ends()]
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"showlegend": len(sizes) > 1}
    for place, each in enumerate(effects.distances):
        axes = {"xaxis": f"x{place + 1}", "yaxis": f"y{place + 1}"}
        layout |= _axes(place, len(effects.distances), each.distance, range_of([], *ends))
        for size in sizes:
            drawn = cells[each.distance, size.place]
            traces += [{**trace, **axes, "legendgroup": size.name} for trace in (
                *_line(drawn, size), _points(effects, each, drawn, size, is_first=not place))]
    rows: list[tuple[Cell, ...]] = [
        (pair.source, pair.target, size.parameters, pair.scores[size.place],
         pair.controls[size.place], pair.scores[size.place] - pair.controls[size.place],
         *pair.covariates.values(), *pair.distances.values(),
         *(float(cells[each.distance, size.place].points.flat[number])
           for each in effects.distances))
        for number, pair in enumerate(effects.pairs) for size in sizes]
    first = effects.pairs[0]
    return Figure(
        name, f"{family}: gain of every pair of a source and a target over the distance between "
        "them, given control: sources, targets and script held equal, so that 0 is what its source "
        "and its target lead one to expect, and a target's control is one for all its sources. "
        f"Lines are least squares at each size, bands their {LEVEL:.0%} intervals over languages.",
        traces, layout,
        Numbers(("source", "target", "body_parameters", "score_points", "control_points",
                 "gain_points", *map(_column, first.covariates),
                 *(f"{_column(each)}_distance" for each in first.distances),
                 *(f"points_over_{_column(each)}" for each in first.distances)), rows),
        height=90 + _HEIGHT * -(-len(effects.distances) // _COLUMNS), min_width=640)


def _column(name: str) -> str:
    return name.replace(" ", "_")


def _axes(place: int, count: int, distance: str, span: list[float]) -> dict[str, Any]:
    """Return the axes of one small figure, row by row from the top left."""
    row, column = divmod(place, _COLUMNS)
    rows = -(-count // _COLUMNS)
    gap = _BETWEEN[1] / rows
    wide, high = 1 / _COLUMNS, (1 - gap * (rows - 1)) / rows
    left, bottom = column * wide, (rows - 1 - row) * (high + gap)
    return {
        f"xaxis{place + 1}": {
            "anchor": f"y{place + 1}",
            "title": {"text": f"{escaped(distance)} distance", "standoff": 4},
            "domain": [left + _BETWEEN[0] / 2 * bool(column),
                       left + wide - _BETWEEN[0] / 2 * (column < _COLUMNS - 1)]},
        f"yaxis{place + 1}": {
            "anchor": f"x{place + 1}", "range": span, "zeroline": True,
            "title": {"text": "gain (points)"} if not column else {},
            "domain": [bottom, min(1.0, bottom + high)]}}


def _line(drawn: _Drawn, size: Size) -> Iterator[dict[str, Any]]:
    """Yield the band and the line of a slope, through the middle of the distances."""
    if drawn.slope is None:
        return
    (low, high), at = drawn.reach(), drawn.at
    if drawn.slope.low is not None and drawn.slope.high is not None:
        ends = (drawn.slope.low, drawn.slope.high)
        yield {"type": "scatter", "mode": "lines", "showlegend": False, "hoverinfo": "skip",
               "x": [low, high, high, low, low], "line": {"width": 0}, "fill": "toself",
               "y": [at(ends[0], low), at(ends[0], high), at(ends[1], high), at(ends[1], low),
                     at(ends[0], low)],
               "fillcolor": size.colour, "opacity": 0.15}
    yield {"type": "scatter", "mode": "lines", "showlegend": False, "x": [low, high],
           "y": [at(drawn.slope.mean, low), at(drawn.slope.mean, high)],
           "line": {"color": size.colour, "width": 2}, "hoverinfo": "text",
           "hovertext": [f"{size.name}: {spell(drawn.slope, signed=True)} points per "
                         f"{STEP:g}"] * 2}


def _points(
    effects: LanguageEffects, each: DistanceEffect, drawn: _Drawn, size: Size, *, is_first: bool
) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "name": size.name, "showlegend": is_first,
            "x": drawn.distances.ravel().tolist(), "y": drawn.points.ravel().tolist(),
            "marker": {"color": size.colour, "size": 6, "symbol": size.symbol, "opacity": 0.6},
            "hoverinfo": "text", "hovertext": [
                f"{escaped(pair.source)} → {escaped(pair.target)}, {size.name}<br>"
                f"{escaped(each.distance)} distance {pair.distances[each.distance]:.2f}<br>"
                f"score {pair.scores[size.place]:.1f}, control {pair.controls[size.place]:.1f}"
                f"<br>gain {pair.scores[size.place] - pair.controls[size.place]:+.1f}, "
                f"{value:+.1f} beside its source and its target"
                for pair, value in zip(effects.pairs, drawn.points.ravel().tolist(),
                                       strict=True)]}
