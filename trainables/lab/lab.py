"""The lab: its rows, its pretraining text and its tokenizers, each made once and kept as Arrow."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from spaces.data_sources import Split
from spaces.lab_tasks import LAB_ROWS, LAB_TASKS, UNSEEN_IN_PRETRAINING
from spaces.tasks import Kind, Task
from spaces.value import digest_of
from trainables.arrow_files import map_table, write_table
from trainables.lab.generation import make_rows
from trainables.lab.parallel import PARALLEL_LANGUAGES, make_parallel_text
from trainables.lab.pretraining import (
    PRETRAINING_LANGUAGES,
    make_text,
    make_text_rows,
    train_tokenizer,
)
from trainables.rows import DataError, Rows

__all__ = ["Lab"]

# Bumped whenever the code of this folder makes other bytes from the same CLDR; a test watches it.
VERSION = 8


class Lab:
    """The embedded lab under a cache directory.

    What is asked for is made on first use, a task in a language at a time, and reread
    memory-mapped. Two processes may ask at once: each makes the whole in a directory of its own
    and the first to put it in place wins.
    """

    def __init__(self, cache: Path) -> None:
        self.path = cache / "lab" / self.fingerprint

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of all that determines the lab's bytes."""
        return digest_of({
            "version": VERSION,
            "babel": version("babel"),
            "scipy": version("scipy"),
            "tokenizers": version("tokenizers"),
            # A text task has no bytes but the pretraining text's.
            "tasks": [task.model_dump(mode="json") for task in LAB_TASKS
                      if task.kind is not Kind.MLM],
            "rows": LAB_ROWS,
            "unseen": UNSEEN_IN_PRETRAINING,
        })

    def rows(self, task: Task, language: str, split: Split) -> Rows:
        """Return one split of a lab task in one language.

        Raises:
            DataError: if the task is not offered in the language.
        """
        offered = task.train if split == "train" else task.evaluation
        if language not in offered:
            raise DataError(f"{task.name} must be asked for in a language it is offered in, "
                            f"got {language!r}")
        directory = self._made(f"{task.name}/{language}",
                               lambda path: _write_rows(task, language, path))
        table = map_table(directory / f"{split}.arrow")
        return Rows(task=task, language=language, split=split, table=table,
                    fingerprint=self.digest(task, language, split))

    def digest(self, task: Task, language: str, split: Split) -> str:
        """Return the fingerprint that rows have, or would have once they are made."""
        return digest_of([self.fingerprint, task.name, language, split])

    def text(self) -> pa.Table:
        """Return the pretraining text, columns `text` and `language`, languages interleaved."""
        return map_table(self._made("text", _write_text) / "text.arrow")

    def parallel_text(self) -> pa.Table:
        """Return the parallel text, columns `text`, `translation` (English) and `language`."""
        return map_table(self._made("parallel", _write_parallel_text) / "text.arrow")

    def tokenizer(self, vocabulary: int) -> Path:
        """Return the directory of the tokenizer with that many pieces, for `AutoTokenizer`."""
        return self._made(f"tokenizer-{vocabulary}",
                          lambda path: train_tokenizer(self.text(), vocabulary, path))

    def _made(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the directory `name`, made by `make` unless it is there already."""
        place = self.path / name
        if place.is_dir():
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            make(draft)
            draft.rename(place)
        except OSError:
            if not place.is_dir():  # otherwise another process was first, with the same bytes
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return place


def _write_rows(task: Task, language: str, directory: Path) -> None:
    if task.kind is Kind.MLM:
        write_table(make_text_rows(language), directory / "train.arrow")
        return
    for split in LAB_ROWS if task.trained else ("validation", "test"):
        write_table(make_rows(task, language, split), directory / f"{split}.arrow")


def _write_text(directory: Path) -> None:
    _write_mixed([make_text(language) for language in PRETRAINING_LANGUAGES], directory)


def _write_parallel_text(directory: Path) -> None:
    _write_mixed([make_parallel_text(language) for language in PARALLEL_LANGUAGES], directory)


def _write_mixed(parts: list[pa.Table], directory: Path) -> None:
    """Write the parts' rows in a hashed order."""
    text = pa.concat_tables(parts)
    order = sorted(range(text.num_rows), key=lambda row: hashlib.sha256(b"%d" % row).digest())
    write_table(text.take(order), directory / "text.arrow")
