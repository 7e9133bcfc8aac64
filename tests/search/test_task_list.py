from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.cli import run
from search.declaration import CATALOGUE
from tests.trainables.mirrors import write_mirror


def test_every_task_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {task.name} " in listed for task in CATALOGUE)
    assert "stanfordnlp/snli" in listed


def test_a_mirror_is_read_and_what_it_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    assert run(["tasks", "udpos", "qqp", "--hub", str(mirror), "--format", "json"]) == 0
    udpos, qqp = json.loads(capsys.readouterr().out)
    assert udpos["rows"]["train de"] == 40
    assert not udpos["faults"]
    assert "nl" in udpos["absent"]
    assert qqp["rows"] == {}
    assert run(["tasks", "udpos", "qqp", "--hub", str(mirror)]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "languages absent" in listed
    assert "qqp, absent en:" in listed


def test_an_unknown_task_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks", "udposs"]) == 2
    assert "got 'udposs'; nearest: 'udpos'" in capsys.readouterr().err
