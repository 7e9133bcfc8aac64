"""Arms: the primary contrast with what it could have shown, then every arm's gain by model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from search.arm_entries import ArmGain, ArmsReadout, PrimaryAnswer
from search.arm_sentence import contrast_text
from search.arm_tables import primary_notes
from search.intervals import LEVEL, in_points, spell
from search.palette import BLUE, GREY, INK, ORANGE, RED, SKY
from search.report.bars import horizontal_bars, range_of
from search.report.markup import escaped
from search.report.pieces import Cell, Figure, Material, Numbers, Part, Section

__all__ = ["arms"]

_SHOWN_AT = 1 - LEVEL  # the corrected p value up to which a gain counts as shown


def arms(material: Material) -> Section | None:
    """Return the primary contrast and the gains; None where the study has no arms."""
    found = material.readout.arms
    if found is None:
        return None
    sentence = found.primary.sentence
    # Where it is the answer it stands above already.
    said = [] if material.readout.arms_are_answer else [sentence[:1].upper() + sentence[1:]]
    return Section("arms", "Arms", [*said, *_parts(found)])


def _parts(found: ArmsReadout) -> Iterator[Part]:
    yield from primary_notes(found.primary)
    if found.primary.estimate is not None:
        yield _primary(found.primary, found.unit)
    if any(each.gain is not None for each in found.gains):
        yield _gains(found)
    else:
        yield "There is no figure of gains: no arm has a score beside a control of its own."
    lost = [f"{_name(each, found)} {each.failed}" for each in found.gains if each.failed]
    if lost:
        yield f"Trials without a score: {', '.join(lost)}."


# ---- the primary contrast -------------------------------------------------------------------


def _primary(primary: PrimaryAnswer, unit: str) -> Figure:
    estimate, declared = primary.estimate, primary.declared
    assert estimate is not None  # else there is no figure
    mean, each, least = "difference", unit, "detectable"
    effect = primary.minimal_detectable_effect
    traces = [horizontal_bars([mean], [estimate], name=f"{LEVEL:.0%} interval", colour=BLUE,
                              width=4)] if estimate.low is not None else []
    traces += [
        {"type": "scatter", "mode": "markers", "name": "mean", "x": [estimate.mean], "y": [mean],
         "marker": {"color": BLUE, "size": 13, "symbol": "diamond"}, "hoverinfo": "text",
         "hovertext": [f"{spell(estimate, signed=True)} points<br>over {estimate.units} {unit}"]},
        {"type": "scatter", "mode": "markers", "name": each, "x": list(primary.values.values()),
         "y": [each] * len(primary.values), "hoverinfo": "text",
         "marker": {"color": ORANGE, "size": 9, "opacity": 0.75},
         "hovertext": [f"{number}: {value:+.2f} points"
                       for number, value in primary.values.items()]}]
    if effect is not None:
        traces.append({
            "type": "scatter", "mode": "markers", "x": [-effect, effect], "y": [least, least],
            "name": f"minimal detectable effect, {primary.power:.0%} power", "hoverinfo": "text",
            "marker": {"color": RED, "size": 14, "symbol": "line-ns",
                       "line": {"width": 3, "color": RED}},
            "hovertext": [f"a true difference of {effect:.2f} points is shown with "
                          f"{primary.power:.0%} probability at the spread measured"] * 2})
    per = " per doubling of body parameters" if declared.per else ""
    contrast = contrast_text(declared.better, declared.worse)
    return Figure(
        "primary", f"{contrast}{per}. Grey: less than {in_points(declared.minimal)} either way, "
        "declared before as too little to matter."
        + ("" if effect is None else " Red: the least true difference that is shown with "
           f"{primary.power:.0%} probability."), traces,
        {"showlegend": False, "shapes": _nothing(declared.minimal),
         "xaxis": {"title": {"text": "points per doubling" if per else "difference (points)"},
                   "range": range_of([estimate], *primary.values.values(), declared.minimal,
                                     -declared.minimal, *([] if effect is None else
                                                          [effect, -effect]))},
         "yaxis": _rows([mean, each, *([least] if effect is not None else [])])},
        Numbers(("row", "unit", "difference_points", "low", "high"), [
            ("difference", None, estimate.mean, estimate.low, estimate.high),
            *(("unit", number, value, None, None) for number, value in primary.values.items()),
            ("minimal detectable effect", None, effect, None, None),
            ("least that matters", None, declared.minimal, None, None)]),
        height=220)


def _nothing(minimal: float) -> list[dict[str, Any]]:
    return [{"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": -minimal, "x1": minimal,
             "fillcolor": GREY, "opacity": 0.16, "line": {"width": 0}, "layer": "below"}, _ZERO]


_ZERO = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": 0, "x1": 0,
         "line": {"color": GREY, "width": 1.5}, "layer": "below"}


# ---- gains ----------------------------------------------------------------------------------


def _gains(found: ArmsReadout) -> Figure:
    # By size: in the order of the design models need not rise.
    known = sorted((each for each in found.gains if each.gain is not None),
                   key=lambda each: each.parameters or 0)
    names = [escaped(_name(each, found)) for each in known]
    traces = [horizontal_bars(names, [each.simultaneous for each in known], colour=SKY, width=2,
                              name=f"{found.level:.0%} interval, all at once"),
              horizontal_bars(names, [each.gain for each in known], colour=BLUE, width=5,
                              name=f"{found.level:.0%} interval, each alone")]
    traces = [trace for trace in traces if trace["x"]]
    for title, colour, shown in (("gain", INK, True), ("gain, not shown", "white", False)):
        chosen = [(name, each) for name, each in zip(names, known, strict=True)
                  if _is_shown(each) is shown]
        if chosen:
            traces.append({
                "type": "scatter", "mode": "markers", "name": title,
                "x": [each.gain.mean for _, each in chosen if each.gain is not None],
                "y": [name for name, _ in chosen], "hoverinfo": "text",
                "marker": {"color": colour, "size": 10, "line": {"color": INK, "width": 1.5}},
                "hovertext": [_hover(name, each) for name, each in chosen]})
    corrected = (f"Filled: corrected p at most {_SHOWN_AT:.2f} ({found.correction}, which shows "
                 "more than these lines do)."
                 if found.correction else
                 "None is shown by a corrected test, for that takes more units.")
    rows: list[tuple[Cell, ...]] = [
        (each.arm, each.model, each.parameters, *_bounds(each), each.p_value, each.failed)
        for each in found.gains]
    return Figure(
        "arm-gains", f"Gain over the controls of the same {found.unit}, in the primary contrast's "
        "tasks, languages and rows. Thin lines hold for all gains at once (Bonferroni). "
        + corrected, traces,
        {"showlegend": True, "shapes": [_ZERO], "yaxis": _rows(names),
         "xaxis": {"title": {"text": "gain over controls (points)"},
                   "range": range_of([*(each.gain for each in known),
                                      *(each.simultaneous for each in known)])}},
        Numbers(("arm", "model", "body_parameters", "gain_points", "low", "high", "low_all_at_once",
                 "high_all_at_once", "units", "corrected_p", "failed_trials"), rows),
        height=170 + 32 * len(known))


def _is_shown(gain: ArmGain) -> bool:
    return gain.p_value is not None and gain.p_value <= _SHOWN_AT + 1e-9


def _name(gain: ArmGain, found: ArmsReadout) -> str:
    alone = len({each.model for each in found.gains}) < 2
    return gain.arm if alone else f"{gain.arm}, {gain.model}"


def _hover(name: str, gain: ArmGain) -> str:
    p = "" if gain.p_value is None else f"<br>corrected p {gain.p_value:.3g}"
    units = "" if gain.gain is None else f"<br>{gain.gain.units} units"
    return f"{name}<br>gain {spell(gain.gain, signed=True)} points{units}{p}"


def _bounds(gain: ArmGain) -> tuple[Cell, ...]:
    alone, together = gain.gain, gain.simultaneous
    if alone is None or together is None:
        return (None,) * 6
    return alone.mean, alone.low, alone.high, together.low, together.high, alone.units


def _rows(names: list[str]) -> dict[str, Any]:
    return {"type": "category", "categoryorder": "array", "categoryarray": names, "ticks": "",
            "range": [len(names) - 0.5, -0.5], "showgrid": False}
