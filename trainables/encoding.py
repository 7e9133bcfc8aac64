"""Encoding: rows of text become flat arrays of token ids, once per rows and tokenizer.

An item is what a head reads at once: a row, a piece of a long sentence or text, or a window of a
long context. It is one sequence of tokens, or for multiple choice one sequence an option. Sequences
lie end to end in flat arrays, so that padding a batch is one gather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spaces.tasks import UNCOUNTED, Kind
from trainables.encoded import IGNORED, Encoded
from trainables.rows import DataError, Rows
from trainables.tokenizer import Tokenizer

__all__ = ["encode", "encode_pool", "encode_text", "encode_translations", "span_targets"]

_CHUNK = 4_096  # questions whose longest decides how much room contexts have
# Sequences tokenised at once; a tokenizer holds all that it cuts off as well, of a choice's long
# prompt once for each option.
_AT_ONCE = 1_024
Array = NDArray[Any]


def encode(rows: Rows, tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Return the items of a task's rows; of retrieval and ranking those are the `text`s.

    Raises:
        DataError: if the kind needs a fast tokenizer and this is none, or leaves no room.
    """
    build = _BY_KIND[rows.task.kind]
    if rows.task.kind in (Kind.TAGGING, Kind.QA) and not tokenizer.is_fast:
        raise DataError(f"a tokenizer must be a fast one for {rows.task.kind.value} "
                        f"({rows.task.name}), got a slow one: {tokenizer.directory}")
    return Encoded.join(list(build(rows.table, tokenizer, max_length)))


def encode_pool(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Return one item a candidate: column `text`, and `text_pair` where there is one.

    The longer side is cut off where both have more than `max_length` tokens.
    """
    return Encoded.join(list(_encode_sequences(table, tokenizer, max_length)))


def encode_text(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Return one item a text: column `text`, with its `text_pair` where that is not null.

    The longer side is cut off where both have more than `max_length` tokens. Items of single
    texts come first.
    """
    single = pc.is_null(table["text_pair"])
    parts = (table.filter(single).select(["text"]),
             table.filter(pc.invert(single)).select(["text", "text_pair"]))
    return Encoded.join([encoded for part in parts
                         for encoded in _encode_sequences(part, tokenizer, max_length)])


def encode_translations(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Return one item a row of two sequences: columns `text` and `translation`."""
    sides = (table["text"].to_pylist(), table["translation"].to_pylist())
    found = tokenizer.encode(list(chain.from_iterable(zip(*sides, strict=True))), None,
                             max_length=max_length)
    encoded = _flat(found["input_ids"], None, {"row": np.arange(len(table), dtype=np.int32)})
    encoded.items["second"] = encoded.items["second"].reshape(-1, 2)
    return encoded


def _encode_sequences(
    table: pa.Table, tokenizer: Tokenizer, max_length: int
) -> Iterator[Encoded]:
    """Classification, pairs (the longer side is cut first), retrieval, ranking, plain text."""
    for first_row, chunk in _chunks(table, _AT_ONCE):
        texts = chunk["text"].to_pylist()
        pairs = chunk["text_pair"].to_pylist() if "text_pair" in chunk.column_names else None
        found = tokenizer.encode(texts, pairs, max_length=max_length)
        items = {"row": np.arange(first_row, first_row + len(texts), dtype=np.int32)}
        if "label" in chunk.column_names:
            items["label"] = chunk["label"].to_numpy()
        yield _flat(found["input_ids"], found["token_type_ids"], items)


def _encode_choices(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Iterator[Encoded]:
    """Each option as the pair (prompt, option), the longer side cut first at its end.

    Source: transformers' multiple-choice example on SWAG; a row's pairs are cut each for itself.
    """
    for first_row, chunk in _chunks(table, _AT_ONCE // 4):
        options = chunk["options"].to_pylist()
        width = len(options[0])
        prompts = [prompt for prompt in chunk["prompt"].to_pylist() for _ in range(width)]
        found = tokenizer.encode(prompts, list(chain.from_iterable(options)),
                                 max_length=max_length)
        encoded = _flat(found["input_ids"], found["token_type_ids"], {
            "row": np.arange(first_row, first_row + len(options), dtype=np.int32),
            "label": chunk["label"].to_numpy()})
        encoded.items["second"] = encoded.items["second"].reshape(-1, width)
        yield encoded


def _encode_whole(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Iterator[Encoded]:
    """All of each text: one too long for an item makes several, of lengths that differ by one.

    So no item is a left-over of a token or two, with nothing around it to restore them from.
    """
    room = _room(tokenizer, max_length)
    for first_row, chunk in _chunks(table, _AT_ONCE):
        built = [(first_row + number, [*tokenizer.prefix, *part, *tokenizer.suffix])
                 for number, ids in enumerate(tokenizer.encode_whole(chunk["text"].to_pylist()))
                 for part in _parts(ids, room)]
        rows, items = zip(*built, strict=True)
        yield _flat(list(items), None, {"row": np.asarray(rows, np.int32)})


def _parts(ids: list[int], room: int) -> Iterator[list[int]]:
    """Yield the fewest parts of at most `room` ids, one where there is none."""
    count = max(1, -(-len(ids) // room))
    for start, end in pairwise(len(ids) * part // count for part in range(count + 1)):
        yield ids[start:end]


def _room(tokenizer: Tokenizer, max_length: int) -> int:
    room = max_length - len(tokenizer.prefix) - len(tokenizer.suffix)
    if room < 1:
        raise DataError(f"`max_length` must leave room for a word, got {max_length}")
    return room


def _encode_tagging(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Iterator[Encoded]:
    """First piece of each word labelled; a sentence too long for one item makes several."""
    room = _room(tokenizer, max_length)
    for first_row, chunk in _chunks(table, _AT_ONCE):
        sentences, tags = chunk["tokens"].to_pylist(), chunk["tags"].to_pylist()
        pieces = tokenizer.encode_words(sentences)
        built = [
            (first_row + number, *item)
            for number, (words, labels) in enumerate(zip(pieces, tags, strict=True))
            for item in _sentence_items(words, labels, room, tokenizer)
        ]
        rows, ids, item_tags, item_words = zip(*built, strict=True)
        encoded = _flat(list(ids), None, {"row": np.asarray(rows, np.int32)})
        encoded.tokens["tag"] = _concatenate(item_tags)
        encoded.tokens["word"] = _concatenate(item_words)
        yield encoded


def _sentence_items(
    words: list[list[int]], labels: list[int], room: int, tokenizer: Tokenizer
) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Yield (ids, tags, word numbers) of each item of one sentence, split between words."""
    words = [(pieces or [tokenizer.unknown_id])[:room] for pieces in words]
    ends, used = [0], 0
    for number, pieces in enumerate(words):
        if used + len(pieces) > room:
            ends.append(number)
            used = 0
        used += len(pieces)
    head, tail = len(tokenizer.prefix), len(tokenizer.suffix)
    for start, end in pairwise([*ends, len(words)]):
        rests = [[IGNORED] * (len(pieces) - 1) for pieces in words[start:end]]
        numbers = range(start, end)
        ids = [*tokenizer.prefix, *chain.from_iterable(words[start:end]), *tokenizer.suffix]
        counted = [IGNORED if labels[n] == UNCOUNTED else labels[n] for n in numbers]
        tags = chain.from_iterable([tag, *rest] for tag, rest in zip(counted, rests, strict=True))
        places = chain.from_iterable(([n] + rest) for n, rest in zip(numbers, rests, strict=True))
        yield (ids, [IGNORED] * head + list(tags) + [IGNORED] * tail,
               [IGNORED] * head + list(places) + [IGNORED] * tail)


def _encode_qa(table: pa.Table, tokenizer: Tokenizer, max_length: int) -> Iterator[Encoded]:
    """Windows over the context that overlap by a third; the first answer is the target.

    A window without the whole answer has its target on the first token, as in the field's
    recipes (BERT, Devlin et al. 2019, appendix).
    """
    for first_row, chunk in _chunks(table, _CHUNK):
        windows = tokenizer.encode_windows(
            chunk["question"].to_pylist(), chunk["context"].to_pylist(), max_length
        )
        for first, found in windows:
            rows = first + np.asarray(found["overflow_to_sample_mapping"], np.int32)
            encoded = _flat(found["input_ids"], found["token_type_ids"], {"row": rows + first_row})
            spans = np.asarray(list(chain.from_iterable(found["offset_mapping"])), np.int32)
            in_context = np.fromiter(
                (part == 1 for window in range(len(rows)) for part in found.sequence_ids(window)),
                bool, len(spans))
            encoded.tokens["char_start"] = np.where(in_context, spans[:, 0], -1)
            encoded.tokens["char_end"] = np.where(in_context, spans[:, 1], -1)
            _place_answers(encoded, chunk, rows)
            yield encoded


def _place_answers(encoded: Encoded, chunk: pa.Table, rows: Array) -> None:
    """Set `start` and `end`, the first and last token of the first answer within each item."""
    starts = [places[0] if places else -1 for places in chunk["answer_starts"].to_pylist()]
    ends = [start + len(texts[0]) if texts else -1
            for start, texts in zip(starts, chunk["answers"].to_pylist(), strict=True)]
    targets = span_targets(encoded, np.asarray(starts)[rows], np.asarray(ends)[rows])
    encoded.items["start"], encoded.items["end"] = targets


def span_targets(encoded: Encoded, first_char: Array, last_char: Array) -> Array:
    """Return the first and last token, int64 [2, items], of a span of each item's context.

    A span runs from `first_char` to before `last_char`, both [items]; the first of -1 is no span.
    An item without the whole span has its target on the first token.
    """
    targets = np.zeros((2, len(encoded)), np.int64)
    for item, (low, high) in enumerate(pairwise(encoded.offsets)):
        begins = encoded.tokens["char_start"][low:high]
        stops = encoded.tokens["char_end"][low:high]
        inside = np.flatnonzero((begins >= 0) & (stops > first_char[item])
                                & (begins < last_char[item]))
        whole = inside.size and (begins[inside[0]] <= first_char[item]
                                 and stops[inside[-1]] >= last_char[item])
        if whole and first_char[item] >= 0:
            targets[:, item] = inside[0], inside[-1]
    return targets


def _chunks(table: pa.Table, size: int) -> Iterator[tuple[int, pa.Table]]:
    for first in range(0, table.num_rows, size):
        yield first, table.slice(first, size)


def _flat(
    ids: list[list[int]], types: list[list[int]] | None, items: dict[str, Array]
) -> Encoded:
    """Lay lists of ids end to end; `types` give where second segments begin."""
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    second = lengths.copy()
    if types is not None:
        second = np.fromiter(
            (kinds.index(1) if 1 in kinds else len(kinds) for kinds in types), np.int64, len(ids))
    return Encoded(_concatenate(ids), np.concatenate([[0], np.cumsum(lengths)]),
                   {**items, "second": second.astype(np.int32)})


def _concatenate(lists: Any) -> Array:
    return np.fromiter(chain.from_iterable(lists), np.int32)


_BY_KIND: dict[Kind, Callable[[pa.Table, Tokenizer, int], Iterator[Encoded]]] = {
    Kind.CLASSIFICATION: _encode_sequences,
    Kind.PAIR: _encode_sequences,
    Kind.RETRIEVAL: _encode_sequences,
    Kind.RANKING: _encode_sequences,
    Kind.TAGGING: _encode_tagging,
    Kind.QA: _encode_qa,
    Kind.MULTIPLE_CHOICE: _encode_choices,
    Kind.MLM: _encode_whole,
}
