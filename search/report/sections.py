"""The report's sections, in their order: to add one is to write its file and name it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from search.report.answer import answer, next_steps
from search.report.arms import arms
from search.report.convergence import convergence
from search.report.costs import costs
from search.report.effects import effects
from search.report.languages import languages
from search.report.levels import levels, tables
from search.report.mixtures import mixtures
from search.report.pieces import Material, Section
from search.report.provenance import provenance
from search.report.robustness import robustness
from search.report.scaling import scaling
from search.report.selection import selection
from search.report.similarity import similarity
from search.report.transfer import transfer

__all__ = ["SECTIONS", "Renderer", "sections_of"]

Renderer = Callable[[Material], Section | None]
"""Makes a section; None where the study did not ask for what it would show."""

SECTIONS: Final[tuple[Renderer, ...]] = (
    answer, arms, scaling, similarity, mixtures, effects, languages, transfer, robustness, levels,
    convergence, selection, costs, provenance, tables, next_steps)
"""The answer first; what it rests on last."""


def sections_of(material: Material) -> list[Section]:
    """Return the sections of a search's page."""
    return [section for renderer in SECTIONS if (section := renderer(material)) is not None]
