"""Advice: what to try next, each sentence derived from a number of the read-out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from search.confirmation import Standing
from search.contrasts import minimal_detectable_effect
from search.entries import Readout
from search.intervals import MAX_UNITS, in_points
from search.results import Role
from search.saturation import Saturation

__all__ = ["advise"]

# Fewer seeds than this leave a control's mean and spread too uncertain.
LEAST_CONTROLS = 5
# With fewer seed blocks a t interval is so wide that it shows next to nothing.
LEAST_BLOCKS = 3


def advise(readout: Readout, standings: Sequence[Standing], worth: float | None
           ) -> tuple[str, ...]:
    """Return what to try next, the most pressing first; at least one sentence.

    `worth` is the number of points that is worth telling apart, None where that is not one number.
    """
    found = [*_on_failures(readout), *_on_controls(readout), *_on_marks(readout),
             *_on_winners(readout, standings, worth), *_on_further(readout), *_on_curves(readout),
             *_on_table(readout), *_on_arms(readout), *_on_selection(readout)]
    return tuple(found) or ("Repeat the search on a larger model or at a higher fidelity: nothing "
                            "in these numbers asks for more of the same.",)


def _on_failures(readout: Readout) -> Iterator[str]:
    finished = sum(counts["finished"] for counts in readout.outcomes.values())
    failed = sum(counts["failed"] for counts in readout.outcomes.values())
    reasons = [each for each in readout.excluded if each.reason.startswith("failed: ")]
    if failed and not finished:
        yield (f"All {failed} trials failed: put right what {reasons[0].trial} met "
               f"({reasons[0].reason.removeprefix('failed: ')}), then start again.")
    elif failed:
        yield (f"{failed} of {failed + finished} trials that ran to an end failed: see "
               f"{reasons[0].trial} ({reasons[0].reason.removeprefix('failed: ')}).")
    elif not finished:
        yield "No trial has finished: resume the search, or start it."
    if finished and any(each.reason == "did not end" for each in readout.excluded):
        yield "Some trials did not end: resume the search to have them."


def _on_controls(readout: Readout) -> Iterator[str]:
    if any(counts["finished"] for counts in readout.outcomes.values()) and not readout.controls:
        yield "No control finished, so that no gain can be given: resume, or add control seeds."
    few = [] if readout.table_is_answer or readout.arms_are_answer else [
        each for each in readout.controls if each.n < LEAST_CONTROLS]
    for controls in few:
        yield (f"Controls of {controls.model} at {controls.fidelity} fidelity have {controls.n} "
               f"of at least {LEAST_CONTROLS} seeds: add control seeds.")


def _on_marks(readout: Readout) -> Iterator[str]:
    for mark, cure in (("chance-level", "raise the target examples, or the learning rates"),
                       ("collapsed", "lower the learning rates, or warm up for longer")):
        # That a further control learns nothing is a finding, and nothing to be cured.
        listed = [counts for role, counts in readout.outcomes.items() if role != Role.FURTHER]
        marked = sum(counts[mark] for counts in listed)
        finished = sum(counts["finished"] for counts in listed)
        if marked and 10 * marked >= finished:
            yield f"{marked} of {finished} finished trials are {mark}: {cure}."


def _on_winners(readout: Readout, standings: Sequence[Standing], worth: float | None
                ) -> Iterator[str]:
    entries = [entry for entry in readout.entries if entry.gain is not None]
    if not entries:
        if readout.winners and readout.outcomes["search"]["finished"]:
            cure = ("resume the search to confirm them" if readout.selection.winners
                    else "set `confirmation.winners` to have them confirmed")
            yield ("Nothing was confirmed: the search's own numbers are the largest of many and "
                   f"flatter; {cure} on fresh seeds.")
        return
    shown = [entry for entry in entries if entry.low is not None and entry.low > 0]
    if not shown and any(entry.low is not None for entry in entries):
        yield (f"No mixture is shown to gain over its controls at {readout.level:.0%}: raise the "
               "intermediate examples, or confirm on more seed blocks.")
    contenders = [each for each in standings if each.in_winner_set]
    if len(contenders) > 1:
        yield _on_contenders(contenders, worth)
    best = readout.entries[0]
    if readout.selection.of is not None:
        return  # the mixtures were chosen for other targets
    if not best.is_winner:
        yield (f"The best confirmed mixture is the reference {best.group}: the search found "
               "nothing better on fresh seeds; give it more trials, or a narrower space.")
    elif shown and best in shown:
        yield (f"Feed {', '.join(best.labels)} into the next study's fixed points and vary what "
               "was held fixed around it, or repeat it on a larger model.")


def _on_further(readout: Readout) -> Iterator[str]:
    for entry in readout.winners:
        if entry.further and not all(each.beaten for each in entry.further):
            yield (f"Do not credit the task with the gain of {', '.join(entry.labels)} yet "
                   f"({entry.verdict}): confirm on more seed blocks, or train on that text "
                   "without labels and see what is lost.")


def _on_contenders(contenders: Sequence[Standing], worth: float | None) -> str:
    text = (f"{len(contenders)} mixtures may be the best over {_blocks(contenders)} common seed "
            "blocks")
    reach = max(_reaches(contenders), default=0.0)
    if worth is None or not reach:
        return f"{text}: take the cheapest of them, or confirm on more seed blocks."
    needed = math.ceil(_blocks(contenders) * (reach / worth) ** 2)
    amount = f"more than {MAX_UNITS}" if needed > MAX_UNITS else f"about {needed}"
    if needed <= _blocks(contenders):
        return f"{text}, within {reach:.2f} points of each other: take the cheapest of them."
    return (f"{text}: take the cheapest of them, or confirm on {amount} seed blocks to tell "
            f"{in_points(worth)} apart.")


def _reaches(contenders: Iterable[Standing]) -> Iterator[float]:
    for each in contenders:
        if each.behind is not None and each.behind.high is not None:
            yield each.behind.high - each.behind.mean


def _blocks(contenders: Sequence[Standing]) -> int:
    return max(each.behind.units for each in contenders if each.behind is not None)


def _on_curves(readout: Readout) -> Iterator[str]:
    for each in readout.all_curves:
        if each.curve.observations:
            of = f"Of {each.category}: " if each.category else ""
            yield from (f"{of}{said}" for said in _on_curve(each.curve))


def _on_curve(curve: Saturation) -> Iterator[str]:
    if curve.unpriced is not None:
        yield ("A worth per device hour needs trials that cost more at 2x than at x: run the curve "
               "with `examples: per_language` on a quiet machine, or give `worth` in points.")
    elif curve.verdict == "still rising":
        top = max(each.x for each in curve.observations)
        yield f"The curve still rises at {top:g} {curve.axis}: extend it to {2 * top:g}."
    elif curve.verdict == "not located" and curve.units_needed is not None:
        amount = (f"more than {MAX_UNITS - 1}" if curve.units_needed >= MAX_UNITS
                  else f"about {curve.units_needed}")
        unit = "orders" if curve.unit == "order" else "seed blocks"
        yield (f"To locate x* at a worth of {curve.worth.amount}, run the curve on {amount} "
               f"{unit} (there are {curve.units}), or ask for a coarser worth.")
    elif curve.verdict == "not located":
        yield "To locate x*, add orders or seed blocks to the curve's block, or a coarser worth."
    elif curve.x_star is not None:
        yield (f"Train on {curve.x_star:g} {curve.axis}: more gain at most "
               f"{curve.worth.rate}.")


def _on_table(readout: Readout) -> Iterator[str]:
    table = readout.transfer_table
    if table is None:
        return
    gained = {row.name for row in table.rows for cell in row.cells
              if cell.survives and cell.gain is not None and cell.gain.mean > 0}
    if len(table.seeds) < LEAST_BLOCKS:
        yield (f"The table rests on {len(table.seeds)} seed block(s): give it at least "
               f"{LEAST_BLOCKS} (`table.seeds`), or its intervals say little or nothing.")
    elif gained:
        yield (f"The table is exploratory: search over {', '.join(sorted(gained))}, whose gains "
               "survive the correction, and have winners confirmed on fresh seeds.")
    else:
        yield ("No gain of the table survives the correction: give it more seed blocks "
               "(`table.seeds`), or raise the intermediate examples.")


def _on_arms(readout: Readout) -> Iterator[str]:
    if readout.arms is None:
        return
    primary, unit = readout.arms.primary, readout.arms.unit
    minimal, estimate = primary.declared.minimal, primary.estimate
    if estimate is None or estimate.sd is None:
        yield (f"The primary contrast has no interval: give it at least two {unit}, and resume "
               "what did not end.")
    elif primary.verdict == "undecided" and (
            primary.minimal_detectable_effect or 0.0) > minimal:
        needed = next((units for units in range(estimate.units, MAX_UNITS) if (
            minimal_detectable_effect(estimate.sd, units) or math.inf) <= minimal), MAX_UNITS)
        amount = f"more than {MAX_UNITS}" if needed == MAX_UNITS else f"about {needed}"
        yield (f"The primary contrast is undecided: to show {in_points(minimal)} at "
               f"{primary.power:.0%} power run it on {amount} {unit} (there are "
               f"{estimate.units}).")


def _on_selection(readout: Readout) -> Iterator[str]:
    if any(flag.startswith("selected on English") for flag in readout.selection.flags):
        yield "Select on a panel of other languages than English, if any can be spared for it."
