from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from spaces.robustness import MIXED_KINDS, PERTURBED_KINDS
from spaces.tasks import Kind
from tests.trainables.tiny import rows, task, write_tokenizer
from trainables.robustness import changed_cache as cache_module
from trainables.robustness.changed_cache import ChangedCache
from trainables.robustness.code_mix import MIXED_COLUMNS, mixed_rows
from trainables.robustness.perturbed_rows import (
    PERTURBED_COLUMNS,
    calibrate,
    changed_rows,
    count_tokens,
)
from trainables.rows import Rows
from trainables.tokenizer import Tokenizer

WORDS = ("kilometers", "measures", "seconds", "gallons", "weight", "another")


class Letters:
    """A tokenizer whose pieces are pairs of letters, so that every edit may change their number."""

    fingerprint = "letters"

    def encode_whole(self, texts: list[str]) -> list[list[int]]:
        return [[0] * sum((len(word) + 1) // 2 for word in text.split()) for text in texts]

    def encode_words(self, sentences: list[list[str]]) -> list[list[list[int]]]:
        return [[[0] * ((len(word) + 1) // 2) for word in words] for words in sentences]


def worded(kind: Kind, language: str = "en", count: int = 40) -> Rows:
    """Return tiny rows whose words have letters to change."""
    made = rows(task(kind), language, "test", count)
    table = made.table
    for name in PERTURBED_COLUMNS[kind]:
        values = [[WORDS[(row + place) % len(WORDS)] for place in range(4)] for row in range(count)]
        if kind is Kind.TAGGING:
            values = [[WORDS[place % len(WORDS)] for place in range(len(tokens))]
                      for tokens in table[name].to_pylist()]
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(
            values if kind is Kind.TAGGING else [" ".join(row) for row in values],
            table.schema.field(place).type))
    return made.taken(table, f"{made.fingerprint}{language}")


@pytest.mark.parametrize("kind", PERTURBED_KINDS)
def test_all_but_what_is_asked_is_as_it_was(kind: Kind) -> None:
    before = worded(kind)
    made = changed_rows(before, "typos", 0.6, 0, 0)
    assert made.share > 0.9
    assert made.rows.fingerprint != before.fingerprint
    for name in before.table.column_names:
        same = made.rows.table[name] == before.table[name]
        assert same == (name not in PERTURBED_COLUMNS[kind]), name
    if kind is Kind.TAGGING:
        lengths = [list(map(len, (row["tokens"], row["tags"]))) for row in
                   made.rows.table.to_pylist()]
        assert all(tokens == tags for tokens, tags in lengths)
        assert all(all(row) for row in made.rows.table["tokens"].to_pylist())


def test_queries_differ_and_are_the_same_again() -> None:
    before = worded(Kind.CLASSIFICATION)
    texts = [changed_rows(before, "typos", 0.5, 0, query).rows.table["text"].to_pylist()
             for query in (0, 1, 0)]
    assert texts[0] == texts[2] != texts[1]
    assert changed_rows(before, "typos", 0.5, 1, 0).rows.table["text"].to_pylist() != texts[0]


@pytest.mark.parametrize("wanted", [1.05, 1.15])
def test_a_rate_reaches_the_fertility_that_was_asked_for(wanted: float) -> None:
    before = worded(Kind.TAGGING)
    found = calibrate(before, "typos", wanted, Letters(), 0)  # type: ignore[arg-type]
    assert found is not None
    assert found.is_matched
    assert 0 < found.rate < 1
    after = changed_rows(before, "typos", found.rate, 0, 0).rows
    tokens = [count_tokens(each.table, Kind.TAGGING, Letters())  # type: ignore[arg-type]
              for each in (before, after)]
    assert tokens[1] / tokens[0] == pytest.approx(found.reached)
    assert found.reached == pytest.approx(wanted, abs=0.2 * (wanted - 1))


def test_what_cannot_be_reached_is_unmatched_and_what_cannot_change_is_none() -> None:
    before = worded(Kind.TAGGING)
    found = calibrate(before, "typos", 3.0, Letters(), 0)  # type: ignore[arg-type]
    assert found is not None
    assert not found.is_matched
    short = rows(task(Kind.CLASSIFICATION), count=30)
    table = short.table.set_column(2, short.table.schema.field(2), pa.array(["4 kg"] * 30))
    assert calibrate(short.taken(table, "short"), "typos", 1.2,
                     Letters(), 0) is None  # type: ignore[arg-type]


def test_a_trials_own_tokenizer_counts(tmp_path: Path) -> None:
    tokenizer = Tokenizer(write_tokenizer(tmp_path))
    table = rows(task(Kind.PAIR), count=4).table
    texts = [*table["text"].to_pylist(), *table["text_pair"].to_pylist()]
    assert count_tokens(table, Kind.PAIR, tokenizer) == sum(len(text.split()) for text in texts)


# ---- code-mixing ----------------------------------------------------------------------------


def translated(kind: Kind, language: str, *, flip: int = 0) -> Rows:
    """Return the rows of another language with the gold of English ones, `flip` of them changed."""
    own, english = worded(kind, language), worded(kind, "en")
    table = own.table
    if "label" in table.column_names:
        labels = english.table["label"].to_pylist()
        labels[:flip] = [1 - min(label, 1) for label in labels[:flip]]
        place = table.schema.get_field_index("label")
        table = table.set_column(place, table.schema.field(place), pa.array(labels))
    return own.taken(table, f"{own.fingerprint}-{flip}")


@pytest.mark.parametrize("kind", MIXED_KINDS)
def test_mixed_rows_are_asked_in_the_other_language_alone(kind: Kind) -> None:
    own, partner = translated(kind, "de"), worded(kind, "en")
    found = mixed_rows(own, partner)
    assert found is not None
    rows_, places = found
    assert places.tolist() == list(range(len(own)))
    for name in own.table.column_names:
        source = partner if name == MIXED_COLUMNS[kind] else own
        assert rows_.table[name].to_pylist() == source.table[name].to_pylist()


def test_what_is_no_translation_is_not_mixed() -> None:
    kind = Kind.PAIR
    english = worded(kind, "en")
    assert mixed_rows(english, english) is None  # the same language
    assert mixed_rows(translated(kind, "de", flip=8), english) is None  # labels differ
    few = english.taken(english.table.slice(0, 19), "few")
    assert mixed_rows(translated(kind, "de"), few) is None
    some = mixed_rows(translated(kind, "de", flip=1), english)
    assert some is not None
    assert len(some[0]) >= 39
    assert mixed_rows(worded(Kind.TAGGING, "de"), worded(Kind.TAGGING)) is None
    numbered = [pa.array(map(str, range(40)))]
    questions = [each.taken(each.table.set_column(0, each.table.schema.field(0), numbered[0]), "n")
                 for each in (worded(Kind.QA, "de"), worded(Kind.QA))]
    assert mixed_rows(*questions) is None


def test_the_catalogues_and_the_columns_name_the_same_kinds() -> None:
    assert tuple(PERTURBED_COLUMNS) == PERTURBED_KINDS
    assert tuple(MIXED_COLUMNS) == MIXED_KINDS
    assert set(MIXED_KINDS) < set(PERTURBED_KINDS)


@pytest.mark.parametrize("kind", PERTURBED_KINDS)
def test_changed_rows_are_made_once_for_all_trials(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, asked = worded(kind), {"typos": 1.2, "confusables": 1.3}
    letters: Tokenizer = Letters()  # type: ignore[assignment]
    made = ChangedCache(tmp_path).rates(before, asked, letters, 3)  # type: ignore[arg-type]
    assert made == {name: calibrate(before, name, wanted, letters, 3)  # type: ignore[arg-type]
                    for name, wanted in asked.items()}
    fresh = changed_rows(before, "typos", made["typos"].rate, 3, 1)
    for _ in range(2):
        kept = ChangedCache(tmp_path).changed(before, "typos", made["typos"].rate, 3, 1)
        assert kept.rows.table == fresh.rows.table
        assert (kept.rows.fingerprint, kept.share) == (fresh.rows.fingerprint, fresh.share)
        for name in ("calibrate", "changed_rows"):
            monkeypatch.delattr(cache_module, name, raising=False)
    assert ChangedCache(tmp_path).rates(before, asked, letters, 3) == made  # type: ignore[arg-type]
    with pytest.raises(NameError):  # another seed, other rows
        ChangedCache(tmp_path).rates(before, asked, letters, 4)  # type: ignore[arg-type]


def test_kinds_that_change_nothing_have_no_rate(tmp_path: Path) -> None:
    made = worded(Kind.CLASSIFICATION)
    place = made.table.schema.get_field_index("text")
    table = made.table.set_column(place, made.table.schema.field(place),
                                  pa.array(["12 34"] * len(made)))
    assert not ChangedCache(tmp_path).rates(
        made.taken(table, "digits"), {"typos": 1.2}, Letters(), 0)  # type: ignore[arg-type]
