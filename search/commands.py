"""Starting and resuming: compose the rooms, run the search, print its answer."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console

from search.agenda import Agenda
from search.answer import print_answer, question_of, write_answer
from search.cluster import capacity, joined
from search.faults import InterruptedSearch, UserError
from search.journal import Journal
from search.live import LiveView
from search.preparation import Preparation, data_snapshot
from search.storage import SearchDirectory, find_search, new_search, storage_root, store_uri
from search.study import Study
from search.tracking import Tracker
from search.tuner import Interrupted, run_search
from spaces.value import Value, digest_of
from trainables.workspace import Workspace

__all__ = ["Options", "resume_search", "start_search", "workspace_of"]

# How long the end of a search waits for MLflow to take what is left, in seconds.
DELIVERY_SECONDS = 60.0
LIBRARIES = ("stiltune", "ray", "optuna", "mlflow", "torch", "transformers", "babel")


class Options(Value):
    """Where a search runs and writes; what the command line's options say."""

    address: str = "local"
    tracking_uri: str | None = None
    storage: str | None = None
    hub: str | None = None


def start_search(
    name: str, *, overrides: tuple[str, ...] = (), options: Options, console: Console
) -> None:
    """Start a search of a study, run it to its end, and print the answer.

    Raises:
        UserError: if the study, an option or the data is at fault; nothing was started.
        InterruptedSearch: if the user stopped it.
    """
    began = time.time()
    study = Study.from_file(name, overrides)
    root = storage_root(options.storage)
    workspace = workspace_of(study, options, root)
    with Preparation(study, workspace) as preparation:
        sizes, datasets = data_snapshot(study, workspace)
        directory = new_search(root, study.study)
        directory.study.write_text(study.to_yaml(), encoding="utf-8")
        journal = Journal(directory.journal)
        journal.append(
            "opened", search=directory.name, search_id=digest_of([directory.name, began]),
            study=study.model_dump(mode="json"), study_yaml=study.to_yaml(),
            versions=_versions(), storage=str(root), hub=options.hub, sizes=sizes,
            datasets=datasets)
        console.print(f"{directory.name}: {study.question}", highlight=False)
        for warning in study.warnings():
            console.print(f"note: {warning}", highlight=False, style="yellow")
        _run(study, directory, journal, workspace=workspace, sizes=sizes, options=options,
             console=console, preparation=preparation)


def resume_search(name: str, *, options: Options, console: Console) -> None:
    """Go on with a search where its journal ends.

    Raises:
        UserError: if there is no such search.
        InterruptedSearch: if the user stopped it again.
    """
    root = storage_root(options.storage)
    directory = find_search(root, name)
    journal = Journal(directory.journal)
    opened = journal.of("opened")
    if not opened:
        raise UserError(f"a search must have begun to be resumed, got an empty journal "
                        f"({directory.journal}); start its study again")
    data = opened[0].data
    study = Study.model_validate(data["study"])
    workspace = workspace_of(
        study, options.model_copy(update={"hub": options.hub or data["hub"]}), root)
    journal.append("resumed")
    with Preparation(study, workspace) as preparation:
        _run(study, directory, journal, workspace=workspace, sizes=data["sizes"],
             options=options, console=console, preparation=preparation)


def workspace_of(study: Study, options: Options, root: Path) -> Workspace:
    """Return where a study's trials read and write under a storage directory."""
    return Workspace(
        store=store_uri(root), cache=str(root / "cache"),
        hub=None if options.hub is None else str(Path(options.hub).expanduser().absolute()),
        workers=study.resources.workers, precision=study.resources.precision)


def _run(
    study: Study, directory: SearchDirectory, journal: Journal, *, workspace: Workspace,
    sizes: Mapping[str, Mapping[str, int]], options: Options, console: Console,
    preparation: Preparation,
) -> None:
    tracker = Tracker(options.tracking_uri, journal, directory.spool, study.study)
    journal.listen(tracker.offer)
    tracker.start()
    began = time.monotonic()
    try:
        agenda = Agenda(study, study.space(sizes), journal)
        if not agenda.is_done:
            with joined(options.address, dashboard=study.resources.workers > 1):
                preparation.wait()
                view = LiveView(directory.name, agenda, console)
                run_search(agenda, directory, workspace=workspace,
                           capacity=capacity(study.resources), view=view)
        readout = write_answer(directory, journal, question_of(study, agenda.space),
                               wall_seconds=time.monotonic() - began, tracker=tracker)
        journal.append("closed", readout=readout.as_data())
    except (Interrupted, KeyboardInterrupt) as stop:
        journal.append("interrupted")
        raise InterruptedSearch(
            f"{directory.name} interrupted: {len(agenda.results)} of {agenda.total} trials done, "
            f"all of them kept; go on with: stiltune resume {directory.name}"
        ) from stop
    finally:
        undelivered = tracker.close(DELIVERY_SECONDS)
        journal.close()
        if undelivered:
            console.print(f"note: {undelivered} records are not in MLflow yet "
                          f"({tracker.problem or 'it is slow'}); they are kept, and "
                          f"`stiltune resume {directory.name}` sends them", style="yellow")
    print_answer(console, readout, directory, tracker.uri)


def _versions() -> dict[str, Any]:
    return {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "a checkout"  # stiltune itself, run without being installed
