"""How the answer was selected, how trials ended, and what was left out and why."""

from __future__ import annotations

from collections.abc import Iterator

from search.entries import Readout
from search.report.pieces import Material, Section
from search.text_tables import TextTable

__all__ = ["selection"]

_MARKS = ("A finished trial at chance level, or with one label throughout, keeps its score and its "
          "place in every mean; it is counted here besides.")


def selection(material: Material) -> Section:
    """Return the choice of winners, the outcomes, and every exclusion with its reason."""
    readout = material.readout
    return Section("selection", "How it was selected, and what was left out",
                   [*_choice(readout), _outcomes(readout), *_excluded(readout)])


def _choice(readout: Readout) -> Iterator[str]:
    chosen = readout.selection
    if readout.table_is_answer:
        yield "Nothing was selected: the study is its table alone."
        return
    if readout.arms_are_answer:
        yield "Nothing was selected: the arms and their primary contrast were declared before."
        return
    if readout.is_designed:
        yield "Nothing was selected: the trials of the curve were declared before."
        return
    if chosen.of is not None:
        yield (f"Nothing was selected here: the mixtures are those that {chosen.of} confirmed, on "
               "the same seeds and so with the same encoders before the targets, and are read out "
               f"on the report panel ({', '.join(chosen.report) or 'none'}).")
        return
    yield (f"The search compared {chosen.candidates} different mixtures on the selection panel "
           f"({', '.join(chosen.panel) or 'none: no trial ended'}), by the mean of target "
           "categories, each in seed spreads of its controls. "
           + (f"Its best {chosen.winners} were to be trained again on fresh seeds"
              if chosen.winners else "None was to be confirmed")
           + f", and are read out on the report panel ({', '.join(chosen.report) or 'none'}).")
    objective = chosen.objective
    spreads = "; ".join(f"{kind} {spread:.2f} points" for kind, spread in objective.spreads)
    if spreads:
        yield (f"Seed spreads, from {objective.controls} controls: {spreads}.")
    yield from (f"Note: {flag}." for flag in chosen.flags)


def _outcomes(readout: Readout) -> TextTable:
    names = list(next(iter(readout.outcomes.values()), {}))
    rows = [(role, *(str(counts[name]) for name in names))
            for role, counts in readout.outcomes.items() if any(counts.values())]
    notes = [_MARKS] if rows else ["No trial ended."]
    return TextTable("How trials ended", ("role", *names), rows, notes)


def _excluded(readout: Readout) -> Iterator[str | TextTable]:
    if not readout.excluded:
        yield "Nothing was left out."
        return
    yield TextTable("Left out of the answer", ("trial or mixture", "role", "why"),
                    [(each.trial, each.role or "-", each.reason) for each in readout.excluded], [])
