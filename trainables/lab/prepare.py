"""Makes parts of the lab ahead of their first use, as a process: what to make comes as JSON.

`python -m trainables.lab.prepare CACHE` makes the whole lab.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from spaces.lab_tasks import LAB_TASKS
from spaces.models import LAB_MODELS
from spaces.tasks import find_task
from trainables.lab.lab import Lab
from trainables.priority import give_way

__all__ = ["main", "make_whole"]


def main() -> None:
    """Read `cache`, `vocabularies` and `rows` (task, language) from standard input; make them.

    A line on standard output says that what pretraining needs is there.
    """
    wanted = json.load(sys.stdin)
    gc.disable()  # rows have no cycles
    cache = Path(wanted["cache"])
    _make_text(cache, wanted["vocabularies"])
    sys.stdout.write("tokenizers\n")
    sys.stdout.flush()
    give_way(19)  # the first phase needs no rows: they give way to whatever starts
    _make_rows(cache, wanted["rows"])


def make_whole(cache: Path, *, processes: int = 1) -> None:
    """Make every task in every language, the pretraining text and the lab models' tokenizers.

    A process takes a language at a time, whose tasks share what the CLDR says.
    """
    offered = {task.name: {*task.train, *task.evaluation} for task in LAB_TASKS}
    languages = sorted(set().union(*offered.values()))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"),
                             initializer=gc.disable) as workers:  # rows have no cycles
        parts = [workers.submit(_make_text, cache,
                                sorted({model.vocabulary for model in LAB_MODELS}))]
        parts += [workers.submit(_make_rows, cache, [
            (name, code) for name, codes in offered.items() if code in codes])
            for code in languages]
        for part in parts:
            part.result()


def _make_text(cache: Path, vocabularies: Iterable[int]) -> None:
    lab = Lab(cache)
    for vocabulary in vocabularies:
        lab.parallel_text()
        lab.tokenizer(vocabulary)


def _make_rows(cache: Path, rows: Iterable[tuple[str, str]]) -> None:
    lab = Lab(cache)
    for name, language in rows:
        task = find_task(name, LAB_TASKS)
        lab.rows(task, language, "train" if task.trained else "test")  # which makes all splits


def _command() -> None:
    parser = argparse.ArgumentParser(description="Make the whole lab, for searches to find made.")
    parser.add_argument("cache", type=Path, help="the directory `cache` of a search's storage")
    parser.add_argument("--processes", type=int, default=1, help="how many make it [1]")
    given = parser.parse_args()
    make_whole(given.cache, processes=given.processes)


if __name__ == "__main__":
    _command()
