r"""The transfer table as LaTeX: one `table` with booktabs' rules and no other package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from search.intervals import Interval
from search.table_entries import Cell, TransferTable
from search.text_tables import NONE
from search.transfer_table_text import notes_of, table_rows

__all__ = ["escaped", "table_as_latex"]

# Beside LaTeX's ten special characters, those that its oldest font encoding prints as others, and
# those that `\\` takes for its own argument at the start of a row.
_ESCAPES: Final = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}",
    '"': "''", "[": "{[}", "]": "{]}", "*": "{*}", "±": r"$\pm$",
})


def table_as_latex(table: TransferTable) -> str:
    r"""Return a `table` environment: bold is a column's best row, an asterisk survives.

    Needs `\usepackage{booktabs}`.
    """
    rows = [_line([escaped(name), *map(_figure, cells)]) for name, cells in
            table_rows(table, _gain, _score)]
    singles = 1 + sum(row.is_single for row in table.rows)
    mixtures = singles + sum(not row.is_single for row in table.rows)
    cuts = sorted({1, singles, mixtures})  # rules beneath controls, single tasks and mixtures
    body = [text for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)
            for text in (r"\midrule", *rows[start:end])]
    caption = " ".join([f"{table.title}.", *notes_of(table, best="Bold", survivor="An asterisk")])
    return "\n".join([
        r"% \usepackage{booktabs}", r"\begin{table}", r"\centering", r"\small",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escaped(caption)}}}", rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule", _line(["", *(escaped(column.name) for column in table.columns)]), *body,
        r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it stands, on one line."""
    return " ".join(text.split()).translate(_ESCAPES).replace("--", "-{}-").replace(
        "--", "-{}-")


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _figure(cell: str) -> str:
    """Return a figure in math mode, where a minus sign is one."""
    return cell if cell == NONE or "$" in cell else f"${cell}$"


def _gain(cell: Cell, *, is_best: bool) -> str:
    if cell.gain is None:
        return NONE
    number = f"{cell.gain.mean:+.1f}"
    number = rf"\mathbf{{{number}}}" if is_best else number
    return f"${number}{'^{*}' if cell.survives else ''}${_half(cell.gain)}"


def _score(interval: Interval | None) -> str:
    return NONE if interval is None else f"${interval.mean:.1f}${_half(interval)}"


def _half(interval: Interval | None) -> str:
    reach = None if interval is None else interval.half_width
    return "" if reach is None else rf" {{\scriptsize$\pm{reach:.1f}$}}"
