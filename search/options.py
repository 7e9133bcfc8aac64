"""Options: where a search runs and writes, as the command line says it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from search.storage import cache_directory, store_uri
from search.study import Study
from spaces.value import Value
from trainables.workspace import Workspace

__all__ = ["Options", "workspace_of"]


class Options(Value):
    """Where a search runs and writes, and for how long; what the command line's options say."""

    address: str = "local"
    tracking_uri: str | None = None
    storage: str | None = None
    hub: str | None = None
    max_device_hours: Annotated[float, Field(gt=0)] | None = None
    pilot_minutes: Annotated[float, Field(gt=0)] | None = None


def workspace_of(study: Study, options: Options, root: Path) -> Workspace:
    """Return where a study's trials read and write under a storage directory."""
    return Workspace(
        store=store_uri(root), cache=str(cache_directory(root)),
        hub=None if options.hub is None else str(Path(options.hub).expanduser().absolute()),
        workers=study.resources.workers, one_machine=options.address == "local",
        precision=study.resources.precision)
