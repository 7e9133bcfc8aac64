"""Each task's effect, by regression on centred log-ratios of weights."""

from __future__ import annotations

from search.palette import BLUE, GREY
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Section
from search.task_effects import TaskEffects, task_effects_of

__all__ = ["effects"]


def effects(material: Material) -> Section | None:
    """Return the effects, or why there are none; None of a study that searches nothing."""
    if material.readout.is_designed or material.readout.selection.of is not None:
        return None
    found = task_effects_of(material.results, material.readout.selection.objective)
    title = "What each task does"
    if found.refused is not None:
        return Section("effects", title, [f"No effect of a task is told: {found.refused}."])
    return Section("effects", title, [*_sentences(found), _figure(found)])


def _sentences(found: TaskEffects) -> list[str]:
    held = f", holding {', '.join(found.adjusted)}" if found.adjusted else ""
    sentences = [
        "How much the score changes where a task's weight doubles against all the others, whose "
        "ratios stay: weights sum to 1, so no task can grow alone, and effects add up to 0. Least "
        f"squares on centred log-ratios over {found.trials} finished search trials{held}; a "
        f"weight below {found.floor:.0%} counts as {found.floor:.0%}, for no ratio to 0 exists.",
        f"Intervals ({found.level:.0%}) are by leaving out each "
        f"{'seed block' if found.unit == 'block' else 'trial'} in turn"
        + ("" if found.unit == "block" else "; the trials share their seeds, of whose spread they "
           "say nothing") + ". Exploratory: nothing here was confirmed.",
        _predicted(found)]
    turned = [each.task for each in found.effects
              if min(each.effect, each.at_half_floor, each.at_double_floor) < 0
              < max(each.effect, each.at_half_floor, each.at_double_floor)]
    if turned:
        sentences.append(f"The sign of {', '.join(turned)} depends on what 0 counts as "
                         f"({found.floor / 2:.1%} or {2 * found.floor:.0%}).")
    return sentences


def _predicted(found: TaskEffects) -> str:
    if found.predicted is None or found.predicted <= 0:
        return ("The regression predicts left-out trials no better than their mean does: read "
                "nothing into single effects.")
    return (f"It predicts {found.predicted:.0%} of the variance of left-out trials' scores; what "
            "bends, such as a best mixture between the tasks, it does not see.")


def _figure(found: TaskEffects) -> Figure:
    listed = sorted(found.effects, key=lambda each: (-each.effect, each.task))
    names = [escaped(each.task) for each in listed]
    colours = [BLUE if each.low > 0 or each.high < 0 else GREY for each in listed]
    trace = {
        "type": "scatter", "mode": "markers", "x": [each.effect for each in listed], "y": names,
        "marker": {"color": colours, "size": 11},
        "error_x": {"type": "data", "symmetric": False, "thickness": 2.5, "width": 5,
                    "color": GREY, "array": [each.high - each.effect for each in listed],
                    "arrayminus": [each.effect - each.low for each in listed]},
        "hoverinfo": "text",
        "hovertext": [f"{name}<br>{each.effect:+.2f} [{each.low:+.2f}, {each.high:+.2f}] points "
                      f"per doubling<br>in {each.trials} of {found.trials} trials"
                      for name, each in zip(names, listed, strict=True)]}
    numbers = Numbers(
        ("task", "points_per_doubling", "low", "high", "trials_with_it", "at_half_floor",
         "at_double_floor"),
        [(each.task, each.effect, each.low, each.high, each.trials, each.at_half_floor,
          each.at_double_floor) for each in listed])
    return Figure(
        "effects", "Blue: the interval leaves out 0.", [trace],
        {"showlegend": False,
         "xaxis": {"title": {"text": "points per doubling of weight"}, "zeroline": True},
         "yaxis": {"type": "category", "autorange": "reversed", "ticks": "", "showgrid": False}},
        numbers, height=140 + 38 * len(names))
