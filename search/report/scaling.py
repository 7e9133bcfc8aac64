"""Size: gains of arms, and scores of controls, over octaves of body parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from search.arm_entries import ArmsReadout, FamilySlope
from search.intervals import LEVEL, Interval, spell
from search.palette import GREY, TASK_COLOURS
from search.report.bars import vertical_bars
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Material, Numbers, Part, Section
from search.text_tables import p_text

__all__ = ["scaling", "short_count"]

_SYMBOLS: Final = ("circle", "square", "triangle-up", "diamond", "cross", "star")
_BESIDE: Final = 0.012  # of the octaves shown, between points of one size


class _Sized(NamedTuple):
    """One point: what was measured, of which model."""

    series: str
    family: str
    model: str
    parameters: int
    points: Interval


def scaling(material: Material) -> Section | None:
    """Return gains and controls by size; None where the arms have fewer than two sizes."""
    found = material.readout.arms
    if found is None:
        return None
    gains = [_Sized(each.arm, each.family, each.model, each.parameters, each.gain)
             for each in found.gains if each.parameters and each.gain is not None]
    if len({each.parameters for each in gains}) < 2:
        return None
    return Section("scaling", "Size", list(_parts(found, gains)))


def _parts(found: ArmsReadout, gains: Sequence[_Sized]) -> Iterator[Part]:
    yield ("Body parameters leave embeddings out. Families of models are never joined, and no "
           "exponent is fitted.")
    yield from (_sentence(slope, found) for slope in found.slopes)
    if not found.slopes:
        yield "No slope is told: no family has three sizes."
    yield _figure("scaling", "Gain over the controls by size"
                  + ("; lines are the slopes per doubling." if found.slopes else "."), gains,
                  axis="gain over controls (points)", slopes=found.slopes)
    families = {each.model: each.family for each in gains}
    controls = [_Sized("control", families.get(each.model, each.model), each.model,
                       each.parameters, each.score)
                for each in found.controls if each.parameters and each.score is not None]
    if len({each.parameters for each in controls}) > 1:
        yield _figure("scaling-controls", "The controls' score by size, without intermediate "
                      "training.", controls, axis="score of controls (points)")


def _sentence(slope: FamilySlope, found: ArmsReadout) -> str:
    if slope.slope is None:
        return (f"{slope.arm}, within {slope.family}: no slope, for none of the {found.unit} has "
                "all sizes.")
    p = "" if slope.p_value is None else f", p {p_text(slope.p_value)} by Holm over all slopes"
    return (f"{slope.arm}, within {slope.family}: {spell(slope.slope, signed=True)} points of gain "
            f"per doubling over {slope.sizes} sizes{p}."
            + (f" Of the line of the smaller sizes: {slope.held.sentence}." if slope.held else ""))


def _figure(
    name: str, caption: str, points: Sequence[_Sized], *, axis: str,
    slopes: Sequence[FamilySlope] = (),
) -> Figure:
    sizes = sorted({each.parameters for each in points})
    beside = _BESIDE * math.log2(sizes[-1] / sizes[0])
    groups = list(dict.fromkeys((each.series, each.family) for each in points))
    colours = _numbered(series for series, _ in groups)
    symbols = _numbered(family for _, family in groups)
    traces: list[dict[str, Any]] = []
    for place, (series, family) in enumerate(groups):
        chosen = [each for each in points if (each.series, each.family) == (series, family)]
        title = escaped(series if len(symbols) < 2 else f"{series}, {family}")
        colour = TASK_COLOURS[colours[series] % len(TASK_COLOURS)]
        slope = next((each.slope for each in slopes if (each.arm, each.family) == (series, family)
                      and each.slope is not None), None)
        if slope is not None:
            traces.append(_line(chosen, slope, colour, title))
        traces.append(_markers(chosen, title, colour,
                               _SYMBOLS[symbols[family] % len(_SYMBOLS)],
                               shift=beside * (place - (len(groups) - 1) / 2)))
    rows: list[tuple[Cell, ...]] = [
        ("measured", each.series, each.family, each.model, each.parameters, each.points.mean,
         each.points.low, each.points.high) for each in points]
    rows += [("per doubling", each.arm, each.family, None, None, each.slope.mean, each.slope.low,
              each.slope.high) for each in slopes if each.slope is not None]
    return Figure(
        name, caption + f" Bars are {LEVEL:.0%} intervals." * any(
            each.points.low is not None for each in points), traces,
        {"showlegend": len(groups) > 1,
         "shapes": [_ZERO] if name == "scaling" else [],
         "xaxis": {"title": {"text": "body parameters (log scale)"},
                   "tickvals": [math.log2(size) for size in sizes],
                   "ticktext": [short_count(size) for size in sizes]},
         "yaxis": {"title": {"text": axis}}},
        Numbers(("row", "arm", "family", "model", "body_parameters", "points", "low", "high"),
                rows), height=400)


_ZERO: Final = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
                "line": {"color": GREY, "width": 1.5}, "layer": "below"}


def _markers(
    points: Sequence[_Sized], title: str, colour: str, symbol: str, *, shift: float
) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "name": title,
            "x": [math.log2(each.parameters) + shift for each in points],
            "y": [each.points.mean for each in points],
            "marker": {"color": colour, "size": 10, "symbol": symbol},
            "error_y": vertical_bars([each.points for each in points], colour),
            "hoverinfo": "text",
            "hovertext": [f"{title}: {spell(each.points)} points<br>{escaped(each.model)}, "
                          f"{each.parameters:,} body parameters<br>{each.points.units} units"
                          for each in points]}


def _line(points: Sequence[_Sized], slope: Interval, colour: str, title: str) -> dict[str, Any]:
    """Return the slope as a line through the mean of its sizes, as least squares has it."""
    octaves = [math.log2(each.parameters) for each in points]
    center = sum(octaves) / len(octaves)
    height = sum(each.points.mean for each in points) / len(points)
    ends = [min(octaves), max(octaves)]
    return {"type": "scatter", "mode": "lines", "showlegend": False, "x": ends,
            "y": [height + slope.mean * (end - center) for end in ends],
            "line": {"color": colour, "width": 1.5, "dash": "dot"}, "hoverinfo": "text",
            "hovertext": [f"{title}: {spell(slope, signed=True)} points per doubling"] * 2}


def _numbered(names: Iterator[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def short_count(parameters: float) -> str:
    """Return a number of parameters to three digits, as in 25k or 1.2M."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            return f"{parameters / size:.3g}{unit}"
    return f"{parameters:g}"
