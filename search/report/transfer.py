"""The transfer table as a heat map: intermediate tasks by targets."""

from __future__ import annotations

from typing import Any, Final

from search.intervals import spell
from search.palette import INK, colour_limit
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Section
from search.table_entries import Cell, TransferTable
from search.transfer_table_text import notes_of, table_headline

__all__ = ["transfer"]

# Red below 0 and blue above, white at 0: apart for every common kind of colour vision.
_COLOURS: Final = [[0.0, "#B2182B"], [0.25, "#F4A582"], [0.5, "#F7F7F7"], [0.75, "#92C5DE"],
                   [1.0, "#2166AC"]]


def transfer(material: Material) -> Section | None:
    """Return gains of intermediate tasks by targets; None where the study has no table."""
    table = material.readout.transfer_table
    if table is None:
        return None
    answer = table_headline(table)
    parts = [answer[:1].upper() + answer[1:]]
    if not any(cell.gain for row in table.rows for cell in row.cells):
        return Section("transfer", table.title, [*parts, "There is no figure: no gain is known."])
    return Section("transfer", table.title, [
        *parts, _figure(table), *notes_of(table, best="In the CSV's last column `yes`",
                                          survivor="A frame and an asterisk")])


def _figure(table: TransferTable) -> Figure:
    rows = sorted(table.rows, key=lambda row: not row.is_single)
    columns = [escaped(column.name).replace(" without ", "<br>without ")
               for column in table.columns]
    names = [escaped(row.name) for row in rows]
    limit = colour_limit(table)
    trace = {
        "type": "heatmap", "colorscale": _COLOURS, "zmin": -limit, "zmax": limit, "xgap": 2,
        "ygap": 2, "x": list(range(len(columns))), "y": list(range(len(names))),
        "z": [[None if cell.gain is None else cell.gain.mean for cell in row.cells]
              for row in rows],
        "text": [[_text(cell) for cell in row.cells] for row in rows],
        "texttemplate": "%{text}", "hoverinfo": "text", "hoverongaps": False,
        "hovertext": [[_hover(name, column, cell)
                       for column, cell in zip(columns, row.cells, strict=True)]
                      for name, row in zip(names, rows, strict=True)],
        "colorbar": {"title": {"text": "gain (points)", "side": "right"}, "thickness": 12}}
    frames = [_frame(x, y) for y, row in enumerate(rows) for x, cell in enumerate(row.cells)
              if cell.survives]
    return Figure(
        "transfer", "Gain over the controls, in points: rows are what was trained on, columns "
        "what was scored." + (" Framed: survives the correction." if frames else ""), [trace],
        {"shapes": frames,
         "xaxis": {"tickvals": list(range(len(columns))), "ticktext": columns, "tickangle": -40,
                   "showgrid": False, "title": {"text": "target task"}},
         "yaxis": {"tickvals": list(range(len(names))), "ticktext": names, "showgrid": False,
                   "autorange": "reversed", "title": {"text": "intermediate training"}}},
        _numbers(table), height=210 + 40 * len(rows), min_width=210 + 62 * len(columns))


def _text(cell: Cell) -> str:
    if cell.gain is None:
        return "-"
    reach = cell.gain.half_width
    return (f"{cell.gain.mean:+.1f}" + ("*" if cell.survives else "")
            + ("" if reach is None else f"<br>±{reach:.1f}"))


def _hover(row: str, column: str, cell: Cell) -> str:
    text = f"{row} → {column}<br>gain {spell(cell.gain, signed=True)} points"
    if cell.adjusted_p_value is not None:
        text += f"<br>adjusted p {cell.adjusted_p_value:.3g}"
    return text


def _frame(x: int, y: int) -> dict[str, Any]:
    return {"type": "rect", "x0": x - 0.46, "x1": x + 0.46, "y0": y - 0.44, "y1": y + 0.44,
            "line": {"color": INK, "width": 2}}


def _numbers(table: TransferTable) -> Numbers:
    return Numbers(
        ("row", "column", "gain_points", "low", "high", "seed_blocks", "p_value", "adjusted_p",
         "survives", "best_of_column"),
        [(row.name, cell.column, *((None,) * 4 if cell.gain is None else (
            cell.gain.mean, cell.gain.low, cell.gain.high, cell.gain.units)), cell.p_value,
          cell.adjusted_p_value, {None: None, True: "yes", False: "no"}[cell.survives],
          "yes" if column.best == row.name else "no")
         for row in table.rows
         for cell, column in zip(row.cells, table.columns, strict=True)])
