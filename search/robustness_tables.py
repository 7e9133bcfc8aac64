"""Robustness tables: each target under each condition for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from search.comparison_tables import metric_text
from search.effective_robustness import Measured
from search.intervals import LEVEL, spell
from search.robustness import RobustnessLine, RobustnessSection
from search.text_tables import NONE, TextRow, TextTable

__all__ = ["MEANING", "robustness_tables", "undefined_reasons"]

MEANING: Final = (
    "Drop: the share lost of what the clean score has above chance. Excess: the drop less the "
    "control's of the same model, paired by seed block. Effective: points over what controls of "
    "the same clean score have, by a line through the controls' languages, seeds and models. "
    f"{LEVEL:.0%} intervals over seed blocks, not corrected for how many there are.")
"""What the quantities are."""


def robustness_tables(sections: Iterable[RobustnessSection]) -> Iterator[TextTable]:
    """Yield a table for each target and condition; the first says what its columns mean."""
    for number, section in enumerate(sections):
        header = ("arm", "model", f"clean {metric_text(section.metric)} (points)",
                  "changed (points)", "drop", "excess drop", "effective (points)")
        notes = [] if number else [MEANING]
        if section.queries > 1:
            notes.append(f"The worst of {section.queries} perturbations of each row.")
        if section.unmatched:
            notes.append("Left out, for their texts cannot be changed as much as was asked: "
                         f"{', '.join(section.unmatched)}.")
        notes += list(dict.fromkeys(undefined_reasons(section.lines)))
        yield TextTable(f"{section.task} under {section.condition} "
                        f"({len(section.languages)} languages)", header,
                        [_row(line) for line in section.lines], notes)


def _row(line: RobustnessLine) -> TextRow:
    return (line.arm, line.model, f"{line.clean:.2f}", f"{line.perturbed:.2f}",
            _text(line.drop), _text(line.excess, signed=True), _text(line.effective, signed=True))


def _text(measured: Measured | None, *, signed: bool = False) -> str:
    if measured is None:
        return NONE
    return "undefined" if measured.value is None else spell(measured.value, signed=signed)


def undefined_reasons(lines: Iterable[RobustnessLine]) -> Iterator[str]:
    """Yield why a quantity is undefined, once for each arm, model and reason."""
    for line in lines:
        for name, measured in (("drop", line.drop), ("excess drop", line.excess),
                               ("effective robustness", line.effective)):
            if measured is not None and measured.undefined is not None:
                yield f"{line.arm}, {line.model}: no {name}, for {measured.undefined}."
