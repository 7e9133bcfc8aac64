from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Kind, Task, find_task
from tests.trainables.mirrors import shard, tatoeba_rows, udpos_rows, write, write_mirror
from trainables.rows import DataError, Rows
from trainables.sources import Sources, half, verify

UDPOS, XNLI, TATOEBA, MNLI, SQUAD = (find_task(name, BENCHMARK_TASKS) for name in
                                     ("udpos", "xnli", "tatoeba", "mnli", "squad"))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return write_mirror(tmp_path / "mirror")


@pytest.fixture
def sources(mirror: Path) -> Sources:
    return Sources(hub=str(mirror), cache=str(mirror))


def documents(rows: Rows) -> set[str]:
    return set(rows.table["document"].to_pylist())


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


@pytest.mark.parametrize(("task", "language"), [(UDPOS, "th"), (TATOEBA, "fr")])
def test_panels_halve_the_only_split(sources: Sources, task: Task, language: str) -> None:
    (chosen, official), (reported, also) = (sources.panel_rows(task, language, panel)
                                            for panel in ("selection", "report"))
    assert not official
    assert not also
    assert not documents(chosen) & documents(reported)
    assert len(chosen) + len(reported) == 40
    assert min(len(chosen), len(reported)) > 10
    assert chosen.fingerprint != reported.fingerprint


def test_halves_are_the_same_documents_in_every_language(sources: Sources) -> None:
    german, french = (sources.panel_rows(TATOEBA, code, "report")[0] for code in ("de", "fr"))
    assert documents(german) == documents(french)


def test_rows_of_one_document_stay_together(sources: Sources) -> None:
    rows = sources.rows(XNLI, "de", "test")
    chosen, reported = half(rows, "selection"), half(rows, "report")
    assert len(chosen) % 3 == len(reported) % 3 == 0
    assert documents(chosen) | documents(reported) == documents(rows)


def test_a_split_too_small_to_halve_is_refused(mirror: Path, sources: Sources) -> None:
    write(shard(mirror, "google/xtreme", "udpos.Thai", "test"), udpos_rows("th", 1))
    faults = verify(UDPOS, sources, train=(), evaluation=("th",))
    assert len(faults) == 1
    assert "must have rows in both of its halves" in faults[0]


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
needs_hub = pytest.mark.skipif(HUB is None, reason="STILTUNE_TEST_HUB names no mirror")


@needs_hub
@pytest.mark.parametrize("task", BENCHMARK_TASKS, ids=lambda task: task.name)
def test_the_mirror_holds_no_fault_but_absence(tmp_path: Path, task: Task) -> None:
    sources = Sources(hub=HUB, cache=str(tmp_path))
    splits = {code: sources.splits(task, code) for code in (*task.train, *task.evaluation)}
    train = [code for code in task.train if "train" in splits[code]]
    evaluation = [code for code in task.evaluation if set(splits[code]) - {"train"}]
    assert "en" in evaluation or task.kind in (Kind.RETRIEVAL, Kind.MLM)
    assert verify(task, sources, train=train, evaluation=evaluation) == []


@needs_hub
def test_the_mirror_is_read_in_seconds_of_one_core(tmp_path: Path) -> None:
    sources = Sources(hub=HUB, cache=str(tmp_path))
    started = time.process_time()
    for task in BENCHMARK_TASKS:
        verify(task, sources)
    assert time.process_time() - started < 10


def test_the_same_sentence_never_falls_into_both_halves(mirror: Path, sources: Sources) -> None:
    rows = tatoeba_rows("deu", 40)
    rows["target_sentence"] = rows["target_sentence"][:10] * 4
    write(shard(mirror, "google/xtreme", "tatoeba.deu", "validation"), rows)
    chosen, reported = (set(sources.panel_rows(TATOEBA, "de", panel)[0].table["english"]
                            .to_pylist()) for panel in ("selection", "report"))
    assert len(chosen | reported) == 10
    assert not chosen & reported
