"""The languages curve: trials, means and families with bands, x* or its bound, largest mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from search.curve_band import family_band
from search.curve_table import curve_notes, doublings_table
from search.entries import NamedCurve
from search.intervals import spell
from search.palette import BLUE, GREEN, ORANGE, RED
from search.report.families import FOOT, family_numbers, family_traces, shows_x_star
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Material, Numbers, Part, Section
from search.saturation import Saturation
from search.side_by_side import side_by_side

__all__ = ["languages"]

_BAND = "rgba(0, 114, 178, 0.16)"  # BLUE


def languages(material: Material) -> Section | None:
    """Return the curves with their verdicts; None where the study has none."""
    curves = material.readout.all_curves
    if not curves:
        return None
    title = f"The {curves[0].curve.axis} curve" + ("s" if len(curves) > 1 else "")
    return Section("curve", title, [piece for each in curves for piece in _parts(each)])


def _parts(named: NamedCurve) -> Iterator[Part]:
    curve = named.curve
    yield f"{named.heading}{curve.sentence}"
    if not curve.points:
        yield "There is no figure: no trial of the curve has a score."
        return
    basis = (curve.basis if curve.units > 1
             else "one seed block of one order, so there is no interval")
    yield _figure(named, f"{named.heading}Worth is {curve.worth.rate}; {basis}.")
    yield from curve_notes(curve)
    if curve.tests:
        yield doublings_table(curve)


class _Places:
    """Where an x stands: log2(x), and 0 an octave and a half below the least of the others."""

    def __init__(self, xs: Sequence[float]) -> None:
        positive = [x for x in xs if x > 0]
        self._zero = math.log2(min(positive)) - 1.5 if positive else 0.0

    def __call__(self, x: float) -> float:
        return math.log2(x) if x > 0 else self._zero


def _figure(named: NamedCurve, caption: str) -> Figure:
    curve = named.curve
    xs = [point.x for point in curve.points]
    place = _Places(xs)
    lines, notes = _marks(curve, place)
    band = family_band(curve)
    noun = "non-English languages" if curve.axis == "languages" else escaped(curve.axis)
    rows: list[tuple[Cell, ...]] = [
        ("trial", each.x, each.score, None, None, each.order, each.block)
        for each in curve.observations]
    rows += [("mean", point.x, point.score.mean, point.score.low, point.score.high, None, None)
             for point in curve.points]
    rows += [(*row, None, None) for row in family_numbers(curve, band)]
    if band:
        caption += (" Families of curves are level with the means, so that their band is of the "
                    "curve's form" + ("; the line at the foot is x* by them."
                                      if shows_x_star(curve) else "."))
    return Figure(
        named.name, caption, [*family_traces(curve, band, place), *_band(curve, place),
                           _trials(curve, place), _means(curve, place), *_largest(curve, place)],
        {"showlegend": True, "shapes": lines, "annotations": notes,
         "xaxis": {"title": {"text": f"{noun} (log scale)"},
                   "tickvals": list(map(place, xs)), "ticktext": [f"{x:g}" for x in xs],
                   "range": [place(xs[0]) - 0.4, place(xs[-1]) + 0.6]},
         "yaxis": {"title": {"text": f"{named.category or 'score'}, report panel (points)"}},
         **({"yaxis2": FOOT} if band else {})},
        Numbers(("row", f"{curve.axis}_count", "score_points", "low", "high", "order", "block"),
                rows), height=440)


def _band(curve: Saturation, place: _Places) -> Iterator[dict[str, Any]]:
    """Yield the interval of each mean: a band over the positive x, a bar at 0."""
    spread = [(point.x, point.score.low, point.score.high) for point in curve.points]
    positive = [(place(x), low, high) for x, low, high in spread
                if x > 0 and low is not None and high is not None]
    if len(positive) > 1:
        yield {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": _BAND,
               "line": {"width": 0}, "name": f"{curve.level:.0%} interval", "hoverinfo": "skip",
               "x": [x for x, _, _ in positive] + [x for x, _, _ in reversed(positive)],
               "y": [high for *_, high in positive] + [low for _, low, _ in reversed(positive)]}
    for x, low, high in spread:
        if x == 0 and low is not None and high is not None:
            yield {"type": "scatter", "mode": "lines", "line": {"width": 9, "color": _BAND},
                   "x": [place(0), place(0)], "y": [low, high], "showlegend": False,
                   "hoverinfo": "skip"}


def _trials(curve: Saturation, place: _Places) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "name": "trial",
        "x": [place(each.x) + beside for each, beside in zip(
            curve.observations, side_by_side(curve.observations), strict=True)],
        "y": [each.score for each in curve.observations],
        "marker": {"color": ORANGE, "size": 7, "opacity": 0.7}, "hoverinfo": "text",
        "hovertext": [f"{each.score:.2f} points<br>{each.x:g} {escaped(curve.axis)}"
                      + (f"<br>order {escaped(each.order)}" if each.order else "")
                      + (f"<br>seed block {escaped(each.block)}" if each.block else "")
                      for each in curve.observations]}


def _means(curve: Saturation, place: _Places) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": "mean",
        "x": [place(point.x) for point in curve.points],
        "y": [point.score.mean for point in curve.points],
        "line": {"color": BLUE, "width": 2.5},
        "marker": {"size": 9, "symbol": ["circle" if point.x else "diamond"
                                         for point in curve.points]},
        "hoverinfo": "text",
        "hovertext": [f"{point.x:g} {escaped(curve.axis)}"
                      + ("" if point.x else " (English alone)")
                      + f"<br>mean {spell(point.score)} points<br>{point.trials} trials"
                      for point in curve.points]}


def _largest(curve: Saturation, place: _Places) -> Iterator[dict[str, Any]]:
    """Yield the ring around the largest mean: where a search that looks no further would stop."""
    if len(curve.points) < 2:
        return
    best = max(curve.points, key=lambda point: point.score.mean)
    yield {"type": "scatter", "mode": "markers", "name": "largest mean (argmax)",
           "x": [place(best.x)], "y": [best.score.mean], "hoverinfo": "text",
           "hovertext": [f"largest mean, {best.score.mean:.2f} points at {best.x:g}<br>of noisy "
                         "means the largest flatters"],
           "marker": {"size": 18, "symbol": "circle-open", "color": BLUE, "line": {"width": 2}}}


def _marks(curve: Saturation, place: _Places) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines and words of x* or its bound, and of a fall; of nothing not shown."""
    lines: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    if curve.x_star is not None:
        if curve.low is not None:
            lines.append({"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "below",
                          "x0": place(curve.low), "x1": place(curve.x_star), "opacity": 0.1,
                          "fillcolor": GREEN, "line": {"width": 0}})
        _mark(lines, notes, place(curve.x_star), f"x* = {curve.x_star:g}", GREEN)
    elif curve.verdict == "still rising" and curve.low is not None:
        _mark(lines, notes, place(curve.low), f"x* &gt; {curve.low:g}", RED)
    if curve.falls_after is not None and curve.falls_after != curve.x_star:
        _mark(lines, notes, place(curve.falls_after), f"falls after {curve.falls_after:g}", RED,
              at=0.06)
    return lines, notes


def _mark(lines: list[dict[str, Any]], notes: list[dict[str, Any]], x: float, text: str,
          colour: str, *, at: float = 0.98) -> None:
    lines.append({"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x,
                  "line": {"color": colour, "width": 2, "dash": "dash"}})
    notes.append({"x": x, "y": at, "yref": "paper", "text": f"<b>{text}</b>", "showarrow": False,
                  "xanchor": "left", "xshift": 5, "font": {"color": colour},
                  "bgcolor": "rgba(255, 255, 255, 0.8)"})
