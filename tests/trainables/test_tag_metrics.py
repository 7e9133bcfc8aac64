from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.label_metrics import CONSTANTS_TRIED
from trainables.tag_metrics import chunk_f1, chunks, constant_chunk_f1, tag_accuracy

UPOS = ("ADJ", "CCONJ", "DET", "INTJ", "NOUN", "SCONJ", "SYM", "VERB")
ENTITIES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def indices(labels: tuple[str, ...], sentences: str) -> list[list[int]]:
    """Read sentences, parted by a stroke, of tags, parted by spaces."""
    return [[labels.index(tag) for tag in sentence.split()] for sentence in sentences.split("|")]


# Worked by hand from the definition in `chunks`.

@pytest.mark.parametrize(("gold", "predicted", "f1", "accuracy"), [
    # gold: DET | NOUN x3 | VERB. Predicted: DET | NOUN | ADJ | NOUN | VERB; 2 right of 3 and 5.
    ("DET NOUN NOUN NOUN VERB", "DET NOUN ADJ NOUN VERB", 200 * 2 / 8, 80),
    # three of four tokens right, but the one chunk of nouns is cut: 1 right of 2 and 4
    ("DET NOUN NOUN NOUN", "DET NOUN VERB NOUN", 100 / 3, 75),
    # tags are whole: the first letter of a tag without a prefix is not cut off
    ("CCONJ", "SCONJ", 0, 0),
    # tags that begin with S never merge: 1 right of 3 and 2
    ("SYM SYM NOUN", "SYM NOUN NOUN", 40, 200 / 3),
    # those that begin with I do
    ("INTJ INTJ", "INTJ NOUN", 0, 50),
    # chunks end with their sentence: 3 chunks against 3, 2 right
    ("NOUN | NOUN VERB", "NOUN | NOUN DET", 200 / 3, 200 / 3),
    ("NOUN NOUN", "VERB VERB", 0, 0),
])
def test_tags_without_prefixes_by_hand(
    gold: str, predicted: str, f1: float, accuracy: float
) -> None:
    rows = indices(UPOS, gold), indices(UPOS, predicted)
    assert chunk_f1(*rows, UPOS) == pytest.approx(f1)
    assert tag_accuracy(*rows) == pytest.approx(accuracy)


@pytest.mark.parametrize(("gold", "predicted", "f1"), [
    ("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", 100),
    ("B-PER I-PER O B-LOC", "B-PER O O B-LOC", 50),  # cut short: 1 right of 2 and 2
    ("B-PER I-PER", "B-LOC I-LOC", 0),  # its bounds alone do not count
    ("B-PER B-PER", "B-PER I-PER", 0),  # two of one token each against one of two
    ("B-PER I-PER", "I-PER I-PER", 100),  # an I- that continues none begins one
    ("B-PER I-LOC", "B-PER B-LOC", 100),  # so does one of another type
    ("B-LOC O I-LOC", "B-LOC O B-LOC", 100),
    ("B-PER | I-PER", "B-PER | B-PER", 100),  # nothing goes on beyond its sentence
    ("O B-PER", "O O", 0),  # nobody is found
    ("O O", "O O", 0),  # nobody is there: as in seqeval
    ("O O", "O B-PER", 0),
])
def test_entities_by_hand(gold: str, predicted: str, f1: float) -> None:
    rows = indices(ENTITIES, gold), indices(ENTITIES, predicted)
    assert chunk_f1(*rows, ENTITIES) == pytest.approx(f1)


def test_a_chunk_has_its_sentence_its_ends_and_its_type() -> None:
    rows = indices(ENTITIES, "O B-PER I-PER I-LOC | B-LOC")
    assert chunks(rows, ENTITIES) == {(0, 1, 2, "PER"), (0, 3, 3, "LOC"), (1, 0, 0, "LOC")}


@given(st.lists(st.lists(st.sampled_from(range(5)), min_size=1, max_size=8), min_size=1))
def test_chunks_of_a_sentence_do_not_overlap_and_hold_every_entity_token(
    rows: list[list[int]]
) -> None:
    found = sorted(chunks(rows, ENTITIES))
    covered = [(number, place) for number, first, last, _ in found
               for place in range(first, last + 1)]
    assert len(covered) == len(set(covered))
    assert set(covered) == {(number, place) for number, tags in enumerate(rows)
                            for place, tag in enumerate(tags) if tag}


def test_a_sentence_of_another_length_is_refused_by_row() -> None:
    for score in (lambda *rows: chunk_f1(*rows, UPOS), tag_accuracy):
        with pytest.raises(ValueError, match=r"got 1 for 2 tokens \(row 1\)"):
            score([[1], [1, 2]], [[1], [1]])


@given(st.lists(st.lists(st.integers(0, CONSTANTS_TRIED - 1), min_size=1), min_size=1))
def test_of_twenty_tags_no_constant_beats_the_best_that_was_tried(gold: list[list[int]]) -> None:
    labels = [f"{letter}{number}" for number, letter in enumerate("BIOES.NVADX" * 2)]
    assert constant_chunk_f1(gold, labels) == max(
        chunk_f1(gold, [[tag] * len(row) for row in gold], labels)
        for tag in range(CONSTANTS_TRIED))


def test_of_more_tags_the_most_frequent_are_tried_alone() -> None:
    labels = [f"N{number}" for number in range(CONSTANTS_TRIED + 1)]
    # Of two tokens each but the last, which makes whole sentences of one: the best, and the rarest.
    gold = [[tag, tag, 0] for tag in range(1, CONSTANTS_TRIED)] + [[0, 1], [CONSTANTS_TRIED]]
    rare = chunk_f1(gold, [[CONSTANTS_TRIED] * len(row) for row in gold], labels)
    assert constant_chunk_f1(gold, labels) == 0 < rare
