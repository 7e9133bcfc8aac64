"""Tokenizers: loaded from a directory, with the rules that encoding needs."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokenizers.pre_tokenizers import ByteLevel

from trainables.rows import DataError

__all__ = ["Tokenizer", "load_tokenizer", "tokenizer_fingerprint"]

_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
          "vocab.json", "merges.txt", "added_tokens.json", "*.model")
_WINDOWED = 256


class Tokenizer:
    """A tokenizer of the transformers library and what it lacks: a pad rule and a template.

    `pad_id` is the pad token's, else the end token's, else the unknown token's: padding is
    masked, so any id does. `prefix` and `suffix` are the special tokens round one sequence.
    """

    def __init__(self, directory: Path) -> None:
        from transformers import AutoTokenizer  # torch and transformers take seconds to import

        self.directory = directory
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                str(directory), trust_remote_code=False)
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise DataError(f"a tokenizer must load, got an error: {line} ({directory})") from error
        self._tokenizer.model_max_length = 10**9  # lengths are ours to bound, without warnings
        self.is_fast = bool(self._tokenizer.is_fast)
        self.fingerprint = tokenizer_fingerprint(directory)

    @cached_property
    def pad_id(self) -> int:
        """The id that fills a batch.

        Raises:
            DataError: if the tokenizer has neither a pad nor an end nor an unknown token.
        """
        for name in ("pad_token_id", "eos_token_id", "sep_token_id", "unk_token_id"):
            if (found := getattr(self._tokenizer, name)) is not None:
                return int(found)
        raise DataError(f"a tokenizer must have a pad, end or unknown token, got none "
                        f"({self.directory})")

    @cached_property
    def unknown_id(self) -> int:
        """The id of a word that has no pieces, such as a lone control character."""
        found = self._tokenizer.unk_token_id
        return self.pad_id if found is None else int(found)

    @cached_property
    def mask_id(self) -> int:
        """The id of the mask token.

        Raises:
            DataError: if the tokenizer has none.
        """
        if self._tokenizer.mask_token_id is None:
            raise DataError(f"a tokenizer must have a mask token for masked-language modelling, "
                            f"got none ({self.directory})")
        return int(self._tokenizer.mask_token_id)

    @cached_property
    def special_ids(self) -> tuple[int, ...]:
        """The ids of all special tokens, rising."""
        return tuple(sorted(self._tokenizer.all_special_ids))

    def __len__(self) -> int:
        return len(self._tokenizer)

    @cached_property
    def _template(self) -> tuple[list[int], list[int]]:
        plain = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        whole = self._tokenizer("a")["input_ids"]
        for start in range(len(whole) - len(plain) + 1):
            if whole[start : start + len(plain)] == plain:
                return whole[:start], whole[start + len(plain) :]
        raise DataError(f"a tokenizer must put special tokens around a text, not within it "
                        f"({self.directory})")

    @property
    def prefix(self) -> list[int]:
        """The special tokens before a sequence."""
        return self._template[0]

    @property
    def suffix(self) -> list[int]:
        """The special tokens after a sequence."""
        return self._template[1]

    def encode(self, texts: list[str], pairs: list[str] | None, *, max_length: int) -> Any:
        """Return `input_ids` and `token_type_ids` of texts or pairs, the longest side cut first."""
        return self._tokenizer(texts, pairs, truncation="longest_first", max_length=max_length,
                               return_token_type_ids=True, return_attention_mask=False)

    def encode_whole(self, texts: list[str]) -> list[list[int]]:
        """Return the ids of each text, however long, without special tokens."""
        found: list[list[int]] = self._tokenizer(texts, add_special_tokens=False,
                                                 return_attention_mask=False)["input_ids"]
        return found

    def encode_words(self, sentences: list[list[str]]) -> list[list[list[int]]]:
        """Return the pieces of each word of each sentence, without special tokens."""
        found = self._of_words(sentences, is_split_into_words=True, add_special_tokens=False,
                               return_attention_mask=False)
        return [
            _pieces_by_word(found["input_ids"][row], found.word_ids(row), len(words))
            for row, words in enumerate(sentences)
        ]

    @cached_property
    def _of_words(self) -> Any:
        """The tokenizer with a space before each word, where bytes tell such words apart."""
        before = self._tokenizer.backend_tokenizer.pre_tokenizer if self.is_fast else None
        if not isinstance(before, ByteLevel) or before.add_prefix_space:
            return self._tokenizer
        spaced = copy.deepcopy(self._tokenizer)
        spaced.backend_tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True,
                                                           use_regex=before.use_regex)
        return spaced

    def encode_windows(
        self, questions: list[str], contexts: list[str], max_length: int
    ) -> Iterator[tuple[int, Any]]:
        """Yield windows over the contexts, each after its question, with offsets.

        Questions are cut to half the length; windows overlap by a third of what the longest of
        them leaves. They come `_WINDOWED` contexts at a time, each time with the number of the
        first: a context makes many windows, whose offsets as Python objects take much memory.
        """
        questions = [question.lstrip() for question in questions]
        cut = self._tokenizer(questions, truncation=True, max_length=max_length // 2,
                              add_special_tokens=False, return_offsets_mapping=True)
        questions = [
            text[: spans[-1][1]] if spans else text
            for text, spans in zip(questions, cut["offset_mapping"], strict=True)
        ]
        longest = max(map(len, cut["input_ids"]))
        room = max_length - longest - self._tokenizer.num_special_tokens_to_add(pair=True)
        if room < 2:
            raise DataError(f"`max_length` must leave room for a context, got {max_length}")
        for first in range(0, len(contexts), _WINDOWED):
            part = slice(first, first + _WINDOWED)
            yield first, self._tokenizer(
                questions[part], contexts[part], truncation="only_second", max_length=max_length,
                stride=room // 3, return_overflowing_tokens=True, return_offsets_mapping=True,
                return_token_type_ids=True, return_attention_mask=False,
            )


def _pieces_by_word(ids: list[int], words: list[int | None], count: int) -> list[list[int]]:
    pieces: list[list[int]] = [[] for _ in range(count)]
    edges = [place for place in range(len(ids)) if place == 0 or words[place] != words[place - 1]]
    for start, end in pairwise([*edges, len(ids)]):
        word = words[start]
        if word is not None:
            pieces[word] += ids[start:end]
    return pieces


@lru_cache(maxsize=8)
def load_tokenizer(directory: Path) -> Tokenizer:
    """Return the tokenizer of a directory, loaded once per process."""
    return Tokenizer(directory)


@lru_cache(maxsize=64)
def tokenizer_fingerprint(directory: Path) -> str:
    """Return 16 hexadecimal digits over the tokenizer's files.

    Raises:
        DataError: if the directory has none.
    """
    paths = sorted(path for name in _FILES for path in directory.glob(name))
    if not paths:
        raise DataError(f"a tokenizer's directory must hold tokenizer.json or a vocabulary, "
                        f"got none ({directory})")
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]
