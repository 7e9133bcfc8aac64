"""Making a study's dump so small that a trial takes seconds: as little as the laws allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from search.language_grid import LEAST_CROSSED
from spaces.tasks import Task
from tests.bench.cut_arms import without

FEWEST_COUNTS: Final = 3
FEWEST_ORDERS: Final = 2
FEWEST_SEEDS: Final = 2  # of controls and curves; arms do with one


class Limits(NamedTuple):
    """How small it becomes; a panel keeps languages that contrasts name, and so many at least.

    `tuning` is the most trials of tuning of one model; beyond these rates are not tuned.
    """

    intermediate_examples: int = 64
    target_examples: int = 64
    evaluation_rows: int = 20
    panel_languages: int = 3
    tuning: int = 6


LIMITS: Final = Limits()


def few_languages(
    codes: Sequence[str], data: Mapping[str, Any], targets: Sequence[Task], limits: Limits
) -> list[str]:
    """Return those that contrasts name, one of each target, and the first up to the limit."""
    arms = data.get("arms", {})
    primary = arms.get("primary", {})
    sides = [primary, *primary.get("better", ()), *primary.get("worse", ())]
    asked = [code for each in sides for code in each.get("languages", ())]
    wanted = [code for code in dict.fromkeys(asked) if code in codes]
    for task in targets:
        if not set(wanted) & set(task.evaluation):
            wanted.append(next(code for code in codes if code in task.evaluation))
    least = max(limits.panel_languages, LEAST_CROSSED if arms.get("sources") else 1)
    wanted += [code for code in codes if code not in wanted][:max(0, least - len(wanted))]
    return [code for code in codes if code in wanted]


def largest_count(count: Any) -> int:
    """Return the most languages that a study's `count` lets a set have."""
    if isinstance(count, Mapping):
        return int(count["high"])
    return int(max(count)) if isinstance(count, list) else int(count)


def make_small(data: dict[str, Any], limits: Limits) -> Iterator[str]:
    """Ask for as little as the laws allow, on one core; yield what is dropped."""
    for level in data["fidelity"].values():
        for key in ("intermediate_examples", "target_examples", "evaluation_rows"):
            level[key] = min(level[key], getattr(limits, key))
    data["resources"] = {"workers": 1, "cpus": 1, "gpus": 0}
    data["controls"]["seeds"] = FEWEST_SEEDS
    data["search"]["fixed_points"] = []
    for key in ("table", "revisions"):
        if data.pop(key, None):
            yield f"{key}: dropped"
    if (robustness := data.get("robustness")) and robustness.get("attack"):
        robustness["attack"]["queries"] = max(2, len(robustness["perturbations"]))
    if "curve" in data:
        yield from _shorten(data["curve"], len(data["intermediate"]["languages"]["pool"]))
    if (arms := data.get("arms")) is not None:
        arms["seeds"] = arms["pretraining_seeds"] = 1
        yield from _tune_little(data, arms, limits.tuning)


def _shorten(curve: dict[str, Any], pool: int) -> Iterator[str]:
    """Drop counts that a pool of so many languages lacks, orders and seeds."""
    kept = [count for count in curve["counts"] if count <= pool]
    if len(kept) < FEWEST_COUNTS:
        kept = sorted({0, pool // 2, pool})
    yield from without("counts", curve["counts"], kept)
    curve["counts"] = kept
    curve["orders"], curve["seeds"] = curve["orders"][:FEWEST_ORDERS], FEWEST_SEEDS


def _tune_little(data: dict[str, Any], arms: dict[str, Any], most: int) -> Iterator[str]:
    """Keep two rates of each list, or none to be tuned where these are too many trials."""
    if "tuning" not in arms:
        return
    few = {}
    for section in ("intermediate", "targets"):
        rates = data[section]["learning_rate"]
        few[section] = rates[:2] if isinstance(rates, list) else [rates]
    trials = len(few["targets"]) + len(arms["arms"]) * len(few["intermediate"])
    if trials > most:
        del arms["tuning"]
        yield f"tuning: dropped, {trials} trials of each model; the middle rates instead"
        return
    arms["tuning"] = {"seeds": 1}
    for section, rates in few.items():
        data[section]["learning_rate"] = rates
