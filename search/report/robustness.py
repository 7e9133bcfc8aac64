"""Robustness: what each arm loses under each condition, and what is left at equal clean score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from search.effective_robustness import Measured
from search.intervals import LEVEL, spell
from search.palette import GREY, TASK_COLOURS
from search.report.bars import horizontal_bars, range_of
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Material, Numbers, Part, Section
from search.robustness import RobustnessLine, RobustnessSection
from search.robustness_tables import MEANING, undefined_reasons

__all__ = ["robustness"]

_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "star")
_BESIDE: Final = 0.6  # of a row, which the conditions of an arm share


class _Quantity(NamedTuple):
    """A quantity that is drawn: its field, how its figures begin, what its axis says."""

    field: str
    words: str
    axis: str
    number: str
    layout: dict[str, Any]


_QUANTITIES: Final = (
    _Quantity("drop", "The share lost of what the clean score has above chance",
              "drop (% of what lies above chance)", "drop_share", {"tickformat": ".0%"}),
    _Quantity("effective", "Effective robustness: points over what controls of the same clean "
              "score have", "effective robustness (points)", "effective_points", {}))


def robustness(material: Material) -> Section | None:
    """Return drops and effective robustness; None where no trial was asked changed rows."""
    found = material.readout.robustness
    return Section("robustness", "Robustness", list(_parts(found))) if found else None


def _parts(found: Sequence[RobustnessSection]) -> Iterator[Part]:
    yield MEANING
    tasks = list(dict.fromkeys(each.task for each in found))
    for number, task in enumerate(tasks, 1):
        sections = [each for each in found if each.task == task]
        for quantity in _QUANTITIES:
            name = f"robustness-{quantity.field}" + (f"-{number}" if len(tasks) > 1 else "")
            if any(_value(line, quantity) for each in sections for line in each.lines):
                yield _figure(name, task, sections, quantity)
            else:
                yield f"{task}: there is no figure of {quantity.axis.split(' (')[0]}, for it is " \
                      "undefined or not measured everywhere."
        yield from _said(task, sections)


def _said(task: str, sections: Sequence[RobustnessSection]) -> Iterator[str]:
    """Yield what has no number, and why."""
    for each in sections:
        where = f"{task} under {each.condition}"
        if each.unmatched:
            yield (f"{where}: left out, for their texts cannot be changed as much as was asked: "
                   f"{', '.join(each.unmatched)}.")
        reasons = dict.fromkeys(undefined_reasons(each.lines))
        yield from (f"{where}: {reason}" for reason in reasons)


def _figure(
    name: str, task: str, sections: Sequence[RobustnessSection], quantity: _Quantity
) -> Figure:
    several = len({line.model for each in sections for line in each.lines}) > 1
    arms = list(dict.fromkeys((line.arm, line.model) for each in sections for line in each.lines
                              if getattr(line, quantity.field) is not None))
    traces = [trace for place, each in enumerate(sections)
              for trace in _condition(each, quantity, arms, place, len(sections))]
    rows: list[tuple[Cell, ...]] = [
        (each.condition, line.arm, line.model, *_bounds(measured), measured.undefined)
        for each in sections for line in each.lines
        if (measured := getattr(line, quantity.field)) is not None]
    worst = [each for each in sections if each.queries > 1]
    return Figure(
        name, f"{task}: {quantity.words[:1].lower()}{quantity.words[1:]}. Lines are {LEVEL:.0%} "
        "intervals over seed blocks, not corrected."
        + (f" {', '.join(each.condition for each in worst)}: the worst of {worst[0].queries} "
           "perturbations of each row." if worst else ""), traces,
        {"showlegend": True,
         "shapes": [{"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": 0, "x1": 0,
                     "line": {"color": GREY, "width": 1.5}, "layer": "below"}],
         "xaxis": {"title": {"text": quantity.axis}, **quantity.layout,
                   "range": range_of([measured.value for each in sections for line in each.lines
                                      if (measured := _value(line, quantity)) is not None])},
         "yaxis": {"tickvals": list(range(len(arms))), "ticks": "", "showgrid": False,
                   "ticktext": [escaped(f"{arm}, {model}" if several else arm)
                                for arm, model in arms],
                   "range": [len(arms) - 0.5, -0.5]}},
        Numbers(("condition", "arm", "model", quantity.number, "low", "high", "undefined"), rows),
        height=170 + len(arms) * (20 + 18 * len(sections)))


def _condition(
    section: RobustnessSection, quantity: _Quantity, arms: Sequence[tuple[str, str]], place: int,
    of: int,
) -> Iterator[dict[str, Any]]:
    """Yield a condition's intervals and points, beside those of the others."""
    shift = _BESIDE * ((place + 0.5) / of - 0.5)
    colour = TASK_COLOURS[place % len(TASK_COLOURS)]
    known = [(arms.index((line.arm, line.model)) + shift, line, measured.value)
             for line in section.lines if (measured := _value(line, quantity)) is not None]
    yield from _undefined(section, quantity, arms, shift)
    if not known:
        return
    bars = horizontal_bars([row for row, *_ in known], [each for *_, each in known],
                           name=escaped(section.condition), colour=colour, width=3)
    if bars["x"]:
        yield {**bars, "showlegend": False}
    yield {
        "type": "scatter", "mode": "markers", "name": escaped(section.condition),
        "x": [each.mean for *_, each in known if each is not None], "y": [row for row, *_ in known],
        "marker": {"color": colour, "size": 10, "symbol": _SYMBOLS[place % len(_SYMBOLS)]},
        "hoverinfo": "text", "hovertext": [_hover(section, line, quantity) for _, line, _ in known]}


def _undefined(
    section: RobustnessSection, quantity: _Quantity, arms: Sequence[tuple[str, str]], shift: float
) -> Iterator[dict[str, Any]]:
    """Yield a word where there is no number, with the reason as its hover."""
    found = [(arms.index((line.arm, line.model)) + shift, line, measured.undefined)
             for line in section.lines
             if (measured := getattr(line, quantity.field)) is not None and measured.value is None]
    if found:
        yield {"type": "scatter", "mode": "text", "showlegend": False, "x": [0] * len(found),
               "y": [row for row, *_ in found], "textposition": "middle right",
               "text": [f"  {escaped(section.condition)}: undefined" for _ in found],
               "textfont": {"color": GREY, "size": 12}, "hoverinfo": "text",
               "hovertext": [f"{escaped(line.arm)}: undefined, for<br>{escaped(str(reason))}"
                             for _, line, reason in found]}


def _value(line: RobustnessLine, quantity: _Quantity) -> Measured | None:
    """Return the quantity where it has a number."""
    measured: Measured | None = getattr(line, quantity.field)
    return None if measured is None or measured.value is None else measured


def _hover(section: RobustnessSection, line: RobustnessLine, quantity: _Quantity) -> str:
    measured = _value(line, quantity)
    return (f"{escaped(line.arm)}, {escaped(line.model)}, {escaped(section.condition)}<br>"
            f"{quantity.field} {spell(None if measured is None else measured.value, signed=True)}"
            f"<br>clean {line.clean:.2f}, changed {line.perturbed:.2f} points<br>"
            f"{len(section.languages)} languages")


def _bounds(measured: Measured) -> tuple[Cell, ...]:
    value = measured.value
    return (None,) * 3 if value is None else (value.mean, value.low, value.high)
