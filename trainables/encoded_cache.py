"""The cache of encoded rows: on disk once per rows and tokenizer, memory-mapped by every process.

An entry is one safetensors file, as `kept_files.py` keeps them. Processes that make the same entry
at once both succeed.
"""

from __future__ import annotations

import json
import mmap
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from spaces.tasks import Kind
from spaces.value import digest_of
from trainables.encoded import Encoded
from trainables.encoding import encode, encode_pool
from trainables.kept_files import opened
from trainables.pool import Pool
from trainables.rows import Rows
from trainables.tokenizer import Tokenizer

__all__ = ["EncodedCache", "open_cache"]

VERSION = 1  # of the encoding, part of every key; a test watches the code for changes
_IN_MEMORY = 128  # mapped entries a process holds
_DTYPES = {"I32": np.int32, "I64": np.int64}


class EncodedCache:
    """Encoded rows under a directory, the latest used ones mapped into memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mapped: OrderedDict[str, Encoded] = OrderedDict()

    def get(self, rows: Rows, tokenizer: Tokenizer, max_length: int) -> Encoded:
        """Return the items of `rows`, encoding them if nobody has yet.

        Raises:
            DataError: if they cannot be encoded.
        """
        return self._kept(
            digest_of([VERSION, rows.fingerprint, tokenizer.fingerprint, rows.task.kind.value,
                       max_length]),
            rows.place, lambda: encode(rows, tokenizer, max_length))

    def get_pool(self, pool: Pool, tokenizer: Tokenizer, max_length: int) -> Encoded:
        """Return the items of a pool's candidates, in its order."""
        return self._kept(
            digest_of([VERSION, pool.fingerprint, tokenizer.fingerprint, "pool", max_length]),
            "a pool of candidates", lambda: encode_pool(pool.table, tokenizer, max_length))

    def _kept(self, key: str, what: str, make: Callable[[], Encoded]) -> Encoded:
        if key not in self._mapped:
            self._mapped[key] = opened(self._directory / f"{key}.safetensors", what, read=_map,
                                       write=lambda draft: _save(make(), draft))
        self._mapped.move_to_end(key)
        while len(self._mapped) > _IN_MEMORY:
            self._mapped.popitem(last=False)
        return self._mapped[key]

    def get_english(self, rows: Rows, tokenizer: Tokenizer, max_length: int) -> Encoded:
        """Return the items of the `english` column of a retrieval task's rows."""
        table = rows.table.set_column(
            rows.table.schema.get_field_index("text"), "text", rows.table["english"])
        english = Rows(rows.task, rows.language, rows.split, table, f"{rows.fingerprint}-english")
        assert rows.task.kind is Kind.RETRIEVAL
        return self.get(english, tokenizer, max_length)


@lru_cache(maxsize=4)
def open_cache(directory: Path) -> EncodedCache:
    """Return this process's cache under a directory, so that trials share what is mapped."""
    return EncodedCache(directory)


def _save(encoded: Encoded, path: Path) -> None:
    arrays = {"ids": encoded.ids, "offsets": encoded.offsets}
    arrays |= {f"items.{name}": values for name, values in encoded.items.items()}
    arrays |= {f"tokens.{name}": values for name, values in encoded.tokens.items()}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _map(path: Path) -> Encoded:
    """Return views into the mapped file; its format is safetensors', read without a copy."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = 8 + int.from_bytes(mapped[:8], "little")
    header: dict[str, Any] = json.loads(mapped[8:start])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            dtype = np.dtype(_DTYPES[entry["dtype"]])
            flat = np.frombuffer(mapped, dtype, (high - low) // dtype.itemsize, start + low)
            arrays[name] = flat.reshape(entry["shape"])
    encoded = Encoded(arrays["ids"], arrays["offsets"])
    for name, array in arrays.items():
        group, _, field = name.partition(".")
        if field:
            (encoded.items if group == "items" else encoded.tokens)[field] = array
    return encoded
