"""The commands for searches that run elsewhere: status, logs, stop; and sync for MLflow."""

from __future__ import annotations

import click

from search.cli_options import console, jobs_option, storage_option, tracking_option
from search.token_mode import set_token_mode

__all__ = ["logs", "status", "stop", "sync"]


@click.command(epilog="\b\nExamples:\n  stiltune status\n  stiltune status lab-2\n"
                      "  stiltune status lab --address http://127.0.0.1:8265")
@click.argument("name", required=False)
@click.option("--address", metavar="URL", default=None,
              help="Ray's dashboard: what was submitted there, instead of what lies in --storage.")
@storage_option
@tracking_option
def status(name: str | None, address: str | None, storage: str | None,
           tracking_uri: str | None) -> None:
    """Say how far searches are: those under --storage, or those submitted to a cluster."""
    if address is None:
        from search.status import print_status

        print_status(name, storage=storage, console=console())
        return
    set_token_mode(address)
    from search.remote import print_jobs

    print_jobs(name, address=address, tracking_uri=tracking_uri, console=console())


@click.command(epilog="\b\nExample:\n  stiltune logs lab-2 --follow")
@click.argument("name")
@jobs_option
@click.option("--follow", is_flag=True, help="Go on until the search has ended.")
def logs(name: str, address: str, follow: bool) -> None:
    """Print what the submitted search NAME has printed."""
    set_token_mode(address)
    from search.remote import print_logs

    print_logs(name, address=address, follow=follow, console=console())


@click.command(epilog="\b\nExample:\n  stiltune stop lab-2")
@click.argument("name")
@jobs_option
def stop(name: str, address: str) -> None:
    """Stop the submitted search NAME; what has ended is kept, and `resume --submit` goes on."""
    set_token_mode(address)
    from search.remote import stop_job

    stop_job(name, address=address, console=console())


@click.command(epilog="\b\nExample:\n  stiltune sync lab-2 --tracking-uri http://127.0.0.1:5000")
@click.argument("name")
@storage_option
@tracking_option
def sync(name: str, storage: str | None, tracking_uri: str | None) -> None:
    """Send MLflow what it has not got of the search NAME, which no longer runs."""
    from search.syncing import sync_search

    sync_search(name, storage=storage, tracking_uri=tracking_uri, console=console())
