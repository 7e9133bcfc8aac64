"""The command that scores what a search has confirmed on other targets: evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from search.cli_options import (
    address_option,
    console,
    hours_option,
    hub_option,
    search_options,
    set_option,
    storage_option,
    tracking_option,
)

__all__ = ["evaluate"]


@click.command(epilog="\b\nExamples:\n  stiltune evaluate xtreme-mini-1 --on xcopa,tydiqa\n"
                      "  stiltune evaluate lab-2 --on xtreme-mini --hub DIR "
                      "--set confirmation.seeds=3")
@click.argument("name")
@click.option("--on", required=True, metavar="STUDY_OR_TASKS",
              help="Tasks, separated by commas, or a study whose targets and panels are taken.")
@set_option
@address_option
@tracking_option
@storage_option
@hub_option
@hours_option
def evaluate(name: str, on: str, overrides: Sequence[str], address: str, **given: Any) -> None:
    """Score the mixtures that NAME confirmed on other targets, beside controls, as a new search."""
    options = search_options(address, submit=False, **given)
    from search.commands import evaluate_search

    evaluate_search(name, on=on, overrides=tuple(overrides), console=console(), options=options)
