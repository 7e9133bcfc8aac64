"""A user's own files that tests write: JSON lines, Parquet, tagged text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spaces.data_sources import FilesSource
from spaces.tasks import CANONICAL_COLUMNS, Kind, Task
from trainables.files import LABELS_FILE

COLOURS = ("blue", "red")
TAGS = ("even", "odd", "mark")


def own_task(directory: Path, kind: Kind = Kind.PAIR, **fields: Any) -> Task:
    """Return a task over the files of a directory, in canonical columns unless told otherwise."""
    columns = {name: name for name in CANONICAL_COLUMNS[kind]} | fields.pop("columns", {})
    source = FilesSource(directory=str(directory), columns=columns,
                         splits={"train": "train", "validation": "validation", "test": "test"})
    labels = {Kind.PAIR: COLOURS, Kind.TAGGING: TAGS, Kind.MULTIPLE_CHOICE: ("1", "2", "3")}
    return Task(**{
        "name": "own", "kind": kind, "roles": ("intermediate", "target"), "train": ("en", "de"),
        "evaluation": ("en", "de", "fi"), "labels": labels.get(kind, ()), "source": source,
        "metric": "f1" if kind in (Kind.QA, Kind.TAGGING) else "accuracy"} | fields)


def pairs(name: str, count: int) -> list[dict[str, Any]]:
    """Return rows whose label is the colour in their second text."""
    return [{"text": f"w{row % 30} {name}", "text_pair": f"w{row % 7} {COLOURS[row % 2]} w{row}",
             "label": COLOURS[row % 2]} for row in range(count)]


def sentences(count: int, first: int = 0) -> list[list[tuple[str, str]]]:
    """Return sentences whose tags say whether a word's number is even."""
    return [[(f"w{(row * 7 + place) % 30}", TAGS[(row * 7 + place) % 30 % 2])
             for place in range(2 + row % 5)] + [("is", "mark")]
            for row in range(first, first + count)]


def write_json(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    return write_text(path, "".join(f"{json.dumps(row)}\n" for row in rows))


def write_tagged(path: Path, given: Sequence[Sequence[tuple[str, str]]]) -> Path:
    return write_text(path, "\n".join("".join(f"{token}\t{tag}\n" for token, tag in sentence)
                                      for sentence in given))


def write_labels(directory: Path, labels: Sequence[str]) -> Path:
    return write_text(directory / LABELS_FILE, "".join(f"{label}\n" for label in labels))


def write_text(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
