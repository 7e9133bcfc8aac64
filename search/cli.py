"""The command line: from a study to its answer, on this machine or on a cluster.

Exit codes: 0 done, 2 the user's mistake (a line each), 1 ours (a traceback), 3 what it was
granted is spent, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from search.cli_cluster import logs, status, stop, sync
from search.cli_evaluate import evaluate
from search.cli_fetch import fetch
from search.cli_options import (
    PositiveNumber,
    address_option,
    console,
    format_option,
    hours_option,
    hub_option,
    search_options,
    set_option,
    storage_option,
    submit_option,
    tracking_option,
)
from search.cli_store import store
from search.error_lines import error_line
from search.faults import InterruptedSearch, SpentSearch, UserError, UserErrors
from trainables.full_disk import is_disk_full

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
@hub_option
@click.option("--read", is_flag=True, help="Read and check the data; with --hub it always is.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How to print.")
def tasks(names: Sequence[str], hub: str | None, read: bool, form: str) -> None:
    """List the tasks that a study may name; with --hub also what of their data is there."""
    from search.options import Options
    from search.task_list import list_tasks

    list_tasks(names, options=Options(hub=hub), read=read or hub is not None, form=form,
               console=console())


@app.command(epilog="\b\nExamples:\n  stiltune check lab\n"
                    "  stiltune check my-study.yaml --set search.trials=50 --format json")
@click.argument("study")
@hub_option
@storage_option
@set_option
@format_option
def check(study: str, hub: str | None, storage: str | None, overrides: Sequence[str],
          form: str) -> None:
    """Validate STUDY (a shipped name or a YAML file) and print every derived number."""
    from search.inspection import check_study
    from search.options import Options

    check_study(study, overrides=tuple(overrides), form=form, console=console(),
                options=Options(hub=hub, storage=storage))


@app.command(epilog="\b\nExamples:\n  stiltune start lab\n"
                    "  stiltune start xtreme-mini --hub DIR --storage results\n"
                    "  stiltune start lab --address auto --tracking-uri http://127.0.0.1:5000\n"
                    "  stiltune start my-study.yaml --pilot 5\n"
                    "  stiltune start lab --submit --storage /shared/stiltune "
                    "--tracking-uri http://mlflow:5000")
@click.argument("study")
@address_option
@tracking_option
@storage_option
@hub_option
@set_option
@hours_option
@click.option("--pilot", type=PositiveNumber(), default=None, metavar="MINUTES",
              help="Run for so long, then print what the rest will take.")
@submit_option
@click.option("--taken", hidden=True, default=None)  # the name that submitting took for it
def start(study: str, address: str, tracking_uri: str | None, storage: str | None,
          hub: str | None, overrides: Sequence[str], max_device_hours: float | None,
          pilot: float | None, submit: bool, taken: str | None) -> None:
    """Start a search of STUDY (a shipped name or a YAML file) and read it out at the end."""
    options = search_options(address, submit=submit, tracking_uri=tracking_uri, storage=storage,
                       hub=hub, max_device_hours=max_device_hours, pilot_minutes=pilot)
    if submit:
        from search.submission import submit_start

        submit_start(study, overrides=tuple(overrides), console=console(), options=options)
    else:
        from search.commands import start_search

        start_search(study, overrides=tuple(overrides), console=console(), options=options,
                     taken=taken)


@app.command(epilog="\b\nExamples:\n  stiltune resume lab\n  stiltune resume lab-2\n"
                    "  stiltune resume lab-2 --submit --storage /shared/stiltune "
                    "--tracking-uri http://mlflow:5000")
@click.argument("name")
@address_option
@tracking_option
@storage_option
@hub_option
@hours_option
@submit_option
def resume(name: str, address: str, tracking_uri: str | None, storage: str | None,
           hub: str | None, max_device_hours: float | None, submit: bool) -> None:
    """Go on with the search NAME, or with the latest search of the study NAME."""
    options = search_options(address, submit=submit, tracking_uri=tracking_uri, storage=storage,
                       hub=hub, max_device_hours=max_device_hours)
    if submit:
        from search.submission import submit_resume

        submit_resume(name, console=console(), options=options)
    else:
        from search.commands import resume_search

        resume_search(name, console=console(), options=options)


@app.command(epilog="\b\nExamples:\n  stiltune extend lab-2 --set controls.seeds=10\n"
                    "  stiltune extend scaling-lab --set arms.seeds=8 "
                    "--set arms.pretraining_seeds=8")
@click.argument("name")
@set_option
@address_option
@tracking_option
@storage_option
@hub_option
@hours_option
def extend(name: str, overrides: Sequence[str], address: str, **given: Any) -> None:
    """Start a search of NAME's study made wider with --set; what NAME has run is taken over."""
    options = search_options(address, submit=False, **given)
    from search.commands import extend_search

    extend_search(name, overrides=tuple(overrides), console=console(), options=options)


@app.command(epilog="\b\nExamples:\n  stiltune best lab\n  stiltune best lab-2 --format yaml\n"
                    "  stiltune best my-table --format latex > table.tex")
@click.argument("name")
@storage_option
@tracking_option
@click.option("--format", "form", type=click.Choice(["table", "json", "yaml", "latex"]),
              default="table", show_default=True,
              help="How to print; `latex` is of the study's `table` alone.")
def best(name: str, storage: str | None, tracking_uri: str | None, form: str) -> None:
    """Read out the search NAME: best mixtures, the languages curve, what was excluded."""
    from search.inspection import best_of

    best_of(name, storage=storage, tracking_uri=tracking_uri, form=form, console=console())


@app.command(epilog="\b\nExamples:\n  stiltune report lab\n"
                    "  stiltune report lab-2 --storage results")
@click.argument("name")
@storage_option
@tracking_option
def report(name: str, storage: str | None, tracking_uri: str | None) -> None:
    """Write the search NAME as one HTML page with figures, and send it to MLflow."""
    from search.report.writing import report_on

    report_on(name, storage=storage, tracking_uri=tracking_uri, console=console())


@app.command(epilog="\b\nExamples:\n  stiltune locate results.csv --worth 0.5\n"
                    "  stiltune locate results.csv --worth 0.5 --axis languages --format json\n"
                    "  stiltune locate results.csv --worth-per-hour 2\n\n"
                    "\b\nresults.csv:\n  x,score,order,block,cost\n  0,61.2,,seed-1,0.5\n"
                    "  1,63.0,random-1,seed-1,0.6\n  2,64.1,random-1,seed-1,0.8")
@click.argument("path", type=click.Path(path_type=Path), metavar="RESULTS.CSV")
@click.option("--worth", type=float, metavar="POINTS",
              help="The gain per doubling of x up to which more does not pay.")
@click.option("--worth-per-hour", type=float, metavar="POINTS",
              help="The same per device hour that a doubling costs more, by the column `cost`.")
@click.option("--axis", default="x", show_default=True, metavar="NAME", help="What x counts.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How to print.")
def locate(path: Path, worth: float | None, worth_per_hour: float | None, axis: str, form: str
           ) -> None:
    """Say from which x on every doubling gains too little, with an interval, or that none is shown.

    RESULTS.CSV has a row for each trial: `x`, how much of it there was; `score`, in points; and, if
    there were several, `order`, the nested order in which x grew, and `block`, the seed whose
    trials share a control. Rows with x = 0 are the control's. `cost`, each trial's device hours, is
    read with --worth-per-hour alone, which takes the place of --worth. Without orders or blocks
    nothing is known of the spread, so that nothing is located.
    """
    from search.curve_file import locate_file, worth_of

    locate_file(path, worth=worth_of(worth, worth_per_hour), axis=axis, form=form,
                console=console())


@app.command(epilog="\b\nExample:\n  stiltune convert checkpoints/old checkpoints/new")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def convert(source: Path, target: Path) -> None:
    """Turn the .bin checkpoint in SOURCE into safetensors in TARGET, without running pickles."""
    from trainables.convert import convert as convert_checkpoint

    convert_checkpoint(source, target)
    click.echo(f"wrote {target}")


for command in (evaluate, fetch, status, logs, stop, sync, store):
    app.add_command(command)


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
    except OSError as error:
        if not is_disk_full(error):
            raise
        errors.print(f"stiltune: {error_line(f'a disk must have room, got {error}')}")
        return 2
    except (click.Abort, KeyboardInterrupt):
        errors.print("stiltune: interrupted")
        return 130
    except InterruptedSearch as interrupted:
        errors.print(str(interrupted))
        return 3 if isinstance(interrupted, SpentSearch) else 130
    return 0


