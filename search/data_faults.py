"""Faults in what a study reads: its encoders and its data, looked for before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from search.study import Study
from spaces.data_sources import LabSource
from spaces.languages import ENGLISH
from spaces.models import LAB_MODELS, HubModel
from spaces.tasks import Task
from trainables.encoder_ref import model_directory
from trainables.overlaps import overlap_faults
from trainables.probe import probe_faults
from trainables.robustness.code_mix import MIXED_COLUMNS
from trainables.rows import DataError
from trainables.sources import Sources
from trainables.task_status import verify
from trainables.workspace import Workspace

__all__ = ["faults_of", "needs_of", "sources_of"]


def faults_of(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per fault in a study's encoders and data; overlaps where there is none."""
    return _model_faults(study, workspace) + _data_faults(study, workspace) or _overlaps(
        study, workspace)


def sources_of(workspace: Workspace) -> Sources:
    """Return where a workspace's data lies."""
    return Sources(hub=workspace.hub, cache=workspace.cache)


def needs_of(study: Study) -> Iterator[tuple[Task, tuple[str, ...], tuple[str, ...]]]:
    """Yield each task with the languages it is trained on and those it is scored in."""
    trained: dict[str, set[str]] = {}
    for name, language in study.cells():
        trained.setdefault(name, set()).add(language)
    for task in study.target_tasks:
        if task.trained:
            trained.setdefault(task.name, set()).add(ENGLISH)
    scored = {task.name: tuple(code for code in study.panels.languages if code in task.evaluation)
              for task in study.target_tasks}
    for name in dict.fromkeys((*trained, *scored)):
        yield study.task(name), tuple(sorted(trained.get(name, ()))), scored.get(name, ())


def _model_faults(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per published encoder that cannot be had, or not do what tasks ask."""
    mirror = None if workspace.hub is None else Path(workspace.hub)
    found, present = [], []
    for index, model in enumerate(study.models):
        if isinstance(model, HubModel):
            try:
                model_directory(model, mirror)
            except DataError as error:
                near = difflib.get_close_matches(model.path, [each.name for each in LAB_MODELS],
                                                 n=1)
                hint = f"; nearest of the lab's: {near[0]!r}" if near else ""
                found.append(f"{error}{hint} (models.{index})")
            else:
                present.append(model)
    kinds = {task.kind for task, _, _ in needs_of(study)}
    return found or probe_faults(present, mirror, kinds, masks="mlm" in study.controls.further)


def _data_faults(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per fault in the data of the hub or its mirror; the lab has none."""
    sources = sources_of(workspace)
    return list(dict.fromkeys(
        line for task, train, evaluation in _hub_needs(study)
        for line in _faults_of(task, sources, train, (*evaluation, *_mixed_with(study, task)))))


def _mixed_with(study: Study, task: Task) -> Iterator[str]:
    """Yield the languages beside the panels' that a task's rows are mixed with."""
    for code in study.robustness.code_mix if study.robustness else ():
        if (task.name in study.targets.tasks and task.kind in MIXED_COLUMNS
                and code in task.evaluation and code not in study.panels.languages):
            yield code


def _overlaps(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per panel of hub data whose rows the study knows from elsewhere."""
    needs = list(_hub_needs(study))
    return overlap_faults([(task, code) for task, trained, _ in needs for code in trained],
                          [(task, code) for task, _, scored in needs for code in scored],
                          sources_of(workspace))


def _faults_of(
    task: Task, sources: Sources, train: tuple[str, ...], evaluation: tuple[str, ...]
) -> list[str]:
    try:
        return verify(task, sources, train=train, evaluation=evaluation)
    except DataError as error:
        return [str(error)]


def _hub_needs(study: Study) -> Iterator[tuple[Task, tuple[str, ...], tuple[str, ...]]]:
    """Yield each hub task with the languages it is trained on and those it is scored in."""
    for task, trained, scored in needs_of(study):
        if not isinstance(task.source, LabSource):
            yield task, trained, scored
