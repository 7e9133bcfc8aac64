"""The journal: what was appended is there, whatever was cut off, and one process writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
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
    with pytest.raises(UserError, match=r"journal\.jsonl: line 2 of 3 is damaged"):
        Journal(journal.path)


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
