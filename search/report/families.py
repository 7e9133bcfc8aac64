"""A curve's families: their band, and where between them x* lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from search.curve_band import BandPoint
from search.palette import PURPLE
from search.report.pieces import Cell
from search.saturation import Saturation

__all__ = ["FOOT", "family_numbers", "family_traces", "shows_x_star"]

_BAND = "rgba(204, 121, 167, 0.22)"  # PURPLE

FOOT = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
"""The second vertical axis, on whose foot the interval of x* lies."""

_HEIGHT = 0.035  # of the axes, at which it lies

_MOST = 0.5

Place = Callable[[float], float]


def shows_x_star(curve: Saturation) -> bool:
    """Return whether there is an x* to be drawn: not where most replicates gain nowhere."""
    return curve.combined is not None and curve.combined.nowhere <= _MOST


def family_traces(
    curve: Saturation, band: Sequence[BandPoint], place: Place
) -> Iterator[dict[str, Any]]:
    """Yield the families' band and median, and the interval of x* with arrows where it is open."""
    if not band or curve.combined is None:
        return
    x = [place(point.x) for point in band]
    yield {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": _BAND,
           "line": {"width": 0}, "name": f"families, {curve.level:.0%}", "hoverinfo": "skip",
           "showlegend": False,
           "x": x + x[::-1],
           "y": [point.high for point in band] + [point.low for point in reversed(band)]}
    yield {"type": "scatter", "mode": "lines", "name": "families", "x": x,
           "y": [point.median for point in band],
           "line": {"color": PURPLE, "width": 2, "dash": "dot"}, "hoverinfo": "text",
           "hovertext": [f"families at {point.x:.3g}<br>{point.median:.2f} "
                         f"[{point.low:.2f}, {point.high:.2f}] points" for point in band]}
    yield from _x_star(curve, band, place)


def _x_star(
    curve: Saturation, band: Sequence[BandPoint], place: Place
) -> Iterator[dict[str, Any]]:
    found = curve.combined
    if found is None or not shows_x_star(curve):
        return
    low = band[0].x if found.low is None else found.low
    high = band[-1].x if found.high is None else found.high
    said = (f"x* by the families: {'below ' if found.low is None else ''}{low:.3g} to "
            f"{'beyond ' if found.high is None else ''}{high:.3g}<br>{found.beyond:.0%} of it "
            "beyond the data")
    at = [place(low), *([place(found.x_star)] if found.x_star is not None else []), place(high)]
    yield {"type": "scatter", "mode": "lines+markers", "name": "families, x*", "yaxis": "y2",
           "x": at, "y": [_HEIGHT] * len(at), "hoverinfo": "text", "hovertext": [said] * len(at),
           "line": {"color": PURPLE, "width": 4},
           "marker": {"color": PURPLE, "size": 11, "opacity": 1, "line": {"width": 2,
                                                                          "color": PURPLE},
                      "symbol": ["triangle-left" if found.low is None else "line-ns",
                                 *(["diamond"] if found.x_star is not None else []),
                                 "triangle-right" if found.high is None else "line-ns"]}}


def family_numbers(curve: Saturation, band: Sequence[BandPoint]) -> Iterator[tuple[Cell, ...]]:
    """Yield what is drawn: row, x, points, low, high; of x* a row for each of its x."""
    for point in band:
        yield "families", point.x, point.median, point.low, point.high
    if band and curve.combined is not None and shows_x_star(curve):
        for name, x in (("low", curve.combined.low), ("median", curve.combined.x_star),
                        ("high", curve.combined.high)):
            yield f"families x*, {name}", x, None, None, None
