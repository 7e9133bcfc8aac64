"""A study with two tasks of the user's own, and their files beside it."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.search.good_study import good
from tests.trainables.own_files import (
    COLOURS,
    TAGS,
    pairs,
    sentences,
    write_json,
    write_labels,
    write_tagged,
)


def write_study(place: Path) -> Path:
    """Write a study with two tasks of the user's own, and their files beside it."""
    for code, split in (("en", "train"), ("de", "train"), ("el", "test"), ("tr", "test")):
        write_json(place / f"mine/{code}/{split}.jsonl", pairs(f"{code}-{split}", 40))
        write_tagged(place / f"tags/{code}/{split}.conll",
                     sentences(40, 1 + 50 * (split == "test")))
    write_labels(place / "tags", TAGS)
    own = {"mine": {"kind": "pair", "metric": "accuracy", "files": "mine", "labels": list(COLOURS),
                    "train": ["en", "de"], "evaluation": ["el", "tr"]},
           "tags": {"kind": "tagging", "metric": "accuracy", "files": "tags",
                    "train": ["en", "de"]}}
    study = good(tasks=own, intermediate__tasks=["tags", "lab-kind"],
                 targets__tasks=["mine", "lab-measure"])
    (place / "study.yaml").write_text(yaml.safe_dump(study))
    return place / "study.yaml"
