"""Extents: whether rows are all that was published of a split, or a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import get_args

from spaces.data_sources import Split
from spaces.published_rows import published_rows
from spaces.value import Value
from trainables.rows import Rows

__all__ = ["Extent", "extent_of", "spell_parts"]


class Extent(Value):
    """How many rows of a split are there, and how many are published, unlabelled ones included.

    `published` is None where it is not documented.
    """

    task: str
    language: str
    split: Split
    rows: int
    published: int | None

    @property
    def is_part(self) -> bool:
        """Whether these are known not to be the published rows: fewer, or others as well."""
        return self.published is not None and self.rows != self.published


def extent_of(rows: Rows) -> Extent:
    """Return the extent of a whole split as it was read."""
    return Extent(task=rows.task.name, language=rows.language, split=rows.split,
                  rows=len(rows) + rows.unlabelled,
                  published=published_rows(rows.task, rows.language, rows.split))


def spell_parts(extents: Iterable[Extent]) -> list[str]:
    """Return a text for each task with other rows than published: "mnli (train 9 of 30 in en)"."""
    parts = sorted((each for each in extents if each.is_part), key=lambda each: each.task)
    return [f"{task} ({'; '.join(_by_split(list(found)))})"
            for task, found in groupby(parts, key=lambda each: each.task)]


def _by_split(parts: Sequence[Extent]) -> Iterator[str]:
    for split in get_args(Split):
        for more in (False, True):
            found = {each.language: each for each in parts
                     if each.split == split and (each.rows > (each.published or 0)) is more}
            if found:
                rows = sum(each.rows for each in found.values())
                published = sum(each.published or 0 for each in found.values())
                where = f" in {len(found)} languages" if len(found) > 1 else (
                    f" in {next(iter(found))}")
                yield (f"{split} {rows:,} {'where' if more else 'of'} {published:,}"
                       f"{' are published' if more else ''}{where}")
