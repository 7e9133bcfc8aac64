"""Further controls: is a winner's gain due to its task, or to more updates on that text?

Each trains on the winner's own inputs, batch by batch, but without what the task says of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from search.gains import by_seed, finished_controls, gain_between, gain_over_controls
from search.intervals import Interval, t_interval
from search.objective import Objective
from search.results import Outcome, Role, TrialResult
from spaces.trial_config import FURTHER_CONTROLS, FurtherControl
from spaces.value import Value

__all__ = ["NAMES", "FurtherComparison", "compare_with_further", "further_group", "verdict"]

NAMES: Final[dict[FurtherControl, str]] = {
    "mlm": "MLM on the same inputs", "shuffled": "shuffled labels"}


class FurtherComparison(Value):
    """A winner against one further control of its own, in points on the report panel.

    `score` is the control's; `gain` the winner's score less it, by the same method as the gain
    over the controls, so paired by seed block; `own_gain` the further control's over the
    controls. `beaten` says whether the interval of `gain` lies above 0; None where there is no
    interval, or where one of the winner's blocks or of the `failed` ones gave no score, since
    nobody knows how bad that was.
    """

    control: FurtherControl
    trials: tuple[str, ...]
    score: Interval | None = None
    gain: Interval | None = None
    own_gain: Interval | None = None
    failed: int = 0
    beaten: bool | None = None


def further_group(group: str, control: FurtherControl) -> str:
    """Return the group of a confirmed group's further control, such as `winner-1+single mlm`."""
    return f"{group} {control}"


def compare_with_further(
    results: Iterable[TrialResult], group: str, objective: Objective
) -> tuple[FurtherComparison, ...]:
    """Return a confirmed group against each of its further controls of which a trial ended."""
    listed = list(results)
    winner = [each for each in listed if each.role is Role.CONFIRMATION and each.group == group]
    found = []
    for control in FURTHER_CONTROLS:
        own = [each for each in listed if each.role is Role.FURTHER
               and each.group == further_group(group, control)]
        if own:
            found.append(_comparison(control, winner, own, listed, objective))
    return tuple(found)


def verdict(gain: Interval | None, comparisons: Sequence[FurtherComparison]) -> str | None:
    """Return in words what a winner is shown to beat, None where it was compared with nothing.

    Both must be beaten for the gain to be the task's. Each is tested at the level of one bound;
    since both tests must pass, both together keep that level. Source: Berger 1982,
    "Multiparameter hypothesis testing and acceptance sampling" (intersection-union tests).
    """
    parts = []
    for words, both, found in (
        ("beats", "both", [each for each in comparisons if each.beaten]),
        ("not shown to beat", "either", [each for each in comparisons if each.beaten is False]),
        ("undecided against", "both", [each for each in comparisons if each.beaten is None]),
    ):
        if found:
            names = NAMES[found[0].control] if len(found) == 1 else both
            parts.append(f"{words} {names}")
    if parts and (gain is None or gain.low is None or gain.low <= 0):
        parts.append("no gain over the controls is shown")
    return ", ".join(parts) or None


def _comparison(
    control: FurtherControl, winner: Sequence[TrialResult], own: Sequence[TrialResult],
    listed: Iterable[TrialResult], objective: Objective,
) -> FurtherComparison:
    finished = [each for each in own if each.outcome is Outcome.FINISHED]
    scores = by_seed(finished, objective)
    gain = gain_between(by_seed([each for each in winner if each.outcome is Outcome.FINISHED],
                                objective), scores)
    failed = len(own) - len(finished)
    whole = not failed and all(each.outcome is Outcome.FINISHED for each in winner)
    beaten = None if gain is None or gain.low is None else gain.low > 0
    return FurtherComparison(
        control=control, trials=tuple(each.trial for each in own),
        score=t_interval(list(scores.values())), gain=gain,
        own_gain=gain_over_controls(own, finished_controls(listed), objective),
        failed=failed, beaten=beaten if whole else None)
