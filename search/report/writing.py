"""Writing a report: the page and its figures' numbers, beside the search and in MLflow."""

from __future__ import annotations

import fcntl
from pathlib import Path

from rich.console import Console

from search.answer import make_readout, question_of
from search.faults import UserError
from search.finding import find_anywhere
from search.journal import Journal
from search.report.markup import as_csv
from search.report.page import figures_of, page
from search.report.pieces import Material
from search.report.sections import sections_of
from search.results import collect
from search.spool import Spool
from search.storage import SearchDirectory
from search.study import Study
from search.survey import survey_of
from search.tracking import DELIVERY_SECONDS, Tracker

__all__ = ["material_of", "report_on", "write_report"]


def report_on(
    name: str, *, storage: str | None, tracking_uri: str | None, console: Console
) -> None:
    """Write the report of a search as it stands, finished or not, and send it to MLflow.

    Raises:
        UserError: if there is no such search, or its directory cannot be written to.
    """
    _, directory = find_anywhere(name, storage=storage, tracking_uri=tracking_uri)
    journal = Journal(directory.journal)
    study = Study.from_journal(journal)
    try:
        written = write_report(material_of(directory, journal, study), directory.path / "report")
        tracker = Tracker(tracking_uri, journal, directory.spool, study.study)
    except OSError as error:
        raise UserError(f"a search's directory must be writable for its report, got "
                        f"{error.strerror} ({directory.path})") from error
    console.print(f"Report:  {written[0]}", highlight=False, soft_wrap=True)
    for path in written:
        tracker.artifact(path, "report")
    _deliver(tracker, directory, console)


def material_of(directory: SearchDirectory, journal: Journal, study: Study) -> Material:
    """Return what a report is made from: what the journal holds now."""
    opened = journal.of("opened")[0].data
    question = question_of(study, study.space(opened["sizes"]), opened.get("parameters"),
                           survey_of(journal))
    return Material(make_readout(directory, journal, question),
                    sorted(collect(journal), key=lambda result: result.trial), opened)


def write_report(material: Material, directory: Path) -> list[Path]:
    """Write the page and a CSV for each of its figures into `directory`; return the files.

    What an earlier report left there is removed.
    """
    sections = sections_of(material)
    directory.mkdir(exist_ok=True)
    for stale in directory.glob("*.csv"):
        stale.unlink()
    written = [directory / "report.html"]
    written[0].write_text(page(material.readout.search, sections), encoding="utf-8")
    for figure in figures_of(sections):
        written.append(directory / f"{figure.name}.csv")
        written[-1].write_text(as_csv(figure.numbers), encoding="utf-8")
    return written


def _deliver(tracker: Tracker, directory: SearchDirectory, console: Console) -> None:
    """Send what was offered, unless a running search sends it with its own next record."""
    if _is_sending(directory):
        console.print("The running search sends it to MLflow with its next record.")
        return
    tracker.start()
    with console.status("sending it to MLflow"):
        undelivered = tracker.close(DELIVERY_SECONDS)
    if undelivered:
        console.print(f"note: {undelivered} records are not in MLflow yet "
                      f"({tracker.problem or 'it is slow'}); they are kept, and "
                      f"`stiltune resume {directory.name}` sends them", style="yellow")
    else:
        console.print("In MLflow: the search's own run, under Artifacts, `report`.")


def _is_sending(directory: SearchDirectory) -> bool:
    """Return whether a writer is at work for this search now: one holds the spool at a time."""
    with Spool(directory.spool).lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
