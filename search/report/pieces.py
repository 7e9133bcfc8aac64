"""The pieces of a report: figures with their numbers, sections, and what sections are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from search.entries import Readout
from search.results import TrialResult
from search.text_tables import TextTable

__all__ = ["Cell", "Figure", "Material", "Numbers", "Part", "Section"]

Cell = str | float | int | None


class Numbers(NamedTuple):
    """What a figure shows, as rows under a header; None where there is no number."""

    header: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


class Figure(NamedTuple):
    """An interactive figure: plotly's traces and layout as plain data, and its numbers.

    `name` is unique in the page, of small letters and dashes; `caption` says what is seen.
    `height` and `min_width` are in CSS pixels; a narrower window scrolls it. Names of tasks and
    the like stand escaped in traces and layout, for plotly reads HTML.
    """

    name: str
    caption: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    numbers: Numbers
    height: int = 380
    min_width: int = 300


Part = str | Figure | TextTable
"""A paragraph, a figure or a table."""


class Section(NamedTuple):
    """A heading and what stands beneath it; `name` is its anchor in the page."""

    name: str
    title: str
    parts: Sequence[Part]


class Material(NamedTuple):
    """What sections are made from: the read-out, the trials beneath it, and the search's opening.

    `opened` is the data of the journal's first event: study, versions, fingerprints of data.
    """

    readout: Readout
    results: Sequence[TrialResult]
    opened: Mapping[str, Any]
