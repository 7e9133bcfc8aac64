"""Sources: where the rows of every task come from: the embedded lab, the hub, or own files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, get_args

from pydantic import BeforeValidator

from spaces.data_sources import FilesSource, HubSource, LabSource, PoolSource, Split, TableSource
from spaces.lab_tasks import lab_rows
from spaces.tasks import Task
from spaces.value import Value
from trainables.halves import half
from trainables.kept_files import ROWS
from trainables.mirror import fetched_commits
from trainables.pool_files import read_pool_rows
from trainables.rows import AbsentError, DataError, Rows
from trainables.scores import PanelName
from trainables.table_files import count_table_rows, parts_of, read_table_rows

__all__ = ["SCORING", "Sources"]

SCORING: Final[tuple[Split, ...]] = ("validation", "test")
"""The splits whose rows score; a search looks for no others of a language that it only scores."""

_KEPT = 256


def _stated(given: object) -> object:
    return str(given) if isinstance(given, Path) else given


Directory = Annotated[str, BeforeValidator(_stated)]


class Sources(Value):
    """Where data lies: `hub` is an offline mirror (None for the hub itself); the lab's is cached.

    A user's own files lie where their task says. Their rows and the hub's are read and checked once
    and kept under `cache`; files that change are read again.
    """

    hub: Directory | None = None
    cache: Directory

    def splits(
        self, task: Task, language: str, among: Sequence[Split] = get_args(Split)
    ) -> tuple[Split, ...]:
        """Return the splits that can be had of a task in a language; others are not looked for.

        Raises:
            DataError: if the mirror or the repository cannot be had.
        """
        return tuple(split for split in among
                     if _is_offered(task, language, split)
                     and (not isinstance(task.source_of(split, language), TableSource)
                          or any(part.found.files for part in
                                 parts_of(task, language, split, self._mirror))))

    def size(self, task: Task, language: str) -> int:
        """Return the number of train rows; in the hub's repositories the unlabelled ones count.

        Raises:
            DataError: if there is no train split, or it cannot be read.
        """
        _check_offered(task, language, "train")
        if isinstance(task.source_of("train", language), LabSource):
            return lab_rows(task, language, "train")
        return count_table_rows(task, language, "train", self._mirror, self._kept)

    def rows(self, task: Task, language: str, split: Split) -> Rows:
        """Return a split in canonical columns.

        Raises:
            DataError: if the split is missing or anything in it is wrong.
        """
        _check_offered(task, language, split)
        if isinstance(task.source_of(split, language), LabSource):
            return _lab_rows(self.cache, task.model_dump_json(), language, split)
        if isinstance(task.source, PoolSource):
            return read_pool_rows(task, language, split, self._mirror)
        return read_table_rows(task, language, split, self._mirror, self._kept)

    def panel_rows(self, task: Task, language: str, panel: PanelName) -> tuple[Rows, bool]:
        """Return the rows that score a task on a panel, and whether they are an official split.

        Selection reads the validation split and report the test split where a language has both;
        where it has one, each reads its half.

        Raises:
            DataError: if the language has neither split, or the rows are wrong.
        """
        present = self.splits(task, language, SCORING)
        if not present:
            raise AbsentError(f"{task.name} must have a validation or a test split to score on, "
                              f"got none for {language!r} ({self._place(task, language)})")
        if len(present) == 1:
            return half(self.rows(task, language, present[0]), panel), False
        return self.rows(task, language, "validation" if panel == "selection" else "test"), True

    def commits(self, task: Task, language: str, split: Split) -> dict[str, str]:
        """Return the commits at which the hub's repositories of a split are read.

        There are none where the rows come from elsewhere, a mirror that was not fetched included.

        Raises:
            DataError: if a repository cannot be had.
        """
        source = task.source_of(split, language)
        if not isinstance(source, HubSource) or split not in source.splits:
            return {}
        found = {part.source.repository: part.found.root
                 for part in parts_of(task, language, split, self._mirror)
                 if isinstance(part.source, HubSource) and part.found.files}
        if self.hub is None:
            return {repository: root.name for repository, root in found.items()}
        return {repository: "+".join(commits) for repository, root in found.items()
                if (commits := fetched_commits(root))}

    def place(self, task: Task) -> str:
        """Return where the rows that score a task lie, for messages."""
        source = task.source
        return source.directory if isinstance(source, FilesSource) else self.hub or "hub"

    @property
    def _kept(self) -> Path:
        return Path(self.cache) / ROWS

    @property
    def _mirror(self) -> Path | None:
        return None if self.hub is None else Path(self.hub).expanduser()

    def _place(self, task: Task, language: str) -> str:
        source = task.source_of("test", language)
        config = (f", {source.repository}, config {source.config_of(language)}"
                  if isinstance(source, HubSource) else "")
        return f"{self.place(task)}{config}"


def _is_offered(task: Task, language: str, split: Split) -> bool:
    source = task.source_of(split, language)
    listed = task.train if split == "train" else task.evaluation
    return language in listed and (isinstance(source, LabSource) or split in source.splits)


def _check_offered(task: Task, language: str, split: Split) -> None:
    listed = task.train if split == "train" else task.evaluation
    if language not in listed:
        raise DataError(f"{task.name} must have {split} rows in one of {', '.join(listed) or '-'}, "
                        f"got {language!r}")


@lru_cache(maxsize=_KEPT)
def _lab_rows(cache: str, stated: str, language: str, split: Split) -> Rows:
    from trainables.lab import Lab  # babel's data takes its time to load; hub studies do without

    return Lab(Path(cache)).rows(Task.model_validate_json(stated), language, split)
