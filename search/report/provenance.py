"""Provenance: for which encoder, tokenizer, data and budget the answer was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from search.headline import mixture_text
from search.report.pieces import Material, Section
from search.results import TrialResult
from search.text_tables import NONE, TextRow, TextTable
from spaces.value import digest_of

__all__ = ["provenance"]


def provenance(material: Material) -> Section:
    """Return what would have to be equal for the answer to hold: it was found for this alone."""
    return Section("provenance", "What this was found for", [
        "The answer is of these mixtures with this encoder and its tokenizer, this data and this "
        "budget, and of nothing else.",
        _mixtures(material), _encoders(material), _budgets(material.results),
        _data(material.opened), _software(material.opened)])


def _mixtures(material: Material) -> TextTable:
    rows: list[TextRow] = []
    for entry in material.readout.entries:
        languages = entry.languages
        resolved = NONE if languages is None else (
            f"{'en + ' if languages.english else ''}{languages.count} ({languages.order})")
        rate = NONE if entry.learning_rate is None else f"{entry.learning_rate:.3g}"
        rows.append((", ".join(entry.labels), mixture_text(entry), resolved, rate,
                     entry.point.digest()))
    return TextTable("Mixtures", ("mixture", "tasks", "languages", "learning rate", "digest"), rows,
                     [] if rows else ["There is none."])


def _encoders(material: Material) -> TextTable:
    published: dict[str, str] = material.opened.get("encoders", {})
    made = {result.config.model.name: phase.entry for result in reversed(material.results)
            for phase in result.phases if phase.phase == "pretrain"}
    models = {result.config.model.name: result.config.model for result in material.results}
    rows: list[TextRow] = [
        (name, model.origin, published.get(name, NONE), model.digest(), made.get(name, NONE))
        for name, model in sorted(models.items())]
    return TextTable(
        "Encoders and tokenizers", ("encoder", "origin", "weights", "declaration", "as trained on"),
        rows, ["Digests. `weights`: a published encoder's configuration and weights. `as trained "
               "on`: all that determined the encoder as trials began, its tokenizer among it. A "
               "tokenizer is always the encoder's own."] if rows else ["No trial ended."])


def _budgets(results: Iterable[TrialResult]) -> TextTable:
    found = sorted({(result.config.fidelity.name, result.config.fidelity.intermediate_examples,
                     result.config.fidelity.target_examples,
                     result.config.fidelity.evaluation_rows) for result in results})
    return TextTable(
        "Budgets", ("fidelity", "intermediate examples", "target examples", "evaluation rows"),
        [(name, *(f"{count:,}" for count in counts)) for name, *counts in found],
        ["A control has no intermediate examples. Evaluation rows are the most for each target, "
         "language and panel."] if found else ["No trial ended."])


def _data(opened: Mapping[str, Any]) -> TextTable:
    rows: list[TextRow] = [(str(each["name"]), f"{each['rows']:,}", str(each["fingerprint"]))
                           for each in opened.get("datasets", ())]
    notes = [f"Digest of all of them: {digest_of([row[2] for row in rows])}."] if rows else [
        "Not known: the journal does not say."]
    return TextTable("Data", ("set", "rows", "digest"), rows, notes)


def _software(opened: Mapping[str, Any]) -> TextTable:
    rows = list(_versions(opened))
    return TextTable("Study and software", ("what", "which"), rows,
                     [] if rows else ["Not known: the journal does not say."])


def _versions(opened: Mapping[str, Any]) -> Iterator[TextRow]:
    if "study" in opened:
        yield "study", digest_of(opened["study"])
    for name, version in opened.get("versions", {}).items():
        yield str(name), str(version)
