"""Encoded items: token ids in flat arrays, whose batches are padded by one gather."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IGNORED", "Encoded", "Padded"]

IGNORED = -100  # the target of a token that no loss counts, as in torch's cross_entropy
Array = NDArray[Any]


@dataclass(frozen=True)
class Padded:
    """A batch of sequences: `ids` int64 [sequences, length], `mask` bool, `types` int64."""

    ids: Array
    mask: Array
    types: Array


@dataclass(frozen=True)
class Encoded:
    """Items as flat arrays.

    `ids` int32 [tokens]; sequence i is `ids[offsets[i]:offsets[i + 1]]`, `offsets` int64
    [sequences + 1]; item i has the `width` sequences from i * width on, one but for multiple
    choice. `items` holds arrays of one value an item: always `row` (its source row) and `second`
    (where its second segment begins, its length if it has none; for multiple choice [items,
    width]), by kind `label`, `start`, `end`.
    `tokens` holds arrays of one value a token: for tagging `tag` (`IGNORED` but on the first
    piece of a word) and `word`; for qa `char_start` and `char_end` in the context, -1 outside.
    """

    ids: Array
    offsets: Array
    items: dict[str, Array] = field(default_factory=dict)
    tokens: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items["second"])

    @property
    def width(self) -> int:
        """Sequences of each item."""
        return self.items["second"].size // len(self)

    @property
    def lengths(self) -> Array:
        """Tokens of each sequence, int64 [sequences]."""
        return np.diff(self.offsets)

    @property
    def longest(self) -> Array:
        """Tokens of each item's longest sequence, int64 [items]: what padding goes by."""
        longest: Array = self.lengths.reshape(len(self), -1).max(axis=1)
        return longest

    def tokens_in(self, chosen: Array) -> int:
        """Return the number of tokens of the chosen items."""
        first = chosen * self.width
        return int((self.offsets[first + self.width] - self.offsets[first]).sum())

    def take(self, chosen: Array) -> Encoded:
        """Return the chosen items, in that order, as a compact copy."""
        sequences = self._sequences(chosen)
        lengths = self.lengths[sequences]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        gather = np.repeat(self.offsets[sequences] - offsets[:-1], lengths)
        gather += np.arange(offsets[-1])
        return Encoded(
            self.ids[gather],
            offsets,
            {name: values[chosen] for name, values in self.items.items()},
            {name: values[gather] for name, values in self.tokens.items()},
        )

    def pad(self, chosen: Array, pad_id: int) -> Padded:
        """Return the chosen items' sequences, padded on the right to the longest."""
        places, mask = self._places(chosen)
        ids = np.where(mask, self.ids[places], pad_id).astype(np.int64)
        second = self.items["second"][chosen].reshape(-1, 1)
        types = (np.arange(mask.shape[1]) >= second) & mask
        return Padded(ids, mask, types.astype(np.int64))

    def pad_tokens(self, name: str, chosen: Array) -> Array:
        """Return one array of `tokens` as int64 [sequences, length], `IGNORED` where padded."""
        places, mask = self._places(chosen)
        return np.where(mask, self.tokens[name][places], IGNORED).astype(np.int64)

    def _places(self, chosen: Array) -> tuple[Array, Array]:
        sequences = self._sequences(chosen)
        starts = self.offsets[sequences]
        lengths = self.offsets[sequences + 1] - starts
        steps = np.arange(lengths.max())
        mask = steps < lengths[:, None]
        return np.where(mask, starts[:, None] + steps, 0), mask

    def _sequences(self, chosen: Array) -> Array:
        """Return the sequences of the chosen items, one item after the other."""
        width = self.width
        return chosen if width == 1 else (chosen[:, None] * width + np.arange(width)).ravel()

    @classmethod
    def join(cls, parts: list[Encoded]) -> Encoded:
        """Return the items of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            {name: np.concatenate([part.items[name] for part in parts]) for name in parts[0].items},
            {name: np.concatenate([part.tokens[name] for part in parts])
             for name in parts[0].tokens},
        )
