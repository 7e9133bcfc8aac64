"""What was submitted, looked at and stopped from any machine that reaches the cluster."""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table

from search.faults import UserError
from search.jobs import Job, Jobs
from search.status import ago
from search.tracking import resolve_uri
from search.tracking_reader import find_search

__all__ = ["print_jobs", "print_logs", "stop_job"]


def print_jobs(
    name: str | None, *, address: str, tracking_uri: str | None, console: Console
) -> None:
    """Print the jobs of a cluster, or those of one search with what MLflow has of its trials.

    Raises:
        UserError: if there is none, or no cluster answers.
    """
    jobs = Jobs(address)
    found = jobs.of(name) if name else jobs.all()
    if not found:
        raise UserError(f"a search must have been submitted to {address}, got none yet")
    console.print(_table(found))
    if name:
        uri = resolve_uri(tracking_uri, found[0].tracking_uri)
        console.print(_trials(found[0].search, uri), highlight=False)


def print_logs(name: str, *, address: str, follow: bool, console: Console) -> None:
    """Print what the latest job of a search has printed; with `follow` until it is over.

    Raises:
        UserError: if there is none, or no cluster answers.
    """
    jobs = Jobs(address)
    job = jobs.of(name)[0].job
    for piece in jobs.follow(job) if follow else [jobs.logs(job)]:
        console.file.write(piece)
        console.file.flush()


def stop_job(name: str, *, address: str, console: Console) -> None:
    """Ask the job of a search to stop, and wait until its runs are closed.

    Raises:
        UserError: if there is none that runs, or no cluster answers.
    """
    jobs = Jobs(address)
    job = jobs.of(name)[0]
    if job.is_over:
        raise UserError(f"a search must run to be stopped, got {job.search}, whose job {job.job} "
                        f"has {job.status.lower()}")
    jobs.stop(job.job)
    with console.status("waiting until its runs are closed"):
        status = jobs.wait(job.job, seconds=120.0)
    console.print(f"{job.search} {status.lower()}; go on with: stiltune resume {job.search} "
                  "--submit", highlight=False)


def _table(jobs: list[Job]) -> Table:
    table = Table(box=None, header_style="bold")
    for column in ("search", "job", "state"):
        table.add_column(column)
    table.add_column("began", justify="right")
    table.add_column("last word")
    now = time.time()
    for job in jobs:
        table.add_row(job.search, job.job, job.status.lower(),
                      "-" if job.began is None else ago(now - job.began), job.message)
    return table


def _trials(search: str, tracking_uri: str) -> str:
    """Return what MLflow has of a search's trials; it may be away, or not know the search yet."""
    try:
        found = find_search(search, tracking_uri)
    except UserError as error:
        return f"MLflow: {error}"
    counts = ", ".join(f"{number} {status.lower()}" for status, number in found.trials.items())
    return f"MLflow: {found.search} is {found.status.lower()}; trials: {counts or 'none yet'}"
