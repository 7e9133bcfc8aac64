from __future__ import annotations

from pathlib import Path

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import find_task
from tests.trainables.mirrors import shard, udpos_rows, write, write_mirror
from trainables.sources import Sources
from trainables.task_status import status_of, verify

UDPOS, MNLI, PAWSX = (find_task(name, BENCHMARK_TASKS) for name in ("udpos", "mnli", "pawsx"))


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    mirror = write_mirror(tmp_path / "mirror")
    return Sources(hub=str(mirror), cache=str(mirror))


def test_rows_are_those_that_are_read(sources: Sources) -> None:
    status = status_of(UDPOS, sources)
    assert status.count("train") == sum(
        len(sources.rows(UDPOS, code, "train")) for code in status.languages("train")) > 0
    assert {"de", "en"} <= set(status.languages("train"))
    assert "th" in status.languages("validation", "test")  # which has a test split alone
    assert not status.faults


def test_what_is_not_there_is_absent_and_no_fault(sources: Sources) -> None:
    status = status_of(UDPOS, sources)
    absent = dict(status.absent)
    assert "got no Parquet files of config udpos.Dutch" in absent["nl"]
    assert "got no universal-dependencies/universal_dependencies" in absent["wo"]
    assert "th" not in absent
    assert not {"nl", "wo"} & set(status.languages("train", "validation", "test"))


def test_a_repository_that_is_not_there_leaves_nothing(sources: Sources) -> None:
    status = status_of(PAWSX, sources)
    assert not status.rows
    assert {code for code, _ in status.absent} == set(PAWSX.train)


def test_what_is_wrong_is_a_fault_and_the_rest_is_read(sources: Sources) -> None:
    assert sources.hub is not None
    broken = udpos_rows("de", 20)
    broken["pos_tags"][3] = [99] * len(broken["tokens"][3])
    write(shard(Path(sources.hub), "google/xtreme", "udpos.German", "train"), broken)
    status = status_of(UDPOS, sources)
    assert len(status.faults) == 1
    assert "`pos_tags` must be" in status.faults[0]
    assert "row 3" in status.faults[0]
    assert "de" not in status.languages("train")
    assert "de" in status.languages("test")
    assert "de" not in dict(status.absent)


def test_verify_names_each_language_without_data_once(sources: Sources) -> None:
    faults = verify(UDPOS, sources, train=("en", "nl"), evaluation=("en", "th", "nl", "ko"))
    assert [line.split(", got")[0] for line in faults] == [
        "udpos nl must have a train split",
        *["udpos must have a validation or a test split to score on"] * 2,
    ]


def test_a_mirror_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        faults = verify(MNLI, Sources(hub=str(tmp_path / name), cache=str(tmp_path)))
        assert faults == ["`hub` must be a directory of clones of hub repositories, "
                          f"got {tmp_path / name}"]
