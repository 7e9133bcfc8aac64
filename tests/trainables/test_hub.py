from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest

from spaces.data_sources import HubSource
from tests.trainables.mirrors import UPOS, nli_rows, stated, udpos_rows, write, write_readme
from trainables import hub
from trainables.hub import count_rows, find_files, read_table
from trainables.rows import DataError

SOURCE = HubSource(repository="org/name", config="c", splits={"train": "train"}, columns={})
COLUMNS = ("premise", "label")


def found(mirror: Path, config: str = "c", split: str = "train") -> list[str]:
    files = find_files(SOURCE, config, split, mirror).files
    return [file.relative_to(mirror / "org/name").as_posix() for file in files]


@pytest.mark.parametrize(("config", "path"), [
    ("c", "c/train-00000-of-00001.parquet"),
    ("default", "data/train-00000-of-00001.parquet"),
    ("c", "c/train.parquet"),
    ("c", "c/train/0000.parquet"),
])
def test_a_clone_without_a_readme_is_read_by_the_hubs_layout(
    tmp_path: Path, config: str, path: str
) -> None:
    write(tmp_path / "org/name" / path, nli_rows("en", 3))
    assert found(tmp_path, config) == [path]
    assert found(tmp_path, config, "test") == []
    assert found(tmp_path, "other") == []


def test_shards_are_read_in_order_as_one_table(tmp_path: Path) -> None:
    rows = nli_rows("en", 9)
    for number in range(3):
        part = {name: values[3 * number:3 * number + 3] for name, values in rows.items()}
        write(tmp_path / f"org/name/c/train-0000{number}-of-00003.parquet", part)
    split = find_files(SOURCE, "c", "train", tmp_path)
    raw = read_table(split, COLUMNS)
    assert raw.table["premise"].to_pylist() == rows["premise"]
    assert count_rows(split) == 9
    assert raw.place(4).endswith("train-00001-of-00003.parquet, row 1")


@pytest.mark.parametrize("data_files", [
    [{"split": "train", "path": "odd/part-*.parquet"}, {"split": "test", "path": "t.parquet"}],
    [{"split": "train", "path": ["odd/part-a.parquet", "odd/part-b.parquet"]}],
    ["odd/part-a.parquet", "odd/part-b.parquet"],
    "odd/*.parquet",
])
def test_a_readme_says_where_the_files_are(tmp_path: Path, data_files: object) -> None:
    root = tmp_path / "org/name"
    write_readme(root, {"configs": [{"config_name": "c", "data_files": data_files}]})
    for part in "ba":
        write(root / f"odd/part-{part}.parquet", nli_rows(part, 3))
    assert found(tmp_path) == ["odd/part-a.parquet", "odd/part-b.parquet"]


def test_label_names_come_from_the_file_or_the_readme(tmp_path: Path) -> None:
    root = tmp_path / "org/name"
    write(root / "c/train-00000-of-00001.parquet", udpos_rows("en", 3), stated("pos_tags", UPOS))
    write(root / "d/train-00000-of-00001.parquet", udpos_rows("en", 3))
    label = {"class_label": {"names": {str(number): tag for number, tag in enumerate(UPOS)}}}
    write_readme(root, {"dataset_info": [
        {"config_name": "d", "features": [{"name": "pos_tags", "sequence": label}]}]})
    for config in ("c", "d"):
        split = find_files(SOURCE, config, "train", tmp_path)
        assert read_table(split, ("tokens", "pos_tags")).class_names == {"pos_tags": UPOS}


def test_a_changed_file_changes_the_stamps(tmp_path: Path) -> None:
    path = write(tmp_path / "org/name/c/train.parquet", nli_rows("en", 3))
    before = find_files(SOURCE, "c", "train", tmp_path).stamps
    write(path, nli_rows("en", 6))
    assert find_files(SOURCE, "c", "train", tmp_path).stamps != before


class FakeHub:
    """Stands in for the hub's server: downloads are a look into directories, and are counted."""

    def __init__(self, revisions: dict[str | None, Path]) -> None:
        self.revisions, self.asked = revisions, []

    def __call__(self, repository: str, *, repo_type: str, revision: str | None,
                 allow_patterns: list[str]) -> str:
        assert (repository, repo_type) == ("org/name", "dataset")
        self.asked.append((revision, tuple(allow_patterns)))
        if revision not in self.revisions:
            raise OSError(f"revision {revision} not found\nsee the docs")
        return str(self.revisions[revision])


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch):
    def start(**revisions: Path) -> FakeHub:
        known = {None if name == "main" else name: path for name, path in revisions.items()}
        known |= {path.name: path for path in revisions.values()}
        if "converted" in revisions:
            known[hub.CONVERTED] = revisions["converted"]
        fake = FakeHub(known)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
        hub._snapshot.cache_clear()
        return fake

    yield start
    hub._snapshot.cache_clear()


def test_the_hub_is_asked_for_the_files_alone_at_one_commit(tmp_path: Path, serve) -> None:
    root = tmp_path / "0123abcd"
    write(root / "c/train-00000-of-00001.parquet", nli_rows("en", 3))
    fake = serve(main=root)
    assert len(find_files(SOURCE, "c", "train").files) == 1
    (_, first), (commit, second) = fake.asked
    assert first == ("README.md",)
    assert commit == "0123abcd"
    assert all(pattern.startswith("c/train") for pattern in second)


def test_a_repository_without_parquet_is_read_from_the_converted_branch(
    tmp_path: Path, serve
) -> None:
    (tmp_path / "main").mkdir()
    write(tmp_path / "converted/c/train/0000.parquet", nli_rows("en", 3))
    serve(main=tmp_path / "main", converted=tmp_path / "converted")
    assert count_rows(find_files(SOURCE, "c", "train")) == 3


def test_a_split_that_the_readme_does_not_list_is_not_looked_for_elsewhere(
    tmp_path: Path, serve
) -> None:
    write_readme(tmp_path / "main", {"configs": [
        {"config_name": "c", "data_files": [{"split": "test", "path": "c/test-*"}]}]})
    serve(main=tmp_path / "main")
    assert find_files(SOURCE, "c", "train").files == ()


def test_an_absent_repository_is_one_line(serve) -> None:
    serve()
    with pytest.raises(DataError, match=r"^a repository .*found see the docs \(org/name\)$"):
        find_files(SOURCE, "c", "train")


def test_offline_the_hubs_cache_is_read(tmp_path: Path) -> None:
    """With the real huggingface_hub, in a process of its own: it reads HF_* when imported."""
    cache = tmp_path / "hub/datasets--org--name"
    commit = "0123456789" * 4
    (cache / "refs").mkdir(parents=True)
    (cache / "refs/main").write_text(commit)
    write(cache / f"snapshots/{commit}/c/train-00000-of-00001.parquet", nli_rows("en", 3))
    program = (
        "from spaces.tasks import HubSource\n"
        "from trainables.hub import count_rows, find_files\n"
        "for name in ('org/name', 'org/other'):\n"
        "    source = HubSource(repository=name, config='c', splits={}, columns={})\n"
        "    print(count_rows(find_files(source, 'c', 'train')))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1",
                                           "HF_HUB_CACHE": str(tmp_path / "hub"),
                                           "PYTHONPATH": str(Path(__file__).parents[2])})
    assert ran.stdout == "3\n"
    last = ran.stderr.strip().splitlines()[-1]
    assert "DataError: a repository must be on the hub, in its cache" in last
    assert last.endswith("(org/other)")
