"""Renderings of a read-out: tables for people, Markdown, YAML, JSON, its table as LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.benchmark_tables import benchmark_tables, shared_data_table
from search.comparison_tables import comparison_tables, metric_text
from search.entries import Entry, Readout
from search.faults import UserError
from search.further import NAMES
from search.intervals import Interval, spell
from search.representation_use import representation_table
from search.saturation import Saturation
from search.transfer_table_latex import table_as_latex
from search.transfer_table_text import table_as_markdown, table_as_text, table_headline
from spaces.trial_config import FURTHER_CONTROLS

__all__ = ["as_json", "as_latex", "as_markdown", "as_tables", "as_yaml", "summary"]

_Row = tuple[str, ...]
_NONE = "-"
_NON_COPY = "rows that are not near-copies of English"


def as_json(readout: Readout) -> str:
    """Return the read-out as JSON, the same bytes for the same results and measurements."""
    return readout.as_json()


def as_yaml(readout: Readout) -> str:
    """Return the same data as YAML."""
    return yaml.safe_dump(readout.as_data(), sort_keys=False, allow_unicode=True, width=100)


def as_latex(readout: Readout) -> str:
    """Return the transfer table alone, as LaTeX.

    Raises:
        UserError: if the read-out has none.
    """
    if readout.transfer_table is None:
        raise UserError("`--format latex` must have a search of a study with a `table`, of which a "
                        f"trial has ended, got {readout.search}")
    return table_as_latex(readout.transfer_table)


def as_tables(readout: Readout) -> RenderableType:
    """Return tables for a terminal: mixtures, curve, controls, outcomes, what to try next."""
    parts: list[RenderableType] = [Text(f"{readout.search}: {headline(readout)}", style="bold")]
    table = [] if readout.transfer_table is None else [table_as_text(readout.transfer_table)]
    parts += table if readout.table_is_answer else []
    for title, header, rows, notes in _sections(readout):
        parts.append(Text(f"\n{title}", style="bold"))
        if rows:
            parts.append(_table(header, rows))
        parts += [Padding(Text(note, style="dim"), (0, 0, 0, 1)) for note in notes]
    parts += [] if readout.table_is_answer else table
    parts.append(Text("\nWhat to try next", style="bold"))
    parts += [Padding(Text(f"• {sentence}"), (0, 0, 0, 1)) for sentence in readout.next]
    return Group(*parts)


def as_markdown(readout: Readout) -> str:
    """Return the same as Markdown."""
    answer = headline(readout)
    lines = [f"# {readout.search}", "", answer[:1].upper() + answer[1:]]
    table = [] if readout.transfer_table is None else table_as_markdown(readout.transfer_table)
    lines += table if readout.table_is_answer else []
    for title, header, rows, notes in _sections(readout):
        lines += ["", f"## {title}", ""]
        if rows:
            lines += [_line(header), _line("---" if i == 0 else "--:" for i in range(len(header)))]
            lines += [*map(_line, rows), ""]
        lines += [f"{note}  " for note in notes]
    lines += [] if readout.table_is_answer else table
    lines += ["", "## What to try next", "", *(f"- {sentence}" for sentence in readout.next)]
    return "\n".join(lines).rstrip() + "\n"


def summary(readout: Readout) -> str:
    """Return the answer in a few sentences: the best mixture, its task's part, the curve."""
    answer = headline(readout)
    parts = [answer[:1].upper() + answer[1:]]
    parts += [f"Is it the task? {', '.join(entry.labels)}: {entry.verdict}."
              for entry in readout.entries if entry.verdict is not None]
    if readout.curve is not None:
        parts.append(f"Languages curve: {readout.curve.sentence}")
    if readout.transfer_table is not None and not readout.table_is_answer:
        parts.append(f"Transfer table: {table_headline(readout.transfer_table)}")
    return "\n\n".join(parts)


def headline(readout: Readout) -> str:
    """Return the answer in a sentence; of the lab, what holds where copying does not help."""
    if readout.table_is_answer and readout.transfer_table is not None:
        return table_headline(readout.transfer_table)
    entries = readout.non_copy or readout.entries
    where = f"by {_non_copy_metrics(readout)} on {_NON_COPY}: " if readout.non_copy else ""
    confirmed = [entry for entry in entries if entry.gain is not None]
    if not confirmed:
        scored = [entry for entry in entries if entry.score is not None]
        if scored:
            return (f"{where}the best confirmed mixture is {mixture_text(scored[0])}; its gain is "
                    "unknown, for no control finished.")
        if readout.outcomes["search"]["finished"]:
            return "no mixture was confirmed; the search's own numbers are below."
        return "no trial of the search finished."
    best = confirmed[0]
    text = (f"{where}the best confirmed mixture is {mixture_text(best)}, "
            f"gain {gain_text(best)} points")
    if best.low is None:
        text += " (one seed block, so no interval)"
    elif best.low <= 0:
        text += f", which at {readout.level:.0%} may be none"
    contenders = sum(entry.in_winner_set is True for entry in entries)
    if contenders > 1:
        text += f"; {contenders} mixtures may be the best"
    return text + "."


def mixture_text(entry: Entry) -> str:
    """Return "mnli 62%, squad 38%", the largest share first."""
    shares = sorted(entry.mixture, key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{task} {weight:.0%}" for task, weight in shares)


def gain_text(entry: Entry) -> str:
    """Return "+1.20 [+0.80, +1.60]", without brackets where there is no interval."""
    if entry.gain is None:
        return _NONE
    if entry.low is None or entry.high is None:
        return f"{entry.gain:+.2f}"
    return f"{entry.gain:+.2f} [{entry.low:+.2f}, {entry.high:+.2f}]"


def _sections(readout: Readout) -> Iterator[tuple[str, _Row, list[_Row], list[str]]]:
    """Yield title, header, rows and notes of each table."""
    if not readout.table_is_answer:
        yield _mixtures(readout)
    if readout.non_copy:
        yield _non_copy(readout)
    if any(entry.further for entry in readout.entries):
        yield _is_it_the_task(readout)
    if any(entry.same_data for entry in readout.entries):
        yield shared_data_table(readout.entries)
    yield from benchmark_tables(readout.benchmarks)
    yield from comparison_tables(readout.comparisons)
    if readout.representations:
        yield representation_table(readout.representations)
    if readout.curve is not None:
        yield _curve(readout.curve)
    if readout.controls:
        yield _controls(readout)
    yield _outcomes(readout)


def _mixtures(readout: Readout) -> tuple[str, _Row, list[_Row], list[str]]:
    header = ("mixture", "chosen as", "score", "gain (points)", "may be best", "in search")
    notes = []
    if any(entry.score is not None for entry in readout.entries):
        notes.append(f"Score, and gain over the controls, on the report panel "
                     f"({', '.join(readout.selection.report)}); each gain with its own "
                     f"{readout.level:.0%} t interval over {_blocks(readout)} seed blocks.")
    if any(entry.selection_gain is not None for entry in readout.entries):
        notes.append("In search: the search's own gain on the selection panel "
                     f"({', '.join(readout.selection.panel)}), picked from "
                     f"{readout.selection.candidates} mixtures: it flatters.")
    settings = sorted({_setting(entry) for entry in readout.entries})
    if len(settings) == 1:
        notes.insert(0, f"All with {settings[0]}.")
    notes += [f"Note: {flag}." for flag in readout.selection.flags]
    rows = [_mixture_row(entry, with_setting=len(settings) > 1) for entry in readout.entries]
    return "Mixtures", header, rows, notes


def _non_copy(readout: Readout) -> tuple[str, _Row, list[_Row], list[str]]:
    header = ("mixture", "chosen as", "score", "gain (points)", "may be best")
    settings = {_setting(entry) for entry in readout.non_copy}
    rows = [_mixture_row(entry, with_setting=len(settings) > 1)[:-1]
            for entry in readout.non_copy]
    return (f"Mixtures on {_NON_COPY}", header, rows,
            [f"The same trials and controls, scored by {_non_copy_metrics(readout)} on these rows "
             "alone."])


def _non_copy_metrics(readout: Readout) -> str:
    return " and ".join(map(metric_text, readout.non_copy_metrics))


def _mixture_row(entry: Entry, *, with_setting: bool) -> _Row:
    name = mixture_text(entry) + (f"\n{_setting(entry)}" if with_setting else "")
    may_be_best = {None: _NONE, True: "yes", False: "no"}[entry.in_winner_set]
    selected = _NONE if entry.selection_gain is None else f"{entry.selection_gain:+.2f}"
    score = _NONE if entry.score is None else f"{entry.score:.2f}"
    return (name, ", ".join(entry.labels), score, gain_text(entry), may_be_best, selected)


def _is_it_the_task(readout: Readout) -> tuple[str, _Row, list[_Row], list[str]]:
    compared = [entry for entry in readout.entries if entry.further]
    kinds = [kind for kind in FURTHER_CONTROLS
             if any(each.control == kind for entry in compared for each in entry.further)]
    rows: list[_Row] = []
    notes = ["What a winner gains over its controls, and over training on the very same inputs "
             f"without its task: points on the report panel, {readout.level:.0%} t intervals, "
             "paired by seed block."]
    for entry in compared:
        name = ", ".join(entry.labels)
        gains = {each.control: each.gain for each in entry.further}
        rows.append((name, gain_text(entry).replace(" ", "\n", 1),
                     *(_signed(gains.get(kind)).replace(" ", "\n", 1) for kind in kinds),
                     entry.verdict or _NONE))
        own = (f"{NAMES[each.control]} {_signed(each.own_gain)}"
               + (f" ({each.failed} of {len(each.trials)} failed)" if each.failed else "")
               for each in entry.further)
        notes.append(f"{name}: over the controls, the further ones gain: {', '.join(own)}.")
    header = ("winner", "over controls", *(f"over {NAMES[kind]}" for kind in kinds), "verdict")
    return "Is it the task?", header, rows, notes


def _signed(interval: Interval | None) -> str:
    return spell(interval, signed=True)


def _blocks(readout: Readout) -> str:
    found = sorted({entry.blocks for entry in readout.entries if entry.blocks})
    return " or ".join(map(str, found)) or "0"


def _setting(entry: Entry) -> str:
    """Return the languages and the learning rate, as in "en + 4 languages (nearest), rate 5e-4"."""
    parts = []
    if entry.languages is not None:
        english = "en + " if entry.languages.english else ""
        parts.append(f"{english}{entry.languages.count} languages ({entry.languages.order})")
    if entry.learning_rate is not None:
        parts.append(f"rate {entry.learning_rate:.2g}")
    return ", ".join(parts) or "defaults"


def _curve(curve: Saturation) -> tuple[str, _Row, list[_Row], list[str]]:
    header = (curve.axis, "score (points)", "trials", "next step gains (points)")
    gains = {each.start: each for each in (*curve.doublings, curve.first_step) if each is not None}
    rows: list[_Row] = []
    for point in curve.points:
        step = gains.get(point.x)
        rows.append((f"{point.x:g}", spell(point.score), str(point.trials),
                     _NONE if step is None else spell(step.gain, signed=True)))
    title = f"{curve.axis.capitalize()} curve: {curve.verdict}"
    return title, header, rows, [curve.sentence]


def _controls(readout: Readout) -> tuple[str, _Row, list[_Row], list[str]]:
    tasks = sorted({task for controls in readout.controls for task in controls.tasks})
    header = ("controls", "seeds", "score (points)", *(f"{task} (points)" for task in tasks))
    rows = [(f"{each.model}, {each.fidelity}", str(each.n), _spread(each.score.mean, each.score.sd),
             *(_spread(each.tasks[task].mean, each.tasks[task].sd) if task in each.tasks else _NONE
               for task in tasks))
            for each in readout.controls]
    return "Controls", header, rows, ["Mean ± standard deviation over seeds, report panel."]


def _outcomes(readout: Readout) -> tuple[str, _Row, list[_Row], list[str]]:
    names = list(next(iter(readout.outcomes.values())))
    rows = [(role, *(str(counts[name]) for name in names))
            for role, counts in readout.outcomes.items() if any(counts.values())]
    notes = [f"{each.trial}: {each.reason}" for each in readout.excluded[:5]]
    if len(readout.excluded) > 5:
        notes.append(f"and {len(readout.excluded) - 5} more, all in the JSON under `excluded`")
    return "Trials", ("role", *names), rows, notes


def _spread(mean: float, sd: float | None) -> str:
    return f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"


def _table(header: _Row, rows: Iterable[_Row]) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 1), header_style="bold")
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index else "left", overflow="fold",
                         no_wrap="gain" in name or "score" in name,
                         min_width=12 if name == "chosen as" else None)  # "proportional"
    for row in rows:
        table.add_row(*row)
    return table


def _line(cells: Iterable[str]) -> str:
    plain = (cell.replace("\n[", " [").replace("\n", "; ") for cell in cells)
    return f"| {' | '.join(plain)} |"
