"""Similarity: what each distance between source and target does, by size, and all the pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from search.intervals import LEVEL, Interval, spell
from search.language_effects import STEP, DistanceEffect, Effect, LanguageEffects
from search.palette import GREY, INK, TASK_COLOURS
from search.report.bars import horizontal_bars, range_of
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Material, Numbers, Part, Section
from search.report.scaling import short_count
from search.report.similarity_pairs import Size, pairs_figure
from search.source_effects import SourceEffects
from search.text_tables import p_text

__all__ = ["similarity"]

_SYMBOLS: Final = ("circle", "square", "triangle-up", "diamond", "cross", "star")
_BESIDE: Final = 0.6  # of a row, which the sizes of a distance share


def similarity(material: Material) -> Section | None:
    """Return what distances do, by family of models; None where arms are no sources."""
    arms = material.readout.arms
    if arms is None or not arms.sources:
        return None
    # Where they are the answer these sentences stand above already.
    said = [] if material.readout.arms_are_answer else [each.sentence for each in arms.sources]
    parts = [part for number, each in enumerate(arms.sources, 1) for part in
             _parts(each, f"-{number}" if len(arms.sources) > 1 else "")]
    return Section("similarity", "Distance between source and target", [*said, *parts])


def _parts(found: SourceEffects, suffix: str) -> Iterator[Part]:
    if found.effects is None:
        yield f"There is no figure of {found.family}: {found.refused}."
        return
    sizes = [Size(place, size, f"{short_count(size)} body parameters",
                   TASK_COLOURS[place % len(TASK_COLOURS)], _SYMBOLS[place % len(_SYMBOLS)])
             for place, size in enumerate(found.effects.sizes)]
    if any(each.effect is not None for each in found.effects.distances):
        yield _slopes(f"similarity-slopes{suffix}", found.family, found.effects, sizes)
    else:
        yield (f"{found.family}: there is no figure of slopes, for beside sources, targets and "
               "script nothing is left of any distance.")
    yield pairs_figure(f"similarity-pairs{suffix}", found.family, found.effects, sizes)


def _slopes(
    name: str, family: str, effects: LanguageEffects, sizes: Sequence[Size]
) -> Figure:
    known = [each for each in effects.distances if each.effect is not None]
    traces = [trace for size in sizes if len(sizes) > 1
              for trace in _of_size(size, known, len(sizes))]
    traces += _over_sizes(known)
    shown = [each.effect.points for each in known if each.effect is not None]
    return Figure(
        name, f"{family}: points that a target gains more, or less, from a source {STEP:g} farther "
        "away, sources, targets and script held equal. Each distance by itself: they go together. "
        f"Lines are {LEVEL:.0%} intervals over languages. Diamonds are over all sizes; filled: p "
        f"at most {1 - LEVEL:.2f} by Holm over the distances.", traces,
        {"showlegend": True, "shapes": [_ZERO],
         "xaxis": {"title": {"text": f"points per {STEP:g} of distance"},
                   "range": range_of([*shown, *(one for each in known for one in each.by_size)])},
         "yaxis": {"tickvals": list(range(len(known))), "ticks": "", "showgrid": False,
                   "ticktext": [escaped(each.distance) for each in known],
                   "range": [len(known) - 0.5, -0.5]}},
        Numbers(("distance", "row", "body_parameters", f"points_per_{STEP:g}", "low", "high", "p",
                 "p_by_holm"), list(_slope_rows(effects))),
        height=170 + 30 * len(known) * (1 + len(sizes) // 2))


def _of_size(
    size: Size, known: Sequence[DistanceEffect], count: int
) -> Iterator[dict[str, Any]]:
    shift = _BESIDE * ((size.place + 0.5) / count - 0.5)
    rows = [(row + shift, each.distance, each.by_size[size.place])
            for row, each in enumerate(known) if len(each.by_size) == count]
    yield {**horizontal_bars([row for row, *_ in rows], [each for *_, each in rows],
                             name=size.name, colour=size.colour, width=3), "showlegend": False}
    yield {"type": "scatter", "mode": "markers", "name": size.name,
           "x": [each.mean for *_, each in rows], "y": [row for row, *_ in rows],
           "marker": {"color": size.colour, "size": 9, "symbol": size.symbol},
           "hoverinfo": "text", "hovertext": [
               f"{escaped(distance)}, {size.name}<br>{spell(each, signed=True)} points per "
               f"{STEP:g}" for _, distance, each in rows]}


def _over_sizes(known: Sequence[DistanceEffect]) -> Iterator[dict[str, Any]]:
    rows = [(row, each.distance, each.effect) for row, each in enumerate(known)
            if each.effect is not None]
    yield {**horizontal_bars([row for row, *_ in rows], [each.points for *_, each in rows],
                             name="all sizes", colour=INK, width=1.5), "showlegend": False}
    yield {"type": "scatter", "mode": "markers", "name": "all sizes",
           "x": [each.points.mean for *_, each in rows], "y": [row for row, *_ in rows],
           "marker": {"color": [INK if each.is_shown else "white" for *_, each in rows],
                      "size": 11, "symbol": "diamond", "line": {"color": INK, "width": 1.5}},
           "hoverinfo": "text", "hovertext": [
               f"{escaped(distance)}, all sizes<br>{spell(each.points, signed=True)} points per "
               f"{STEP:g}<br>p {p_text(each.p_value)}, by Holm {p_text(each.adjusted_p_value)}"
               for _, distance, each in rows]}


def _slope_rows(effects: LanguageEffects) -> Iterator[tuple[Cell, ...]]:
    for each in effects.distances:
        yield (each.distance, "all sizes", None, *_tested(each.effect))
        if len(each.by_size) == len(effects.sizes) > 1:
            for size, slope in zip(effects.sizes, each.by_size, strict=True):
                yield (each.distance, "one size", size, *_bounds(slope), None, None)
        if each.per_octave is not None:
            yield (each.distance, "more per octave", None, *_tested(each.per_octave))


def _tested(effect: Effect | None) -> tuple[Cell, ...]:
    if effect is None:
        return (None,) * 5
    return (*_bounds(effect.points), effect.p_value, effect.adjusted_p_value)


def _bounds(interval: Interval) -> tuple[Cell, ...]:
    return interval.mean, interval.low, interval.high


_ZERO: Final = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": 0, "x1": 0,
                "line": {"color": GREY, "width": 1.5}, "layer": "below"}
