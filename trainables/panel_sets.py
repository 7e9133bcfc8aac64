"""Panel sets: which rows score a target task, in which language, on which panel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spaces.data_sources import LabSource
from spaces.fidelity import Fidelity, Panels
from spaces.tasks import UNCOUNTED, Kind, Task
from spaces.value import Value, digest_of
from trainables.extents import extent_of
from trainables.rows import DataError, Rows
from trainables.scores import PanelName
from trainables.sources import Sources

__all__ = ["NON_COPY_BELOW", "NON_COPY_ROWS", "PanelSet", "gold_of", "non_copy_rows",
           "panel_languages", "panel_sets", "subset"]

_PANELS: tuple[PanelName, ...] = ("selection", "report")

# A row is no near-copy of English below this edit similarity; fewer such rows are not scored.
NON_COPY_BELOW = 0.3
NON_COPY_ROWS = 20


class PanelSet(Value):
    """One (target task, language, panel) to score.

    `rows` caps its rows; `data` is the fingerprint of all of them; `official` says that they
    are an official split, whole, as far as its published size is known.
    """

    task: str
    language: str
    panel: PanelName
    rows: int
    data: str
    official: bool


def panel_sets(task: Task, panels: Panels, fidelity: Fidelity,
               sources: Sources) -> Iterator[PanelSet]:
    """Yield what scores a task: each panel's languages, with their data.

    Raises:
        DataError: if a panel has none of the task's languages, or rows are missing or wrong.
    """
    for panel, language in panel_languages(task, panels, fidelity):
        rows, official = sources.panel_rows(task, language, panel)
        yield PanelSet(task=task.name, language=language, panel=panel,
                       rows=fidelity.evaluation_rows, data=rows.fingerprint,
                       official=official and len(rows) <= fidelity.evaluation_rows
                       and not extent_of(rows).is_part)


def panel_languages(task: Task, panels: Panels,
                    fidelity: Fidelity) -> Iterator[tuple[PanelName, str]]:
    """Yield each panel's languages that the task has, up to the fidelity's number.

    Raises:
        DataError: if a panel has none of the task's languages.
    """
    for panel in _PANELS:
        listed = getattr(panels, panel).languages
        languages = [code for code in listed if code in task.evaluation]
        if not languages:
            raise DataError(f"a panel must have one of a target's languages, got "
                            f"{', '.join(listed)} for {task.name} ({panel})")
        for language in languages[: fidelity.evaluation_languages]:
            yield panel, language


def subset(rows: Rows, count: int) -> Rows:
    """Return at most `count` rows, those whose ids' hashes are smallest, in the rows' order.

    Ids are alike in all languages of a parallel set, so its subsets are parallel too.
    """
    if len(rows) <= count:
        return rows
    hashes = [hashlib.sha256(name.encode()).digest() for name in rows.table["id"].to_pylist()]
    chosen = np.sort(np.asarray(sorted(range(len(rows)), key=hashes.__getitem__)[:count]))
    return rows.taken(rows.table.take(pa.array(chosen)).combine_chunks(),
                      digest_of([rows.fingerprint, chosen.tolist()]))


def non_copy_rows(rows: Rows) -> NDArray[np.int64]:
    """Return the positions of the rows that are no near-copies of English.

    None of a task's but the lab's, nor where they are fewer than `NON_COPY_ROWS`.
    """
    if not isinstance(rows.task.source_of(rows.split), LabSource):
        return np.empty(0, dtype=np.int64)
    from trainables.lab.similarity import row_similarities  # a study of hub data does without

    found = np.flatnonzero(row_similarities(rows) < NON_COPY_BELOW)
    return found if len(found) >= NON_COPY_ROWS else found[:0]


def gold_of(rows: Rows) -> list[Any]:
    """Return what metrics compare with: labels, counted tags, answers, positions in the pool.

    Of ranking that is a list of positions. The answer to a question that has none is the empty
    text.
    """
    match rows.task.kind:
        case Kind.TAGGING:
            gold: list[Any] = [[tag for tag in tags if tag != UNCOUNTED]
                               for tags in rows.table["tags"].to_pylist()]
        case Kind.QA:
            gold = [answers or [""] for answers in rows.table["answers"].to_pylist()]
        case Kind.RETRIEVAL:
            gold = list(range(len(rows)))
        case Kind.RANKING:
            assert rows.pool is not None  # checked on construction
            places = rows.pool.places
            gold = [[places[name] for name in names]
                    for names in rows.table["relevant"].to_pylist()]
        case _:
            gold = rows.table["label"].to_pylist()
    return gold
