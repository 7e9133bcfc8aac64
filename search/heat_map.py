"""The heat map of a transfer table: gains by colour and number, what survives in a frame."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from search.figure_style import GREY, INK, add_title, single_figure
from search.palette import colour_limit
from search.table_entries import Cell, Row, TransferTable

__all__ = ["draw_transfer_table"]

# Blue above 0 and red below, white at 0: apart for every common kind of colour vision, and each
# cell says its sign, for prints without colour.
_COLOURS = "RdBu"
_DARK_FROM = 0.6  # of the limit: beyond it numbers are white
_LEAST_WIDTH = 6.4  # inches, in which the line under the title has room


def draw_transfer_table(table: TransferTable) -> Figure:
    """Draw each row's gains in each column, the single tasks above the mixtures."""
    rows = sorted(table.rows, key=lambda row: not row.is_single)
    figure, axes = single_figure(max(_LEAST_WIDTH, 2.4 + 0.78 * len(table.columns)),
                                 2.0 + 0.46 * len(rows))
    limit = colour_limit(table)
    gains = np.array([[np.nan if cell.gain is None else cell.gain.mean for cell in row.cells]
                      for row in rows])
    image = axes.imshow(np.ma.masked_invalid(gains), cmap=_COLOURS, vmin=-limit, vmax=limit,
                        aspect="auto")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row.cells):
            _write(axes, x, y, cell, limit=limit)
    _label(axes, table, rows)
    bar = figure.colorbar(image, ax=axes, extend="both", shrink=0.9, pad=0.02)
    bar.set_label("gain over controls (points)", fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    add_title(axes, table.title, _basis(table))
    return figure


def _write(axes: Axes, x: int, y: int, cell: Cell, *, limit: float) -> None:
    if cell.gain is None:
        axes.annotate("-", (x, y), ha="center", va="center", fontsize=8, color=GREY)
        return
    colour = "white" if abs(cell.gain.mean) > _DARK_FROM * limit else INK
    reach = cell.gain.half_width
    text = f"{cell.gain.mean:+.1f}" + ("" if reach is None else f"\n±{reach:.1f}")
    axes.annotate(text, (x, y), ha="center", va="center", fontsize=7.5, color=colour,
                  fontweight="bold" if cell.survives else "normal", linespacing=1.05)
    if cell.survives:
        axes.add_patch(Rectangle((x - 0.45, y - 0.43), 0.9, 0.86, fill=False, lw=1.6,
                                 edgecolor=colour))


def _label(axes: Axes, table: TransferTable, rows: list[Row]) -> None:
    names = [_plain(column.name).replace(" without ", "\nwithout ") for column in table.columns]
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), [_plain(row.name) for row in rows])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for y in range(1, len(rows)):
        axes.axhline(y - 0.5, color="white", lw=0.8)
    singles = sum(row.is_single for row in rows)
    tasks = sum(not column.is_average for column in table.columns)
    if 0 < singles < len(rows):
        axes.axhline(singles - 0.5, color="white", lw=4)
    if tasks < len(table.columns):
        axes.axvline(tasks - 0.5, color="white", lw=4)


def _plain(name: str) -> str:
    """Return a name in which a dollar sign begins no formula."""
    return name.replace("$", r"\$")


def _basis(table: TransferTable) -> str:
    if len(table.seeds) < 2:
        return f"{table.model}; one seed block: no intervals, nothing tested"
    return (f"{table.model}; {len(table.seeds)} seed blocks; framed: survives at a "
            f"false-discovery rate of {table.false_discovery_rate:.0%}")
