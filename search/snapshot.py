"""The snapshot: what data and encoders a search reads, checked, sized and fingerprinted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args

from search.data_faults import faults_of, needs_of, sources_of
from search.faults import UserError, UserErrors
from search.study import Study
from spaces.data_sources import LabSource, Split
from spaces.lab_tasks import lab_rows
from spaces.languages import ENGLISH
from spaces.models import HubModel
from spaces.tasks import Task
from spaces.value import Value, digest_of
from trainables.encoder_ref import model_directory, weights_identity
from trainables.extents import Extent, extent_of, spell_parts
from trainables.scores import PanelName
from trainables.sources import SCORING, Sources
from trainables.workspace import Workspace

__all__ = ["DataSet", "Snapshot", "take_snapshot"]


class DataSet(Value):
    """One set of rows: "<task> <language> train", or "<task> <panel> panel" over its languages.

    `revision` names the hub's repositories and the commits at which they were read; empty where
    rows come from elsewhere.
    """

    name: str
    fingerprint: str
    rows: int
    revision: str = ""


class Snapshot(Value):
    """What a search reads, as it was when the search began.

    `sizes` are train rows by intermediate task and language; `encoders` are the identities of
    published ones by name. `parts` says task by task which rows are not all that was published.
    """

    sizes: dict[str, dict[str, int]]
    datasets: tuple[DataSet, ...]
    encoders: dict[str, str] = {}
    parts: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Return what should be known of the data, one line each."""
        return (f"not all that was published is there: {', '.join(self.parts)}",) * bool(self.parts)

    def changed(self, before: Snapshot) -> list[str]:
        """Return the names of data sets and encoders that differ from what they were before."""
        now, then = self._digests(), before._digests()
        return [name for name in {**then, **now} if now.get(name) != then.get(name)]

    def _digests(self) -> Mapping[str, str]:
        return {each.name: each.fingerprint for each in self.datasets} | self.encoders


def take_snapshot(study: Study, workspace: Workspace) -> Snapshot:
    """Check all that a study reads and return its sizes and fingerprints.

    Raises:
        UserErrors: if anything in it is at fault; all of it is said, task by task.
        UserError: if a fixed point does not lie in the space.
    """
    if faults := faults_of(study, workspace):
        raise UserErrors(faults)
    sources = sources_of(workspace)
    sizes: dict[str, dict[str, int]] = {task: {} for task in study.intermediate.tasks}
    for name, language in study.cells():
        sizes[name][language] = sources.size(study.task(name), language)
    _check_fixed_points(study, sizes)
    trained = (_train_set(task, language, sources) for task, language in _trained_on(study))
    scored = (_panel_set(task, codes, panel, sources) for task, _, codes in needs_of(study)
              if codes for panel in get_args(PanelName))
    return Snapshot(sizes=sizes, datasets=(*trained, *scored),
                    encoders=_encoders(study, workspace),
                    parts=tuple(spell_parts(_extents(study, sources))))


def _check_fixed_points(study: Study, sizes: dict[str, dict[str, int]]) -> None:
    """Check that the study's own points lie in its space, which the sizes of the data decide."""
    space = study.space(sizes)
    for index, point in enumerate(study.fixed_mixtures()):
        try:
            space.fixed_points([point])
        except ValueError as error:
            raise UserError(f"{error} (search.fixed_points.{index})") from error


def _trained_on(study: Study) -> Iterator[tuple[Task, str]]:
    """Yield each (task, language) whose train rows a trial may read."""
    cells = [*study.cells(), *((task.name, ENGLISH) for task in study.target_tasks
                               if task.trained)]
    for name, language in dict.fromkeys(cells):
        yield study.task(name), language


def _train_set(task: Task, language: str, sources: Sources) -> DataSet:
    fingerprint, rows = _fingerprint(task, language, "train", sources)
    return DataSet(name=f"{task.name} {language} train", fingerprint=fingerprint,
                   rows=rows, revision=_revision([sources.commits(task, language, "train")]))


def _panel_set(
    task: Task, languages: tuple[str, ...], panel: PanelName, sources: Sources
) -> DataSet:
    """Return all rows that may score a task on a panel, as one set over its languages."""
    parts = [_fingerprint(task, code, panel, sources) for code in languages]
    return DataSet(name=f"{task.name} {panel} panel", rows=sum(rows for _, rows in parts),
                   fingerprint=digest_of([languages, [each for each, _ in parts]]),
                   revision=_revision(sources.commits(task, code, split) for code in languages
                                      for split in ("validation", "test")))


def _revision(commits: Iterable[Mapping[str, str]]) -> str:
    found = {f"{name}@{commit}" for each in commits for name, commit in each.items()}
    return ", ".join(sorted(found))


def _fingerprint(
    task: Task, language: str, of: PanelName | Literal["train"], sources: Sources
) -> tuple[str, int]:
    """Return the fingerprint and the number of rows; the lab's need not be made for it."""
    splits: dict[str, Split] = {"train": "train", "selection": "validation", "report": "test"}
    if isinstance(task.source_of(splits[of]), LabSource):
        from trainables.lab import Lab  # a study of hub data does without babel

        return (Lab(Path(sources.cache)).digest(task, language, splits[of]),
                lab_rows(task, language, splits[of]))
    rows = (sources.rows(task, language, "train") if of == "train"
            else sources.panel_rows(task, language, of)[0])
    return rows.fingerprint, len(rows)


def _extents(study: Study, sources: Sources) -> Iterator[Extent]:
    """Yield the extent of each split that a study reads, but for the lab's, which has no other."""
    for task, trained, scored in needs_of(study):
        if isinstance(task.source, LabSource):
            continue
        for language in trained:
            yield extent_of(sources.rows(task, language, "train"))
        for language in scored:
            for split in sources.splits(task, language, SCORING):
                yield extent_of(sources.rows(task, language, split))


def _encoders(study: Study, workspace: Workspace) -> dict[str, str]:
    mirror = None if workspace.hub is None else Path(workspace.hub)
    return {model.name: weights_identity(model_directory(model, mirror))
            for model in study.models if isinstance(model, HubModel)}
