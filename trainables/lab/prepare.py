"""Makes parts of the lab ahead of their first use, as a process: what to make comes as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from spaces.lab_tasks import LAB_TASKS
from trainables.lab.lab import Lab

__all__ = ["main"]


def main() -> None:
    """Read `cache`, `vocabularies` and `languages` from standard input and make them."""
    wanted = json.load(sys.stdin)
    lab = Lab(Path(wanted["cache"]))
    for vocabulary in wanted["vocabularies"]:
        lab.tokenizer(vocabulary)
    for language in wanted["languages"]:
        for task in LAB_TASKS:
            if language in task.train:
                lab.rows(task, language, "train")
