"""An open search: what starting and resuming have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console

from search.interrupts import Interrupts
from search.journal import Journal
from search.options import Options
from search.storage import SearchDirectory
from search.study import Study
from trainables.workspace import Workspace

__all__ = ["OpenSearch"]


@dataclass(frozen=True)
class OpenSearch:
    """A search whose journal has begun; `sizes` are train rows by intermediate task, language."""

    study: Study
    directory: SearchDirectory
    journal: Journal
    workspace: Workspace
    sizes: Mapping[str, Mapping[str, int]]
    options: Options
    console: Console
    interrupts: Interrupts = field(default_factory=Interrupts)
