"""The README is true: its study is one, its commands exist, and CI runs its own test line."""

from __future__ import annotations

import re
from pathlib import Path

from search.cli import app
from search.study import Study
from tests.trainables.own_files import write_labels

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_study_is_valid_and_warns_of_nothing() -> None:
    block = re.search(r"```yaml\n(study: .*?)```", README, re.DOTALL)
    assert block is not None
    assert Study.from_text(block.group(1)).warnings() == ()


def test_its_own_tasks_are_ones_that_a_study_may_add(tmp_path: Path) -> None:
    study = re.search(r"```yaml\n(study: .*?)```", README, re.DOTALL)
    tasks = re.search(r"```yaml\n(tasks:.*?)```", README, re.DOTALL)
    assert study is not None
    assert tasks is not None
    write_labels(tmp_path / "data/ccg", ["N", "N/N"])
    own = Study.from_text(study.group(1) + tasks.group(1), directory=tmp_path).own_tasks
    assert [task.name for task in own] == ["my-nli", "ccg", "mnli-de"]


def test_its_commands_are_the_programs() -> None:
    shown = set(re.findall(r"^\| `stiltune (\w+)", README, re.MULTILINE))
    assert shown == set(app.commands)


def test_ci_runs_the_readmes_test_line() -> None:
    lines = re.findall(r"^pip install .*\[test\].*$", README, re.MULTILINE)
    assert lines == ["pip install '.[test]' && pytest"]
    assert "[test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
