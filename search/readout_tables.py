"""Read-out tables: mixtures, is it the task, the curve, controls and outcomes, for people."""

from __future__ import annotations

from collections.abc import Iterator

from search.arm_tables import arm_tables
from search.benchmark_tables import benchmark_tables, shared_data_table
from search.comparison_tables import comparison_tables
from search.curve_table import curve_table, work_table
from search.entries import Entry, Readout
from search.further import NAMES
from search.headline import NON_COPY, gain_text, mixture_text, non_copy_metrics_text
from search.intervals import Interval, spell
from search.representation_use import representation_table
from search.robustness_tables import robustness_tables
from search.text_tables import NONE, TextRow, TextTable
from spaces.trial_config import FURTHER_CONTROLS

__all__ = ["readout_tables"]


def readout_tables(readout: Readout) -> Iterator[TextTable]:
    """Yield the tables: mixtures, benchmarks, comparisons, curve, arms, controls, outcomes."""
    if readout.arms is not None and readout.arms_are_answer:
        yield from arm_tables(readout.arms, is_headline=True)
    if not readout.is_designed:
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
    yield from robustness_tables(readout.robustness)
    for category, curve, coverage in readout.all_curves:
        yield curve_table(curve, coverage, category=category)
    if readout.curve_work:
        axis = readout.all_curves[0].curve.axis
        yield work_table(readout.curve_work, readout.measured.get("curve_tokens", {}), axis)
    if readout.arms is not None and not readout.arms_are_answer:
        yield from arm_tables(readout.arms)
    if readout.controls and not readout.arms_are_answer:  # which have a table of their own
        yield _controls(readout)
    yield _outcomes(readout)


def _mixtures(readout: Readout) -> TextTable:
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
    return TextTable("Mixtures", header, rows, notes)


def _non_copy(readout: Readout) -> TextTable:
    header = ("mixture", "chosen as", "score", "gain (points)", "may be best")
    settings = {_setting(entry) for entry in readout.non_copy}
    rows = [_mixture_row(entry, with_setting=len(settings) > 1)[:-1]
            for entry in readout.non_copy]
    return TextTable(f"Mixtures on {NON_COPY}", header, rows,
                     ["The same trials and controls, scored by "
                      f"{non_copy_metrics_text(readout)} on these rows alone."])


def _mixture_row(entry: Entry, *, with_setting: bool) -> TextRow:
    name = mixture_text(entry) + (f"\n{_setting(entry)}" if with_setting else "")
    may_be_best = {None: NONE, True: "yes", False: "no"}[entry.in_winner_set]
    selected = NONE if entry.selection_gain is None else f"{entry.selection_gain:+.2f}"
    score = NONE if entry.score is None else f"{entry.score:.2f}"
    return (name, ", ".join(entry.labels), score, gain_text(entry), may_be_best, selected)


def _is_it_the_task(readout: Readout) -> TextTable:
    compared = [entry for entry in readout.entries if entry.further]
    kinds = [kind for kind in FURTHER_CONTROLS
             if any(each.control == kind for entry in compared for each in entry.further)]
    rows: list[TextRow] = []
    notes = ["What a winner gains over its controls, and over training on the very same inputs "
             f"without its task: points on the report panel, {readout.level:.0%} t intervals, "
             "paired by seed block."]
    for entry in compared:
        name = ", ".join(entry.labels)
        gains = {each.control: each.gain for each in entry.further}
        rows.append((name, gain_text(entry).replace(" ", "\n", 1),
                     *(_signed(gains.get(kind)).replace(" ", "\n", 1) for kind in kinds),
                     entry.verdict or NONE))
        own = (f"{NAMES[each.control]} {_signed(each.own_gain)}"
               + (f" ({each.failed} of {len(each.trials)} failed)" if each.failed else "")
               for each in entry.further)
        notes.append(f"{name}: over the controls, the further ones gain: {', '.join(own)}.")
    header = ("winner", "over controls", *(f"over {NAMES[kind]}" for kind in kinds), "verdict")
    return TextTable("Is it the task?", header, rows, notes)


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


def _controls(readout: Readout) -> TextTable:
    tasks = sorted({task for controls in readout.controls for task in controls.tasks})
    header = ("controls", "seeds", "score (points)", *(f"{task} (points)" for task in tasks))
    rows = [(f"{each.model}, {each.fidelity}", str(each.n), _spread(each.score.mean, each.score.sd),
             *(_spread(each.tasks[task].mean, each.tasks[task].sd) if task in each.tasks else NONE
               for task in tasks))
            for each in readout.controls]
    return TextTable("Controls", header, rows,
                     ["Mean ± standard deviation over seeds, report panel."])


def _outcomes(readout: Readout) -> TextTable:
    names = list(next(iter(readout.outcomes.values())))
    rows = [(role, *(str(counts[name]) for name in names))
            for role, counts in readout.outcomes.items() if any(counts.values())]
    notes = [f"{each.trial}: {each.reason}" for each in readout.excluded[:5]]
    if len(readout.excluded) > 5:
        notes.append(f"and {len(readout.excluded) - 5} more, all in the JSON under `excluded`")
    notes += [f"Not all by one code: {line}" for line in readout.code]
    return TextTable("Trials", ("role", *names), rows, notes)


def _spread(mean: float, sd: float | None) -> str:
    return f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"
