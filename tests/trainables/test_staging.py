"""A published encoder is copied once to a machine's own disk, whole, and read from there."""

from __future__ import annotations

import os
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trainables import staging
from trainables.rows import DataError
from trainables.staging import staged

PATTERNS = ("*.json", "*.safetensors")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILTUNE_STAGE", str(tmp_path / "local"))
    directory = tmp_path / "shared/org/tiny"
    directory.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "pytorch_model.bin"):
        (directory / name).write_text(name * 100)
    return directory


def test_all_processes_read_one_whole_copy(shared: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        copies = set(pool.map(lambda _: staged(shared, PATTERNS), range(8)))
    assert len(copies) == 1
    copy, = copies
    assert copy.parent == shared.parents[2] / "local"
    assert {path.name: path.read_text() for path in copy.iterdir()} == {
        name: (shared / name).read_text() for name in ("config.json", "model.safetensors")}
    made = (copy / "model.safetensors").stat().st_mtime_ns
    assert staged(shared, PATTERNS) == copy
    assert (copy / "model.safetensors").stat().st_mtime_ns == made
    assert not list(copy.parent.glob(".*"))


def test_a_copy_cut_short_is_made_again_and_a_changed_encoder_has_another(shared: Path) -> None:
    copy = staged(shared, PATTERNS)
    (copy / "model.safetensors").write_text("cut")
    assert staged(shared, PATTERNS) == copy
    assert (copy / "model.safetensors").read_text() == "model.safetensors" * 100
    (shared / "config.json").write_text("changed")
    os.utime(shared / "config.json", ns=(1, 1))
    assert staged(shared, PATTERNS) != copy


def test_without_the_variable_or_room_files_are_read_where_they_lie(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", ["free"])
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda place: usage(10))
    assert staged(shared, PATTERNS) == shared
    monkeypatch.delenv("STILTUNE_STAGE")
    assert staged(shared, PATTERNS) == shared


def test_a_stage_that_is_no_directory_is_one_line(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILTUNE_STAGE", str(shared / "config.json"))
    with pytest.raises(DataError, match="STILTUNE_STAGE must name a directory"):
        staged(shared, PATTERNS)
