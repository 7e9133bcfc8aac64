"""How much CPU each malformed study of the tests takes to be refused, in this process.

    python -m tests.bench.malformed
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr
from pathlib import Path

from search.cli import run
from tests.search.malformed_studies import CASES, Case


def seconds(case: Case) -> float:
    """Return the CPU seconds that a refusal takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        case.make(path)
        settings = [argument for each in case.settings for argument in ("--set", each)]
        began = time.process_time()
        with redirect_stderr(io.StringIO()):
            run(["start", str(path), *settings])
        return time.process_time() - began


def main() -> None:
    """Print the slowest first; the first run of all, which imports, is not counted."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    cases = [case for case in CASES if not case.skipped]
    seconds(cases[0])
    took = sorted(((seconds(case), case.name) for case in cases), reverse=True)
    sys.stdout.writelines(f"{each:7.3f} s  {name}\n" for each, name in took)


if __name__ == "__main__":
    main()
