"""Fetching: what a study reads of the hub is brought into a mirror, which `--hub` then names."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from search.faults import UserError
from search.fetch_plan import Clone, plan_of
from search.study import Study
from trainables.hub_repository import bring, lacking
from trainables.mirror import Fetched, write_fetched

__all__ = ["fetch_study"]

MEGABYTE: Final = 1_000_000


def fetch_study(
    name: str, *, overrides: tuple[str, ...] = (), hub: str, console: Console
) -> None:
    """Bring a study's encoders and data into the mirror `hub`, and print what it now holds.

    What is there whole is left alone; so is a clone that was not made by fetching.

    Raises:
        UserError: if the study is at fault, the hub does not answer or lacks something, or the
            disk has not the room.
    """
    study = Study.from_file(name, overrides)
    mirror = _made(hub)
    clones, notes = plan_of(study, mirror)
    _check_room(clones, mirror)
    for clone in clones:
        _bring(clone, mirror, console)
    if clones:
        console.print(_as_table(clones))
    else:
        console.print(f"{study.study} reads nothing of the hub", highlight=False)
    for note in notes:
        console.print(f"note: {note}", highlight=False, style="yellow")
    console.print(f"next: stiltune check {name} --hub {hub}", highlight=False, soft_wrap=True)


def _made(hub: str) -> Path:
    mirror = Path(hub).expanduser().absolute()
    try:
        mirror.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"`--hub` must be a directory that can be made, got {hub!r}: "
                        f"{error.strerror}") from error
    return mirror


def _check_room(clones: Iterable[Clone], mirror: Path) -> None:
    """Refuse to begin what the disk has no room for."""
    needed = sum(file.size for clone in clones
                 for file in lacking(clone.files, mirror / clone.repository))
    free = shutil.disk_usage(mirror).free
    if needed > free:
        raise UserError(f"a mirror's disk must have room for {_megabytes(needed)}, got "
                        f"{_megabytes(free)} free ({mirror})")


def _bring(clone: Clone, mirror: Path, console: Console) -> None:
    place = mirror / clone.repository
    missing = lacking(clone.files, place)
    if clone.listing is None or not missing:
        return
    console.print(f"fetching {len(missing)} files of {clone.repository}, "
                  f"{_megabytes(sum(file.size for file in missing))}", highlight=False)
    clone.brought += bring(clone.listing, clone.wanted.values(), place)
    if clone.from_converted and clone.converted is not None:
        write_fetched(place, Fetched(kind=clone.listing.kind, commit=clone.listing.commit,
                                     converted=clone.converted.commit))
        clone.brought += bring(clone.converted, clone.from_converted.values(), place)


def _as_table(clones: Iterable[Clone]) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("repository", no_wrap=True)
    table.add_column("commit", no_wrap=True)
    for column in ("files", "bytes", "fetched now"):
        table.add_column(column, justify="right")
    for clone in clones:
        if clone.listing is None:
            table.add_row(clone.repository, "not fetched: the clone is yours", "", "", "")
        else:
            table.add_row(clone.repository, clone.listing.commit, str(len(clone.files)),
                          f"{sum(file.size for file in clone.files):,}", f"{clone.brought:,}")
    return table


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f} MB"
