"""The report of a check as tables for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.check import CheckReport

__all__ = ["render"]

GIB = 2**30


def render(report: CheckReport) -> RenderableType:
    """Return the report as tables for a terminal."""
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(report):
        facts.add_row(name, value)
    return Group(
        Text(f"{report.study}: {report.question}", style="bold"), facts, Text(),
        _batch_table(report), Text(), _data_table(report), Text(), _panel_table(report),
        *(Text(f"note: {warning}", style="yellow") for warning in report.warnings))


def _facts(report: CheckReport) -> list[tuple[str, str]]:
    totals = report.totals
    facts = [(f"model {name}", f"{counts.body:,} parameters in the body, {counts.total:,} in all")
             for name, counts in report.parameters.items()]
    facts += [(f"pretraining {name}", f"{steps:,} steps, once")
              for name, steps in report.pretraining_steps.items()]
    facts += [(f"dimension {name}", text) for name, text in report.dimensions.items()]
    facts += [
        ("cells", f"{report.cells:,} of task and language, in {report.language_sets} language "
                  "sets"),
        _beginning(report),
        *([("rungs", f"{report.rung_steps:,} target steps more in each search trial")]
          if report.rung_steps else []),
        ("in all", f"{totals.trials} trials, {totals.steps:,} steps, {totals.examples:,} examples, "
                   f"{totals.rows:,} rows scored"),
        ("at most", f"{totals.flops:.2g} FLOPs, {totals.bytes / GIB:.2f} GiB in the phase store"),
    ]
    if report.curve_needs:
        facts += [(f"curve, {each.category}" if each.category else "curve", each.text)
                  for each in report.curve_needs]
    elif report.curve_orders_needed is not None:
        facts.append(("curve", f"{report.curve_orders_needed} orders needed by the pilot, "
                               f"{report.curve_trials_needed} trials"))
    if report.primary is not None:
        facts.append(("primary", report.primary.text))
    return facts


def _beginning(report: CheckReport) -> tuple[str, str]:
    if all(batch.name != "search" for batch in report.batches):
        return "searches for", "nothing: what is designed is all of the study"
    return "begins with", (f"{report.fixed_points} fixed points, then "
                           + (f"{report.rounds} rounds in all" if report.rounds else "one by one"))


def _batch_table(report: CheckReport) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("trials of")
    for column in ("trials", "seeds", "intermediate\nsteps (examples)", "target phases\nand steps",
                   "rows\nscored", "FLOPs\neach"):
        table.add_column(column, justify="right")
    for batch in report.batches:
        each = batch.each
        table.add_row(
            batch.name, str(batch.trials), _span(batch.seeds),
            f"{each.intermediate_steps:,} ({each.intermediate_examples:,})",
            f"{each.target_phases}: {each.target_steps:,}", f"{each.rows:,}", f"{each.flops:.2g}")
    return table


def _data_table(report: CheckReport) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("intermediate task")
    table.add_column("train rows", justify="right")
    table.add_column("languages")
    for data in report.data:
        table.add_row(data.task, f"{data.rows:,}", f"{len(data.languages)}: "
                      + " ".join(data.languages))
    return table


def _panel_table(report: CheckReport) -> Table:
    table = Table(box=None, header_style="bold")
    for column in ("target", "panel", "zero-shot in", "trained on"):
        table.add_column(column)
    for scores in report.panels:
        table.add_row(scores.task, scores.panel, " ".join(scores.zero_shot) or "-",
                      " ".join(scores.trained_on) or "-")
    return table


def _span(seeds: tuple[int, ...]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
