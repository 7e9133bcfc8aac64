from __future__ import annotations

import multiprocessing
import os
import time
import uuid
from pathlib import Path

import pytest

from trainables.phase_store import DRAFTS, MANIFEST, STATES, PhaseStore

FILES = {"encoder/weights.bin": b"0123456789" * 50, "scores.json": b"{}", "empty": b""}


@pytest.fixture(params=["directory", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PhaseStore:
    if request.param == "directory":
        return PhaseStore(str(tmp_path / "store"))
    return PhaseStore(f"fsspec+memory://{uuid.uuid4().hex}", tmp_path / "fetched")


def filled(place: Path, files: dict[str, bytes] | None = None) -> Path:
    directory = place / uuid.uuid4().hex
    for name, data in (FILES if files is None else files).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return directory


def read(directory: Path) -> dict[str, bytes]:
    return {path.relative_to(directory).as_posix(): path.read_bytes()
            for path in directory.rglob("*") if path.is_file()}


def test_an_entry_comes_back_with_its_manifest(store: PhaseStore, tmp_path: Path) -> None:
    assert store.get("target", "e1") is None
    put = store.put("target", "e1", filled(tmp_path), description="what", seconds=2.5,
                    meta={"result": 1})
    found = store.get("target", "e1")
    assert found == put
    assert found is not None
    assert read(found) == FILES
    (listed,) = store.entries()
    assert (listed.phase, listed.entry) == ("target", "e1")
    manifest = listed.manifest
    assert (manifest.description, manifest.seconds, manifest.meta) == ("what", 2.5, {"result": 1})
    assert store.size() == manifest.size == sum(map(len, FILES.values()))


def damage(place: Path, how: str) -> None:
    """Damage an entry as a disk or a killed process would, keeping sizes where possible."""
    (weights,) = place.rglob("weights.bin")
    match how:
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-1])
        case "flipped bit":
            data = bytearray(weights.read_bytes())
            data[7] ^= 1
            weights.write_bytes(data)
        case "missing file":
            weights.unlink()
        case "garbled manifest":
            (place / MANIFEST).write_text('{"folder": ')
        case "manifest of another version":
            (place / MANIFEST).write_text('{"a": 1}')


@pytest.mark.parametrize("how", ["truncated", "flipped bit", "missing file", "garbled manifest",
                                 "manifest of another version"])
def test_a_damaged_entry_is_found_removed_and_made_again(tmp_path: Path, how: str) -> None:
    PhaseStore(str(tmp_path / "store")).put("target", "e1", filled(tmp_path))
    place = tmp_path / "store" / "target" / "e1"
    damage(place, how)
    later = PhaseStore(str(tmp_path / "store"))  # another process: nothing is remembered
    assert later.get("target", "e1") is None
    assert not place.exists()
    later.put("target", "e1", filled(tmp_path))
    assert later.get("target", "e1") is not None


def test_a_damaged_remote_file_is_found(tmp_path: Path) -> None:
    uri = f"fsspec+memory://{uuid.uuid4().hex}"
    store = PhaseStore(uri, tmp_path / "here")
    store.put("target", "e1", filled(tmp_path))
    folder = store.manifest("target", "e1").folder  # type: ignore[union-attr]
    with store._fs.open_output_stream(store._place("target", "e1", folder, "scores.json")) as file:
        file.write(b"[]")
    assert PhaseStore(uri, tmp_path / "there").get("target", "e1") is None
    assert list(store.entries()) == []


def test_what_another_process_removed_is_not_given_out(tmp_path: Path) -> None:
    store = PhaseStore(str(tmp_path / "store"))
    store.put("target", "e1", filled(tmp_path))
    PhaseStore(str(tmp_path / "store")).remove("target", "e1")
    assert store.get("target", "e1") is None


def put_often(place: Path, number: int) -> None:
    store = PhaseStore(str(place / "store"))
    for turn in range(15):
        directory = filled(place, {"a": b"%d" % number * 500, "b": b"%d" % turn})
        found = store.put("target", "e1", directory)
        assert set(read(found)) == {"a", "b"}


def test_processes_may_put_one_entry_at_once(tmp_path: Path) -> None:
    forked = multiprocessing.get_context("fork")
    both = [forked.Process(target=put_often, args=(tmp_path, number)) for number in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    found = PhaseStore(str(tmp_path / "store")).get("target", "e1")
    assert found is not None


def test_an_attempt_cut_short_leaves_no_entry(tmp_path: Path) -> None:
    store = PhaseStore(str(tmp_path / "store"))
    half = tmp_path / "store" / "target" / "e1" / "attempt"
    half.mkdir(parents=True)
    (half / "a").write_bytes(b"1")
    assert store.get("target", "e1") is None
    assert list(store.entries()) == []
    store.collect()
    assert half.exists()  # its maker may still be writing
    old = time.time() - 2 * 86_400
    os.utime(half, (old, old))
    store.collect()
    assert not half.exists()


@pytest.mark.parametrize(("rules", "left"), [
    ({}, set()),
    ({"keep": ["e1", "e2"]}, {"e1", "e2"}),
    ({"phases": ["evaluate"]}, {"e0", "e1"}),
    ({"older_than_days": 1.0}, {"e0", "e1", "e2"}),
    ({"max_bytes": 200}, {"e1", "e2"}),
    ({"max_bytes": 200, "keep": ["e0"]}, {"e0", "e2"}),
])
def test_collection_follows_its_rules(
    store: PhaseStore, tmp_path: Path, rules: dict[str, object], left: set[str]
) -> None:
    for number, phase in enumerate(["target", "target", "evaluate"]):
        store.put(phase, f"e{number}", filled(tmp_path, {"a": b"x" * 100}))
    removed = store.collect(**rules)  # type: ignore[arg-type]
    assert {each.entry for each in store.entries()} == left
    assert {each.entry for each in removed} == {"e0", "e1", "e2"} - left


@pytest.mark.parametrize("beside", [DRAFTS, STATES])
def test_collection_takes_what_was_abandoned_and_leaves_what_is_under_way(
    tmp_path: Path, beside: str
) -> None:
    store = PhaseStore(str(tmp_path / "store"))
    left = [Path(store.uri) / beside / name for name in ("old", "new")]
    for directory in left:
        filled(directory.parent, {"weights": b"x"}).rename(directory)
    os.utime(left[0], (0, 0))
    store.collect()
    assert [directory.exists() for directory in left] == [False, True]


def test_a_remote_store_needs_a_cache() -> None:
    with pytest.raises(ValueError, match="`cache` must be given"):
        PhaseStore("fsspec+memory://x")
