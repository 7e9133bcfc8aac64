"""The winner set: what each mixture holds, and what it gains with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from search.entries import Entry, Readout
from search.headline import gain_text, mixture_text
from search.palette import GREY, INK, RED, TASK_COLOURS
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Part, Section

__all__ = ["mixtures", "task_colours"]

_MAY_BE_BEST = {None: "not compared", True: "yes", False: "no"}


def mixtures(material: Material) -> Section | None:
    """Return the confirmed mixtures, the best first; None of a study that searches nothing."""
    readout = material.readout
    if readout.is_designed:
        return None
    return Section("mixtures", "Mixtures", list(_parts(readout)))


def _parts(readout: Readout) -> Iterator[Part]:
    entries = readout.entries
    if not entries:
        yield "There is no mixture to show: no trial of the search finished."
        return
    yield from _sentences(readout)
    yield _shares(entries)
    if readout.non_copy and any(each.gain is not None for each in readout.non_copy):
        yield _gains("gains-non-copy", readout, readout.non_copy,
                     subset="rows that are not near-copies of English, as in the answer")
    if any(each.gain is not None or each.selection_gain is not None for each in entries):
        yield _gains("gains", readout, entries, subset="all rows" if readout.non_copy else "")
    else:
        yield "No gain is known of any mixture, for no control finished."


def _sentences(readout: Readout) -> Iterator[str]:
    entries = readout.non_copy or readout.entries  # those of which the answer speaks
    confirmed = [each for each in entries if each.score is not None]
    if not confirmed:
        yield ("Nothing was confirmed: the numbers below are the search's own, the largest of "
               "many, and flatter.")
        return
    may_be = [each for each in entries if each.in_winner_set is True]
    if may_be:
        yield (f"The winner set, mixtures that may be the best at {readout.level:.0%}: "
               + "; ".join(f"{', '.join(each.labels)} ({mixture_text(each)})" for each in may_be)
               + ".")
    else:
        yield "There is no winner set: fewer than two mixtures finished two seed blocks in common."
    if all(each.low is None for each in confirmed):
        yield "There is no interval: no gain rests on two seed blocks or more."


def task_colours(tasks: Sequence[str]) -> dict[str, str]:
    """Return task -> its colour, the same in every figure; beyond eight, colours come again."""
    return {task: TASK_COLOURS[i % len(TASK_COLOURS)] for i, task in enumerate(sorted(tasks))}


def _shares(entries: Sequence[Entry]) -> Figure:
    tasks = sorted({task for entry in entries for task, _ in entry.mixture})
    colours = task_colours(tasks)
    names = _names(entries)
    traces = []
    for task in tasks:
        shares = [100 * dict(entry.mixture).get(task, 0.0) for entry in entries]
        traces.append({
            "type": "bar", "orientation": "h", "name": escaped(task), "x": shares, "y": names,
            "marker": {"color": colours[task], "line": {"color": "white", "width": 1}},
            "hoverinfo": "text",
            "hovertext": [f"{escaped(task)}: {share:.2f} %" for share in shares]})
    rows = [(", ".join(entry.labels), task, 100 * weight)
            for entry in entries for task, weight in entry.mixture]
    return Figure(
        "mixtures", "What each mixture holds, the best confirmed score first.", traces,
        {"barmode": "stack", "showlegend": True,
         "xaxis": {"title": {"text": "share of the mixture (%)"}, "range": [0, 100.5]},
         "yaxis": _rows_axis(names), "bargap": 0.35},
        Numbers(("mixture", "task", "share_percent"), rows), height=150 + 42 * len(entries))


def _gains(name: str, readout: Readout, entries: Sequence[Entry], subset: str = "") -> Figure:
    names = _names(entries)
    traces = [*_confirmed(names, entries), *_in_search(names, entries)]
    where = ", ".join(readout.selection.report)
    rows = [(", ".join(each.labels), mixture_text(each), each.score, each.gain, each.low, each.high,
             each.blocks, _MAY_BE_BEST[each.in_winner_set], each.selection_gain)
            for each in entries]
    caption = (f"Gain over the controls on the report panel ({where})"
               + (f", {subset}" if subset else "")
               + f"; bars are {readout.level:.0%} t intervals over seed blocks, where there are "
               "two or more. Black: may be the best. Gains in search are of the selection panel, "
               "picked as the largest of many: they flatter.")
    return Figure(
        name, caption, traces,
        {"showlegend": True, "yaxis": _rows_axis(names),
         "xaxis": {"title": {"text": "gain over controls (points)"}, "zeroline": True,
                   "rangemode": "tozero"}},
        Numbers(("mixture", "tasks", "score_points", "gain_points", "low", "high", "seed_blocks",
                 "may_be_best", "gain_in_search_points"), rows), height=150 + 42 * len(entries))


def _confirmed(names: Sequence[str], entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    for title, colour, belongs in (("confirmed, may be the best", INK, True),
                                   ("confirmed", GREY, False)):
        found = [(name, each) for name, each in zip(names, entries, strict=True)
                 if each.gain is not None and (each.in_winner_set is True) is belongs]
        if not found:
            continue
        yield {
            "type": "scatter", "mode": "markers", "name": title,
            "x": [each.gain for _, each in found], "y": [name for name, _ in found],
            "marker": {"color": colour, "size": 11},
            "error_x": {"type": "data", "symmetric": False, "color": colour, "thickness": 2.5,
                        "width": 5, "array": [_reach(each.gain, each.high) for _, each in found],
                        "arrayminus": [_reach(each.low, each.gain) for _, each in found]},
            "hoverinfo": "text",
            "hovertext": [f"{name}<br>gain {gain_text(each)} points<br>{each.blocks} seed blocks"
                          for name, each in found]}


def _reach(low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else high - low


def _in_search(names: Sequence[str], entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    found = [(name, each.selection_gain) for name, each in zip(names, entries, strict=True)
             if each.selection_gain is not None]
    if found:
        yield {
            "type": "scatter", "mode": "markers", "name": "in search (flatters)",
            "x": [gain for _, gain in found], "y": [name for name, _ in found],
            "marker": {"color": "white", "size": 9, "symbol": "diamond",
                       "line": {"color": RED, "width": 1.5}},
            "hoverinfo": "text",
            "hovertext": [f"{name}<br>gain in search {gain:+.2f} points (selection panel)"
                          for name, gain in found]}


def _names(entries: Sequence[Entry]) -> list[str]:
    """Return a row's name for each entry, a line for each of its labels."""
    return ["<br>".join(map(escaped, entry.labels)) for entry in entries]


def _rows_axis(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "category", "categoryorder": "array", "categoryarray": list(names),
            "autorange": "reversed", "showgrid": False, "ticks": ""}
