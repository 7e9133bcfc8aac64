"""A study's own tasks as the catalogue has its tasks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal, get_args

from pydantic import ValidationError

from search.study_faults import fault
from search.study_tasks import DOCUMENT_RULES, StudyTask
from spaces.data_sources import FilesSource, HubSource, Split, TableSource
from spaces.tasks import CANONICAL_COLUMNS, Kind, Provenance, Task, find_task
from trainables.metrics import METRICS

__all__ = ["task_of"]

_TASK_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def task_of(name: str, given: StudyTask, catalogue: Sequence[Task]) -> Task:
    """Return the task that a study calls `name`.

    Raises:
        PydanticCustomError: if it cannot be; it names the dotted key.
    """
    place = f"tasks.{name}"
    if not _TASK_NAME.fullmatch(name):
        raise fault(place, f"a task's name must match {_TASK_NAME.pattern}, got {name!r}")
    if name in {task.name for task in catalogue}:
        raise fault(place, "a study's own task must have a name of its own, got "
                           f"{name!r}, which is in the catalogue")
    like = None if given.like is None else _like(given.like, place, catalogue)
    kind = like.kind if like else given.kind
    metric = given.metric or (like.metric if like else None)
    assert kind is not None  # as `StudyTask` has it that one of the two says
    known = tuple(chain.from_iterable(METRICS.get(kind, ())))
    if metric is not None and known and metric not in known:
        raise fault(f"{place}.metric", f"`metric` must be one of {', '.join(known)} for "
                                       f"{kind.value}, got {metric!r}")
    made: Provenance = ("native" if given.translated is None else
                        "machine-translated" if given.translated == "machine" else
                        "human-translated")
    try:
        return Task(
            name=name, kind=kind, roles=_roles(given, kind), train=given.train,
            evaluation=given.evaluation, labels=like.labels if like else given.labels,
            metric=metric, source=_source(given, kind, like, place),
            translates=_translated(like) if given.translated else None,
            train_provenance=made, evaluation_provenance=made)
    except ValidationError as error:
        raise _as_fault(error, place) from error


def _roles(given: StudyTask, kind: Kind) -> tuple[Literal["intermediate", "target"], ...]:
    """Return a task's roles; text, which is never scored, has the one that it can have."""
    stated = "roles" in given.model_fields_set
    return ("intermediate",) if kind is Kind.MLM and not stated else given.roles


def _translated(like: Task | None) -> HubSource | None:
    source = like.source_of("train") if like else None
    return source if isinstance(source, HubSource) else None


def _like(name: str, place: str, catalogue: Sequence[Task]) -> Task:
    try:
        return find_task(name, catalogue)
    except ValueError as error:
        raise fault(f"{place}.like", str(error)) from error


def _source(
    given: StudyTask, kind: Kind, like: Task | None, place: str
) -> HubSource | FilesSource:
    """Return where the rows lie; what is not said of their columns is as in `like`."""
    before = like.source if like and isinstance(like.source, TableSource) else None
    own: dict[str, Any] = {rule: value for rule in DOCUMENT_RULES
                           if (value := getattr(given, rule)) is not None}
    if before and not own:
        own = {rule: getattr(before, rule) for rule in DOCUMENT_RULES}
    if before:
        own |= {name: getattr(before, name) for name in ("wordings", "asked", "left_out")}
    columns = _columns(given, kind, before, place)
    if given.files is not None:
        named = {split: given.splits.get(split, split) for split in get_args(Split)}
        return FilesSource(directory=given.files, columns=columns,
                           splits={**given.splits} or named, **own)
    assert given.hub is not None
    return HubSource(repository=given.hub, config=given.config or "default",
                     splits=given.splits, columns=columns, id_prefix=given.id_prefix,
                     revision=given.revision, **own)


def _columns(
    given: StudyTask, kind: Kind, before: TableSource | None, place: str
) -> Mapping[str, str | tuple[str, ...]]:
    known = CANONICAL_COLUMNS[kind]
    for name in given.columns:
        if name not in (*known, "id"):
            near = difflib.get_close_matches(name, (*known, "id"), n=1)
            hint = f"; nearest: {near[0]!r}" if near else ""
            raise fault(f"{place}.columns", f"`columns` must name the columns of {kind.value}, "
                                            f"{', '.join(known)}, or id, got {name!r}{hint}")
    return {name: name for name in known} | dict(before.columns if before else {}) | given.columns


def _as_fault(error: ValidationError, place: str) -> Exception:
    """Return what a task or its source says of itself, placed at the key that it is about."""
    law = str(error.errors()[0].get("ctx", {}).get("error", error.errors()[0]["msg"]))
    key = law.split("`")[1] if law.startswith("`") else ""
    key = "columns" if key in ("options", *chain.from_iterable(CANONICAL_COLUMNS.values())) else key
    return fault(f"{place}.{key}" if key in StudyTask.model_fields else place, law)
