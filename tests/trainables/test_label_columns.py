from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.trainables.mirrors import (
    NLI,
    UPOS,
    alternative_rows,
    nli_rows,
    shard,
    stated,
    udpos_rows,
    write,
)
from tests.trainables.spoiled import (
    CAUSES,
    ENDINGS,
    UDPOS,
    XNLI,
    Fault,
    caused,
    check_fault,
    choosing,
    column,
    ended,
    load,
    paired,
    put,
    retyped,
    tagged,
    whole_mirror,
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return whole_mirror(tmp_path / "mirror")


@pytest.mark.parametrize(("labels", "names"), [
    ([0, 1, -1, 1], None), (["0", "1", "-1", "1"], None), ([1, 0, -1, 0], ("choice2", "choice1")),
    (["choice1", "choice2", "-1", "choice2"], None),
])
def test_a_right_option_is_told_by_number_or_by_name(
    mirror: Path, labels: list[Any], names: tuple[str, ...] | None
) -> None:
    rows = alternative_rows("de", 4) | {"label": labels}
    write(shard(mirror, "made/causes", "de", "test"), rows,
          stated("label", names) if names else None)
    read = load(mirror, CAUSES, "de", "test")
    assert (column(read, "label"), read.unlabelled) == ([0, 1, 1], 1)
    assert column(read, "id") == ["0", "1", "3"]


@pytest.mark.parametrize("labels", [(), ("1",), ("1", "1"), tuple("abcdefghijk")])
def test_labels_must_name_the_options(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`labels` must"):
        choosing("wrong", labels, prompt="ctx", options="endings", label="label")


def test_labels_in_another_order_are_mapped_by_name(mirror: Path) -> None:
    before = load(mirror, XNLI, "de", "test")
    turned = ("contradiction", "entailment", "neutral")
    rows = nli_rows("de", 30)
    rows["label"] = [turned.index(NLI[label]) for label in rows["label"]]
    write(shard(mirror, "facebook/xnli", "de", "test"), rows, stated("label", turned))
    assert load(mirror, XNLI, "de", "test").table.equals(before.table)


def test_labels_by_name_are_read_as_labels_by_number(mirror: Path) -> None:
    before = load(mirror, UDPOS, "de", "test")
    rows = udpos_rows("German-test-", 40)
    rows["pos_tags"] = [[UPOS[tag] for tag in tags] for tags in rows["pos_tags"]]
    write(shard(mirror, "google/xtreme", "udpos.German", "test"), rows)
    after = load(mirror, UDPOS, "de", "test")
    assert after.table.equals(before.table)
    assert after.fingerprint == before.fingerprint


def test_unlabelled_rows_are_left_out_and_counted(mirror: Path) -> None:
    rows = nli_rows("de", 30)
    rows["label"][4] = rows["label"][9] = -1
    write(shard(mirror, "facebook/xnli", "de", "test"), rows, stated("label", NLI))
    read = load(mirror, XNLI, "de", "test")
    assert (len(read), read.unlabelled) == (28, 2)
    assert column(read, "id")[3:6] == ["3", "5", "6"]
    assert column(read, "document")[3:6] == ["1", "1", "2"]


FAULTS: dict[str, Fault] = {
    "digits for names": (paired(retyped("label", str)), XNLI,
                         "`label` must be one of entailment, neutral, contradiction, got '0' ("),
    "an unknown name": (tagged(lambda rows: rows | {"pos_tags": [["NOUN", "VB", "PUNCT"]] * 40}),
                        UDPOS, "got 'VB' ("),
    "a label out of range": (paired(put("label", 7, 3), stated("label", NLI)), XNLI,
                             "`label` must be an integer from 0 to 2, got 3 (FILE, row 7)"),
    "a tag out of range": (tagged(put("pos_tags", 5, [7, 17, 12])), UDPOS,
                           "`pos_tags` must be an integer from 0 to 16, got 17 (FILE, row 5)"),
    "a hidden tag": (tagged(put("pos_tags", 5, [7, -1, 12])), UDPOS, "got -1 (FILE, row 5)"),
    "a label missing": (paired(put("label", 2, None)), XNLI, "got None (FILE, row 2)"),
    "other label names": (tagged(lambda rows: None, stated("pos_tags", (*UPOS[:-1], "FOREIGN"))),
                          UDPOS, "missing: X, unknown: FOREIGN (FILE)"),
    "a label name too few": (tagged(lambda rows: None, stated("pos_tags", UPOS[:-1])), UDPOS,
                             "missing: X, unknown: none (FILE)"),
    "a label name twice": (paired(lambda rows: None, stated("label", (*NLI, "neutral"))), XNLI,
                           "`label` must be those of xnli, each once"),
    "one label alone": (paired(lambda rows: nli_rows("de", 120) | {"label": [1] * 120}), XNLI,
                        "got none that is entailment, contradiction in 120 rows (FILE)"),
    "a label that never occurs": (
        paired(lambda rows: nli_rows("de", 120) | {"label": [0, 2] * 60}), XNLI,
        "must take every label of xnli, got none that is neutral in 120 rows (FILE)"),
    "one tag alone": (tagged(lambda rows: udpos_rows("de", 120) | {"pos_tags": [[7] * 3] * 120}),
                      UDPOS, "`pos_tags` must take every label of udpos"),
    "an option that is not there": (ended(put("label", 3, "4")), ENDINGS,
                                    "`label` must be one of 1, 2, 3, got '4' (FILE, row 3)"),
    "an option counted from 0": (ended(retyped("label", lambda name: int(name) - 1)), ENDINGS,
                                 "`label` must be one of 1, 2, 3, got 0 (FILE, row 0)"),
    "an alternative that is not there": (
        caused(put("label", 3, 2)), CAUSES,
        "`label` must be one of choice1, choice2, or an integer from 0 to 1, got 2 (FILE, row 3)"),
    "no option told": (caused(put("label", 3, None)), CAUSES, "got None (FILE, row 3)"),
    "all options hidden": (ended(retyped("label", lambda name: "-1")), ENDINGS,
                           "endings de test must have at least one labelled row, got none of 40"),
    "an option that is never right": (
        ended(retyped("label", lambda name: "1" if name == "3" else name), 120), ENDINGS,
        "`label` must take every label of endings, got none that is 3 in 120 rows (FILE)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_labels_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])
