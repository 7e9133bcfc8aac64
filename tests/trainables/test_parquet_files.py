from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spaces.data_sources import HubSource
from tests.trainables.mirrors import UPOS, nli_rows, stated, udpos_rows, write, write_readme
from tests.trainables.spoiled import (
    UDPOS,
    XNLI,
    Fault,
    a_shard_too_few,
    check_fault,
    german,
    load,
    paired,
    tagged,
    whole_mirror,
    without,
)
from trainables.hub import find_files
from trainables.parquet_files import count_rows, read_table
from trainables.sources import Sources
from trainables.task_status import verify

SOURCE = HubSource(repository="org/name", config="c", splits={"train": "train"}, columns={})


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return whole_mirror(tmp_path / "mirror")


def test_shards_are_read_in_order_as_one_table(tmp_path: Path) -> None:
    rows = nli_rows("en", 9)
    for number in range(3):
        part = {name: values[3 * number:3 * number + 3] for name, values in rows.items()}
        write(tmp_path / f"org/name/c/train-0000{number}-of-00003.parquet", part)
    split = find_files(SOURCE, "c", "train", tmp_path)
    raw = read_table(split, ("premise", "label"))
    assert raw.table["premise"].to_pylist() == rows["premise"]
    assert count_rows(split) == 9
    assert raw.place(4).endswith("train-00001-of-00003.parquet, row 1")


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


# What is refused

def cut(keep: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda mirror: german(mirror).write_bytes(keep(german(mirror).read_bytes()))


def damaged_page(mirror: Path) -> None:
    start = pq.read_metadata(german(mirror)).row_group(0).column(0).data_page_offset
    data = bytearray(german(mirror).read_bytes())
    data[start:start + 40] = bytes(40)
    german(mirror).write_bytes(bytes(data))


def invalid_utf8(mirror: Path) -> None:
    broken = pa.array([b"\xff\xfe"] * 40).view(pa.string())
    tokens = pa.ListArray.from_arrays(pa.array(range(41), pa.int32()), broken)
    write(german(mirror), {"tokens": tokens, "pos_tags": [[7]] * 40})


def a_directory_for_a_file(mirror: Path) -> None:
    german(mirror).unlink()
    german(mirror).mkdir()


def a_link_to_nowhere(mirror: Path) -> None:
    german(mirror).unlink()
    german(mirror).symlink_to(mirror / "nowhere")


def a_pipe_for_a_file(mirror: Path) -> None:
    german(mirror).unlink()
    os.mkfifo(german(mirror))


def a_column_twice(mirror: Path) -> None:
    rows = udpos_rows("German-test-", 40)
    pq.write_table(pa.table([rows["tokens"], rows["pos_tags"], rows["pos_tags"]],
                            names=["tokens", "pos_tags", "pos_tags"]), german(mirror))


def shards_that_differ(mirror: Path) -> None:
    a_shard_too_few(mirror)
    rows = udpos_rows("x", 3) | {"tokens": ["a", "b", "c"]}
    write(german(mirror).with_name("test-00001-of-00002.parquet"), rows)


def shards_named_differently(mirror: Path) -> None:
    a_shard_too_few(mirror)
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("x", 3),
          stated("pos_tags", UPOS[::-1]))


def a_shard_that_is_a_copy(mirror: Path) -> None:
    a_shard_too_few(mirror)
    write(german(mirror).with_name("test-00001-of-00002.parquet"), udpos_rows("German-test-", 40))


FAULTS: dict[str, Fault] = {
    "a missing column": (tagged(without("pos_tags")), UDPOS, "column `pos_tags`, got tokens"),
    "a renamed column": (paired(lambda rows: {"sentence": rows.pop("premise"), **rows}), XNLI,
                         "column `premise`, got sentence, hypothesis, label"),
    "a column twice": (a_column_twice, UDPOS, "column `pos_tags` once, got tokens, pos_tags, pos"),
    "a truncated file": (cut(lambda data: data[:len(data) // 2]), UDPOS, "readable and whole"),
    "an empty file": (cut(lambda data: b""), UDPOS, "readable and whole"),
    "a pointer to a large file": (cut(lambda data: b"version https://git-lfs.github.com/spec/v1"),
                                  UDPOS, "it is a pointer of Git LFS"),
    "another file's beginning": (cut(lambda data: b"XXXX" + data[4:]), UDPOS,
                                 "not found at its start (FILE)"),
    "a damaged page": (damaged_page, UDPOS, "readable and whole"),
    "text that is not UTF-8": (invalid_utf8, UDPOS, "UTF8"),
    "a directory for a file": (a_directory_for_a_file, UDPOS, "readable and whole"),
    "a link to nowhere": (a_link_to_nowhere, UDPOS, "readable and whole"),
    "a pipe for a file": (a_pipe_for_a_file, UDPOS, "it is no regular file (FILE)"),
    "shards that differ": (shards_that_differ, UDPOS, "columns of the same types"),
    "shards named differently": (shards_named_differently, UDPOS, "the same label names"),
    "a shard that is a copy": (a_shard_that_is_a_copy, UDPOS, "is a copy of"),
    "metadata that is no JSON": (tagged(lambda rows: None, {b"huggingface": b"{"}), UDPOS,
                                 "`huggingface` metadata must be"),
    "metadata without a bottom": (
        tagged(lambda rows: None, {b"huggingface": b"[" * 100_000}), UDPOS, "metadata must be"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_files_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])


def test_metadata_of_another_library_does_no_harm(mirror: Path) -> None:
    write(german(mirror), udpos_rows("de", 4), {b"pandas": json.dumps({"columns": []}).encode()})
    assert len(load(mirror, UDPOS, "de", "test")) == 4


def test_other_languages_stay_good(mirror: Path) -> None:
    FAULTS["a truncated file"][0](mirror)
    sources = Sources(hub=str(mirror), cache=str(mirror))
    assert verify(UDPOS, sources, train=("de", "en"), evaluation=("en", "th")) == []
