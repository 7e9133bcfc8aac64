"""The answer in sentences with their numbers, and what to try next."""

from __future__ import annotations

from search.headline import summary
from search.report.pieces import Material, Section

__all__ = ["answer", "next_steps"]


def answer(material: Material) -> Section:
    """Return the question and its answer, then what else the search says, a paragraph each."""
    question = str(material.opened.get("study", {}).get("question") or "")
    name = material.readout.search
    return Section("answer", f"{name}: {question}" if question else name,
                   summary(material.readout).split("\n\n"))


def next_steps(material: Material) -> Section:
    """Return what to try next, each sentence from a number of the read-out."""
    return Section("next", "What to try next",
                   material.readout.next or ("Nothing: no number of this search asks for more.",))
