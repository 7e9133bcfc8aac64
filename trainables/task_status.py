"""Task status: what of a task's data is there and whole, what is absent, what is at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from spaces.data_sources import Split
from spaces.tasks import Task
from spaces.value import Value
from trainables.extents import Extent, extent_of
from trainables.rows import AbsentError, DataError, Rows
from trainables.scores import PanelName
from trainables.sources import Sources

__all__ = ["TaskStatus", "status_of", "verify"]

Place = tuple[Split, str]
"""A split and the code of a language."""


class TaskStatus(Value):
    """What was found of a task.

    `rows` are those of each (split, language) that was read whole and checked, without unlabelled
    ones, `extents` how many there are of those published; `absent` says of others why they cannot
    be had; `faults` are lines on what is wrong.
    """

    task: str
    rows: tuple[tuple[Place, int], ...]
    extents: tuple[Extent, ...]
    absent: tuple[tuple[str, str], ...]  # language -> why
    faults: tuple[str, ...]

    def languages(self, *splits: Split) -> tuple[str, ...]:
        """Return the languages that have rows in any of the splits, sorted."""
        return tuple(sorted({code for (split, code), _ in self.rows if split in splits}))

    @property
    def extent(self) -> str:
        """Whether what is there is what was published, in a word or two; empty without rows."""
        published = {each.published is not None for each in self.extents}
        if any(each.is_part for each in self.extents):
            return "a part"
        if published == {True}:
            return "whole"
        return "size not documented" if published == {False} else (
            "whole where documented" if published else "")

    def count(self, *splits: Split) -> int:
        """Return the number of rows in the splits, over all languages."""
        return sum(count for (split, _), count in self.rows if split in splits)


def status_of(task: Task, sources: Sources) -> TaskStatus:
    """Read and check all splits that a task has in its languages; nothing is raised."""
    rows: dict[Place, int] = {}
    extents: list[Extent] = []
    absent: dict[str, str] = {}
    faults: dict[str, None] = {}
    for place, found in _read(task, sources):
        if isinstance(found, Rows):
            rows[place] = len(found)
            extents.append(extent_of(found))
        elif isinstance(found, AbsentError):
            absent.setdefault(place[1], str(found))
        else:
            faults[str(found)] = None
    return TaskStatus(task=task.name, rows=tuple(rows.items()), extents=tuple(extents),
                      absent=tuple(absent.items()), faults=tuple(faults))


def _read(task: Task, sources: Sources) -> Iterator[tuple[Place, Rows | DataError]]:
    """Yield each place's rows, or what is wrong there."""
    for language in sorted({*task.train, *task.evaluation}):
        try:
            present = sources.splits(task, language)
        except DataError as error:
            yield ("train", language), error
            continue
        for split in _wanted(task, language, present):
            try:
                yield (split, language), sources.rows(task, language, split)
            except DataError as error:
                yield (split, language), error


def _wanted(task: Task, language: str, present: Sequence[Split]) -> list[Split]:
    """Return what is there, and what no study of the language could do without."""
    wanted = list(present)
    if language in task.train and "train" not in wanted:
        wanted.insert(0, "train")
    if language in task.evaluation and not {"validation", "test"} & set(wanted):
        wanted.append("validation")
    return wanted


def verify(
    task: Task,
    sources: Sources,
    *,
    train: Sequence[str] | None = None,
    evaluation: Sequence[str] | None = None,
) -> list[str]:
    """Return one line per fault in the data that a study needs of a task; none is best.

    All languages of which nothing is there share a line, and so does one fault in several files.

    Args:
        task: the task.
        sources: where its rows come from.
        train: the languages whose train split is needed; None for all that the task lists.
        evaluation: the languages scored on either panel; None for all that the task lists.
    """
    return _each_once(_faults(
        task, sources,
        task.train if train is None else train,
        task.evaluation if evaluation is None else evaluation,
    ))


def _each_once(lines: Iterable[str]) -> list[str]:
    """Return the lines, those that differ in their place alone as one, with the first place."""
    places: dict[str, list[str]] = {}
    for line in dict.fromkeys(lines):
        law, bracket, place = line.rpartition(" (")
        places.setdefault(law or line, []).append(bracket + place if law else "")
    return [law + first + (f"; {len(others)} more like it" if others else "")
            for law, (first, *others) in places.items()]


def _faults(
    task: Task, sources: Sources, train: Sequence[str], evaluation: Sequence[str]
) -> Iterator[str]:
    def train_rows(language: str) -> None:
        sources.rows(task, language, "train")

    yield from _faults_in(task, train, train_rows)
    for panel in get_args(PanelName):
        def panel_rows(language: str, panel: PanelName = panel) -> None:
            sources.panel_rows(task, language, panel)

        yield from _faults_in(task, evaluation, panel_rows)


def _faults_in(
    task: Task, languages: Sequence[str], read: Callable[[str], None]
) -> Iterator[str]:
    """Yield a line a fault, and one for all languages that are absent, with the first's reason."""
    absent: dict[str, str] = {}
    for language in languages:
        try:
            read(language)
        except AbsentError as error:
            absent[language] = str(error)
        except DataError as error:
            yield str(error)
    if absent:
        (first, reason), *others = absent.items()
        named = reason if reason.startswith(task.name) else f"{task.name} {first}: {reason}"
        yield named + (f"; absent as well: {', '.join(code for code, _ in others)}" if others
                       else "")
