"""The answer: a search's read-out made, kept, drawn, sent to MLflow, and printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from threading import Thread

from rich.console import Console

from search.code_versions import code_of_trials, spell_code
from search.credentials import without_credentials
from search.entries import Question, Readout
from search.item_errors import read_predictions
from search.journal import Event, Journal
from search.readout import read_out
from search.renderings import as_json, as_latex, as_markdown, as_tables, as_yaml
from search.results import collect, unfinished
from search.storage import SearchDirectory
from search.study import Study
from search.survey import Survey
from search.tracking import Tracker
from spaces.models import LabModel
from spaces.search_space import SearchSpace
from trainables.encoder_ref import count_parameters

__all__ = ["illustrator", "make_readout", "print_answer", "print_readout", "question_of",
           "write_answer"]


def question_of(
    study: Study, space: SearchSpace, parameters: Mapping[str, int] | None = None,
    survey: Survey | None = None,
) -> Question:
    """Return what a read-out must know of a study.

    Args:
        study: the study.
        space: its search space.
        parameters: of the models' bodies, as the journal has them; the lab's are known.
        survey: of the targets' languages, as the journal has it.
    """
    lab = {model.name: count_parameters(model, None).body for model in study.models
           if isinstance(model, LabModel)}
    return Question(
        kinds=study.target_kinds, worth=study.curve.worth if study.curve else None,
        winners=study.confirmation.winners, references=space.references(),
        retrieval=study.search.retrieval, shared=study.shared_data,
        absent=tuple(f"{name} ({why})" for name, why in study.absent_tasks.items()),
        arms=study.arms, parameters={**lab, **(parameters or {})}, survey=survey,
        of=study.confirmation.of)


def illustrator(event: Event) -> None:
    """Hear the journal, and have matplotlib imported while the first trials work.

    It takes seconds, which a search of a few minutes should not wait for at its end.
    """
    if event.kind == "started" and "search.figures" not in sys.modules:
        Thread(target=import_module, args=("search.figures",), daemon=True).start()


def make_readout(directory: SearchDirectory, journal: Journal, question: Question) -> Readout:
    """Return the read-out of what the journal holds now."""
    return _with_code(journal, read_out(
        collect(journal), question, search=directory.name, unfinished=unfinished(journal),
        predictions=read_predictions))


def _with_code(journal: Journal, readout: Readout) -> Readout:
    code = spell_code(code_of_trials(journal))
    return readout.model_copy(update={"code": code}) if code else readout


def write_answer(
    directory: SearchDirectory, journal: Journal, question: Question, *, wall_seconds: float,
    tracker: Tracker,
) -> Readout:
    """Make the read-out and its figures, keep them with the search and send them to MLflow."""
    from search.figures import draw_figures  # only an end draws

    results = collect(journal)
    readout = _with_code(journal, read_out(
        results, question, search=directory.name, unfinished=unfinished(journal),
        measured={"wall_seconds": wall_seconds}, predictions=read_predictions))
    directory.readout.write_text(as_json(readout), encoding="utf-8")
    tables = directory.path / "readout.md"
    tables.write_text(as_markdown(readout), encoding="utf-8")
    written = [directory.readout, tables]
    if readout.transfer_table is not None:
        written.append(directory.path / "table.tex")
        written[-1].write_text(as_latex(readout), encoding="utf-8")
    for path in written:
        tracker.artifact(path, "readout")
    for path in draw_figures(readout, results, directory.figures):
        tracker.artifact(path, "figures")
    return readout


def print_readout(console: Console, readout: Readout, form: str) -> None:
    """Print a read-out as a table, JSON or YAML, or its transfer table as LaTeX.

    Raises:
        UserError: if LaTeX is asked for and there is no such table.
    """
    if form == "json":
        console.file.write(as_json(readout))
    elif form == "yaml":
        console.file.write(as_yaml(readout))
    elif form == "latex":
        console.file.write(as_latex(readout))
    else:
        console.print(as_tables(readout))


def print_answer(
    console: Console, readout: Readout, directory: SearchDirectory, tracking_uri: str
) -> None:
    """Print the answer of a search that ended, and how to look at its trials."""
    console.print(as_tables(readout))
    console.print(f"\nTrials in MLflow: {_ui_command(tracking_uri)}", highlight=False)
    console.print(f"Everything else:  {directory.path}", highlight=False, soft_wrap=True)


def _ui_command(given: str) -> str:
    uri = without_credentials(given)
    if uri.startswith(("http://", "https://")):
        return f"open {uri}"
    default = f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    where = "" if uri == default else f" --backend-store-uri {uri}"
    return f"mlflow ui{where}, then open http://127.0.0.1:5000"
