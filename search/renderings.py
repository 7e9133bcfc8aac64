"""Renderings of a read-out: tables for people, Markdown, YAML, JSON, its table as LaTeX."""

from __future__ import annotations

from itertools import chain

import yaml
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from search.entries import Readout
from search.faults import UserError
from search.headline import headline
from search.readout_tables import readout_tables
from search.text_tables import as_markdown_lines, as_renderables
from search.transfer_table_latex import table_as_latex
from search.transfer_table_text import table_as_markdown, table_as_text

__all__ = ["as_json", "as_latex", "as_markdown", "as_tables", "as_yaml"]


def as_json(readout: Readout) -> str:
    """Return the read-out as JSON, the same bytes for the same results and measurements."""
    return readout.as_json()


def as_yaml(readout: Readout) -> str:
    """Return the same data as YAML."""
    return yaml.safe_dump(readout.as_data(), sort_keys=False, allow_unicode=True, width=100)


def as_latex(readout: Readout) -> str:
    """Return the transfer table alone, as LaTeX.

    Raises:
        UserError: if the read-out has none.
    """
    if readout.transfer_table is None:
        raise UserError("`--format latex` must have a search of a study with a `table`, of which a "
                        f"trial has ended, got {readout.search}")
    return table_as_latex(readout.transfer_table)


def as_tables(readout: Readout) -> RenderableType:
    """Return tables for a terminal: mixtures, curve, controls, outcomes, what to try next."""
    parts: list[RenderableType] = [Text(f"{readout.search}: {headline(readout)}", style="bold")]
    table = [] if readout.transfer_table is None else [table_as_text(readout.transfer_table)]
    parts += table if readout.table_is_answer else []
    parts += chain.from_iterable(map(as_renderables, readout_tables(readout)))
    parts += [] if readout.table_is_answer else table
    parts.append(Text("\nWhat to try next", style="bold"))
    parts += [Padding(Text(f"• {sentence}"), (0, 0, 0, 1)) for sentence in readout.next]
    return Group(*parts)


def as_markdown(readout: Readout) -> str:
    """Return the same as Markdown."""
    answer = headline(readout)
    lines = [f"# {readout.search}", "", answer[:1].upper() + answer[1:]]
    table = [] if readout.transfer_table is None else table_as_markdown(readout.transfer_table)
    lines += table if readout.table_is_answer else []
    lines += chain.from_iterable(map(as_markdown_lines, readout_tables(readout)))
    lines += [] if readout.table_is_answer else table
    lines += ["", "## What to try next", "", *(f"- {sentence}" for sentence in readout.next)]
    return "\n".join(lines).rstrip() + "\n"
