"""The command line as a user runs it: a process of its own, in a directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-c", "from search.cli import main; main()")
# Seconds that a command may take; more of them where a machine has other things to do.
PATIENCE = float(os.environ.get("STILTUNE_TEST_PATIENCE", "600"))


class Stiltune:
    """Runs commands in `directory`, with storage and MLflow there; nothing of the user's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.storage = directory / "results"
        self.environment = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith(("MLFLOW_", "RAY_", "HF_"))},
            "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*COMMAND, *arguments], cwd=self.directory, text=True,
                                env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run a command to its end; return what it printed, or its errors where it must fail."""
        done = subprocess.run([*COMMAND, *arguments], cwd=self.directory, env=self.environment,
                              text=True, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout if expect == 0 else done.stderr

    def events(self, search: str) -> list[dict[str, Any]]:
        path = self.storage / search / "journal.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def finished(self, search: str) -> list[str]:
        return [event["trial"] for event in self.events(search) if event["kind"] == "finished"]

    def wait(self, process: subprocess.Popen[str], until: Callable[[], bool]) -> None:
        """Wait until a condition holds while the process works."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
