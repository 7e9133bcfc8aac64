"""Changes of MLflow's runs: what an event makes a run show, said without MLflow."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from search.credentials import without_credentials
from search.run_content import Point
from spaces.value import Value

__all__ = ["Change", "DataInput", "RunKey", "RunStatus", "change_of", "merged"]

_TAG_LIMIT: Final = 2000  # characters; an error's head is enough, the journal has the rest


class RunStatus(StrEnum):
    """The statuses that MLflow knows and stiltune sets."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


class RunKey(Value):
    """Which run: a search's parent run (`trial` None) or the nested run of one of its trials."""

    search: str
    search_id: str
    trial: str | None = None

    @property
    def name(self) -> str:
        """The run's name in MLflow."""
        return self.trial or self.search


class DataInput(NamedTuple):
    """A data set that a run read: one split of one task in one language.

    `revision` names the hub's repositories and commits, if it came from there.
    """

    name: str
    digest: str
    rows: int
    revision: str = ""


class Change(Value):
    """What one or more events change in one run; `time` is the first's, in Unix seconds.

    `texts` maps artifact paths to their text, `copies` artifact directories to the URIs of
    files that go there. `status` was reached at `status_time`.
    """

    run: RunKey
    time: float
    tags: dict[str, str] = {}
    parameters: dict[str, str] = {}
    points: tuple[Point, ...] = ()
    inputs: tuple[DataInput, ...] = ()
    texts: dict[str, str] = {}
    copies: dict[str, str] = {}
    status: RunStatus | None = None
    status_time: float = 0.0

    def then(self, later: Change) -> Change:
        """Return this change and a later one of the same run as one."""
        newest = self if later.status is None else later
        return Change(
            run=self.run, time=self.time, tags=self.tags | later.tags,
            parameters=self.parameters | later.parameters, points=self.points + later.points,
            inputs=self.inputs + later.inputs, texts=self.texts | later.texts,
            copies=self.copies | later.copies, status=newest.status,
            status_time=newest.status_time)


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return one change for each run, in the order in which the runs appear."""
    by_run: dict[str, Change] = {}
    for change in changes:
        name = change.run.name
        by_run[name] = by_run[name].then(change) if name in by_run else change
    return list(by_run.values())


def change_of(run: RunKey, time: float, fields: dict[str, Any]) -> Change:
    """Return the change with every credential cut out, whatever text it came in."""
    for name in ("tags", "parameters", "texts"):
        fields[name] = {key: without_credentials(text)
                        for key, text in fields.get(name, {}).items()}
    fields["tags"] = {key: text[:_TAG_LIMIT] for key, text in fields["tags"].items() if text}
    fields["points"] = tuple(point._replace(time=time) for point in fields.get("points", ()))
    return Change(run=run, time=time, status_time=time, **fields)
