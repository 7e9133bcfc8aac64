"""Headline: a read-out's answer in a sentence or a few, and how its numbers are written."""

from __future__ import annotations

from search.arm_tables import primary_headline
from search.comparison_tables import metric_text
from search.entries import Entry, Readout
from search.text_tables import NONE
from search.transfer_table_text import table_headline

__all__ = ["NON_COPY", "gain_text", "headline", "mixture_text", "non_copy_metrics_text", "summary"]

NON_COPY = "rows that are not near-copies of English"


def summary(readout: Readout) -> str:
    """Return the answer in a few sentences: the best mixture, its task's part, the curve."""
    answer = headline(readout)
    parts = [answer[:1].upper() + answer[1:]]
    parts += [f"Is it the task? {', '.join(entry.labels)}: {entry.verdict}."
              for entry in readout.entries if entry.verdict is not None]
    for named in readout.all_curves:
        if named.curve.sentence not in answer:
            parts.append(f"Languages curve: {named.heading}{named.curve.sentence}")
        if named.coverage is not None:
            parts.append(f"Number or nearness? {named.heading}{named.coverage.sentence}")
    if readout.arms is not None and not readout.arms_are_answer:
        parts.append(f"Primary contrast: {primary_headline(readout.arms)}")
    if readout.transfer_table is not None and (
            readout.arms_are_answer or not readout.table_is_answer):
        parts.append(f"Transfer table: {table_headline(readout.transfer_table)}")
    return "\n\n".join(parts)


def headline(readout: Readout) -> str:
    """Return the answer in a sentence; of the lab, what holds where copying does not help."""
    if readout.arms_are_answer and readout.arms is not None:
        return primary_headline(readout.arms)
    if readout.table_is_answer and readout.transfer_table is not None:
        return table_headline(readout.transfer_table)
    entries = readout.non_copy or readout.entries
    where = f"by {non_copy_metrics_text(readout)} on {NON_COPY}: " if readout.non_copy else ""
    confirmed = [entry for entry in entries if entry.gain is not None]
    if not confirmed:
        scored = [entry for entry in entries if entry.score is not None]
        if scored:
            return (f"{where}the best confirmed mixture is {mixture_text(scored[0])}; its gain is "
                    "unknown, for no control finished.")
        if readout.outcomes["search"]["finished"]:
            return "no mixture was confirmed; the search's own numbers are below."
        seen = [named for named in readout.all_curves if named.curve.observations]
        if seen and not any(readout.outcomes["search"].values()):
            return " ".join(f"{named.heading}{named.curve.sentence}" for named in seen)
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
        return NONE
    if entry.low is None or entry.high is None:
        return f"{entry.gain:+.2f}"
    return f"{entry.gain:+.2f} [{entry.low:+.2f}, {entry.high:+.2f}]"


def non_copy_metrics_text(readout: Readout) -> str:
    """Return the names of the metrics of rows that are no near-copies, as people read them."""
    return " and ".join(map(metric_text, readout.non_copy_metrics))
