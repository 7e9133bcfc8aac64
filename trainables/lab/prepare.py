"""Makes parts of the lab ahead of their first use, as a process: what to make comes as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import find_task
from trainables.lab.lab import Lab

__all__ = ["main"]


def main() -> None:
    """Read `cache`, `vocabularies` and `rows` (task, language) from standard input; make them.

    A line on standard output says that the tokenizers are there.
    """
    wanted = json.load(sys.stdin)
    os.nice(10)  # Ray's start takes longer, and everything waits for that
    lab = Lab(Path(wanted["cache"]))
    if wanted["vocabularies"]:
        lab.parallel_text()
    for vocabulary in wanted["vocabularies"]:
        lab.tokenizer(vocabulary)
    sys.stdout.write("tokenizers\n")
    sys.stdout.flush()
    os.nice(9)  # the first phase needs no rows: they give way to whatever starts
    for name, language in wanted["rows"]:
        task = find_task(name, LAB_TASKS)
        lab.rows(task, language, "train" if task.trained else "test")  # which makes all splits
