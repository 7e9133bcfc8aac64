"""`fetch` brings what a study reads into a mirror, once; the hub is a stand-in on the loopback."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants

from search.cli import run
from search.snapshot import take_snapshot
from spaces.data_sources import HubSource
from tests.hub_server import COMMIT, HubServer, hub_server
from tests.search.test_revisions import study
from tests.trainables.mirrors import nli_rows, shard, write, write_mirror, write_readme
from trainables import mirror as mirrors
from trainables.hub import find_files
from trainables.rows import AbsentError
from trainables.workspace import Workspace

READ = {f"google/xtreme/udpos.{language}/{split}-00000-of-00001.parquet"
        for language, splits in {"English": ["train"], "German": ["validation", "test"]}.items()
        for split in splits} | {"nyu-mll/glue/mnli/train-00000-of-00001.parquet",
                                "google/xtreme/README.md"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    served = tmp_path / "served"
    write_mirror(served / "datasets")
    # It promises more than a study reads, which is not missed.
    write_readme(served / "datasets/google/xtreme", {"configs": [
        {"config_name": f"udpos.{language}", "data_files": [
            {"split": split, "path": f"udpos.{language}/{split}-*"}
            for split in ("train", "validation", "test")]} for language in ("English", "German")]})
    model = served / "models/org/tiny"
    for name in ("config.json", "tokenizer.json", "spiece.model", "vocab.txt", "model.safetensors",
                 "pytorch_model.bin", "modeling_tiny.py", "onnx/config.json"):
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_text(f"{name} " * 20)
    with hub_server(served, tmp_path / "cache", monkeypatch) as server:
        yield server


def fetch(place: Path, **changes: Any) -> int:
    (place / "mine.yaml").write_text(study(**changes).to_yaml())
    return run(["fetch", str(place / "mine.yaml"), "--hub", str(place / "mirror")])


def held(place: Path) -> set[str]:
    root = place / "mirror"
    return {path.relative_to(root).as_posix() for path in root.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in
                                          path.relative_to(root).parts)}


def test_what_a_study_reads_is_fetched_once_and_read_from_the_mirror(
    tmp_path: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(tmp_path, models=["org/tiny"]) == 0
    assert held(tmp_path) == READ | {f"org/tiny/{name}" for name in (
        "config.json", "tokenizer.json", "spiece.model", "vocab.txt", "model.safetensors")}
    assert set(hub.sent) == held(tmp_path)
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()
            if COMMIT in line}
    sizes = {name: sum((tmp_path / "mirror" / file).stat().st_size for file in held(tmp_path)
                       if file.startswith(name)) for name in rows}
    assert rows == {name: [COMMIT, count, f"{sizes[name]:,}", f"{sizes[name]:,}"] for name, count
                    in {"org/tiny": "5", "google/xtreme": "4", "nyu-mll/glue": "1"}.items()}
    hub.sent.clear()
    assert fetch(tmp_path, models=["org/tiny"]) == 0
    assert hub.sent == []
    taken = take_snapshot(study(), Workspace(store="unused", cache=str(tmp_path / "rows"),
                                             hub=str(tmp_path / "mirror")))
    assert {each.revision for each in taken.datasets} == {
        f"{name}@{COMMIT}" for name in ("google/xtreme", "nyu-mll/glue")}
    source = study().task("udpos").source
    assert isinstance(source, HubSource)
    with pytest.raises(AbsentError, match="`stiltune fetch` brings what a study reads"):
        find_files(source, "udpos.German", "train", tmp_path / "mirror")


def test_a_file_cut_short_is_fetched_again_and_no_other(tmp_path: Path, hub: HubServer) -> None:
    assert fetch(tmp_path) == 0
    cut, gone = sorted(READ)[1:3]
    (tmp_path / "mirror" / cut).write_bytes(b"PAR1")
    (tmp_path / "mirror" / gone).unlink()
    hub.sent.clear()
    assert fetch(tmp_path) == 0
    assert sorted(hub.sent) == [cut, gone]
    assert all((tmp_path / "mirror" / name).read_bytes()
               == (tmp_path / "served/datasets" / name).read_bytes() for name in READ)


def test_what_the_hub_sends_is_held_against_its_list(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, *, local_dir, **_: [
        shutil.copytree(tmp_path / "served/datasets" / name, local_dir, dirs_exist_ok=True),
        [path.write_bytes(bytes(path.stat().st_size)) for path in local_dir.rglob("*.parquet")]])
    assert fetch(tmp_path) == 2
    assert "a file must be what the hub lists" in capsys.readouterr().err


@pytest.mark.parametrize(("what", "changes", "line"), [
    ("gated", {}, "got a gated one: ask for access on its page and set HF_TOKEN"),
    ("absent", {"models": ["org/none"]}, "got none of this name (org/none)"),
    ("branch", {"revisions": {"nyu-mll/glue": "nightly"}},
     "`revision` must be a commit, branch or tag of the repository, got 'nightly'"),
    ("down", {}, "the hub must be reachable to fetch, got"),
    ("full", {}, "a mirror's disk must have room for"),
    ("pickles", {"models": ["org/pickled"]}, "safetensors weights, since pickles are not fetched"),
])
def test_what_cannot_be_had_is_one_line(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], what: str, changes: dict[str, Any], line: str
) -> None:
    if what == "gated":
        hub.gated.add("nyu-mll/glue")
    elif what == "down":
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    elif what == "full":
        usage = namedtuple("usage", ["free"])
        monkeypatch.setattr("search.fetching.shutil", SimpleNamespace(
            disk_usage=lambda place: usage(10)))
    elif what == "pickles":
        (tmp_path / "served/models/org/pickled").mkdir()
        (tmp_path / "served/models/org/pickled/pytorch_model.bin").touch()
    assert fetch(tmp_path, **changes) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_a_token_opens_what_is_gated_and_is_not_shown(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str]
) -> None:
    hub.gated.add("nyu-mll/glue")
    monkeypatch.setenv("HF_TOKEN", "hf_planted0123456789")
    assert fetch(tmp_path) == 0
    shown = capfd.readouterr()
    assert "planted" not in shown.out + shown.err


def test_what_the_hub_has_converted_is_fetched_where_there_is_no_parquet(
    tmp_path: Path, hub: HubServer
) -> None:
    datasets = tmp_path / "served/datasets"
    shutil.rmtree(datasets / "nyu-mll/glue")
    (datasets / "nyu-mll/glue").mkdir()
    (datasets / "nyu-mll/glue/glue.py").write_text("raise SystemExit")
    for name in ("mnli/train", "mnli/other", "cola/train"):
        write(datasets / f"nyu-mll/glue@refs-convert-parquet/{name}/0000.parquet",
              nli_rows(name, 30))
    assert fetch(tmp_path) == 0
    assert {name for name in held(tmp_path) if "glue" in name} == {
        "nyu-mll/glue/mnli/train/0000.parquet"}
    assert len(mirrors.fetched_commits(tmp_path / "mirror/nyu-mll/glue")) == 2
    hub.sent.clear()
    assert fetch(tmp_path) == 0
    assert hub.sent == []


def test_a_mirror_stays_at_its_commit(
    tmp_path: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(tmp_path) == 0
    served = tmp_path / "served/datasets/nyu-mll"
    shutil.copytree(served / "glue", served / "glue@other")
    shutil.rmtree(tmp_path / "mirror/google")
    assert fetch(tmp_path, revisions={"nyu-mll/glue": "other"}) == 2
    assert "a mirror must hold a repository at one commit" in capsys.readouterr().err
    pinned = study(revisions={"nyu-mll/glue": "d" * 40}).task("mnli")
    with pytest.raises(mirrors.DataError, match="at the commit that the study pins"):
        mirrors.check_pin(tmp_path / "mirror/nyu-mll/glue", pinned.repositories()["nyu-mll/glue"])


def test_a_clone_of_the_users_own_is_left_alone_and_pools_are_told(
    tmp_path: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own = write(shard(tmp_path / "mirror", "nyu-mll/glue", "mnli", "train"), nli_rows("own", 3))
    before = own.read_bytes()
    assert fetch(tmp_path, targets__tasks=["udpos", "lareqa"],
                 panels={"selection": ["de"], "report": ["de"]}) == 0
    assert own.read_bytes() == before
    shown = " ".join(capsys.readouterr().out.split())
    assert "nyu-mll/glue not fetched: the clone is yours" in shown
    assert "lareqa is not on the hub as published and is not fetched: clone https://" in shown
    assert {name for name in held(tmp_path) if "glue" not in name} == {
        name for name in READ if "glue" not in name}


def test_a_study_of_the_lab_reads_nothing_of_the_hub(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "lab", "--hub", str(tmp_path)]) == 0
    assert "lab reads nothing of the hub" in capsys.readouterr().out
