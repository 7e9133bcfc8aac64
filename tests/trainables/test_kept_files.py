"""What is kept of data: whole or made again, and collected by its last use."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from search.cli import run
from tests.trainables.mirrors import shard, write_mirror
from trainables import kept_files as module
from trainables.kept_files import collect_kept, is_whole, keep, kept_files, opened

DAY = 86_400


def put(cache: Path, name: str, size: int = 10, *, folder: str = "rows", days: float = 0) -> Path:
    path = cache / folder / name
    keep(path, f"what {name} is", lambda draft: draft.write_bytes(bytes(range(size))) and None)
    used = time.time() - days * DAY
    os.utime(path, (used, used))
    return path


def names(cache: Path) -> list[str]:
    return [each.name for each in kept_files(cache)]


def test_a_file_is_whole_until_any_bit_of_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "a.arrow")
    assert is_whole(path)
    kept = path.read_bytes()
    for damaged in (kept[:-1], kept + b"x", kept[:3] + bytes([kept[3] ^ 16]) + kept[4:]):
        monkeypatch.setattr(module, "_whole", set())
        path.write_bytes(damaged)
        assert not is_whole(path)
    path.write_bytes(kept)
    assert is_whole(path)


@pytest.mark.parametrize("seal", [None, b"", b"{}", b'{"size": 10, "crc32": 1, "what": ""}'])
def test_a_file_without_its_seal_is_not_trusted(tmp_path: Path, seal: bytes | None) -> None:
    path = put(tmp_path, "a.arrow")
    path.with_suffix(".json").unlink()
    if seal is not None:
        path.with_suffix(".json").write_bytes(seal)
    assert not is_whole(path)
    assert not is_whole(tmp_path / "rows/absent.arrow")


def test_its_bytes_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.arrow")
    assert is_whole(path)
    monkeypatch.setattr(module, "_crc32", None)  # reading it again would fail
    assert is_whole(path)


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    for name, days in (("new.arrow", 0), ("old.arrow", 9), ("older.arrow", 10)):
        put(tmp_path, name, days=days)
    put(tmp_path, "mid.safetensors", folder="encoded", days=5)
    assert names(tmp_path) == ["older.arrow", "old.arrow", "mid.safetensors", "new.arrow"]
    assert is_whole(tmp_path / "rows/older.arrow")  # opened, it is the latest used
    gone = collect_kept(tmp_path, older_than_days=2, max_bytes=25)
    assert [each.name for each in gone] == ["old.arrow", "mid.safetensors"]
    assert not (tmp_path / "rows/old.json").exists()
    assert collect_kept(tmp_path, older_than_days=2) == []
    assert len(collect_kept(tmp_path)) == 2
    assert list((tmp_path / "rows").iterdir()) == []


def test_drafts_that_nobody_finished_go_too(tmp_path: Path) -> None:
    put(tmp_path, "a.arrow")
    for name, days in (("left", 2), ("writing", 0)):
        draft = tmp_path / f"rows/.{name}"
        draft.touch()
        os.utime(draft, (time.time() - days * DAY,) * 2)
    assert names(tmp_path) == ["a.arrow"]
    collect_kept(tmp_path, older_than_days=99)
    assert sorted(path.name for path in (tmp_path / "rows").iterdir()) == [
        ".writing", "a.arrow", "a.json"]


def test_what_is_damaged_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "encoded/a.safetensors"
    made: list[int] = []

    def write(draft: Path) -> None:
        made.append(1)
        draft.write_bytes(bytes(range(5)))

    def read() -> bytes:
        return opened(path, "rows", write=write, read=Path.read_bytes)

    assert read() == read() == bytes(range(5))
    assert len(made) == 1
    kept = path.read_bytes()
    path.unlink()
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    monkeypatch.setattr(module, "_whole", set())
    assert read() == kept
    assert path.read_bytes() == kept
    assert len(made) == 2


def test_the_store_commands_speak_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    put(cache, "abc.arrow", days=3)
    put(cache, "def.safetensors", folder="encoded")
    storage = ["--storage", str(tmp_path)]
    assert run(["store", "list", *storage]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "cache/rows abc.arrow what abc.arrow is 0.0 used 3.0 days" in listed
    assert run(["store", "size", *storage]) == 0
    assert "cache/encoded 1 entries" in " ".join(capsys.readouterr().out.split())
    assert run(["store", "collect", "--older-than-days", "1", *storage]) == 0
    assert capsys.readouterr().out.startswith("removed 1 entries")
    assert names(cache) == ["def.safetensors"]
    assert run(["store", "collect", "--max-gib", "0", *storage]) == 0
    assert names(cache) == []


def test_rows_of_a_mirror_are_collected_and_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = ["tasks", "mnli", "--hub", str(mirror)]
    assert run(asked) == 0
    kept = tmp_path / "ray_results/cache"
    assert {each.what for each in kept_files(kept)} == {"mnli en train", "mnli en validation"}
    assert run(["store", "collect", "--max-gib", "0"]) == 0
    assert names(kept) == []
    os.utime(shard(mirror, "nyu-mll/glue", "mnli", "train"))  # else memory answers
    assert run(asked) == 0
    assert [each.what for each in kept_files(kept)] == ["mnli en train"]
