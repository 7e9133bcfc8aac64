"""Levels: each target's controls beside chance and what characters alone reach, and all tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from search.comparison import CONTROL, Comparison
from search.comparison_tables import metric_text
from search.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, RED
from search.readout_tables import readout_tables
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Section

__all__ = ["levels", "tables"]

_COLOURS: Final = {"chance": GREY, "character n-grams": ORANGE, "nearest neighbour": PURPLE,
                   CONTROL: BLUE, "best confirmed mixture": GREEN}
_SYMBOLS: Final = {"chance": "x", CONTROL: "diamond", "best confirmed mixture": "star"}


def levels(material: Material) -> Section:
    """Return where controls lie above chance and characters alone, or that none finished."""
    readout = material.readout
    title = "Controls, chance, characters alone"
    if not readout.comparisons:
        return Section("levels", title, ["No control finished, so nothing can be set beside chance "
                                         "or beside what characters alone reach."])
    missing = [] if any(_is_baseline(line.name) for each in readout.comparisons
                        for line in each.lines) else [
        "What characters alone reach was not measured."]
    return Section("levels", title, [
        "A target on which the controls lie no higher than chance, or than what characters alone "
        "reach, says little of transfer.", *missing, _figure(readout.comparisons)])


def tables(material: Material) -> Section:
    """Return every table of the read-out, as `best` prints them."""
    return Section("tables", "All tables", list(readout_tables(material.readout)))


def _is_baseline(name: str) -> bool:
    return _kind(name) not in ("chance", CONTROL, "best confirmed mixture")


def _kind(name: str) -> str:
    return CONTROL if name.startswith(CONTROL) else name


def _figure(comparisons: Sequence[Comparison]) -> Figure:
    names = list(dict.fromkeys(line.name for each in comparisons for line in each.lines))
    traces = []
    for name in names:
        found = [(each.task, line) for each in comparisons for line in each.lines
                 if line.name == name]
        traces.append({
            "type": "scatter", "mode": "markers", "name": escaped(name),
            "x": [line.whole.points for _, line in found],
            "y": [escaped(task) for task, _ in found],
            "marker": {"size": 11, "color": _COLOURS.get(_kind(name), RED),
                       "symbol": _SYMBOLS.get(_kind(name), "circle")},
            "hoverinfo": "text",
            "hovertext": [f"{escaped(task)}: {escaped(name)}<br>{line.whole.points:.2f} points, "
                          f"{escaped(metric_text(line.whole.metric))}<br>"
                          f"{line.whole.languages} languages" for task, line in found]})
    rows = [(each.task, line.name, subset, level.metric, level.points, level.languages)
            for each in comparisons for line in each.lines
            for subset, level in (("all", line.whole), ("non-copy", line.non_copy))
            if level is not None]
    tasks = [escaped(each.task) for each in comparisons]
    return Figure(
        "levels", "Means over seeds and languages of the report panel, all rows.", traces,
        {"showlegend": True,
         "xaxis": {"title": {"text": "score (points)"}, "rangemode": "tozero"},
         "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": tasks,
                   "autorange": "reversed", "ticks": ""}},
        Numbers(("target", "method", "rows", "metric", "score_points", "languages"), rows),
        height=150 + 40 * len(tasks))
