"""Status: how far a search is, by its journal where that is within reach, else by MLflow."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from search.agenda import Agenda
from search.faults import UserError
from search.journal import Journal
from search.results import Outcome
from search.storage import SearchDirectory, find_search, storage_root
from search.study import Study
from spaces.value import Value

__all__ = ["SearchStatus", "ago", "print_status", "status_of"]


class SearchStatus(Value):
    """A search's state in a word, its trials, and when its journal began and was last written to.

    Times are Unix times in seconds. `silent` is a search that neither runs nor said why it ended:
    it was killed.
    """

    search: str
    state: str
    done: int
    total: int
    failed: int
    began: float
    last: float


def status_of(directory: SearchDirectory) -> SearchStatus:
    """Return the status of a search by its journal, which is not written to.

    Raises:
        UserError: if the journal is damaged.
    """
    journal = Journal(directory.journal)
    study = Study.from_journal(journal)
    agenda = Agenda(study, study.space(journal.of("opened")[0].data["sizes"]), journal)
    return SearchStatus(
        search=directory.name, state=_state(journal), done=len(agenda.results),
        total=len(agenda.results) if journal.of("closed") else agenda.total,
        failed=sum(each.outcome is Outcome.FAILED for each in agenda.results.values()),
        began=journal.events[0].time, last=journal.events[-1].time)


def print_status(
    name: str | None, *, storage: str | None, console: Console
) -> None:
    """Print the searches of a storage directory, or one of them, as a table.

    Raises:
        UserError: if there is no such search.
    """
    root = storage_root(storage, writes=False)
    found = ([find_search(root, name)] if name else
             [SearchDirectory(path.parent) for path in root.glob("*/journal.jsonl")])
    if not found:
        raise UserError(f"a storage directory must hold searches, got none in {root}")
    console.print(_table([_status_or_fault(each) for each in found]))


def _status_or_fault(directory: SearchDirectory) -> SearchStatus:
    """Return a status; a damaged journal is a state of its own, and hides no other search."""
    try:
        return status_of(directory)
    except UserError as error:
        moment = directory.journal.stat().st_mtime
        return SearchStatus(search=directory.name, state=str(error), done=0, total=0, failed=0,
                            began=moment, last=moment)


def _table(listed: Sequence[SearchStatus]) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("search")
    table.add_column("state")
    for column in ("trials done", "failed", "began", "last heard of"):
        table.add_column(column, justify="right")
    now = time.time()
    for each in sorted(listed, key=lambda each: -each.last):
        table.add_row(each.search, each.state, f"{each.done} of {each.total}", str(each.failed),
                      ago(now - each.began), ago(now - each.last))
    return table


def _state(journal: Journal) -> str:
    if _is_written(journal.path):
        return "running"
    last = next((event.kind for event in reversed(journal.events)
                 if event.kind in ("opened", "resumed", "interrupted", "closed")), "opened")
    return {"closed": "finished", "interrupted": "interrupted"}.get(last, "killed")


def _is_written(path: Path) -> bool:
    """Return whether a process holds the journal; it lets go of it whenever and however it ends."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def ago(seconds: float) -> str:
    """Write how long ago something was, to a person's precision."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(0.0, seconds):.0f} s ago"
