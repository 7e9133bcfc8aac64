from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from spaces.data_sources import HubSource
from tests.trainables.mirrors import UPOS, nli_rows, udpos_rows, write, write_readme
from tests.trainables.spoiled import UDPOS, Fault, a_shard_too_few, check_fault, german
from trainables import hub
from trainables.hub import find_files
from trainables.parquet_files import count_rows
from trainables.rows import DataError

SOURCE = HubSource(repository="org/name", config="c", splits={"train": "train"}, columns={})


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
        "from spaces.data_sources import HubSource\n"
        "from trainables.hub import find_files\n"
        "from trainables.parquet_files import count_rows\n"
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


# What is refused

def two_sets_of_shards(mirror: Path) -> None:
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("x", 3))


def beside(name: str) -> Callable[[Path], Any]:
    return lambda mirror: write(german(mirror).with_name(name), udpos_rows("x", 3))


def another_order_in_the_readme(mirror: Path) -> None:
    write(german(mirror, "validation"), udpos_rows("de", 3))  # has names from the README alone
    names = {"class_label": {"names": dict(enumerate(UPOS[::-1]))}}
    write_readme(mirror / "google/xtreme", {"dataset_info": [
        {"config_name": "udpos.German", "features": [{"name": "pos_tags", "sequence": names}]}]})


def readme(text: str) -> Callable[[Path], None]:
    return lambda mirror: (mirror / "google/xtreme/README.md").write_text(text)


def a_file_of_another_format(mirror: Path) -> None:
    write_readme(mirror / "google/xtreme", {"configs": [
        {"config_name": "udpos.German", "data_files": [{"split": "test", "path": "test.json"}]}]})
    (mirror / "google/xtreme/test.json").write_text("{}")


def listed(path: str) -> Callable[[Path], None]:
    return lambda mirror: write_readme(mirror / "google/xtreme", {"configs": [
        {"config_name": "udpos.German", "data_files": [{"split": "test", "path": path}]}]})


def a_listed_split_without_files(mirror: Path) -> None:
    german(mirror).unlink()
    listed("udpos.German/test-*")(mirror)


def named(*numbers: int) -> Callable[[Path], None]:
    names = {"class_label": {"names": {str(number): f"tag{number}" for number in numbers}}}
    return lambda mirror: write_readme(mirror / "google/xtreme", {"dataset_info": [
        {"config_name": "udpos.German", "features": [{"name": "pos_tags", "sequence": names}]}]})


def no_repository(mirror: Path) -> None:
    (mirror / "google/xtreme").rename(mirror / "google--xtreme")


FAULTS: dict[str, Fault] = {
    "a shard too few": (a_shard_too_few, UDPOS, "all of its 2 shards, got none numbered 00001"),
    "two sets of shards": (two_sets_of_shards, UDPOS, "got shards of 1 and of 2"),
    "a file beside the shards": (beside("test-00000-of-00001 (1).parquet"), UDPOS,
                                 "got another file beside them"),
    "a shard numbered twice": (beside("test-0-of-1.parquet"), UDPOS, "each of them once"),
    "a shard beyond the last": (beside("test-00001-of-00001.parquet"), UDPOS, "numbered from 0"),
    "a listed split without files": (a_listed_split_without_files, UDPOS,
                                     "got no file udpos.German/test-* for test of config"),
    "a path outside the clone": (listed("../other/test-*"), UDPOS, "'../other/test-*' of split"),
    "a path that is no pattern": (listed("udpos.German/**test"), UDPOS, "must be patterns of"),
    "files of another format": (a_file_of_another_format, UDPOS, "must be Parquet, got"),
    "a repository that is not there": (no_repository, UDPOS, "got no google/xtreme"),
    "a README that is no YAML": (readme("---\nconfigs: [\n---\n"), UDPOS, "README.md"),
    "a README of another shape": (readme("---\nconfigs: [1, 2]\n---\n"), UDPOS, "README.md"),
    "the README in another order": (another_order_in_the_readme, UDPOS, "must agree between"),
    "a gap in the label numbers": (named(0, 1, 3), UDPOS, "labels numbered 0, 1, 3"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_clones_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])
