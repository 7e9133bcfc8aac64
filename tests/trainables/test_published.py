"""Published JSON: what is read has its very type, and whatever is wrong is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.published import Id, Position, Published, Text, read_json, read_lines
from trainables.rows import DataError


class Part(Published):
    id: Id
    text: Text
    start: Position


GOOD = b'{"id": "a-1", "text": " \xe8\xaf\x8d ", "start": 0, "more": [1]}'


def test_what_is_not_read_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(GOOD)
    assert read_json(file, Part) == Part(id="a-1", text=" 词 ", start=0)
    file.write_bytes(GOOD + b"\n" + GOOD)
    assert [place for place, _ in read_lines(file, Part)] == [f"{file}, line 1", f"{file}, line 2"]


@pytest.mark.parametrize(("given", "line"), [
    (b"", "a file must be readable and whole: no JSON, EOF while parsing a value"),
    (b"version https://git-lfs", "a file must be readable and whole: no JSON, expected value"),
    (GOOD.replace(b"\xe8", b""), "a file must be readable and whole: no JSON, invalid unicode"),
    (GOOD.replace(b"-", b" "), "`id` must be an id without white space, got 'a 1'"),
    (GOOD.replace(b"\xe8\xaf\x8d", b""), "`text` must be a text, got '  '"),
    (GOOD.replace(b"0", b"-1"), "`start` must be as published: input should be greater than or "
                                "equal to 0, got -1"),
    (GOOD.replace(b"0", b"null"), "`start` must be as published: input should be a valid "
                                  "integer, got None"),
    (GOOD.replace(b"text", b"name"), "`text` must be there, got none"),
])
def test_a_fault_names_the_key_and_the_file(tmp_path: Path, given: bytes, line: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(given)
    with pytest.raises(DataError) as caught:
        read_json(file, Part)
    assert str(caught.value).startswith(line)
    assert str(caught.value).endswith(f"({file})")
    file.write_bytes(GOOD + b"\n" + given + b"\n")
    with pytest.raises(DataError) as caught:
        list(read_lines(file, Part))
    assert str(caught.value).startswith(line)
    assert str(caught.value).endswith(f"({file}, line 2)")


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    for read in (lambda: read_json(tmp_path, Part), lambda: list(read_lines(tmp_path, Part))):
        with pytest.raises(DataError, match="must be readable and whole: Is a directory"):
            read()
