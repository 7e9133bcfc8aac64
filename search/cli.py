"""The command line: studies, tasks, check, start, resume, best, report, locate, store, convert.

Exit codes: 0 done, 2 the user's mistake (a line each), 1 ours (a traceback), 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from search.credentials import holds_credentials
from search.error_lines import error_line
from search.faults import InterruptedSearch, UserError, UserErrors
from search.token_mode import set_token_mode

__all__ = ["app", "main"]

EXAMPLES = """\b
Examples:
  stiltune start lab                      run the default study on this machine, offline
  stiltune check lab                      every derived number; starts nothing
  stiltune start my-study.yaml --set search.trials=50
  stiltune start xtreme-mini --hub DIR    real benchmark data from an offline mirror
  stiltune start lab --address auto       on the Ray cluster this machine belongs to
  stiltune resume lab                     go on with the latest search of a study
  stiltune best lab --format json         its best mixtures, for programs
  stiltune report lab                     one HTML page with every figure, viewable offline
  stiltune locate results.csv --worth 0.5   where more stops paying, in any table
"""

# Where nothing says how wide the output is, tables are this many columns wide.
PIPE_WIDTH = 120

STORAGE_HELP = "Directory of searches and of the phase store; every node must see it."


def _without_credentials(
    context: click.Context, option: click.Parameter, given: str | None
) -> str | None:
    """Refuse a credential: anyone may read a process's arguments, and Ray records them."""
    if given is not None and holds_credentials(given):
        raise UserError(f"`{option.opts[0]}` must hold no credentials, which come from the "
                        "environment (MLFLOW_TRACKING_URI, or MLFLOW_TRACKING_USERNAME and "
                        "_PASSWORD), got some")
    return given


_storage = click.option("--storage", metavar="DIR", default=None,
                        callback=_without_credentials,
                        help=f"{STORAGE_HELP} [default: ~/ray_results]")
_tracking = click.option("--tracking-uri", metavar="URI", default=None,
                         callback=_without_credentials,
                         help="MLflow's. [default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db]")
_address = click.option("--address", metavar="ADDRESS", default="local", show_default=True,
                        callback=_without_credentials,
                        help="Ray: `local` for a private one, `auto`, or a cluster's host:port.")
_hub = click.option("--hub", metavar="DIR", default=None, callback=_without_credentials,
                    help="Offline mirror of hub repositories. [default: the hub itself]")
_set = click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True,
                    help="Override any key of the study, such as search.trials=50; repeatable.")
_format = click.option("--format", "form", type=click.Choice(["table", "json", "yaml"]),
                       default="table", show_default=True, help="How to print.")


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stiltune")
def app() -> None:
    """Search over intermediate-task mixtures for zero-shot cross-lingual transfer.

    A study (YAML) says what may vary; `start` runs it on Ray, logs every trial to MLflow, and
    reads out the best mixtures and where more languages stop paying, each with an interval.
    """


@app.command(epilog="\b\nExample:\n  stiltune studies")
def studies() -> None:
    """List the shipped studies, one line each."""
    from search.study import list_studies

    for name, question in list_studies():
        click.echo(f"{name:<16} {question}")


@app.command(epilog="\b\nExamples:\n  stiltune tasks\n  stiltune tasks --hub DIR\n"
                    "  stiltune tasks xcopa udpos --hub DIR --format json")
@click.argument("names", nargs=-1, metavar="[TASK]...")
@_hub
@click.option("--read", is_flag=True, help="Read and check the data; with --hub it always is.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How to print.")
def tasks(names: Sequence[str], hub: str | None, read: bool, form: str) -> None:
    """List the tasks that a study may name; with --hub also what of their data is there."""
    from search.options import Options
    from search.task_list import list_tasks

    list_tasks(names, options=Options(hub=hub), read=read or hub is not None, form=form,
               console=_console())


@app.command(epilog="\b\nExamples:\n  stiltune check lab\n"
                    "  stiltune check my-study.yaml --set search.trials=50 --format json")
@click.argument("study")
@_hub
@_storage
@_set
@_format
def check(study: str, hub: str | None, storage: str | None, overrides: Sequence[str],
          form: str) -> None:
    """Validate STUDY (a shipped name or a YAML file) and print every derived number."""
    from search.inspection import check_study
    from search.options import Options

    check_study(study, overrides=tuple(overrides), form=form, console=_console(),
                options=Options(hub=hub, storage=storage))


@app.command(epilog="\b\nExamples:\n  stiltune start lab\n"
                    "  stiltune start xtreme-mini --hub DIR --storage results\n"
                    "  stiltune start lab --address auto --tracking-uri http://127.0.0.1:5000")
@click.argument("study")
@_address
@_tracking
@_storage
@_hub
@_set
def start(study: str, address: str, tracking_uri: str | None, storage: str | None,
          hub: str | None, overrides: Sequence[str]) -> None:
    """Start a search of STUDY (a shipped name or a YAML file) and read it out at the end."""
    set_token_mode(address)
    from search.commands import start_search
    from search.options import Options

    start_search(study, overrides=tuple(overrides), console=_console(), options=Options(
        address=address, tracking_uri=tracking_uri, storage=storage, hub=hub))


@app.command(epilog="\b\nExamples:\n  stiltune resume lab\n  stiltune resume lab-2")
@click.argument("name")
@_address
@_tracking
@_storage
@_hub
def resume(name: str, address: str, tracking_uri: str | None, storage: str | None,
           hub: str | None) -> None:
    """Go on with the search NAME, or with the latest search of the study NAME."""
    set_token_mode(address)
    from search.commands import resume_search
    from search.options import Options

    resume_search(name, console=_console(), options=Options(
        address=address, tracking_uri=tracking_uri, storage=storage, hub=hub))


@app.command(epilog="\b\nExamples:\n  stiltune best lab\n  stiltune best lab-2 --format yaml\n"
                    "  stiltune best my-table --format latex > table.tex")
@click.argument("name")
@_storage
@_tracking
@click.option("--format", "form", type=click.Choice(["table", "json", "yaml", "latex"]),
              default="table", show_default=True,
              help="How to print; `latex` is of the study's `table` alone.")
def best(name: str, storage: str | None, tracking_uri: str | None, form: str) -> None:
    """Read out the search NAME: best mixtures, the languages curve, what was excluded."""
    from search.inspection import best_of

    best_of(name, storage=storage, tracking_uri=tracking_uri, form=form, console=_console())


@app.command(epilog="\b\nExamples:\n  stiltune report lab\n"
                    "  stiltune report lab-2 --storage results")
@click.argument("name")
@_storage
@_tracking
def report(name: str, storage: str | None, tracking_uri: str | None) -> None:
    """Write the search NAME as one HTML page with figures, and send it to MLflow."""
    from search.report.writing import report_on

    report_on(name, storage=storage, tracking_uri=tracking_uri, console=_console())


@app.command(epilog="\b\nExamples:\n  stiltune locate results.csv --worth 0.5\n"
                    "  stiltune locate results.csv --worth 0.5 --axis languages --format json\n\n"
                    "\b\nresults.csv:\n  x,score,order,block\n  0,61.2,,seed-1\n"
                    "  1,63.0,random-1,seed-1\n  2,64.1,random-1,seed-1")
@click.argument("path", type=click.Path(path_type=Path), metavar="RESULTS.CSV")
@click.option("--worth", type=float, required=True, metavar="POINTS",
              help="The gain per doubling of x up to which more does not pay.")
@click.option("--axis", default="x", show_default=True, metavar="NAME", help="What x counts.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How to print.")
def locate(path: Path, worth: float, axis: str, form: str) -> None:
    """Say from which x on every doubling gains too little, with an interval, or that none is shown.

    RESULTS.CSV has a row for each trial: `x`, how much of it there was; `score`, in points; and, if
    there were several, `order`, the nested order in which x grew, and `block`, the seed whose
    trials share a control. Rows with x = 0 are the control's. Without orders or blocks nothing is
    known of the spread, so that nothing is located.
    """
    from search.curve_file import locate_file

    locate_file(path, worth=worth, axis=axis, form=form, console=_console())


@app.group(epilog="\b\nExamples:\n  stiltune store list\n  stiltune store size\n"
                  "  stiltune store collect --older-than-days 30")
def store() -> None:
    """Look after the phase store, where finished phases are kept, and what is kept of data."""


@store.command("list")
@_storage
def store_list(storage: str | None) -> None:
    """List the entries: phase or cache, digest, size, age or last use, what it is."""
    from search.inspection import list_store

    list_store(storage, _console())


@store.command("size")
@_storage
def store_size(storage: str | None) -> None:
    """Print the size of the store, by phase."""
    from search.inspection import size_store

    size_store(storage, _console())


@store.command("collect")
@_storage
@click.option("--older-than-days", type=click.FloatRange(min=0), default=None,
              help="Remove entries made longer ago than this many days; of data, last used.")
@click.option("--max-gib", type=click.FloatRange(min=0), default=None,
              help="Remove the oldest until all of it is no larger, what is kept of data first.")
def store_collect(storage: str | None, older_than_days: float | None,
                  max_gib: float | None) -> None:
    """Remove entries that are old or too many; a later trial makes them again."""
    from search.inspection import collect_store

    collect_store(storage, older_than_days=older_than_days, max_gib=max_gib,
                  console=_console())


@app.command(epilog="\b\nExample:\n  stiltune convert checkpoints/old checkpoints/new")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def convert(source: Path, target: Path) -> None:
    """Turn the .bin checkpoint in SOURCE into safetensors in TARGET, without running pickles."""
    from trainables.convert import convert as convert_checkpoint

    convert_checkpoint(source, target)
    click.echo(f"wrote {target}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; our own faults raise."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False,
                     emoji=False)
    try:
        app.main(args=arguments, prog_name="stiltune", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        errors.print(f"stiltune: {error_line(error.format_message())}")
        return 2
    except UserError as error:
        for line in error.lines if isinstance(error, UserErrors) else (str(error),):
            errors.print(f"stiltune: {error_line(line)}")
        return 2
    except (click.Abort, KeyboardInterrupt):
        errors.print("stiltune: interrupted")
        return 130
    except InterruptedSearch as interrupted:
        errors.print(str(interrupted))
        return 130
    return 0


def _console() -> Console:
    """Return the console for what a command prints; a pipe gets lines as long as they are."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, emoji=False)  # what studies say is text
