"""Looking without running: check a study, read a search out, look after the store."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from search.answer import make_readout, print_readout, question_of
from search.faults import UserError
from search.finding import find_anywhere
from search.journal import Journal
from search.options import Options, workspace_of
from search.storage import CACHE, cache_directory, storage_root, store_uri
from search.study import Study
from search.survey import survey_of
from trainables.kept_files import collect_kept, kept_files
from trainables.phase_store import PhaseStore

__all__ = ["best_of", "check_study", "collect_store", "list_store", "size_store"]

GIB, MIB = 2**30, 2**20
DAY_SECONDS = 86_400


def best_of(
    name: str, *, storage: str | None, tracking_uri: str | None, form: str, console: Console
) -> None:
    """Print the read-out of a search as it stands, finished or not.

    Raises:
        UserError: if there is no such search, or nothing in it that can be printed so.
    """
    _, directory = find_anywhere(name, storage=storage, tracking_uri=tracking_uri)
    journal = Journal(directory.journal)
    study = Study.from_journal(journal)
    opened = journal.of("opened")[0].data
    question = question_of(study, study.space(opened["sizes"]), opened.get("parameters"),
                           survey_of(journal))
    print_readout(console, make_readout(directory, journal, question), form)


def check_study(
    name: str, *, overrides: tuple[str, ...], options: Options, form: str, console: Console
) -> None:
    """Validate a study and its data and print every derived number; start nothing.

    Raises:
        UserError: if the study or its data is at fault.
    """
    from search.check import check
    from search.check_tables import render
    from search.snapshot import take_snapshot

    study = Study.from_file(name, overrides)
    workspace = workspace_of(study, options, storage_root(options.storage))
    snapshot = take_snapshot(study, workspace)
    report = check(study, snapshot.sizes, workspace, snapshot.notes())
    if form == "table":
        console.print(render(report))
    else:
        console.file.write(json.dumps(report.model_dump(mode="json"), indent=2) + "\n")


def list_store(storage: str | None, console: Console) -> None:
    """Print the store's entries, the oldest first, and what is kept of data, the longest unused."""
    table = Table(box=None, header_style="bold")
    for column in ("phase", "entry", "what"):
        table.add_column(column)
    for column in ("MiB", "made", "took"):
        table.add_column(column, justify="right")
    entries = _store(storage, writes=False).entries()
    for stored in sorted(entries, key=lambda each: each.manifest.created):
        manifest = stored.manifest
        table.add_row(stored.phase, stored.entry, manifest.description,
                      f"{manifest.size / MIB:.1f}", _ago(manifest.created),
                      f"{manifest.seconds:.1f} s")
    for kept in kept_files(_cache(storage, writes=False)):
        table.add_row(f"{CACHE}/{kept.folder}", kept.name, kept.what, f"{kept.size / MIB:.1f}",
                      f"used {_ago(kept.used)}", "")
    console.print(table)


def size_store(storage: str | None, console: Console) -> None:
    """Print the store's size by phase and in whole, and of what is kept of data."""
    sizes: dict[str, list[int]] = defaultdict(list)
    for stored in _store(storage, writes=False).entries():
        sizes[stored.phase].append(stored.manifest.size)
    for kept in kept_files(_cache(storage, writes=False)):
        sizes[f"{CACHE}/{kept.folder}"].append(kept.size)
    for phase, found in sorted(sizes.items()):
        console.print(f"{phase:<14} {len(found):>6} entries {sum(found) / GIB:>9.3f} GiB",
                      highlight=False)
    everything = [size for found in sizes.values() for size in found]
    console.print(f"{'all':<14} {len(everything):>6} entries {sum(everything) / GIB:>9.3f} GiB",
                  highlight=False)


def collect_store(
    storage: str | None, *, older_than_days: float | None, max_gib: float | None,
    console: Console,
) -> None:
    """Remove entries that are old or too many, and say what went.

    What is kept of data goes first where it is too much, for it is made again in seconds.

    Raises:
        UserError: if neither limit is given.
    """
    if older_than_days is None and max_gib is None:
        raise UserError("`store collect` must have --older-than-days or --max-gib, got neither")
    for option, given in (("--older-than-days", older_than_days), ("--max-gib", max_gib)):
        if given is not None and not math.isfinite(given):
            raise UserError(f"`{option}` must be finite, got {given}")
    store, cache, days = _store(storage), _cache(storage), older_than_days or 0.0
    most = 0 if max_gib is None else int(max_gib * GIB)
    kept = collect_kept(cache, older_than_days=days, max_bytes=max(0, most - store.size()))
    left = sum(each.size for each in kept_files(cache))
    removed = store.collect(older_than_days=days, max_bytes=max(0, most - left))
    freed = sum(stored.manifest.size for stored in removed) + sum(each.size for each in kept)
    console.print(f"removed {len(removed) + len(kept)} entries, {freed / GIB:.3f} GiB",
                  highlight=False)


def _store(storage: str | None, *, writes: bool = True) -> PhaseStore:
    return PhaseStore(store_uri(storage_root(storage, writes=writes)))


def _cache(storage: str | None, *, writes: bool = True) -> Path:
    return cache_directory(storage_root(storage, writes=writes))


def _ago(moment: float) -> str:
    seconds = max(0.0, time.time() - moment)
    return f"{seconds / DAY_SECONDS:.1f} days" if seconds > DAY_SECONDS else f"{seconds:.0f} s"
