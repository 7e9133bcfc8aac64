"""Halves: of a language with one split alone, which rows score on which panel."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from spaces.value import digest_of
from trainables.rows import DataError, Rows
from trainables.scores import PanelName

__all__ = ["half"]


def half(rows: Rows, panel: PanelName) -> Rows:
    """Return the panel's half of a split: the rows whose document's hash falls to it.

    The same documents go to the same half in every language and every process.

    Raises:
        DataError: if no row falls to it.
    """
    wanted = 0 if panel == "selection" else 1
    mask = [hashlib.sha256(name.encode()).digest()[0] % 2 == wanted
            for name in rows.table["document"].to_pylist()]
    if not any(mask):
        raise DataError(f"{rows.place} must have rows in both of its halves, got none in the half "
                        f"of the {panel} panel")
    return rows.taken(rows.table.filter(pa.array(mask)).combine_chunks(),
                      digest_of([rows.fingerprint, mask]))
