"""The programs of deploy/: loaded as modules, or run with fakes of what they call on PATH."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from tests.deploy.manifests import DEPLOY


def load(name: str) -> ModuleType:
    """Return a Python file of deploy/ as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, DEPLOY / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Fakes:
    """Programs of a test's own, before all others on PATH; each notes how it was called."""

    def __init__(self, directory: Path) -> None:
        self.programs = directory / "bin"
        self.programs.mkdir()
        self.log = directory / "called"
        self.log.touch()
        # Nothing of the user's Slurm, Ray or MLflow.
        self.environment = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith(("SLURM_", "RAY_", "MLFLOW_", "STILTUNE_"))},
            "PATH": f"{self.programs}:{os.environ['PATH']}", "CALLED": str(self.log)}

    def add(self, name: str, body: str = "") -> None:
        """Add a program in bash; its name and arguments are noted before it does anything."""
        path = self.programs / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"$CALLED"\n{body}\n')
        path.chmod(0o755)

    def add_python(self, name: str, body: str) -> None:
        """Add a program in Python, which notes nothing by itself."""
        path = self.programs / name
        path.write_text(f"#!{sys.executable}\n{body}\n")
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        """Return the arguments of each call of a program, in order."""
        return [line.removeprefix(f"{name} ") for line in self.log.read_text().splitlines()
                if line.split(" ")[0] == name]
