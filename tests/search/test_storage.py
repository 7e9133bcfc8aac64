"""Names and paths: a search never leaves its storage, and a path is what a user takes it for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.cli import run
from search.faults import UserError
from search.finding import find_anywhere
from search.storage import find_search, is_name, new_search, relocated, storage_root
from search.study import Study, StudyError
from search.tracking_reader import storage_of
from tests.search.good_study import good
from tests.search.simulated_study import STUDY

EVIL = ["", ".", "..", "../x", "/etc", "~", "a/b", "a\\b", "C:\\x", "-x", ".x", "A", "a b", "a\n",
        "a\x00", "it's", "a' or 'b", "\u0430", "x" * 81]
OWN = {"like": "mnli", "train": ["en"], "evaluation": ["de"]}


@pytest.mark.parametrize("name", EVIL)
def test_no_search_has_a_name_that_is_no_plain_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = tmp_path / "results"
    root.mkdir()
    assert not is_name(name)
    with pytest.raises(ValueError, match="a study's name must be a plain one"):
        new_search(root, name)
    with pytest.raises(UserError, match="a search must be one of"):
        find_anywhere(name, storage=None, tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(UserError, match="a search must be in MLflow"):
        storage_of(name, f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_search_lies_right_below_its_storage_and_passes_over_what_is_there(
    tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lab-1").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "lab-2").symlink_to(tmp_path / "nowhere")
    made = new_search(tmp_path, "lab")
    assert made.path == tmp_path / "lab-3"
    assert not list((tmp_path / "elsewhere").iterdir())
    made.journal.touch()
    assert find_search(tmp_path, "lab").path == made.path


def test_a_storage_may_be_a_link_a_home_or_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    for given in ("~/link", "link", "./disk/../link"):
        new_search(storage_root(given), "lab")
    made = sorted(path.name for path in (tmp_path / "disk").iterdir())
    assert made == ["lab-1", "lab-2", "lab-3"]


@pytest.mark.parametrize("path", ["C:\\models\\mine", "\\\\host\\mine", "/no/such/model",
                                  "./no-such-model", "~no-such-user/model", "org/name/more"])
def test_a_model_that_is_not_there_is_one_line(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "mine.yaml").write_text(STUDY)
    assert run(["check", "mine.yaml", "--storage", "results", "--set", f"models=['{path}']"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "(models.0)" in errors


def test_files_lie_where_a_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for files, place in [("data", tmp_path / "data"), ("../data", tmp_path / ".." / "data"),
                         ("~/data", tmp_path / "home" / "data"), ("/data", Path("/data")),
                         ("C:\\data", tmp_path / "C:\\data")]:
        study = Study.model_validate(good(tasks={"mine": {**OWN, "files": files}}),
                                     context={"directory": tmp_path})
        assert study.tasks["mine"].files == str(place)


def test_labels_are_read_from_a_small_regular_file_alone(tmp_path: Path) -> None:
    own = {"kind": "pair", "metric": "accuracy", "files": ".", "train": ["en"]}
    labels = tmp_path / "labels.txt"
    for make, law in [
        (lambda: os.mkfifo(labels), "labels must lie in a regular file"),
        (lambda: labels.symlink_to("/dev/zero"), "labels must lie in a regular file"),
        (lambda: labels.write_text("x" * 10_000_000), "a file of labels must have at most"),
    ]:
        make()
        with pytest.raises(StudyError, match=law):
            Study.from_text(STUDY, [f"tasks.mine={own}".replace("'", "")], directory=tmp_path)
        labels.unlink()


@pytest.mark.parametrize(("written", "expected"), [
    ("/before/store/evaluate/e/f/p.parquet", "{now}/store/evaluate/e/f/p.parquet"),
    ("/store/store/evaluate/p.parquet", "{now}/store/evaluate/p.parquet"),
    ("s3://bucket/store/p.parquet", "s3://bucket/store/p.parquet"),
    ("/elsewhere/p.parquet", "/elsewhere/p.parquet"),
])
def test_a_file_is_found_where_its_storage_lies_now(
    tmp_path: Path, written: str, expected: str
) -> None:
    assert relocated(written, tmp_path / "store") == expected.format(now=tmp_path)


def test_a_file_that_is_still_there_is_that_file(tmp_path: Path) -> None:
    there = tmp_path / "before" / "store" / "p.parquet"
    there.parent.mkdir(parents=True)
    there.touch()
    assert relocated(str(there), tmp_path / "store") == str(there)
