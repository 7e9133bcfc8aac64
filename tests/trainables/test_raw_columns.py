from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.trainables.mirrors import udpos_rows, write
from tests.trainables.spoiled import (
    SQUAD,
    TATOEBA,
    UDPOS,
    XNLI,
    Fault,
    asked,
    check_fault,
    german,
    load,
    paired,
    put,
    retyped,
    tagged,
    translated,
    whole_mirror,
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return whole_mirror(tmp_path / "mirror")


@pytest.mark.parametrize("make", [pa.list_view, pa.large_list_view, pa.large_list])
def test_lists_may_be_of_any_arrow_type(mirror: Path, make: Callable[..., Any]) -> None:
    before = load(mirror, UDPOS, "de", "test")
    rows = udpos_rows("German-test-", 40)
    halves = [pa.array(rows["tokens"][part], make(pa.string()))
              for part in (slice(20), slice(20, 40))]
    write(german(mirror), rows | {"tokens": pa.chunked_array(halves)})
    assert load(mirror, UDPOS, "de", "test").table.equals(before.table)


FAULTS: dict[str, Fault] = {
    "text for a list": (tagged(retyped("tokens", " ".join)), UDPOS,
                        "`tokens` must be a list, got string"),
    "numbers for text": (paired(retyped("premise", len)), XNLI,
                         "`premise` must be a text, got int64"),
    "fractions for labels": (paired(retyped("label", float)), XNLI,
                             "`label` must be an integer or a text, got double"),
    "an empty text": (translated(put("target_sentence", 11, " \n")), TATOEBA,
                      r"must be a text that is not empty, got ' \n' (FILE, row 11)"),
    "no text": (paired(put("hypothesis", 9, None)), XNLI, "got None (FILE, row 9)"),
    "an empty token": (tagged(put("tokens", 3, ["a", "", "b"])), UDPOS, "got '' (FILE, row 3)"),
    "a blank token": (tagged(put("tokens", 3, ["a", "\xa0", "b"])), UDPOS, "(FILE, row 3)"),
    "a null token": (tagged(put("tokens", 3, ["a", None, "b"])), UDPOS, "got None (FILE, row 3)"),
    "an empty sentence": (tagged(put("tokens", 4, [])), UDPOS, "got [] (FILE, row 4)"),
    "a null sentence": (tagged(put("tokens", 4, None)), UDPOS, "got None (FILE, row 4)"),
    "a tag too few": (tagged(put("pos_tags", 6, [7, 15])), UDPOS,
                      "`pos_tags` must be as long as `tokens`, got 2 for 3 (FILE, row 6)"),
    "answers without starts": (asked(retyped("answers", lambda row: {"text": row["text"]})), SQUAD,
                               "`answers` must have the field `answer_start`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_values_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])
