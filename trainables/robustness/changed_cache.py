"""The cache of changed rows: on disk once per rows, perturbation and draw, mapped by every process.

All trials of a study are asked the same changed rows, and finding a rate alone edits a set's texts
ten times over, letter by letter: without it that is most of a small encoder's evaluation, and time
that a device stands idle. Files are kept as `kept_files.py` keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from spaces.robustness import Perturbation
from spaces.value import digest_of
from trainables.arrow_files import map_table, write_table
from trainables.kept_files import opened
from trainables.robustness.perturbed_rows import (
    VERSION,
    Calibration,
    Changed,
    calibrate,
    changed_rows,
    fingerprint_of_changed,
)
from trainables.rows import Rows
from trainables.tokenizer import Tokenizer

__all__ = ["ChangedCache"]

_SHARE = b"share"


class ChangedCache:
    """Changed rows, and the rates that reach a severity, under a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def rates(
        self, rows: Rows, fertilities: Mapping[Perturbation, float], tokenizer: Tokenizer, seed: int
    ) -> dict[Perturbation, Calibration]:
        """Return how each kind reaches its severity, without the kinds that change nothing here."""
        key = digest_of([VERSION, rows.fingerprint, tokenizer.fingerprint, seed, fertilities])

        def write(draft: Path) -> None:
            found = {kind: calibrate(rows, kind, fertility, tokenizer, seed)
                     for kind, fertility in fertilities.items()}
            draft.write_text(json.dumps({kind: asdict(rate) for kind, rate in found.items()
                                         if rate is not None}), encoding="utf-8")

        return opened(self._directory / f"{key}.rates", rows.place, write=write, read=_rates)

    def changed(self, rows: Rows, kind: Perturbation, rate: float, seed: int, query: int
                ) -> Changed:
        """Return the rows at a rate, by the draws of one query."""
        fingerprint = fingerprint_of_changed(rows, kind, rate, seed, query)

        def write(draft: Path) -> None:
            made = changed_rows(rows, kind, rate, seed, query)
            write_table(made.rows.table.replace_schema_metadata({_SHARE: repr(made.share)}), draft)

        def read(path: Path) -> Changed:
            table = map_table(path)
            share = float(table.schema.metadata[_SHARE])
            return Changed(rows.taken(table.replace_schema_metadata(), fingerprint), share)

        return opened(self._directory / f"{fingerprint}.arrow", f"{rows.place}, {kind}",
                      write=write, read=read)


def _rates(path: Path) -> dict[Perturbation, Calibration]:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {kind: Calibration(**rate) for kind, rate in kept.items()}
