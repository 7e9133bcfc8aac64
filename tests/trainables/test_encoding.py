from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from transformers import RobertaTokenizer

from spaces.tasks import Kind
from tests.trainables.tiny import TASKS, WORDS, rows, task, write_tokenizer
from trainables.encoded import IGNORED, Encoded
from trainables.encoded_cache import EncodedCache
from trainables.encoding import encode
from trainables.predict import values_of
from trainables.rows import DataError, Rows, row_schema
from trainables.tokenizer import Tokenizer, load_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def made(kind: Kind, table: list[dict[str, Any]]) -> Rows:
    filled = [{"id": str(n), "document": str(n)} | row for n, row in enumerate(table)]
    return Rows(task=task(kind), language="en", split="train",
                table=pa.Table.from_pylist(filled, schema=row_schema(kind)), fingerprint="f")


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from([*WORDS, "w1w2", "\u200b"]), max_size=40), min_size=1,
                max_size=4), st.integers(3, 20))
def test_long_sentences_are_split_and_joined_again(
    tokenizer: Tokenizer, sentences: list[list[str]], max_length: int
) -> None:
    tags = [[n % 3 for n in range(len(words))] for words in sentences]
    given_rows = made(Kind.TAGGING, [{"tokens": words, "tags": tag}
                                     for words, tag in zip(sentences, tags, strict=True)])
    items = encode(given_rows, tokenizer, max_length)
    assert items.lengths.max() <= max_length
    gold = [items.tokens["tag"][low:high] for low, high
            in zip(items.offsets[:-1], items.offsets[1:], strict=True)]
    assert values_of(given_rows, items, gold) == tags  # every word has one labelled piece


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=60), min_size=1, max_size=4),
       st.integers(3, 20))
def test_long_texts_are_cut_evenly_and_none_of_them_is_lost(
    tokenizer: Tokenizer, texts: list[list[str]], max_length: int
) -> None:
    joined = [" ".join(words) for words in texts]
    found = encode(made(Kind.MLM, [{"text": text} for text in joined]), tokenizer, max_length)
    assert found.lengths.max() <= max_length
    for row, text in enumerate(joined):
        items = [found.ids[low:high].tolist() for (low, high), of in
                 zip(pairwise(found.offsets), found.items["row"], strict=True) if of == row]
        (whole,) = tokenizer.encode_whole([text])
        assert [number for item in items for number in item[1:-1]] == whole
        assert len(items) == max(1, -(-len(whole) // (max_length - 2)))
        assert max(map(len, items)) - min(map(len, items)) <= 1
        if len(items) == 1:
            assert items == tokenizer.encode([text], None, max_length=max_length)["input_ids"]


def test_only_first_pieces_carry_a_tag(tokenizer: Tokenizer) -> None:
    items = encode(made(Kind.TAGGING, [{"tokens": ["w1, w2", "w3"], "tags": [0, 1]}]),
                   tokenizer, 16)
    assert items.tokens["tag"].tolist() == [IGNORED, 0, IGNORED, IGNORED, 1, IGNORED]


def test_a_window_holds_its_answer_where_offsets_say(tokenizer: Tokenizer) -> None:
    context = " ".join(WORDS)
    found = made(Kind.QA, [{"question": "is w3", "context": context, "answers": ["w20 w21"],
                            "answer_starts": [context.index("w20")]}])
    items = encode(found, tokenizer, 16)
    assert len(items) > 2
    assert items.lengths.max() <= 16
    answers = set()
    for item in range(len(items)):
        low = items.offsets[item]
        start, end = items.items["start"][item], items.items["end"][item]
        if start:
            answers.add(context[items.tokens["char_start"][low + start]:
                                items.tokens["char_end"][low + end]])
    assert answers == {"w20 w21"}
    covered = {char for char in items.tokens["char_start"].tolist() if char >= 0}
    assert {context.index(word) for word in WORDS} <= covered


def test_pairs_are_cut_at_the_longer_side_and_typed(tokenizer: Tokenizer) -> None:
    items = encode(made(Kind.PAIR, [{"text": " ".join(WORDS), "text_pair": "w1 w2", "label": 1}]),
                   tokenizer, 12)
    assert items.lengths.tolist() == [12]
    padded = items.pad(np.asarray([0]), tokenizer.pad_id)
    assert padded.types[0].tolist() == [0] * 9 + [1] * 3


def test_options_are_encoded_as_pairs_and_cut_each_for_itself(tokenizer: Tokenizer) -> None:
    long, short = " ".join(WORDS), "w3"
    table = [{"prompt": "w1 w2", "options": [short, "w4 w5", long], "label": 2},
             {"prompt": long, "options": [short, long, "w6"], "label": 0}]
    items = encode(made(Kind.MULTIPLE_CHOICE, table), tokenizer, 12)
    assert (len(items), items.width, items.items["label"].tolist()) == (2, 3, [2, 0])
    assert items.lengths.tolist() == [6, 7, 12, 12, 12, 12]
    assert items.longest.tolist() == [12, 12]
    assert items.items["second"].tolist() == [[4, 4, 4], [10, 6, 10]]  # [CLS] prompt [SEP]
    assert items.tokens_in(np.asarray([0, 1])) == 61
    assert items.tokens_in(np.asarray([0])) == 25
    alone = [encode(made(Kind.PAIR, [{"text": row["prompt"], "text_pair": option, "label": 0}]),
                    tokenizer, 12).ids.tolist() for row in table for option in row["options"]]
    assert [items.ids[low:high].tolist() for low, high in pairwise(items.offsets)] == alone


def test_another_number_of_options_is_one_line() -> None:
    table = [{"prompt": "w1", "options": ["w1", "w2", "w3"][:count], "label": 0}
             for count in (3, 3, 2)]
    with pytest.raises(DataError, match=r"`options` must be 3 in every row, got 2 \(tiny-mult"):
        made(Kind.MULTIPLE_CHOICE, table)


@pytest.mark.parametrize("of", TASKS, ids=lambda of: of.kind.value)
def test_take_join_and_pad_keep_items(tokenizer: Tokenizer, of: Any) -> None:
    items = encode(rows(of), tokenizer, 24)
    chosen = np.asarray([5, 2, 9])
    taken = items.take(chosen)
    sequences = [n * items.width + each for n in chosen for each in range(items.width)]
    assert [taken.ids[low:high].tolist() for low, high in pairwise(taken.offsets)] == [
        items.ids[items.offsets[n] : items.offsets[n + 1]].tolist() for n in sequences]
    joined = Encoded.join([items, taken])
    whole, part = joined.pad(len(items) + np.arange(3), 0), taken.pad(np.arange(3), 0)
    assert np.array_equal(whole.ids, part.ids)
    assert np.array_equal(whole.types, part.types)
    assert part.mask.sum() == taken.lengths.sum() == items.tokens_in(chosen)


@pytest.mark.parametrize("of", TASKS, ids=lambda of: of.kind.value)
def test_the_cache_gives_back_what_was_encoded(
    tokenizer: Tokenizer, tmp_path: Path, of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = encode(rows(of), tokenizer, 24)
    EncodedCache(tmp_path).get(rows(of), tokenizer, 24)
    monkeypatch.setattr("trainables.encoded_cache.encode", None)  # encoding again would fail
    read = EncodedCache(tmp_path).get(rows(of), tokenizer, 24)
    assert_alike(fresh, read)


def assert_alike(ours: Encoded, theirs: Encoded) -> None:
    for name in ("items", "tokens"):
        left, right = getattr(ours, name), getattr(theirs, name)
        assert left.keys() == right.keys()
        assert all(np.array_equal(left[key], right[key]) for key in left)
    assert np.array_equal(ours.ids, theirs.ids)
    assert np.array_equal(ours.offsets, theirs.offsets)


@pytest.mark.parametrize("of", TASKS, ids=lambda of: of.kind.value)
def test_how_many_are_encoded_at_once_changes_nothing(
    tokenizer: Tokenizer, of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encode(rows(of), tokenizer, 9)
    monkeypatch.setattr("trainables.encoding._AT_ONCE", 20)
    monkeypatch.setattr("trainables.tokenizer._WINDOWED", 7)
    assert_alike(whole, encode(rows(of), tokenizer, 9))


def test_a_tokenizer_without_pad_uses_another_token(tmp_path: Path) -> None:
    assert Tokenizer(write_tokenizer(tmp_path / "a", pad_token=None)).pad_id == 2
    bare = write_tokenizer(tmp_path / "b", pad_token=None, sep_token=None, unk_token=None)
    with pytest.raises(DataError, match="must have a pad, end or unknown token"):
        _ = Tokenizer(bare).pad_id


def test_words_of_a_byte_level_tokenizer_are_read_as_in_running_text(tmp_path: Path) -> None:
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["the cat sat"] * 9, vocab_size=300, min_frequency=1,
                                special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(tmp_path))
    RobertaTokenizer.from_pretrained(tmp_path).save_pretrained(tmp_path)
    spaced = Tokenizer(tmp_path)
    words = spaced.encode_words([["cat", "sat"]])[0]
    running = spaced.encode(["the cat sat"], None, max_length=9)["input_ids"][0]
    assert [piece for word in words for piece in word] == running[-3:-1]


def test_a_directory_without_tokenizer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Tokenizer(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("kind", [Kind.TAGGING, Kind.QA])
def test_a_slow_tokenizer_is_refused_where_offsets_are_needed(
    tokenizer: Tokenizer, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "is_fast", False)
    with pytest.raises(DataError, match="must be a fast one"):
        encode(rows(task(kind)), tokenizer, 24)
