"""Figures of a read-out, as PNG files: the curve, the mixtures, the search's progress.

That of the transfer table is drawn in `heat_map.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from search.entries import Entry, Readout
from search.figure_style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    RED,
    SKY,
    TASK_COLOURS,
    add_legend,
    add_title,
    paired_figure,
    single_figure,
    write_png,
)
from search.headline import gain_text
from search.heat_map import draw_transfer_table
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from search.saturation import Saturation
from search.side_by_side import side_by_side

__all__ = ["draw_curve", "draw_figures", "draw_mixtures", "draw_progress"]


def draw_figures(
    readout: Readout, results: Iterable[TrialResult], directory: Path
) -> list[Path]:
    """Draw every figure that has data as a PNG file in `directory`, and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    listed = sorted(results, key=lambda result: result.trial)
    figures = {}
    for each in readout.all_curves:
        if each.curve.points:
            figures[f"{each.name}.png"] = draw_curve(each.curve, each.category)
    if readout.entries:
        figures["mixtures.png"] = draw_mixtures(readout)
    table = readout.transfer_table
    if table is not None and any(cell.gain for row in table.rows for cell in row.cells):
        figures["table.png"] = draw_transfer_table(table)
    if any(result.role is Role.SEARCH and result.scores is not None for result in listed):
        figures["progress.png"] = draw_progress(listed, readout.selection.objective)
    for name, figure in figures.items():
        write_png(figure, directory / name)
    return [directory / name for name in figures]


# ---- the curve ------------------------------------------------------------------------------


def draw_curve(curve: Saturation, category: str = "") -> Figure:
    """Draw the score against x on a log axis: trials, means, t intervals, and x* or its bounds."""
    figure, axes = single_figure(7.2, 4.4)
    xs = [point.x for point in curve.points]
    place = _places(xs)
    _draw_bound(axes, curve, place)
    _draw_trials(axes, curve, place)
    _draw_means(axes, curve, place)
    axes.set_xticks([place(x) for x in xs], [f"{x:g}" for x in xs])
    axes.margins(y=0.14)  # room for what stands at the top
    noun = "non-English languages of intermediate training" if curve.axis == "languages" else (
        curve.axis)
    axes.set_xlabel(f"{noun} (count, log scale)")
    axes.set_ylabel(f"{category or 'score'} on the report panel (points)")
    basis = curve.basis if curve.units > 1 else "one seed block of one order, so no interval"
    add_title(axes, _verdict(curve), f"worth {curve.worth.rate}; {basis}")
    add_legend(figure, _curve_key(curve))
    return figure


class _places:  # noqa: N801 - it is called as a function
    """Where an x stands: log2(x), and 0 one octave and a half below the least of the others."""

    def __init__(self, xs: Sequence[float]) -> None:
        positive = [x for x in xs if x > 0]
        self._zero = math.log2(min(positive)) - 1.5 if positive else 0.0

    def __call__(self, x: float) -> float:
        return math.log2(x) if x > 0 else self._zero


def _draw_bound(axes: Axes, curve: Saturation, place: _places) -> None:
    if curve.x_star is not None:
        if curve.low is not None:
            top = curve.x_star if curve.high is None else curve.high
            axes.axvspan(place(curve.low), place(top), color=GREEN, alpha=0.10, lw=0)
        axes.axvline(place(curve.x_star), color=GREEN, lw=1.6, ls=(0, (5, 2)))
        axes.annotate(f"x* = {curve.x_star:g}", (place(curve.x_star), 1), (4, -4), color=GREEN,
                      xycoords=("data", "axes fraction"), textcoords="offset points",
                      va="top", fontsize=10, fontweight="bold")
    elif curve.verdict == "still rising" and curve.low is not None:
        axes.axvline(place(curve.low), color=RED, lw=1.4, ls=(0, (5, 2)))
        axes.annotate(f"x* > {curve.low:g}", (place(curve.low), 1), (4, -4), color=RED,
                      xycoords=("data", "axes fraction"), textcoords="offset points",
                      va="top", fontsize=10, fontweight="bold")
    if curve.falls_after is not None:
        if curve.falls_after != curve.x_star:
            axes.axvline(place(curve.falls_after), color=RED, lw=1.4, ls=":")
        axes.annotate(f"falls after {curve.falls_after:g}", (place(curve.falls_after), 0), (4, 6),
                      xycoords=("data", "axes fraction"), textcoords="offset points", color=RED,
                      fontsize=9)


def _draw_trials(axes: Axes, curve: Saturation, place: _places) -> None:
    for each, beside in zip(curve.observations, side_by_side(curve.observations), strict=True):
        axes.plot(place(each.x) + beside, each.score, "o", ms=3.6, color=ORANGE, alpha=0.65,
                  mew=0, zorder=2)


def _draw_means(axes: Axes, curve: Saturation, place: _places) -> None:
    points = [point for point in curve.points if point.x > 0]
    at = [place(point.x) for point in points]
    if all(point.score.low is not None for point in points):
        axes.fill_between(at, [point.score.low or 0.0 for point in points],
                          [point.score.high or 0.0 for point in points], color=BLUE, alpha=0.16,
                          lw=0, zorder=1)
    axes.plot(at, [point.score.mean for point in points], "-o", color=BLUE, lw=2, ms=5.5, zorder=3)
    zero = next((point for point in curve.points if point.x == 0), None)
    if zero is None:
        return
    if zero.score.low is not None and zero.score.high is not None:
        axes.plot([place(0)] * 2, [zero.score.low, zero.score.high], color=BLUE, alpha=0.35, lw=5,
                  solid_capstyle="butt", zorder=1)
    axes.plot(place(0), zero.score.mean, "D", color=BLUE, ms=6, zorder=3)
    if points:
        axes.plot([place(0), at[0]], [zero.score.mean, points[0].score.mean], color=BLUE, lw=1.2,
                  ls=(0, (1, 2)), zorder=2)


def _curve_key(curve: Saturation) -> list[Line2D]:
    shown = "mean and interval" if curve.units > 1 else "mean"
    key = [Line2D([], [], color=BLUE, lw=2, marker="o", ms=5.5, label=shown),
           Line2D([], [], color=ORANGE, lw=0, marker="o", ms=4, label="trial")]
    if any(point.x == 0 for point in curve.points):
        key.append(Line2D([], [], color=BLUE, lw=0, marker="D", ms=6, label="English alone"))
    return key


def _verdict(curve: Saturation) -> str:
    if curve.verdict == "located":
        return f"Gains stop paying at {curve.x_star:g} {curve.axis}"
    if curve.verdict == "falls after x":
        return f"Falls after {curve.falls_after:g} {curve.axis}"
    if curve.verdict == "still rising":
        return f"Still rising: x* lies above {curve.low:g} {curve.axis}"
    return f"Point of diminishing returns: {curve.verdict}"


# ---- the mixtures ---------------------------------------------------------------------------


def draw_mixtures(readout: Readout) -> Figure:
    """Draw each mixture as a bar of its tasks' shares, and its confirmed gain with interval."""
    entries = list(reversed(readout.entries))
    figure, (bars, gains) = paired_figure(8.6, 1.9 + 0.42 * len(entries))
    tasks = sorted({task for entry in entries for task, _ in entry.mixture})
    for row, entry in enumerate(entries):
        left = 0.0
        for task, weight in entry.mixture:
            bars.barh(row, 100 * weight, left=left, height=0.62, color=_colour(tasks, task),
                      edgecolor="white", lw=0.8)
            left += 100 * weight
        _draw_gain(gains, row, entry)
    bars.set_xlim(0, 100)
    bars.set_yticks(range(len(entries)), [", ".join(entry.labels) for entry in entries])
    for label, entry in zip(bars.get_yticklabels(), entries, strict=True):
        label.set_fontweight("bold" if entry.in_winner_set else "normal")
    bars.set_xlabel("share of the mixture (%)")
    bars.grid(visible=False)
    gains.axvline(0, color=INK, lw=0.8)
    gains.set_xlabel("gain over controls (points)")
    gains.grid(axis="y", visible=False)
    gains.tick_params(left=False)
    gains.spines["left"].set_visible(False)
    if any(entry.gain is not None for entry in entries):
        add_title(bars, "Mixtures, best confirmed first",
               f"bold: may be the best; bars: {readout.level:.0%} t intervals on the report panel")
    else:
        add_title(bars, "Mixtures, no gain confirmed", "the search's own numbers only")
    add_legend(figure, _mixture_key(tasks, entries))
    return figure


def _draw_gain(axes: Axes, row: int, entry: Entry) -> None:
    colour = INK if entry.in_winner_set in (True, None) else GREY
    if entry.selection_gain is not None:
        axes.plot(entry.selection_gain, row, "D", ms=5, mfc="white", mec=RED, zorder=2)
    if entry.gain is None:
        return
    if entry.low is not None and entry.high is not None:
        axes.plot([entry.low, entry.high], [row, row], color=colour, lw=3,
                  solid_capstyle="butt", alpha=0.55, zorder=3)
    axes.plot(entry.gain, row, "o", ms=7, color=colour, zorder=4)
    axes.annotate(gain_text(entry), (1.02, row), xycoords=("axes fraction", "data"), va="center",
                  fontsize=8, color=INK, annotation_clip=False)


def _mixture_key(tasks: Sequence[str], entries: Iterable[Entry]) -> list[Line2D]:
    key = [Line2D([], [], color=_colour(tasks, task), lw=7, label=task) for task in tasks]
    listed = list(entries)
    if any(entry.gain is not None for entry in listed):
        key.append(Line2D([], [], color=INK, lw=3, marker="o", ms=7, label="confirmed gain"))
    if any(entry.selection_gain is not None for entry in listed):
        key.append(Line2D([], [], color=RED, lw=0, marker="D", ms=5, mfc="white",
                          label="gain in search (selection panel)"))
    return key


def _colour(tasks: Sequence[str], task: str) -> str:
    return TASK_COLOURS[tasks.index(task) % len(TASK_COLOURS)]


# ---- the search -----------------------------------------------------------------------------


def draw_progress(results: Iterable[TrialResult], objective: Objective) -> Figure:
    """Draw the objective of each search trial in order, and the best so far."""
    figure, axes = single_figure(7.2, 4.0)
    best: list[tuple[int, float]] = []
    searched = [result for result in results if result.role is Role.SEARCH]
    for number, result in enumerate(searched, start=1):
        if result.scores is None:
            axes.plot(number, 0.02, "x", color=RED, ms=6, transform=axes.get_xaxis_transform())
            continue
        value = objective.value(result.scores)
        stopped = result.outcome is Outcome.STOPPED
        axes.plot(number, value, "o", ms=5, mec=BLUE, mfc="white" if stopped else SKY, zorder=2)
        if not stopped:
            best.append((number, max(value, best[-1][1]) if best else value))
    if best:
        best.append((len(searched) + 1, best[-1][1]))
        axes.step(*zip(*best, strict=True), where="post", color=BLUE, lw=2, zorder=1)
    if objective.controls:
        axes.axhline(0, color=GREY, lw=1, ls=(0, (5, 2)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, len(searched) + 1)
    axes.set_xlabel("search trial (number)")
    axes.set_ylabel("objective (seed spreads above controls)")
    add_title(axes, "Search progress", "selection panel, before confirmation")
    add_legend(figure, _progress_key(searched, objective))
    return figure


def _progress_key(searched: Iterable[TrialResult], objective: Objective) -> list[Line2D]:
    listed = list(searched)
    key = [Line2D([], [], color=BLUE, lw=2, label="best so far"),
           Line2D([], [], lw=0, marker="o", mec=BLUE, mfc=SKY, label="trial")]
    if any(result.outcome is Outcome.STOPPED for result in listed):
        key.append(Line2D([], [], lw=0, marker="o", mec=BLUE, mfc="white", label="stopped early"))
    if any(result.scores is None for result in listed):
        key.append(Line2D([], [], lw=0, marker="x", color=RED, label="failed"))
    if objective.controls:
        key.append(Line2D([], [], color=GREY, lw=1, ls=(0, (5, 2)), label="mean of controls"))
    return key
