"""Absent data is said, all of it: what a mirror lacks, and a licensed task that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.answer import question_of
from search.cli import run
from search.study import Study, StudyError
from search.transfer_table import transfer_table
from search.transfer_table_text import notes_of
from spaces.mixtures import Mixture
from tests.search.good_study import good, read
from tests.search.simulated_table import KINDS, random_table
from tests.search.test_check import sizes_of
from tests.trainables.mirrors import write_mirror
from tests.trainables.own_files import TAGS, sentences, write_labels, write_tagged

NINE = {"anli-plus", "mnli", "qqp", "squad", "squad2", "hellaswag", "ccg", "cosmosqa",
        "commonsenseqa"}
ABSENT = {"kind": "tagging", "metric": "accuracy", "train": ["en"], "absent": "it is licensed"}


def test_check_lists_all_that_a_mirror_lacks_task_by_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    assert run(["check", "xstilts", "--hub", str(mirror), "--storage", str(tmp_path / "s"),
                "--set", "models=[lab-tiny]"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("stiltune: ") for line in lines)
    named = [line.removeprefix("stiltune: ").split()[0].rstrip(":") for line in lines]
    study = Study.from_file("xstilts")
    whole = {"mnli", "squad"}  # of what the mirror holds
    assert set(named) == {*study.intermediate.tasks, *study.targets.tasks} - whole
    (udpos,) = [line for line in lines if "udpos" in line]
    assert udpos.endswith("tr, ur, vi, yo, zh")


def test_what_is_licensed_is_left_out_and_said() -> None:
    study = Study.from_file("xstilts")
    assert study.table is not None
    mixture = study.table.mixtures["all"]
    assert set(getattr(mixture, "tasks", ())) == NINE - {"ccg"}
    assert set(study.intermediate.tasks) & NINE == NINE - {"ccg"}
    assert ("ccg is absent and left out: its licence keeps it off the hub; `--set "
            "tasks.ccg.files=DIR` adds it (tasks.ccg)") in study.warnings()
    assert question_of(study, study.space(sizes_of(study))).absent == (
        "ccg (its licence keeps it off the hub)",)
    assert Study.from_text(study.to_yaml()) == study


def test_the_read_out_says_which_rows_the_table_lacks() -> None:
    table = transfer_table(random_table(2, seeds=1), KINDS)
    assert table is not None
    assert not any("Absent" in note for note in notes_of(table))
    lacking = table.model_copy(update={"absent": ("ccg (it is licensed)",)})
    assert "Absent, so without a row and in no mixture: ccg (it is licensed)." in notes_of(lacking)


def test_saying_where_it_lies_puts_it_in(tmp_path: Path) -> None:
    write_labels(tmp_path / "ccg", TAGS)
    write_tagged(tmp_path / "ccg/en/train.conll", sentences(4))
    study = Study.from_file("xstilts", [f"tasks.ccg.files={tmp_path / 'ccg'}"])
    assert study.table is not None
    assert set(study.intermediate.tasks) >= NINE
    assert set(getattr(study.table.mixtures["all"], "tasks", ())) == NINE
    assert study.task("ccg").labels == TAGS
    assert not any("absent" in line for line in study.warnings())


def test_a_directory_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "xstilts", "--set", f"tasks.ccg.files={tmp_path / 'none'}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "none") in line
    assert line.endswith("(tasks.ccg.labels)")


def study(**changes: Any) -> Study:
    return read(good(**{"tasks": {"ccg": ABSENT}, "intermediate__tasks": ["lab-kind", "ccg"]}
                     | changes))


def test_an_absent_task_is_no_task() -> None:
    assert study().intermediate.tasks == ("lab-kind",)
    assert study().own_tasks == ()
    assert study().curve_mixture == Mixture(weights={"lab-kind": 1.0})


@pytest.mark.parametrize(("changes", "line"), [
    ({"intermediate__tasks": ["ccg"]}, "(intermediate.tasks)"),
    ({"tasks": {"ccg": ABSENT | {"absent": None}}}, "must be given, one of them, got neither"),
    ({"curve": {"counts": [0, 1, 2], "mixture": {"lab-kind": 0.5, "ccg": 0.5}}},
     "got 'ccg' (curve.mixture)"),
])
def test_weights_and_lists_need_tasks_that_are_there(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(StudyError) as caught:
        study(**changes)
    assert line in str(caught.value)
