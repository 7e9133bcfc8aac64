"""Starting, resuming, extending, evaluating: read study or journal, check data, open the search."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from search.check import body_parameters
from search.code_versions import code_now
from search.evaluating import choices_of, encoder_notes, evaluation_study
from search.extension import Base, base_of
from search.faults import InterruptedSearch, UserError
from search.finding import find_anywhere
from search.journal import Journal
from search.open_search import OpenSearch
from search.options import Options, workspace_of
from search.preflight import check_options
from search.preparation import Preparation
from search.snapshot import Snapshot, take_snapshot
from search.spool import Spool
from search.storage import new_search, storage_root, taken_search
from search.study import Study
from search.token_mode import keep_private
from search.versions import versions
from spaces.value import digest_of

__all__ = ["evaluate_search", "extend_search", "resume_search", "start_search"]


def start_search(
    name: str, *, overrides: tuple[str, ...] = (), options: Options, console: Console,
    taken: str | None = None,
) -> None:
    """Start a search of a study, run it to its end, and print the answer.

    Args:
        name: a shipped study's name or a file.
        overrides: `key=value` settings on top.
        options: where it runs and writes.
        console: what it prints on.
        taken: the search's name, where one was taken for it before; the next number if None.

    Raises:
        UserError: if the study, an option or the data is at fault; nothing was started.
        InterruptedSearch: if the user stopped it.
    """
    study = Study.from_file(name, overrides)
    if study.confirmation.of is not None:
        raise UserError("a study whose winners are another search's must be started by `stiltune "
                        f"evaluate`, got those of {study.confirmation.of} (confirmation.of)")
    _open(study, options, console, taken=taken)


def extend_search(
    name: str, *, overrides: tuple[str, ...], options: Options, console: Console
) -> None:
    """Start a search of a wider study, which takes over what the search `name` has already run.

    Raises:
        UserError: if there is no such search, the study, an option or the data is at fault.
        InterruptedSearch: if the user stopped it.
    """
    base = base_of(name, storage=options.storage, tracking_uri=options.tracking_uri)
    before = base.journal.of("opened")[0].data
    told: dict[str, Any] = {key: before[key] for key in ("evaluates", "chosen") if key in before}
    _open(base.study(overrides), _beside(base, options), console, base=base,
          told={"extends": base.name, **told})


def evaluate_search(
    name: str, *, on: str, overrides: tuple[str, ...], options: Options, console: Console
) -> None:
    """Start a search that scores what the search `name` has confirmed on other targets.

    Args:
        name: the search, or a study for its latest.
        on: tasks, separated by commas, or a study whose targets are taken.
        overrides: `key=value` settings on top.
        options: where it runs and writes; the storage is that of the search.
        console: what it prints on.

    Raises:
        UserError: if there is no such search, it has confirmed nothing, or the study, an option or
            the data is at fault.
        InterruptedSearch: if the user stopped it.
    """
    base = base_of(name, storage=options.storage, tracking_uri=options.tracking_uri)
    study = evaluation_study(base, on, overrides)
    chosen = [each.model_dump(mode="json") for each in choices_of(base, study)]
    _open(study, _beside(base, options), console, base=base, notes=encoder_notes(base),
          told={"evaluates": base.name, "chosen": chosen})


def _beside(base: Base, options: Options) -> Options:
    """Return the options of a search beside another: in its storage, and with its mirror."""
    return options.model_copy(update={
        "storage": base.storage, "hub": options.hub or base.hub})


def _open(
    study: Study, options: Options, console: Console, *, taken: str | None = None,
    base: Base | None = None, told: Mapping[str, Any] | None = None, notes: Sequence[str] = (),
) -> None:
    began = time.time()
    check_options(study, options)
    root = storage_root(options.storage)
    workspace = workspace_of(study, options, root)
    with Preparation(study, workspace) as preparation:
        snapshot = take_snapshot(study, workspace)
        if base is not None:
            base.check(study, snapshot)
        directory = taken_search(root, taken) if taken else new_search(root, study.study)
        directory.study.write_text(study.to_yaml(), encoding="utf-8")
        journal = Journal(directory.journal)
        journal.append(
            "opened", search=directory.name, search_id=digest_of([directory.name, began]),
            study=study.model_dump(mode="json"), study_yaml=study.to_yaml(),
            versions=versions(), code=code_now(), storage=str(root), hub=options.hub,
            **({"parameters": body_parameters(study, workspace)} if study.arms else {}),
            **(told or {}),
            **snapshot.model_dump(mode="json"))
        console.print(f"{directory.name}: {study.question}", highlight=False)
        for warning in (*study.warnings(), *snapshot.notes(), *notes):
            console.print(f"note: {warning}", highlight=False, style="yellow")
        _run(OpenSearch(study=study, directory=directory, journal=journal, workspace=workspace,
                        sizes=snapshot.sizes, options=options, console=console), preparation)


def resume_search(name: str, *, options: Options, console: Console) -> None:
    """Go on with a search where its journal ends.

    Raises:
        UserError: if there is no such search.
        InterruptedSearch: if the user stopped it again.
    """
    root, directory = find_anywhere(name, storage=options.storage,
                                    tracking_uri=options.tracking_uri)
    journal = Journal(directory.journal)
    study = Study.from_journal(journal)
    data = journal.of("opened")[0].data
    workspace = workspace_of(
        study, options.model_copy(update={"hub": options.hub or data["hub"]}), root)
    check_options(study, options, Spool(directory.spool).uri)
    with Preparation(study, workspace) as preparation:
        if not journal.of("closed"):
            _check_unchanged(data, take_snapshot(study, workspace), console)
        journal.append("resumed", code=code_now())
        _run(OpenSearch(study=study, directory=directory, journal=journal, workspace=workspace,
                        sizes=data["sizes"], options=options, console=console), preparation)


def _run(search: OpenSearch, preparation: Preparation) -> None:
    name = search.directory.name
    with search.interrupts:
        try:
            keep_private(search.options.address)  # before Ray is imported
            # Ray takes seconds to import; they pass while the preparation is under way.
            with search.console.status("loading Ray"):
                from search.running import run_to_the_end

            run_to_the_end(search, preparation)
        except KeyboardInterrupt as stop:
            raise InterruptedSearch(
                f"{name} interrupted; go on with: stiltune resume {name}") from stop


def _check_unchanged(opened: Mapping[str, Any], now: Snapshot, console: Console) -> None:
    """Refuse other data under a search's name; other libraries are said, and compute anew.

    Raises:
        UserError: if data or encoders are not those with which the search began.
    """
    before = Snapshot.model_validate({name: opened[name] for name in Snapshot.model_fields
                                      if name in opened})
    if changed := now.changed(before):
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(f"a search must go on with the data it began with, got another "
                        f"{changed[0]}{more}; start the study again for what is there now")
    for library, version_now in versions().items():
        then = opened["versions"].get(library)
        if then != version_now:
            console.print(f"note: {library} was {then} when the search began, it is {version_now} "
                          "now", highlight=False, style="yellow")

