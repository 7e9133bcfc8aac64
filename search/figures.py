"""Figures of a read-out, as PNG files; the one file that knows matplotlib.

Figures are drawn by the Agg renderer without pyplot, so that nothing global is set. Colours are
Okabe and Ito's, which stay apart for every common kind of colour vision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from search.entries import Entry, Readout
from search.objective import Objective
from search.renderings import gain_text
from search.results import Outcome, Role, TrialResult
from search.saturation import Saturation

__all__ = ["draw", "draw_curve", "draw_mixtures", "draw_progress"]

_BLACK, _ORANGE, _SKY, _GREEN, _YELLOW, _BLUE, _RED, _PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
_TASK_COLOURS = (_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _RED, _YELLOW, "#999999")
_GREY, _PALE, _INK = "#8A8A8A", "#E4E4E4", "#222222"
_DPI = 150


def draw(
    readout: Readout, results: Iterable[TrialResult], objective: Objective, directory: Path
) -> list[Path]:
    """Draw every figure that has data as a PNG file in `directory`, and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    listed = sorted(results, key=lambda result: result.trial)
    figures = {}
    if readout.curve is not None and readout.curve.points:
        figures["curve.png"] = draw_curve(readout.curve)
    if readout.entries:
        figures["mixtures.png"] = draw_mixtures(readout)
    if any(result.role is Role.SEARCH and result.scores is not None for result in listed):
        figures["progress.png"] = draw_progress(listed, objective)
    for name, figure in figures.items():
        # Without a software version in it, the same numbers make the same bytes.
        FigureCanvasAgg(figure).print_png(directory / name, metadata={"Software": None})
    return [directory / name for name in figures]


# ---- the curve ------------------------------------------------------------------------------


def draw_curve(curve: Saturation) -> Figure:
    """Draw the score against x on a log axis: trials, means, t intervals, and x* or its bounds."""
    figure, axes = _figure(7.2, 4.4)
    xs = [point.x for point in curve.points]
    place = _places(xs)
    _draw_bound(axes, curve, place)
    _draw_trials(axes, curve, place)
    _draw_means(axes, curve, place)
    axes.set_xticks([place(x) for x in xs], [f"{x:g}" for x in xs])
    axes.minorticks_off()
    noun = "non-English languages of intermediate training" if curve.axis == "languages" else (
        curve.axis)
    axes.set_xlabel(f"{noun} (count, log scale)")
    axes.set_ylabel("score on the report panel (points)")
    _title(axes, _verdict(curve), f"worth {curve.worth:g} points per doubling; "
           f"{curve.level:.0%} t intervals over {curve.units} {curve.unit}"
           f"{'' if curve.units == 1 else 's'}")
    axes.legend(handles=_curve_key(curve), loc="lower right", frameon=False, fontsize=8)
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
            axes.axvspan(place(curve.low), place(curve.x_star), color=_GREEN, alpha=0.10, lw=0)
        axes.axvline(place(curve.x_star), color=_GREEN, lw=1.6, ls=(0, (5, 2)))
        axes.annotate(f"x* = {curve.x_star:g}", (place(curve.x_star), 1), (4, -4), color=_GREEN,
                      xycoords=("data", "axes fraction"), textcoords="offset points",
                      va="top", fontsize=10, fontweight="bold")
    elif curve.verdict == "still rising" and curve.low is not None:
        axes.axvline(place(curve.low), color=_RED, lw=1.4, ls=(0, (5, 2)))
        axes.annotate(f"x* > {curve.low:g}", (place(curve.low), 1), (4, -4), color=_RED,
                      xycoords=("data", "axes fraction"), textcoords="offset points",
                      va="top", fontsize=10, fontweight="bold")
    if curve.falls_after is not None:
        axes.axvline(place(curve.falls_after), color=_RED, lw=1.4, ls=":")
        axes.annotate(f"falls after {curve.falls_after:g}", (place(curve.falls_after), 0), (4, 6),
                      xycoords=("data", "axes fraction"), textcoords="offset points", color=_RED,
                      fontsize=9)


def _draw_trials(axes: Axes, curve: Saturation, place: _places) -> None:
    orders = sorted({each.order for each in curve.observations if each.order})
    for each in curve.observations:
        # Orders stand side by side, so that trials of equal x do not hide each other.
        rank = orders.index(each.order) - (len(orders) - 1) / 2 if each.order else 0.0
        axes.plot(place(each.x) + 0.05 * rank, each.score, "o", ms=3.6, color=_ORANGE,
                  alpha=0.65, mew=0, zorder=2)


def _draw_means(axes: Axes, curve: Saturation, place: _places) -> None:
    points = [point for point in curve.points if point.x > 0]
    at = [place(point.x) for point in points]
    if all(point.score.low is not None for point in points):
        axes.fill_between(at, [point.score.low or 0.0 for point in points],
                          [point.score.high or 0.0 for point in points], color=_BLUE, alpha=0.16,
                          lw=0, zorder=1)
    axes.plot(at, [point.score.mean for point in points], "-o", color=_BLUE, lw=2, ms=5.5, zorder=3)
    zero = next((point for point in curve.points if point.x == 0), None)
    if zero is None:
        return
    if zero.score.low is not None and zero.score.high is not None:
        axes.plot([place(0)] * 2, [zero.score.low, zero.score.high], color=_BLUE, alpha=0.35, lw=5,
                  solid_capstyle="butt", zorder=1)
    axes.plot(place(0), zero.score.mean, "D", color=_BLUE, ms=6, zorder=3)
    if points:
        axes.plot([place(0), at[0]], [zero.score.mean, points[0].score.mean], color=_BLUE, lw=1.2,
                  ls=(0, (1, 2)), zorder=2)


def _curve_key(curve: Saturation) -> list[Line2D]:
    key = [Line2D([], [], color=_BLUE, lw=2, marker="o", ms=5.5, label="mean and interval"),
           Line2D([], [], color=_ORANGE, lw=0, marker="o", ms=4, label="trial")]
    if any(point.x == 0 for point in curve.points):
        key.append(Line2D([], [], color=_BLUE, lw=0, marker="D", ms=6, label="none (English alone)"))
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
    figure, (bars, gains) = _figure_pair(8.6, 1.9 + 0.42 * len(entries))
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
    gains.axvline(0, color=_INK, lw=0.8)
    gains.set_xlabel("gain over controls (points)")
    gains.grid(axis="y", visible=False)
    _title(bars, "Mixtures, best confirmed first",
           f"bold: may be the best; bars: {readout.level:.0%} t intervals on the report panel")
    figure.legend(handles=_mixture_key(tasks, entries), loc="outside lower center", ncols=4,
                  frameon=False, fontsize=8)
    return figure


def _draw_gain(axes: Axes, row: int, entry: Entry) -> None:
    colour = _BLUE if entry.in_winner_set else _GREY
    if entry.selection_gain is not None:
        axes.plot(entry.selection_gain, row, "D", ms=5, mfc="white", mec=_RED, zorder=2)
    if entry.gain is None:
        return
    if entry.low is not None and entry.high is not None:
        axes.plot([entry.low, entry.high], [row, row], color=colour, lw=3,
                  solid_capstyle="butt", alpha=0.55, zorder=3)
    axes.plot(entry.gain, row, "o", ms=7, color=colour, zorder=4)
    axes.annotate(gain_text(entry), (1.02, row), xycoords=("axes fraction", "data"), va="center",
                  fontsize=8, color=_INK, annotation_clip=False)


def _mixture_key(tasks: Sequence[str], entries: Iterable[Entry]) -> list[Line2D]:
    key = [Line2D([], [], color=_colour(tasks, task), lw=7, label=task) for task in tasks]
    listed = list(entries)
    if any(entry.gain is not None for entry in listed):
        key.append(Line2D([], [], color=_BLUE, lw=3, marker="o", ms=7, label="confirmed gain"))
    if any(entry.selection_gain is not None for entry in listed):
        key.append(Line2D([], [], color=_RED, lw=0, marker="D", ms=5, mfc="white",
                          label="the search's own gain (selection panel)"))
    return key


def _colour(tasks: Sequence[str], task: str) -> str:
    return _TASK_COLOURS[tasks.index(task) % len(_TASK_COLOURS)]


# ---- the search -----------------------------------------------------------------------------


def draw_progress(results: Iterable[TrialResult], objective: Objective) -> Figure:
    """Draw the objective of each search trial in order, and the best so far."""
    figure, axes = _figure(7.2, 4.0)
    best: list[tuple[int, float]] = []
    searched = [result for result in results if result.role is Role.SEARCH]
    for number, result in enumerate(searched, start=1):
        if result.scores is None:
            axes.plot(number, 0.02, "x", color=_RED, ms=6, transform=axes.get_xaxis_transform())
            continue
        value = objective.value(result.scores)
        stopped = result.outcome is Outcome.STOPPED
        axes.plot(number, value, "o", ms=5, mec=_BLUE, mfc="white" if stopped else _SKY, zorder=2)
        if not stopped:
            best.append((number, max(value, best[-1][1]) if best else value))
    if best:
        best.append((len(searched) + 1, best[-1][1]))
        axes.step(*zip(*best, strict=True), where="post", color=_BLUE, lw=2, zorder=1)
    if objective.controls:
        axes.axhline(0, color=_GREY, lw=1, ls=(0, (5, 2)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, len(searched) + 1)
    axes.set_xlabel("search trial (number)")
    axes.set_ylabel("objective (seed spreads above controls)")
    _title(axes, "Search progress", "selection panel, before confirmation")
    axes.legend(handles=_progress_key(searched, objective), loc="lower right", frameon=False,
                fontsize=8)
    return figure


def _progress_key(searched: Iterable[TrialResult], objective: Objective) -> list[Line2D]:
    listed = list(searched)
    key = [Line2D([], [], color=_BLUE, lw=2, label="best so far"),
           Line2D([], [], lw=0, marker="o", mec=_BLUE, mfc=_SKY, label="trial")]
    if any(result.outcome is Outcome.STOPPED for result in listed):
        key.append(Line2D([], [], lw=0, marker="o", mec=_BLUE, mfc="white", label="stopped early"))
    if any(result.scores is None for result in listed):
        key.append(Line2D([], [], lw=0, marker="x", color=_RED, label="failed"))
    if objective.controls:
        key.append(Line2D([], [], color=_GREY, lw=1, ls=(0, (5, 2)), label="mean of controls"))
    return key


# ---- how all figures look -------------------------------------------------------------------


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    return figure, _styled(figure.add_subplot())


def _figure_pair(width: float, height: float) -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.15))
    return figure, (_styled(left), _styled(right))


def _styled(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    axes.tick_params(colors=_INK, length=3, labelsize=9)
    axes.grid(color=_PALE, lw=0.7)
    axes.set_axisbelow(True)
    return axes


def _title(axes: Axes, title: str, subtitle: str) -> None:
    axes.set_title(subtitle, loc="left", fontsize=8.5, color=_GREY, pad=6)
    axes.annotate(title, (0, 1), (0, 20), xycoords="axes fraction", textcoords="offset points",
                  fontsize=12, fontweight="bold", color=_INK, va="bottom", annotation_clip=False)
