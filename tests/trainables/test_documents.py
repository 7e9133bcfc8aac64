from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainables.spoiled import (
    SQUAD,
    TATOEBA,
    XNLI,
    asked,
    check_fault,
    column,
    load,
    put,
    whole_mirror,
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return whole_mirror(tmp_path / "mirror")


def test_documents_are_shared_by_what_belongs_together(mirror: Path) -> None:
    english, translated = (load(mirror, XNLI, code, "test") for code in ("en", "de"))
    assert column(english, "document") == column(translated, "document")
    assert column(english, "document")[:4] == ["0", "0", "0", "1"]
    deu, fra = (load(mirror, TATOEBA, code, "validation") for code in ("de", "fr"))
    by_sentence = dict(zip(column(deu, "english"), column(deu, "document"), strict=True))
    assert all(by_sentence[text] == name for text, name in
               zip(column(fra, "english"), column(fra, "document"), strict=True))
    squad = column(load(mirror, SQUAD, "en", "validation"), "document")
    assert squad[0] == squad[1] != squad[2]


def test_an_id_twice_is_one_clear_line(tmp_path: Path) -> None:
    check_fault(tmp_path / "mirror", (
        asked(put("id", 6, "q1")), SQUAD,
        "`id` must be unique, got 'q1' twice (FILE, row 1; FILE, row 6)"))
