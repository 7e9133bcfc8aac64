from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.trainables.mirrors import shard, squad_rows, udpos_rows, write
from tests.trainables.spoiled import (
    CAUSES,
    ENDINGS,
    SQUAD,
    TATOEBA,
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
    without,
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return whole_mirror(tmp_path / "mirror")


# What is read

def test_each_kind_comes_in_canonical_columns(mirror: Path) -> None:
    udpos = load(mirror, UDPOS, "de", "train")
    assert column(udpos, "tokens")[1] == ["German-train-1", "sees", "."]
    assert [UDPOS.labels[tag] for tag in column(udpos, "tags")[0]] == ["NOUN", "VERB", "PUNCT"]
    xnli = load(mirror, XNLI, "en", "train")
    assert column(xnli, "text")[4] == "mnli premise 1"
    assert column(xnli, "text_pair")[4] == "mnli hypothesis 4"
    squad = load(mirror, SQUAD, "en", "train")
    assert column(squad, "answers")[5] == ["5"]
    assert column(squad, "context")[5][column(squad, "answer_starts")[5][0]] == "5"
    tatoeba = load(mirror, TATOEBA, "fr", "validation")
    assert column(tatoeba, "text")[3] == "fra sentence 3"
    assert column(tatoeba, "english")[3] == "sentence 3"


def test_options_come_from_a_column_of_lists_or_from_columns(mirror: Path) -> None:
    endings = load(mirror, ENDINGS, "de", "test")
    assert column(endings, "prompt")[1] == "w1 de w7"
    assert column(endings, "options")[1] == ["w1 blue", "w2 red", "w3 blue"]
    assert column(endings, "label")[:4] == [0, 1, 2, 0]  # "1" is the first
    causes = load(mirror, CAUSES, "de", "test")
    assert column(causes, "options")[7] == ["de cause 7", "de effect 7"]
    assert column(causes, "label")[:3] == [0, 1, 0]


def test_columns_of_options_must_be_as_many_as_labels() -> None:
    with pytest.raises(ValueError, match="one column for each of the 3 labels, got a, b"):
        choosing("wrong", ("1", "2", "3"), prompt="ctx", options=("a", "b"), label="label")
    with pytest.raises(ValueError, match="`label` must be one column, got a, b"):
        choosing("wrong", ("1", "2"), prompt="ctx", options="endings", label=("a", "b"))


def test_answers_may_lie_in_a_list_of_structs(mirror: Path) -> None:
    before = load(mirror, SQUAD, "en", "train")
    rows = squad_rows(8)
    rows["answers"] = [[{"text": text, "answer_start": start} for text, start in
                        zip(row["text"], row["answer_start"], strict=True)]
                       for row in rows["answers"]]
    write(shard(mirror, "rajpurkar/squad", "plain_text", "train"), rows)
    assert load(mirror, SQUAD, "en", "train").table.equals(before.table)


def test_the_same_rows_stored_otherwise_have_the_same_fingerprint(mirror: Path) -> None:
    before = load(mirror, UDPOS, "en", "train")
    folder = mirror / "google/xtreme/udpos.English"
    (folder / "train-00000-of-00001.parquet").unlink()
    rows = udpos_rows("English-train-", 40)
    for number in range(2):
        part = {name: pa.chunked_array([values[20 * number:20 * number + 5],
                                        values[20 * number + 5:20 * number + 20]])
                for name, values in rows.items()}
        part["tokens"] = part["tokens"].cast(pa.large_list(pa.large_string()))
        write(folder / f"train-0000{number}-of-00002.parquet", part)
    after = load(mirror, UDPOS, "en", "train")
    assert after.table.equals(before.table)
    assert after.fingerprint == before.fingerprint


def test_a_changed_row_changes_the_fingerprint(mirror: Path) -> None:
    before = load(mirror, UDPOS, "en", "train").fingerprint
    rows = udpos_rows("English-train-", 40)
    rows["pos_tags"][39][2] = 16
    write(shard(mirror, "google/xtreme", "udpos.English", "train"), rows)
    assert load(mirror, UDPOS, "en", "train").fingerprint != before


# What is refused: every fault is one line that names the file, the row or the column

FAULTS: dict[str, Fault] = {
    "no label at all": (paired(retyped("label", lambda value: -1)), XNLI,
                        "xnli de test must have at least one labelled row, got none of 30"),
    "no rows": (tagged(lambda rows: {name: pa.array([], pa.array(values).type)
                                     for name, values in rows.items()}), UDPOS,
                "udpos de test must have at least one row, got none (FILE)"),
    "an option too few": (ended(put("endings", 5, ["a", "b"])), ENDINGS,
                          "`endings` must be a list of 3 texts, one a label of endings, got "
                          "['a', 'b'] (FILE, row 5)"),
    "no options": (ended(put("endings", 5, [])), ENDINGS, "got [] (FILE, row 5)"),
    "an empty option": (ended(put("endings", 5, ["a", " ", "b"])), ENDINGS,
                        "texts that are not empty, got ' ' (FILE, row 5)"),
    "an empty option of a column": (caused(put("choice2", 9, "")), CAUSES,
                                    "`choice2` must be a text that is not empty, got '' (FILE, "),
    "no column of an option": (caused(without("choice2")), CAUSES, "column `choice2`, got premise"),
    "an empty prompt": (ended(put("ctx", 2, "")), ENDINGS, "`ctx` must be a text that is not"),
    "a text for options": (ended(retyped("endings", " ".join)), ENDINGS,
                           "`endings` must be a list, got string"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_rows_are_one_clear_line(tmp_path: Path, fault: str) -> None:
    check_fault(tmp_path / "mirror", FAULTS[fault])
