from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import FilesSource
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.tasks import find_task
from tests.trainables.mirrors import (
    nli_rows,
    shard,
    tatoeba_rows,
    udpos_rows,
    write,
    write_mirror,
)
from trainables.extents import extent_of, spell_parts
from trainables.panel_sets import panel_sets
from trainables.sources import Sources
from trainables.task_status import status_of, verify

UDPOS, MNLI, PAWSX, TATOEBA, XNLI = (find_task(name, BENCHMARK_TASKS) for name in (
    "udpos", "mnli", "pawsx", "tatoeba", "xnli"))


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
        "udpos must have a validation or a test split to score on",
    ]
    assert faults[1].endswith("; absent as well: ko")


def test_a_line_on_absence_names_its_task_and_language(sources: Sources) -> None:
    (line,) = verify(PAWSX, sources, train=(), evaluation=("de", "en", "ko"))
    assert line.startswith("pawsx de: `hub` must hold each repository as a directory, got no ")
    assert line.endswith("; absent as well: en, ko")


def test_one_fault_in_several_files_is_one_line_with_the_first(sources: Sources) -> None:
    broken = udpos_rows("de", 20)
    broken["pos_tags"][3] = [99] * len(broken["tokens"][3])
    assert sources.hub is not None
    for split in ("validation", "test"):
        write(shard(Path(sources.hub), "google/xtreme", "udpos.German", split), broken)
    (line,) = verify(UDPOS, sources, train=(), evaluation=("de",))
    assert "validation-00000-of-00001.parquet, row 3)" in line
    assert line.endswith("; 1 more like it")


def test_rows_are_told_from_those_published(sources: Sources) -> None:
    status = status_of(MNLI, sources)
    assert status.extent == "a part"
    assert spell_parts(status.extents) == [
        "mnli (train 30 of 392,702 in en; validation 30 of 9,815 in en)"]
    assert sources.hub is not None
    for code in ("deu", "fra"):
        write(shard(Path(sources.hub), "google/xtreme", f"tatoeba.{code}", "validation"),
              tatoeba_rows(code, 1_000))
    assert status_of(TATOEBA, sources).extent == "whole"
    more = shard(Path(sources.hub), "google/xtreme", "tatoeba.fra", "validation")
    write(more, tatoeba_rows("fra", 1_001))
    status = status_of(TATOEBA, sources)
    assert spell_parts(status.extents) == [
        "tatoeba (validation 1,001 where 1,000 are published in fr)"]


def test_unlabelled_rows_count_as_published_and_what_is_not_documented_is_unknown(
    sources: Sources
) -> None:
    rows = sources.rows(MNLI, "en", "train")
    whole = replace(rows, unlabelled=392_702 - len(rows))
    assert (extent_of(whole).is_part, extent_of(rows).is_part) == (False, True)
    own = replace(rows, task=MNLI.model_copy(update={
        "source": FilesSource(directory="d", splits={}, columns={})}))
    assert (extent_of(own).published, extent_of(own).is_part) == (None, False)


def test_a_part_of_a_split_is_not_official(sources: Sources) -> None:
    assert sources.hub is not None
    panels = Panels(selection=Panel(languages=("de",)), report=Panel(languages=("de",)))
    level = Fidelity(name="search", intermediate_examples=0, target_examples=1,
                     evaluation_rows=9_999)
    assert not any(each.official for each in panel_sets(XNLI, panels, level, sources))
    for split, count in (("validation", 2_490), ("test", 5_010)):
        write(shard(Path(sources.hub), "facebook/xnli", "de", split), nli_rows("de", count))
    assert all(each.official for each in panel_sets(XNLI, panels, level, sources))


def test_a_mirror_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        faults = verify(MNLI, Sources(hub=str(tmp_path / name), cache=str(tmp_path)))
        assert faults == ["`hub` must be a directory of clones of hub repositories, "
                          f"got {tmp_path / name}"]
