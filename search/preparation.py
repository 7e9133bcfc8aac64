"""Preparation: a search's data is checked before it starts, the lab made beside Ray's start.

Making the lab's data takes seconds of one core, once. A process of its own does it while this one
starts Ray and while the first trial pretrains the encoder, which needs the tokenizer alone.
"""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from search.faults import UserError
from search.study import Study
from spaces.languages import ENGLISH
from spaces.models import LAB_MODELS, HubModel, LabModel, SimulatedModel
from spaces.tasks import LabSource, Task
from trainables.encoder_ref import model_directory
from trainables.rows import DataError
from trainables.sources import Sources, verify
from trainables.workspace import Workspace

__all__ = ["Preparation", "data_faults", "data_snapshot", "sources_of"]

# The process imports the very copy of stiltune that started it, from any working directory.
_MAKER: Final = ("import sys; sys.path[:] = sys.argv[1:]; "
                 "from trainables.lab.prepare import main; main()")


class Preparation:
    """Makes the lab's data that a study reads, in a process beside this one."""

    def __init__(self, study: Study, workspace: Workspace) -> None:
        self._wanted = {
            "cache": workspace.cache,
            "vocabularies": sorted({model.vocabulary for model in study.models
                                    if isinstance(model, LabModel)}),
            "rows": list(_lab_rows(study)),
        }
        self._maker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Preparation:
        if self._wanted["vocabularies"] or self._wanted["rows"]:
            self._maker = subprocess.Popen(
                [sys.executable, "-c", _MAKER, *sys.path], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
            assert self._maker.stdin is not None
            self._maker.stdin.write(json.dumps(self._wanted).encode())
            self._maker.stdin.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._maker is not None:
            self._maker.kill()
            self._maker.wait()
            assert self._maker.stdout is not None
            self._maker.stdout.close()

    def wait(self) -> None:
        """Wait until a first trial can start: tokenizers are made, rows may still follow.

        Had the maker failed, that trial would make them itself, and say why it cannot.
        """
        if self._maker is not None:
            assert self._maker.stdout is not None
            self._maker.stdout.readline()


def sources_of(workspace: Workspace) -> Sources:
    """Return where a workspace's data lies."""
    return Sources(hub=workspace.hub, cache=workspace.cache)


def data_snapshot(
    study: Study, workspace: Workspace
) -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """Check all the data a study reads and return its sizes and its fingerprints.

    Returns:
        Train rows by intermediate task and language, and the data sets with their digests and
        rows, for MLflow.

    Raises:
        UserError: if anything in the data is at fault.
    """
    faults = model_faults(study, workspace) + data_faults(study, workspace)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UserError(f"{faults[0]}{more}")
    sources = sources_of(workspace)
    sizes: dict[str, dict[str, int]] = {task: {} for task in study.intermediate.tasks}
    for name, language in study.cells():
        sizes[name][language] = sources.size(study.task(name), language)
    _check_fixed_points(study, sizes)
    return sizes, [_dataset(task, language, sources) for task, language in _trained_on(study)]


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


def _dataset(task: Task, language: str, sources: Sources) -> dict[str, Any]:
    """Return a data set's name, digest and train rows; the lab's need not be made for it."""
    name = f"{task.name} {language} train"
    if isinstance(task.source_of("train"), LabSource):
        from trainables.lab import Lab  # a study of hub data does without babel

        digest = Lab(Path(sources.cache)).digest(task, language, "train")
        return {"name": name, "digest": digest, "rows": sources.size(task, language)}
    rows = sources.rows(task, language, "train")
    return {"name": name, "digest": rows.fingerprint, "rows": len(rows)}


def model_faults(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per published encoder that cannot be had."""
    mirror = None if workspace.hub is None else Path(workspace.hub)
    found = []
    for index, model in enumerate(study.models):
        if isinstance(model, HubModel):
            try:
                model_directory(model, mirror)
            except DataError as error:
                near = difflib.get_close_matches(model.path, [each.name for each in LAB_MODELS],
                                                 n=1)
                hint = f"; nearest of the lab's: {near[0]!r}" if near else ""
                found.append(f"{error}{hint} (models.{index})")
    return found


def data_faults(study: Study, workspace: Workspace) -> list[str]:
    """Return one line per fault in the data of the hub or its mirror; the lab has none."""
    sources = sources_of(workspace)
    return list(dict.fromkeys(
        line for task, train, evaluation in _hub_needs(study)
        for line in _faults_of(task, sources, train, evaluation)))


def _faults_of(
    task: Task, sources: Sources, train: tuple[str, ...], evaluation: tuple[str, ...]
) -> list[str]:
    try:
        return verify(task, sources, train=train, evaluation=evaluation)
    except DataError as error:
        return [str(error)]


def _hub_needs(study: Study) -> Iterator[tuple[Task, tuple[str, ...], tuple[str, ...]]]:
    """Yield each hub task with the languages it is trained on and those it is scored in."""
    for task, trained, scored in _needs(study):
        if not isinstance(task.source, LabSource):
            yield task, trained, scored


def _lab_rows(study: Study) -> Iterator[tuple[str, str]]:
    """Yield each (task, language) of the lab that trials read, what controls read first."""
    if all(isinstance(model, SimulatedModel) for model in study.models):
        return  # nothing reads a row
    read = [(task, dict.fromkeys((*scored, *trained))) for task, trained, scored in _needs(study)
            if isinstance(task.source, LabSource)]
    for task, codes in sorted(read, key=lambda each: each[0] not in study.target_tasks):
        yield from ((task.name, code) for code in codes)


def _needs(study: Study) -> Iterator[tuple[Task, tuple[str, ...], tuple[str, ...]]]:
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
