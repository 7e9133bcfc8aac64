"""Patching: modules of a started process changed as they are imported, for faults' tests alone.

The product has no switch for any of it. A patch is a function of a module, named in a table: faults
to inject (`injected.py`), protections to switch off (`switched_off.py`, and `cluster_patches.py`,
which has a look at training steps too), and a benchmark's clocks.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.stiltune_process import ROOT

__all__ = ["CHILD", "PATCHES", "Patch", "install", "patched"]

CHILD = Path(__file__).resolve().parent / "child"
"""The directory whose `sitecustomize` installs patches; put on a child's PYTHONPATH."""

PATCHES: Final = "STILTUNE_TEST_PATCHES"
"""The variable that names the patches of a process and of all that it starts."""

Patch = tuple[str, Callable[[ModuleType], None]]
"""A module's name, and what changes it once it is imported."""

_TABLES = ("tests.faults.injected", "tests.faults.switched_off", "tests.faults.cluster_patches",
           "tests.bench.timed")


def patched(*names: str) -> dict[str, str]:
    """Return the environment of a process with these patches, and with those of this one."""
    return {PATCHES: " ".join((*names, *os.environ.get(PATCHES, "").split())),
            "PYTHONPATH": f"{CHILD}{os.pathsep}{ROOT}"}


def install(names: Iterable[str]) -> None:
    """Have the patches of these names made in this process."""
    known: dict[str, Patch] = {}
    for table in _TABLES:
        known |= importlib.import_module(table).PATCHES
    wanted: dict[str, list[Callable[[ModuleType], None]]] = {}
    for name in names:
        module, change = known[name]
        wanted.setdefault(module, []).append(change)
    sys.meta_path.insert(0, _Finder(wanted))


class _Finder(MetaPathFinder):
    def __init__(self, wanted: dict[str, list[Callable[[ModuleType], None]]]) -> None:
        self._wanted = wanted

    def find_spec(self, fullname: str, path: Sequence[str] | None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in self._wanted:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = _Changing(spec.loader, self._wanted[fullname])
        return spec


class _Changing(Loader):
    """A loader that changes the module once it is made."""

    def __init__(self, real: Loader, changes: list[Callable[[ModuleType], None]]) -> None:
        self._real, self._changes = real, changes

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        for change in self._changes:
            change(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
