"""Options that several commands have, and the console that all print on."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from search.credentials import holds_credentials
from search.faults import UserError
from search.token_mode import set_token_mode

if TYPE_CHECKING:
    from search.options import Options

__all__ = ["DASHBOARD", "PositiveNumber", "address_option", "console", "format_option",
           "hours_option", "hub_option", "jobs_option", "mirror_option", "search_options",
           "set_option", "storage_option", "submit_option", "tracking_option"]

DASHBOARD = "http://127.0.0.1:8265"
"""Where Ray's dashboard is on its own machine, and at the near end of a tunnel to another."""


class PositiveNumber(click.FloatRange):
    """A positive, finite number."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail in a line."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"must be positive and finite, got {value}", param, ctx)
        return number


# Where nothing says how wide the output is, tables are this many columns wide.
PIPE_WIDTH = 120


def _without_credentials(
    context: click.Context, option: click.Parameter, given: str | None
) -> str | None:
    """Refuse a credential: anyone may read a process's arguments, and Ray records them."""
    if given is not None and holds_credentials(given):
        raise UserError(f"`{option.opts[0]}` must hold no credentials, which come from the "
                        "environment (MLFLOW_TRACKING_URI, or MLFLOW_TRACKING_USERNAME and "
                        "_PASSWORD), got some")
    return given


storage_option = click.option(
    "--storage", metavar="DIR", default=None, callback=_without_credentials,
    help="Directory of searches and of the phase store; every node must see it. "
         "[default: ~/ray_results]")
tracking_option = click.option(
    "--tracking-uri", metavar="URI", default=None, callback=_without_credentials,
    help="MLflow's. [default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db]")
address_option = click.option(
    "--address", metavar="ADDRESS", default="local", show_default=True,
    callback=_without_credentials,
    help="Ray: `local` for a private one, `auto`, or a cluster's host:port.")
jobs_option = click.option(
    "--address", metavar="URL", default=DASHBOARD, show_default=True,
    callback=_without_credentials, help="Ray's dashboard, where jobs are submitted.")
submit_option = click.option(
    "--submit", is_flag=True,
    help="As a job of the cluster whose dashboard is at --address (default: "
         f"{DASHBOARD}), which goes on without this machine.")
hours_option = click.option(
    "--max-device-hours", type=PositiveNumber(), default=None, metavar="HOURS",
    help="Stop once all trials together have had a device for so long.")
hub_option = click.option(
    "--hub", metavar="DIR", default=None, callback=_without_credentials,
    help="Offline mirror of hub repositories. [default: the hub itself]")
mirror_option = click.option(
    "--hub", metavar="DIR", required=True, callback=_without_credentials,
    help="The mirror, made where it is missing; other commands' --hub DIR.")
set_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True,
    help="Override any key of the study, such as search.trials=50; repeatable.")
format_option = click.option(
    "--format", "form", type=click.Choice(["table", "json", "yaml"]), default="table",
    show_default=True, help="How to print.")


def console() -> Console:
    """Return the console for what a command prints; a pipe gets lines as long as they are."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, emoji=False)  # what studies say is text


def search_options(address: str, *, submit: bool, **given: Any) -> Options:
    """Return the options of a search; Ray's token mode is set before Ray is imported."""
    from search.options import Options

    if submit and address == "local":
        address = DASHBOARD
    set_token_mode(address)
    return Options(address=address, **given)
