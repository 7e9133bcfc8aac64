"""Rows of tables: checked once, kept, mapped, and read anew when anything they rest on changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.tasks import Task, find_task
from tests.trainables.mirrors import NLI, nli_rows, shard, stated, write, write_mirror, write_readme
from trainables import kept_files
from trainables.hub import find_files
from trainables.rows import DataError, Rows
from trainables.table_rows import table_rows

XNLI = find_task("xnli", BENCHMARK_TASKS)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return write_mirror(tmp_path / "mirror")


def load(mirror: Path, task: Task = XNLI, language: str = "de") -> Rows:
    """Read as a process that has read nothing yet."""
    source = task.source
    assert isinstance(source, HubSource)
    files = find_files(source, source.config_of(language), "validation", mirror)
    return table_rows(task, language, "validation", found=[files], directory=mirror / "kept")


def entries(mirror: Path) -> list[Path]:
    return sorted((mirror / "kept").glob("[!.]*.arrow"))


def german(mirror: Path) -> Path:
    return shard(mirror, "facebook/xnli", "de", "validation")


def test_rows_are_checked_once_and_come_back_as_they_were(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(german(mirror), nli_rows("de", 30) | {"label": [0, 1, 2, -1, 2] * 6})
    first = load(mirror)
    monkeypatch.setattr("trainables.table_rows.canonical_rows", None)  # checking again would fail
    again = load(mirror)
    assert again.table.equals(first.table)
    assert (again.fingerprint, again.unlabelled) == (first.fingerprint, first.unlabelled)
    assert (len(again), again.unlabelled) == (24, 6)
    assert len(entries(mirror)) == 1


def test_kept_rows_take_no_memory_of_their_own(mirror: Path) -> None:
    write(german(mirror), nli_rows("de" * 50, 3_000), stated("label", NLI))
    load(mirror)
    before = pa.total_allocated_bytes()
    rows = load(mirror)
    assert rows.table.nbytes > 500_000
    assert pa.total_allocated_bytes() - before < 50_000


def another_byte(mirror: Path) -> None:
    """Change a file so that neither its size nor its time tells."""
    before = german(mirror).stat()
    write(german(mirror), nli_rows("dx", 30), stated("label", NLI))
    assert german(mirror).stat().st_size == before.st_size
    os.utime(german(mirror), ns=(before.st_atime_ns, before.st_mtime_ns))


def names_in_the_readme(mirror: Path) -> None:
    write(german(mirror), nli_rows("de", 30))  # without names of its own
    names = {"class_label": {"names": dict(enumerate(reversed(NLI)))}}
    write_readme(mirror / "facebook/xnli", {"dataset_info": [
        {"config_name": "de", "features": [{"name": "label", "dtype": names}]}]})


@pytest.mark.parametrize("change", [another_byte, names_in_the_readme])
def test_rows_are_read_anew_when_what_they_rest_on_changes(
    mirror: Path, change: Callable[[Path], Any]
) -> None:
    before = load(mirror).fingerprint
    change(mirror)
    assert load(mirror).fingerprint != before


def test_tasks_that_share_a_file_share_no_entry(mirror: Path) -> None:
    other = XNLI.model_copy(update={"labels": (NLI[1], NLI[0], NLI[2])})
    labels = [load(mirror, task).table["label"].to_pylist()[:3] for task in (XNLI, other)]
    assert labels == [[0, 1, 2], [1, 0, 2]]


def cut_short(kept: bytes) -> bytes:
    return kept[:200]


def a_letter_flipped(kept: bytes) -> bytes:
    """Turn a letter of one text into another: all else of the file is as it was."""
    assert b"premise 7" in kept
    return kept.replace(b"premise 7", b"premise 6")


@pytest.mark.parametrize("damaged", [cut_short, a_letter_flipped])
def test_a_damaged_entry_is_made_again(
    mirror: Path, damaged: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(mirror)
    (entry,) = entries(mirror)
    kept = entry.read_bytes()
    entry.unlink()  # else what is mapped would change as well
    entry.write_bytes(damaged(kept))
    monkeypatch.setattr(kept_files, "_whole", set())  # as in another process
    assert load(mirror).table.equals(first.table)
    assert entries(mirror) == [entry]
    assert entry.read_bytes() == kept


def test_data_at_fault_is_never_kept(mirror: Path) -> None:
    write(german(mirror), nli_rows("de", 30) | {"label": [7] * 30}, stated("label", NLI))
    for _ in range(2):
        with pytest.raises(DataError, match="`label` must be an integer from 0 to 2, got 7"):
            load(mirror)
    assert entries(mirror) == []
