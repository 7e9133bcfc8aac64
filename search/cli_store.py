"""The `store` commands: list, size, collect."""

from __future__ import annotations

import click

from search.cli_options import console, storage_option

__all__ = ["store"]


@click.group(epilog="\b\nExamples:\n  stiltune store list\n  stiltune store size\n"
                  "  stiltune store collect --older-than-days 30")
def store() -> None:
    """Look after the phase store, where finished phases are kept, and what is kept of data."""


@store.command("list")
@storage_option
def store_list(storage: str | None) -> None:
    """List the entries: phase or cache, digest, size, age or last use, what it is."""
    from search.inspection import list_store

    list_store(storage, console())


@store.command("size")
@storage_option
def store_size(storage: str | None) -> None:
    """Print the size of the store, by phase."""
    from search.inspection import size_store

    size_store(storage, console())


@store.command("collect")
@storage_option
@click.option("--older-than-days", type=click.FloatRange(min=0), default=None,
              help="Remove entries made longer ago than this many days; of data, last used.")
@click.option("--max-gib", type=click.FloatRange(min=0), default=None,
              help="Remove the oldest until all of it is no larger, what is kept of data first.")
def store_collect(storage: str | None, older_than_days: float | None,
                  max_gib: float | None) -> None:
    """Remove entries that are old or too many; a later trial makes them again."""
    from search.inspection import collect_store

    collect_store(storage, older_than_days=older_than_days, max_gib=max_gib,
                  console=console())
