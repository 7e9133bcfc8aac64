"""Text tables: a title, a header, rows and notes, for a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["NONE", "TextRow", "TextTable", "as_markdown_lines", "as_renderables", "dimmed",
           "p_text"]

TextRow = tuple[str, ...]
"""The texts of a row's cells, the name first; a line feed breaks a cell in a terminal."""

NONE: Final = "-"
"""What stands where there is no number."""


class TextTable(NamedTuple):
    """A table for people; without rows its notes stand alone."""

    title: str
    header: TextRow
    rows: Sequence[TextRow]
    notes: Sequence[str]


def as_renderables(table: TextTable) -> Iterator[RenderableType]:
    """Yield what a terminal shows: the title, the table, the notes."""
    yield Text(f"\n{table.title}", style="bold")
    if table.rows:
        yield _grid(table.header, table.rows)
    yield from dimmed(table.notes)


def as_markdown_lines(table: TextTable) -> list[str]:
    """Return the lines of a Markdown section."""
    lines = ["", f"## {table.title}", ""]
    if table.rows:
        rule = ("---" if i == 0 else "--:" for i in range(len(table.header)))
        lines += [_line(table.header), _line(rule), *map(_line, table.rows), ""]
    return lines + [f"{note}  " for note in table.notes]


def dimmed(notes: Iterable[str]) -> Iterator[RenderableType]:
    """Yield notes as a terminal shows them beneath a table."""
    return (Padding(Text(note, style="dim"), (0, 0, 0, 1)) for note in notes)


def _grid(header: TextRow, rows: Iterable[TextRow]) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 1), header_style="bold")
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index else "left", overflow="fold",
                         no_wrap="gain" in name or "score" in name,
                         min_width=12 if name == "chosen as" else None)  # "proportional"
    for row in rows:
        table.add_row(*row)
    return table


def _line(cells: Iterable[str]) -> str:
    plain = (cell.replace("\n[", " [").replace("\n", "; ") for cell in cells)
    return f"| {' | '.join(plain)} |"


def p_text(value: float | None) -> str:
    """Return a p value to three decimals, "<0.001" below them, `NONE` where there is none."""
    if value is None:
        return NONE
    return "<0.001" if value < 0.0005 else f"{value:.3f}"
