from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Task, find_task
from tests.trainables.mirrors import shard, udpos_rows, write, write_mirror
from trainables.rows import DataError
from trainables.sources import Sources
from trainables.task_status import status_of, verify

UDPOS, XNLI, TATOEBA, MNLI, SQUAD = (find_task(name, BENCHMARK_TASKS) for name in
                                     ("udpos", "xnli", "tatoeba", "mnli", "squad"))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return write_mirror(tmp_path / "mirror")


@pytest.fixture
def sources(mirror: Path) -> Sources:
    return Sources(hub=str(mirror), cache=str(mirror))


@pytest.mark.parametrize(("task", "language", "splits"), [
    (UDPOS, "en", ("train", "validation", "test")),
    (UDPOS, "th", ("test",)),
    (UDPOS, "nl", ()),
    (UDPOS, "sw", ()),
    (XNLI, "en", ("train", "validation", "test")),
    (XNLI, "de", ("validation", "test")),
    (TATOEBA, "de", ("validation",)),
    (MNLI, "en", ("train", "validation")),
    (SQUAD, "en", ("train", "validation")),
])
def test_splits_are_those_that_can_be_had(
    sources: Sources, task: Task, language: str, splits: tuple[str, ...]
) -> None:
    assert sources.splits(task, language) == splits


def test_size_counts_the_rows_that_train(sources: Sources) -> None:
    assert sources.size(UDPOS, "de") == len(sources.rows(UDPOS, "de", "train")) == 40
    assert sources.size(XNLI, "en") == 30


def test_panels_read_the_official_splits_where_both_exist(sources: Sources) -> None:
    for panel, split in (("selection", "validation"), ("report", "test")):
        rows, official = sources.panel_rows(XNLI, "de", panel)
        assert official
        assert rows.table.equals(sources.rows(XNLI, "de", split).table)


def test_rows_are_kept_until_their_file_changes(mirror: Path, sources: Sources) -> None:
    first = sources.rows(UDPOS, "de", "train")
    assert sources.rows(UDPOS, "de", "train") is first
    path = write(shard(mirror, "google/xtreme", "udpos.German", "train"), udpos_rows("new", 3))
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10**9))
    assert len(sources.rows(UDPOS, "de", "train")) == 3


@pytest.mark.parametrize(("task", "language", "split", "line"), [
    (UDPOS, "nl", "train", "udpos nl must have a train split, got no Parquet files of config "
                           "udpos.Dutch in "),
    (UDPOS, "th", "train", "udpos must have train rows in one of af, ar, "),
    (TATOEBA, "de", "test", "tatoeba de must have a test split, got no Parquet files"),
])
def test_what_is_not_there_is_one_line(
    sources: Sources, task: Task, language: str, split: str, line: str
) -> None:
    with pytest.raises(DataError) as caught:
        sources.rows(task, language, split)  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize("task", LAB_TASKS, ids=lambda task: task.name)
def test_the_lab_is_a_source_like_any_other(tmp_path_factory: pytest.TempPathFactory,
                                            task: Task) -> None:
    sources = Sources(cache=tmp_path_factory.getbasetemp() / "lab")
    language = (task.train or task.evaluation)[0]
    for split in sources.splits(task, language):
        rows = sources.rows(task, language, split)
        assert (rows.task, rows.language, rows.split) == (task, language, split)
        assert sources.rows(task, language, split) is rows
    if task.trained:
        assert sources.size(task, language) > 0
    if language in task.evaluation:
        assert sources.panel_rows(task, language, "report")[1]


def test_sources_cross_into_json_and_back(sources: Sources) -> None:
    assert Sources.model_validate_json(sources.model_dump_json()) == sources


# The whole mirror, where there is one

HUB = os.environ.get("STILTUNE_TEST_HUB")
ON_THE_HUB = [task for task in BENCHMARK_TASKS if isinstance(task.source, HubSource)]
needs_hub = pytest.mark.skipif(HUB is None, reason="STILTUNE_TEST_HUB names no mirror")


@needs_hub
@pytest.mark.parametrize("task", ON_THE_HUB, ids=lambda task: task.name)
def test_the_mirror_holds_no_fault_but_absence(tmp_path: Path, task: Task) -> None:
    status = status_of(task, Sources(hub=HUB, cache=str(tmp_path)))
    assert not status.faults
    assert status.rows or status.absent


@needs_hub
def test_the_mirror_is_read_in_seconds_of_one_core(tmp_path: Path) -> None:
    sources = Sources(hub=HUB, cache=str(tmp_path))
    started = time.process_time()
    for task in ON_THE_HUB:
        verify(task, sources)
    assert time.process_time() - started < 10
