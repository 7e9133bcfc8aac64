"""How figures look: colours, sizes, titles, keys, and how they are written.

Figures are drawn by the Agg renderer without pyplot, so that nothing global is set. Colours come
from `palette.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from search.palette import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, SKY, TASK_COLOURS

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "RED", "SKY", "TASK_COLOURS", "add_legend",
           "add_title", "paired_figure", "single_figure", "write_png"]

DPI = 150  # dots per inch; sizes below are in inches


def single_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    return figure, _styled(figure.add_subplot())


def paired_figure(width: float, height: float) -> tuple[Figure, tuple[Axes, Axes]]:
    """Return an empty figure with two pairs of axes side by side, on the same rows."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.15))
    return figure, (_styled(left), _styled(right))


def _styled(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, length=3, labelsize=9)
    axes.grid(color=PALE, lw=0.7)
    axes.set_axisbelow(True)
    return axes


def add_legend(figure: Figure, key: Sequence[Line2D]) -> None:
    """Put the key beneath the axes, where it hides no data."""
    figure.legend(handles=key, loc="outside lower center", ncols=min(len(key), 6),
                  frameon=False, fontsize=8, columnspacing=1.6)


def add_title(axes: Axes, title: str, subtitle: str) -> None:
    """Put the answer above the axes, and beneath it what it rests on."""
    axes.set_title(subtitle, loc="left", fontsize=8.5, color=GREY, pad=6)
    axes.annotate(title, (0, 1), (0, 20), xycoords="axes fraction", textcoords="offset points",
                  fontsize=12, fontweight="bold", color=INK, va="bottom", annotation_clip=False)


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure; without a software version in it the same numbers make the same bytes."""
    figure.savefig(path, format="png", metadata={"Software": None})
