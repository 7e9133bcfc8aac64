"""What `stiltune check` says of broken data: small files of a mirror, each broken in one way.

Each is checked by a study of one target. What is at fault must be one line, exit code 2, that names
the file and the row or column (of a study's own mistake, the dotted key); what is no fault, labels
numbered in another order, must be read as before. The last column says whether it is so.

    python -m tests.bench.broken_data --hub DIR
    python -m tests.bench.broken_data --hub DIR --only label
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from search.cli import run
from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import find_task
from tests.bench.breakages import CASES, FOLDERS, Case
from trainables.sources import Sources

STUDY = """
study: broken-data
question: What is said of broken data?
models: [lab-tiny]
intermediate:
  tasks: [TASK]
  weighting: uniform
  languages: {pool: [], order: diverse, count: 0, english: true}
  learning_rate: 1e-3
targets: {tasks: [TARGET], learning_rate: 1e-3, batch_size: 16}
panels: {selection: [LANGUAGE], report: [LANGUAGE]}
fidelity:
  search: {intermediate_examples: 64, target_examples: 64, evaluation_rows: 20}
search: {trials: 2}
controls: {seeds: 2}
confirmation: {winners: 1, seeds: 2}
"""


class Said(NamedTuple):
    """What came of one check: its exit code, None for a traceback, and its lines of error."""

    code: int | None
    lines: list[str]


def copy_of(hub: Path, mirror: Path) -> Path:
    """Copy the folders that cases break, with their READMEs, and return the copy."""
    for folder in FOLDERS:
        shutil.copytree(hub / folder, mirror / folder, dirs_exist_ok=True, copy_function=_copy)
        for parent in Path(folder).parents:
            readme = hub / parent / "README.md"
            if readme.is_file():
                _copy(readme, mirror / parent / "README.md")
    return mirror


def _copy(source: str | Path, target: str | Path) -> str | Path:
    """Copy bytes alone: a mirror may be read-only."""
    return shutil.copyfile(source, target)


def check(mirror: Path, case: Case, storage: Path) -> Said:
    """Run `stiltune check` of a case's study on a mirror."""
    text = STUDY
    for name, value in (("TASK", case.intermediate), ("TARGET", case.target),
                        ("LANGUAGE", case.language)):
        text = text.replace(name, value)
    storage.mkdir(parents=True, exist_ok=True)
    study = storage / "study.yaml"
    study.write_text(text)
    settings = [word for setting in case.settings for word in ("--set", setting)]
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = run(["check", str(study), "--hub", str(mirror), "--storage", str(storage),
                        *settings])
        except Exception as error:  # noqa: BLE001  what a traceback would have shown
            return Said(None, [f"{type(error).__name__}: {error}"])
    return Said(code, errors.getvalue().splitlines())


def read(mirror: Path, case: Case, storage: Path) -> str:
    """Return the fingerprint of the rows that score a case's target."""
    task = find_task(case.target, BENCHMARK_TASKS)
    sources = Sources(hub=mirror, cache=storage / "cache")
    return sources.panel_rows(task, case.language, "report")[0].fingerprint


def wrong(case: Case, said: Said, *, same: bool) -> str:
    """Return what is not as it should be, nothing where all is; `same` says rows are as before."""
    if case.names is None:
        return "" if said == (0, []) and same else "must be read as before"
    if said.code != 2:
        return f"must end with 2, got {'a traceback' if said.code is None else said.code}"
    if len(said.lines) != 1:
        return f"must be one line, got {len(said.lines)}"
    lacking = [name for name in case.names if name not in said.lines[0]]
    return f"must name {', '.join(lacking)}" if lacking else ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hub", required=True, type=Path, help="a mirror of hub repositories")
    parser.add_argument("--only", default="", help="part of the names of the cases to show")
    given = parser.parse_args(arguments)
    chosen = [case for case in CASES if given.only in case.name]
    faults = 0
    for number, case in enumerate(chosen, 1):
        if case.skipped:
            sys.stdout.write(f"{number:>2} {case.name}: skipped, {case.skipped}\n")
            continue
        with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
            root = Path(temporary)
            mirror = copy_of(given.hub, root / "mirror")
            before = read(mirror, case, root) if case.names is None else ""
            case.spoil(mirror)
            said = check(mirror, case, root / "storage")
            same = case.names is not None or read(mirror, case, root) == before
            fault = wrong(case, said, same=same)
            faults += bool(fault)
            lines = " / ".join(said.lines).replace(f"{mirror}/", "") or "(read as before)"
            sys.stdout.write(f"{number:>2} {case.name}: exit {said.code}\n     {lines}\n"
                             + (f"     NOT AS IT SHOULD BE: {fault}\n" if fault else ""))
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} kinds, {faults} not as they should be\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
