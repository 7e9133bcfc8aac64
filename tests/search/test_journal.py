"""The journal: what was appended is there, whatever was cut off, and one process writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.faults import UserError
from search.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened", search="lab-1")
    journal.append("suggested", "search-000", number=0)
    journal.append("finished", "search-000", outcome="finished")
    yield journal
    journal.close()


def test_events_come_back_in_order(journal: Journal) -> None:
    assert Journal(journal.path).events == journal.events
    assert [event.sequence for event in journal.events] == [0, 1, 2]
    assert [event.trial for event in journal.of("suggested", "finished")] == ["search-000"] * 2


def test_cut_at_any_byte_whole_events_stay_and_writing_goes_on(
    journal: Journal, tmp_path: Path
) -> None:
    recorded = journal.path.read_bytes()
    for size in range(len(recorded) + 1):
        path = tmp_path / "cut.jsonl"
        path.write_bytes(recorded[:size])
        cut = Journal(path)
        assert len(cut.events) == recorded[:size].count(b"\n")
        cut.append("resumed")
        cut.close()
        assert [event.kind for event in Journal(path).events][-1] == "resumed"
        assert len(Journal(path).events) == len(cut.events)


def test_reading_changes_nothing(journal: Journal) -> None:
    with journal.path.open("ab") as file:
        file.write(b'{"torn')
    before = journal.path.read_bytes()
    assert len(Journal(journal.path).events) == 3
    assert journal.path.read_bytes() == before


def test_a_damaged_line_inside_is_refused_with_its_place(journal: Journal) -> None:
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(lines[0] + b"{}\n" + lines[2])
    with pytest.raises(UserError, match=r"got line 2 of 3 damaged, .*journal\.jsonl"):
        Journal(journal.path)


@pytest.mark.parametrize(("alter", "law"), [
    (lambda lines: [*lines[:2], lines[1], *lines[2:]], "got event 1 on line 3 of 4"),
    (lambda lines: [lines[0], lines[2]], "got event 2 on line 2 of 2"),
    (lambda lines: [lines[0], b"what is this\n", *lines[1:]], "got line 2 of 4 damaged"),
    (lambda lines: [*lines, b"what is this\n"], "got line 4 of 4 damaged"),
    (lambda lines: [lines[0], lines[1].replace(b'"number":0', b'"number":1'), lines[2]],
     "got line 2 of 3 damaged"),
    (lambda lines: [*lines[:2], lines[2].replace(b"finished", b"finishes")],
     "got line 3 of 3 damaged"),
    (lambda lines: [lines[0].replace(b'"opened"', b'"begun"'), *lines[1:]],
     "got line 1 of 3 damaged, or written by a newer stiltune"),
], ids=["doubled", "deleted", "garbage", "garbage at the end", "digit", "letter", "newer"])
def test_whatever_was_altered_is_refused_and_left_alone(
    journal: Journal, alter: Callable[[list[bytes]], list[bytes]], law: str
) -> None:
    altered = b"".join(alter(journal.path.read_bytes().splitlines(keepends=True)))
    journal.path.write_bytes(altered)
    with pytest.raises(UserError, match=law) as caught:
        Journal(journal.path)
    assert "must" in str(caught.value)
    assert journal.path.read_bytes() == altered


def test_what_another_process_wrote_meanwhile_is_kept(journal: Journal) -> None:
    early = Journal(journal.path)
    journal.append("told", "search-000", number=0)
    journal.close()
    early.append("resumed")
    early.close()
    assert [event.kind for event in Journal(journal.path).events] == [
        "opened", "suggested", "finished", "told", "resumed"]


def test_a_journal_without_check_sums_is_read(journal: Journal) -> None:
    lines = [event.model_dump_json() + "\n" for event in journal.events]
    journal.path.write_text("".join(lines))
    assert Journal(journal.path).events == journal.events


def test_a_journal_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(UserError, match="a journal must be readable, got Is a directory"):
        Journal(tmp_path / "journal.jsonl")
    with pytest.raises(UserError, match="a journal must be writable to go on"):
        Journal(tmp_path / "none" / "journal.jsonl").append("opened")


def test_two_processes_cannot_write(journal: Journal) -> None:
    code = ("import sys; from pathlib import Path; from search.journal import Journal; "
            "Journal(Path(sys.argv[1])).append('resumed')")
    root = Path(__file__).resolve().parents[2]
    other = subprocess.run([sys.executable, "-c", code, str(journal.path)], text=True,
                           capture_output=True, check=False,
                           env={**os.environ, "PYTHONPATH": str(root)})
    assert other.returncode != 0
    assert "one process at a time" in other.stderr


def test_listeners_hear_of_events_that_are_on_disk(journal: Journal) -> None:
    heard = []
    journal.listen(lambda event: heard.append(
        (event.kind, journal.path.read_text().count("\n"))))
    journal.append("closed")
    assert heard == [("closed", 4)]
