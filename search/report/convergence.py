"""Convergence: the objective of each search trial in order, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.objective import Objective
from search.palette import BLUE, GREY, RED, SKY
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Section
from search.results import Outcome, Role, TrialResult

__all__ = ["convergence"]


def convergence(material: Material) -> Section | None:
    """Return the search's progress; None where nothing was searched for."""
    if material.readout.is_designed or material.readout.selection.of is not None:
        return None
    searched = [each for each in material.results if each.role is Role.SEARCH]
    title = "Convergence"
    if not any(each.scores is not None for each in searched):
        return Section("convergence", title, [
            f"There is no figure: of {len(searched)} search trials that ended none has a score."])
    objective = material.readout.selection.objective
    return Section("convergence", title, [
        "What the sampler was told, on the selection panel and before any confirmation. A best so "
        "far that still climbs at the end asks for more trials.", _figure(searched, objective)])


def _figure(searched: Sequence[TrialResult], objective: Objective) -> Figure:
    values = [None if each.scores is None else objective.value(each.scores) for each in searched]
    best: list[float | None] = []
    for each, value in zip(searched, values, strict=True):
        last = best[-1] if best else None
        counts = value is not None and each.outcome is Outcome.FINISHED
        best.append(last if not counts or value is None else
                    value if last is None else max(last, value))
    numbers = list(range(1, len(searched) + 1))
    line = {"type": "scatter", "mode": "lines", "name": "best so far", "x": numbers, "y": best,
            "line": {"color": BLUE, "width": 2.5, "shape": "hv"}, "hoverinfo": "skip"}
    unit = ("seed spreads above controls" if objective.controls
            else "points over half a point, no controls")
    return Figure(
        "convergence", "Each trial by its number; failed ones on the axis.",
        [line, *_trials(searched, values)],
        {"showlegend": True, "shapes": _zero(objective),
         "xaxis": {"title": {"text": "search trial (number)"}, "tickformat": "d",
                   "range": [0, len(searched) + 1]},
         "yaxis": {"title": {"text": f"objective ({unit})"}}},
        Numbers(("trial", "number", "outcome", "objective", "best_so_far"),
                [(each.trial, number, each.outcome.value, value, so_far)
                 for each, number, value, so_far in
                 zip(searched, numbers, values, best, strict=True)]))


def _trials(searched: Sequence[TrialResult], values: Sequence[float | None]
            ) -> list[dict[str, Any]]:
    floor = min(value for value in values if value is not None)
    shown: tuple[tuple[str, Outcome, dict[str, Any]], ...] = (
        ("finished", Outcome.FINISHED, {"color": SKY, "line": {"color": BLUE, "width": 1}}),
        ("stopped early", Outcome.STOPPED, {"color": "white", "line": {"color": BLUE, "width": 1}}),
        ("failed", Outcome.FAILED, {"color": RED, "symbol": "x"}))
    traces = []
    for name, outcome, marker in shown:
        found = [(number, each, value) for number, (each, value)
                 in enumerate(zip(searched, values, strict=True), start=1)
                 if each.outcome is outcome]
        if found:
            traces.append({
                "type": "scatter", "mode": "markers", "name": name,
                "marker": marker | {"size": 9}, "x": [number for number, *_ in found],
                "y": [floor if value is None else value for *_, value in found],
                "hoverinfo": "text",
                "hovertext": [_hover(each, value) for _, each, value in found]})
    return traces


def _hover(result: TrialResult, value: float | None) -> str:
    phase = result.config.intermediate
    shares = [] if phase is None else sorted(phase.mixture.weights, key=lambda pair: -pair[1])
    text = escaped(result.trial) + ("" if value is None else f"<br>objective {value:+.2f}")
    return text + "".join(f"<br>{escaped(task)} {weight:.0%}" for task, weight in shares)


def _zero(objective: Objective) -> list[dict[str, Any]]:
    """Return the line of the controls' mean, which is 0 where there are controls."""
    if not objective.controls:
        return []
    return [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
             "line": {"color": GREY, "width": 1.5, "dash": "dash"},
             "label": {"text": "mean of controls", "textposition": "end", "font": {"size": 11}}}]
