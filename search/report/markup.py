"""HTML and CSV of texts, tables and numbers, each text escaped."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from html import escape

from search.report.pieces import Cell, Numbers
from search.text_tables import TextTable

__all__ = ["as_csv", "csv_details", "escaped", "paragraph", "table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet begins a formula
_DECIMALS = 4


def escaped(text: str) -> str:
    """Return text that HTML, an attribute's value and plotly show as it is."""
    return escape(text, quote=True)


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{escaped(text)}</p>"


def table(given: TextTable) -> str:
    """Return a titled table and its notes; wide ones scroll."""
    rows = [f"<h3>{escaped(given.title)}</h3>"] if given.title else []
    if given.rows:
        head = "".join(f'<th scope="col">{_lines(cell)}</th>' for cell in given.header)
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in given.rows)
        rows.append(f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
                    f"<tbody>{body}</tbody></table></div>")
    return "\n".join([*rows, *(f'<p class="note">{escaped(note)}</p>' for note in given.notes)])


def as_csv(numbers: Numbers) -> str:
    """Return CSV with a header; floats to 4 decimals, what a spreadsheet would run as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_field, numbers.header))
    writer.writerows(map(_field, row) for row in numbers.rows)
    return text.getvalue()


def csv_details(name: str, numbers: Numbers) -> str:
    """Return the numbers beneath a figure: to read, and to save as a file."""
    text = as_csv(numbers)
    data = base64.b64encode(text.encode()).decode()
    return (f"<details><summary>The numbers of this figure (CSV, {len(numbers.rows)} rows)"
            f'</summary><p><a download="{escaped(name)}.csv" href="data:text/csv;base64,{data}">'
            f"Save as {escaped(name)}.csv</a></p><pre>{escaped(text)}</pre></details>")


def _cells(row: Sequence[str]) -> str:
    first, *rest = row
    return f'<th scope="row">{_lines(first)}</th>' + "".join(
        f"<td>{_lines(cell)}</td>" for cell in rest)


def _lines(cell: str) -> str:
    return "<br>".join(map(escaped, cell.split("\n")))


def _field(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return repr(round(cell, _DECIMALS) + 0.0)  # no -0.0
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text
