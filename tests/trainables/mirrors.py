"""Small offline mirrors that tests write: the benchmarks' repositories with made-up rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

UPOS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON",
        "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X")
NLI = ("entailment", "neutral", "contradiction")


def udpos_rows(language: str, count: int) -> dict[str, list[Any]]:
    return {
        "tokens": [[f"{language}{row}", "sees", "."] for row in range(count)],
        "pos_tags": [[7, 15, 12] for _ in range(count)],
    }


def nli_rows(language: str, count: int) -> dict[str, list[Any]]:
    return {
        "premise": [f"{language} premise {row // 3}" for row in range(count)],
        "hypothesis": [f"{language} hypothesis {row}" for row in range(count)],
        "label": [row % 3 for row in range(count)],
    }


def tatoeba_rows(language: str, count: int) -> dict[str, list[Any]]:
    return {
        "source_sentence": [f"{language} sentence {row}\n" for row in range(count)],
        "target_sentence": [f"sentence {row}\n" for row in range(count)],
    }


def squad_rows(count: int) -> dict[str, list[Any]]:
    return {
        "id": [f"q{row}" for row in range(count)],
        "title": [f"article {row // 2}" for row in range(count)],
        "context": [f" The answer is {row}." for row in range(count)],
        "question": [f"What is it, {row}?" for row in range(count)],
        "answers": [{"text": [str(row)], "answer_start": [15]} for row in range(count)],
    }


def choice_rows(name: str, count: int) -> dict[str, list[Any]]:
    """Return rows of three endings whose labels are texts that count from 1; the right are red."""
    colours = [["red" if place == row % 3 else "blue" for place in range(3)]
               for row in range(count)]
    return {
        "ctx": [f"w{row % 30} {name} w{row * 7 % 30}" for row in range(count)],
        "endings": [[f"w{(row + place) % 30} {colour}" for place, colour in enumerate(each)]
                    for row, each in enumerate(colours)],
        "label": [str(1 + row % 3) for row in range(count)],
    }


def alternative_rows(name: str, count: int) -> dict[str, list[Any]]:
    """Return rows of two alternatives in columns of their own; labels count from 0."""
    return {
        "premise": [f"{name} premise {row}" for row in range(count)],
        "choice1": [f"{name} cause {row}" for row in range(count)],
        "choice2": [f"{name} effect {row}" for row in range(count)],
        "label": [row % 2 for row in range(count)],
    }


def stated(column: str, names: Sequence[str]) -> dict[bytes, bytes]:
    """Return the schema metadata in which the datasets library keeps a column's label names."""
    feature = {"feature": {"names": list(names), "_type": "ClassLabel"}, "_type": "Sequence"}
    return {b"huggingface": json.dumps({"info": {"features": {column: feature}}}).encode()}


def write(
    path: Path, rows: Mapping[str, Any], metadata: Mapping[bytes, bytes] | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(dict(rows))
    pq.write_table(table.replace_schema_metadata(dict(metadata or {})), path)
    return path


def shard(mirror: Path, repository: str, config: str, split: str) -> Path:
    return mirror / repository / config / f"{split}-00000-of-00001.parquet"


def write_readme(root: Path, header: Mapping[str, Any]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / "README.md").write_text(f"---\n{yaml.safe_dump(dict(header))}---\n\n# data\n")


def write_mirror(mirror: Path) -> Path:
    """Write UD-POS en, de, th; XNLI en, de; Tatoeba de, fr; MNLI; SQuAD."""
    for name, splits in {"English": ("train", "validation", "test"),
                         "German": ("train", "validation", "test"), "Thai": ("test",)}.items():
        for split in splits:
            write(shard(mirror, "google/xtreme", f"udpos.{name}", split),
                  udpos_rows(f"{name}-{split}-", 40), stated("pos_tags", UPOS))
    for language in ("en", "de"):
        for split in ("validation", "test"):
            write(shard(mirror, "facebook/xnli", language, split), nli_rows(language, 30),
                  stated("label", NLI))
    for language in ("deu", "fra"):
        write(shard(mirror, "google/xtreme", f"tatoeba.{language}", "validation"),
              tatoeba_rows(language, 40))
    for split in ("train", "validation_matched"):
        write(shard(mirror, "nyu-mll/glue", "mnli", split), nli_rows("mnli", 30),
              stated("label", NLI))
    for split in ("train", "validation"):
        write(shard(mirror, "rajpurkar/squad", "plain_text", split), squad_rows(8))
    return mirror
