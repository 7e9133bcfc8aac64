"""The primary contrast in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from search.arm_entries import PrimaryAnswer
from search.arms_section import CONTROL, Side
from search.intervals import LEVEL, in_points

__all__ = ["contrast_text", "primary_sentence"]


def primary_sentence(
    answer: PrimaryAnswer, *, unit: str, tasks: Sequence[str], models: Sequence[str],
    languages: int,
) -> str:
    """Return what the contrast came to, what it could have shown, and what follows.

    Args:
        answer: the answer.
        unit: what the interval is over: "seed blocks", "pretraining seeds".
        tasks: the tasks that count.
        models: the models that count.
        languages: how many languages of the report panel count.
    """
    declared, estimate = answer.declared, answer.estimate
    where = f"{', '.join(tasks)} in {languages} language{'' if languages == 1 else 's'}"
    where += " (rows that are no near-copies of English)" if declared.rows == "non-copy" else ""
    where += f", {_models(models)}" if models else ""
    where += f", under {', '.join(declared.under)}" if declared.under else ""
    better, worse = _sides(declared.better), _sides(declared.worse)
    if estimate is None:
        return (f"No answer: no {unit.removesuffix('s')} has all that the contrast of {better} and "
                f"{worse} on {where} needs.")
    basis = f"{estimate.units} {unit if estimate.units > 1 else unit.removesuffix('s')}"
    does, unit_of = ("keep", "of 100 points above chance") if declared.under else (
        "gain", "points")
    does += "s" if len(declared.better) == 1 else ""
    if declared.per is None:
        text = f"{better} {does} {_number(answer)} {unit_of} more than {worse} on {where}"
    else:
        text = (f"Per doubling of body parameters, what {better} {does} over {worse} changes by "
                f"{_number(answer)} {unit_of} on {where}")
    if estimate.low is None:
        return f"{text} ({basis}, so no interval and no verdict)."
    return (f"{text} ({LEVEL:.0%}, {basis}, minimal detectable effect "
            f"{answer.minimal_detectable_effect:.2f}): {_verdict(answer)}.")


def contrast_text(better: Sequence[Side], worse: Sequence[Side]) -> str:
    """Return "far less near", with each side's languages where it has its own.

    What counts several times on a side is named once, with how often.
    """
    return f"{_sides(better)} less {_sides(worse)}"


def _sides(sides: Sequence[Side]) -> str:
    counted = Counter(_side(side) for side in sides)
    *most, last = [text if times == 1 else f"{'twice' if times == 2 else f'{times} times'} {text}"
                   for text, times in counted.items()]
    return f"{', '.join(most)} and {last}" if most else last


def _side(side: Side) -> str:
    within = f" (in {', '.join(side.languages)})" if side.languages else ""
    return ("the control" if side.arm == CONTROL else side.arm) + within


def _models(models: Sequence[str]) -> str:
    return models[0] if len(models) == 1 else f"{len(models)} models ({', '.join(models)})"


def _number(answer: PrimaryAnswer) -> str:
    estimate = answer.estimate
    assert estimate is not None  # without one nothing is said
    if estimate.low is None:
        return f"{estimate.mean:.2f}"
    return f"{estimate.mean:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _verdict(answer: PrimaryAnswer) -> str:
    minimal, estimate = answer.declared.minimal, answer.estimate
    assert estimate is not None  # a verdict rests on one
    if answer.verdict == "undecided":
        return f"undecided, for it may be nothing and may be more than {in_points(minimal)}"
    is_more, is_less = (estimate.low or 0.0) > 0, (estimate.high or 0.0) < 0
    way = "more than nothing" if is_more else "less than nothing"
    if answer.verdict == "no difference that matters":
        return (f"no difference of more than {in_points(minimal)} either way"
                + (f", though {way}" if is_more or is_less else ""))
    bound = estimate.low if is_more else -(estimate.high or 0.0)
    return way + (f", and by more than {in_points(minimal)}"
                  if bound is not None and bound > minimal else "")
