"""Shares: how much of what the CLDR lists a language says in words of its own.

`python -m trainables.lab.shares` writes the catalogue that `spaces/lab_tasks.py` reads.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator

from spaces.lab_tasks import ENTITY_KINDS, QUANTITIES, LabShare
from spaces.languages import languages
from trainables.lab.cldr import kind_of, locality
from trainables.lab.measures import UNITS, own_units
from trainables.lab.times import own_times, relative_times

__all__ = ["share_of"]


def share_of(language: str) -> LabShare:
    """Return what a language keeps once fallbacks and English left standing are dropped."""
    here = locality(language)
    names = Counter(map(kind_of, here.names))
    units = Counter(quantity for quantity, _ in own_units(language))
    listed = len(here.names) + sum(here.dropped.values())
    return LabShare(
        code=language, names=round(len(here.names) / listed, 3),
        fewest_names=min(names[kind] for kind in ENTITY_KINDS),
        units=round(units.total() / sum(map(len, UNITS.values())), 3),
        fewest_units=min(units[quantity] for quantity in QUANTITIES),
        times=round(len(own_times(language)) / sum(map(len, relative_times().values())), 3))


def _rows() -> Iterator[dict[str, object]]:
    for entry in languages("lab"):
        yield share_of(entry.code).model_dump()


def main() -> None:
    """Write the catalogue to standard output."""
    writer = csv.DictWriter(sys.stdout, list(LabShare.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows())


if __name__ == "__main__":
    main()
