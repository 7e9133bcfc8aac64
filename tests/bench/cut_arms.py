"""Cutting arms, mixtures and contrasts of a study's dump down to what is left of its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from search.arms_section import CONTROL
from search.language_grid import LEAST_CROSSED


def cut_arms(arms: dict[str, Any], pool: Sequence[str], report: Sequence[str]) -> Iterator[str]:
    """Drop arms and sides of the primary contrast that lack what they need; yield each change.

    Args:
        arms: the section, changed in place.
        pool: the languages of intermediate training that are left.
        report: the report panel that is left.
    """
    before = list(arms["arms"])
    arms["arms"] = {name: cut for name, arm in arms["arms"].items()
                    if (cut := _cut_arm(arm, pool)) is not None}
    yield from without("arms", before, list(arms["arms"]))
    primary, known = arms["primary"], (*arms["arms"], CONTROL)
    if "languages" in primary:
        primary["languages"] = [code for code in primary["languages"] if code in report]
    for field in ("better", "worse"):
        for side in primary[field]:
            left = [code for code in side.get("languages", ()) if code in report]
            yield from without(f"`{field}` {side['arm']}", side.get("languages", ()), left)
        primary[field] = [cut for side in primary[field]
                          if (cut := _cut_side(side, known, report)) is not None]
    if not (primary["better"] and primary["worse"] and primary.get("languages") != []):
        first = next(iter(arms["arms"]))
        arms["primary"] = {"better": [{"arm": first}], "worse": [{"arm": CONTROL}]}
        yield f"primary contrast: {first} less the control, for a side was empty"
    if arms.get("sources") and min(len(arms["arms"]), len(report)) < LEAST_CROSSED:
        del arms["sources"]
        yield "`sources`: dropped, too few are left to be crossed"


def without(what: str, before: Iterable[Any], after: Iterable[Any]) -> Iterator[str]:
    """Yield a line on what is gone, if anything is."""
    left = list(after)
    gone = [str(each) for each in before if each not in left]
    if gone:
        yield f"{what}: without {', '.join(gone)}"


def named(names: Iterable[str], renamed: Mapping[str, str | None]) -> list[str]:
    """Return the names, each that has a new one by it, those that have none left out."""
    return [new for name in names if (new := renamed.get(name, name)) is not None]


def rename_mixture(holder: dict[str, Any], renamed: Mapping[str, str | None]) -> None:
    """Rename the tasks of an arm's or a curve's mixture; one that is left empty is None."""
    mixture = holder.get("mixture")
    if not isinstance(mixture, dict):
        return
    if "tasks" in mixture:
        mixture["tasks"] = named(mixture["tasks"], renamed)
    elif "weights" in mixture:
        left = {new: weight for name, weight in mixture["weights"].items()
                if (new := renamed.get(name, name)) is not None}
        total = sum(left.values())
        mixture["weights"] = {name: weight / total for name, weight in left.items()}


def _cut_arm(arm: dict[str, Any], pool: Sequence[str]) -> dict[str, Any] | None:
    """Return an arm with the languages that are left; None without a language or a task."""
    if isinstance(mixture := arm.get("mixture"), dict) and not (
            set(mixture) - {"weights", "tasks"} or any(mixture.values())):
        return None
    if (languages := arm.get("languages")) is None:
        return arm
    order, count = languages["order"], languages["count"]
    if order.startswith("listed:"):
        codes = [code for code in order.removeprefix("listed:").split(",")[:count] if code in pool]
        order, count = (f"listed:{','.join(codes)}" if codes else "random:0"), len(codes)
    count = min(count, len(pool))
    return ({**arm, "languages": {**languages, "order": order, "count": count}}
            if count or languages["english"] else None)


def _cut_side(
    side: dict[str, Any], arms: Sequence[str], report: Sequence[str]
) -> dict[str, Any] | None:
    if side["arm"] not in arms:
        return None
    if "languages" not in side:
        return side
    left = [code for code in side["languages"] if code in report]
    return {**side, "languages": left} if left else None
