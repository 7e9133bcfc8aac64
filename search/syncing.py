"""Syncing: MLflow gets what a search could not send while it ran."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from search.faults import UserError
from search.finding import find_anywhere
from search.journal import Journal
from search.preflight import check_tracking_uri
from search.study import Study
from search.tracking import Tracker

__all__ = ["sync_search"]

_SECONDS: Final = 600.0
"""How long MLflow may take nothing; a server that is away ends it after three attempts."""


def sync_search(
    name: str, *, storage: str | None, tracking_uri: str | None, console: Console
) -> None:
    """Deliver what is undelivered of a search, and say how much it was.

    Raises:
        UserError: if there is no such search, it runs (its own writer then delivers), or MLflow
            does not take everything; what it did not take is kept.
    """
    _, directory = find_anywhere(name, storage=storage, tracking_uri=tracking_uri)
    journal = Journal(directory.journal)
    study = Study.from_journal(journal)
    with journal.held():
        tracker = Tracker(tracking_uri, journal, directory.spool, study.study)
        check_tracking_uri(tracker.uri)
        before = tracker.undelivered
        tracker.start()
        with console.status(f"sending {before} records"):
            left = tracker.close(_SECONDS)
    for refusal in tracker.refused:
        console.print(f"note: MLflow refused {refusal}", style="yellow")
    if left:
        raise UserError(f"MLflow must take all {before} records of {directory.name}, got {left} "
                        f"left: {tracker.problem or 'it is slow'} (--tracking-uri)")
    console.print(f"{directory.name}: {before} records sent" if before else
                  f"{directory.name}: MLflow has everything", highlight=False)
