"""Patches for the processes that a test starts: what they import is changed as it is imported.

The product has no switches. A test that must look into its processes, or show what becomes of
them without a protection, names patches in the environment; `cluster_child/sitecustomize.py`, which
every Python imports first where its directory leads PYTHONPATH, puts them into place.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tests.stiltune_process import ROOT

__all__ = ["UNPROTECTED", "install", "patched"]

Patch = Callable[[ModuleType], None]

_CHILD = Path(__file__).resolve().parent / "cluster_child"
_NAMES = "STILTUNE_TEST_PATCHES"
UNPROTECTED = "STILTUNE_TEST_UNPROTECTED"
"""Names the patch that takes a protection away from all that is started by `patched`."""


def patched(*names: str) -> dict[str, str]:
    """Return the environment of a process with these patches, and with UNPROTECTED's."""
    wanted = [*names, *filter(None, [os.environ.get(UNPROTECTED)])]
    return {_NAMES: " ".join(wanted), "PYTHONPATH": f"{_CHILD}{os.pathsep}{ROOT}"}


def install() -> None:
    """Put the patches that the environment names into place, each once its module is imported."""
    names = os.environ.get(_NAMES, "").split()
    if names:
        from tests.faults.cluster_patches import PATCHES

        sys.meta_path.insert(0, _Patching([PATCHES[name] for name in names]))


class _Patching(MetaPathFinder):
    """Finds the modules that have patches, as the others do, and patches what was loaded."""

    def __init__(self, patches: Sequence[tuple[str, Patch]]) -> None:
        self._patches: dict[str, list[Patch]] = {}
        for module, patch in patches:
            self._patches.setdefault(module, []).append(patch)

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        patches = self._patches.pop(name, None)
        spec = None if patches is None else importlib.util.find_spec(name)
        if spec is None or spec.loader is None or patches is None:
            return None
        load = spec.loader.exec_module

        def load_and_patch(module: ModuleType) -> None:
            load(module)
            for patch in patches:
                patch(module)

        spec.loader.exec_module = load_and_patch  # type: ignore[method-assign]
        return spec
