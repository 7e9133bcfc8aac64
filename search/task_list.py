"""The list of tasks: what a study may name, and what of it is in a mirror or on the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table

from search.declaration import CATALOGUE
from search.faults import UserError
from search.options import Options
from search.storage import cache_directory, storage_root
from search.text_tables import dimmed
from spaces.data_sources import FilesSource, LabSource, Source
from spaces.tasks import Task, find_task
from trainables.extents import spell_parts
from trainables.sources import Sources
from trainables.task_status import TaskStatus, status_of

__all__ = ["list_tasks"]


def list_tasks(
    names: Sequence[str], *, options: Options, read: bool, form: str, console: Console
) -> None:
    """Print the catalogue's tasks of these names, or all; with `read` what their data holds.

    Raises:
        UserError: if there is no task of a name.
    """
    try:
        tasks = [find_task(name, CATALOGUE) for name in names] or list(CATALOGUE)
    except ValueError as error:
        raise UserError(str(error)) from error
    sources = Sources(hub=options.hub, cache=str(cache_directory(storage_root(options.storage))))
    found = [(task, status_of(task, sources) if read and not isinstance(task.source, LabSource)
              else None) for task in tasks]
    if form == "json":
        console.file.write(json.dumps([*map(_as_data, found)], indent=2) + "\n")
    else:
        console.print(_as_table(found))


def _as_data(found: tuple[Task, TaskStatus | None]) -> dict[str, Any]:
    task, status = found
    stated = {"task": task.name, "kind": task.kind.value, "roles": task.roles,
              "metric": task.metric, "train": task.train, "evaluation": task.evaluation,
              "where": _where(task)}
    return stated if status is None else stated | {
        "rows": {f"{split} {code}": count for (split, code), count in status.rows},
        "published": {f"{each.split} {each.language}": each.published for each in status.extents},
        "extent": status.extent,
        "absent": dict(status.absent), "faults": status.faults}


def _as_table(found: Sequence[tuple[Task, TaskStatus | None]]) -> RenderableType:
    table = Table(box=None, header_style="bold")
    for column in ("task", "kind", "is", "metric", "trained in", "scored in"):
        table.add_column(column, no_wrap=column == "task")
    table.add_column("where" if all(status is None for _, status in found) else "status")
    for task, status in found:
        table.add_row(task.name, task.kind.value, ", ".join(task.roles), task.metric,
                      *_counts(task, status), _where(task) if status is None else _status(status))
    return Group(table, *dimmed(line for _, status in found if status for line in _notes(status)))


def _counts(task: Task, status: TaskStatus | None) -> Iterator[str]:
    """Yield in how many languages a task is trained and scored, and with how many rows."""
    splits = ((task.train, ("train",)), (task.evaluation, ("validation", "test")))
    for listed, named in splits:
        if not listed or status is None:
            yield str(len(listed)) if listed else "-"
        else:
            yield (f"{len(status.languages(*named))} of {len(listed)} "
                   f"({status.count(*named):,} rows)")


def _status(status: TaskStatus) -> str:
    if status.faults:
        return f"{len(status.faults)} faults"
    if not status.rows:
        return "absent"
    absent = f", {len(status.absent)} languages absent" if status.absent else ""
    return f"verified, {status.extent}{absent}"


def _notes(status: TaskStatus) -> Iterator[str]:
    """Yield a line a fault, one on rows that are a part of those published, one on what is absent.

    The first reason of absence stands for its likes.
    """
    yield from (f"{status.task}: {line}" for line in status.faults)
    yield from (f"a part of what is published: {line}" for line in spell_parts(status.extents))
    if status.absent:
        languages = ", ".join(code for code, _ in status.absent)
        yield f"{status.task}, absent {languages}: {status.absent[0][1]}"


def _where(task: Task) -> str:
    sources = (*task.sources_of("train"), task.source, *task.elsewhere.values())
    return ", ".join(dict.fromkeys(map(_place, sources)))


def _place(source: Source) -> str:
    match source:
        case LabSource():
            return "the lab"
        case FilesSource():
            return source.directory
        case _:
            return source.repository
