"""The tasks that a study adds to the catalogue, as its YAML has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from search.study_file import MAX_BYTES
from spaces.data_sources import Split
from spaces.dimensions import Code, Name, Whole
from spaces.tasks import Kind
from spaces.value import Value
from trainables.files import LABELS_FILE, read_labels

__all__ = ["DOCUMENT_RULES", "Repository", "StudyTask", "leads_out", "without_absent"]

_UNLABELLED: Final = (Kind.QA, Kind.RETRIEVAL, Kind.RANKING, Kind.MLM)
_OF_THE_HUB: Final = ("config", "revision", "id_prefix")
DOCUMENT_RULES: Final = ("document", "document_runs", "rows_per_document")
"""The fields that say what a document of texts is."""


def _column(given: Any) -> Any:
    names = given if isinstance(given, list | tuple) else (given,)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("must be a column's name, or of texts and options a list of them, "
                         f"got {given!r}")
    return given if isinstance(given, str) else tuple(given)


Column = Annotated[str | tuple[str, ...], BeforeValidator(_column)]
# The name of a repository's split, or of a file without its ending.
SplitName = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Repository = Annotated[str, Field(strict=True, pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$")]


class StudyTask(Value):
    """A task of a user's own: what it is, and where its rows lie, in a directory or on the hub.

    `files` is a directory laid out as `trainables/files.py` says, relative to the study's own;
    `hub` a repository, with `config`, `splits`, `revision` and `id_prefix` as in `HubSource`.
    `columns` names the canonical columns that are called otherwise there, and `id` where there
    is one. `labels` that are left out are read from the directory's `labels.txt`, once: the study
    then holds them. `train` and `evaluation` are the languages with train rows and with rows to
    score on.

    `like` takes kind, labels, metric, columns and the rule of documents from the catalogue's task
    of that name. `translated` says that rows in other languages than English are translations,
    by a machine or by people.

    `absent` says why the rows are nowhere unless the user says where, in `files` or `hub`: until
    then the study leaves the task out of its lists of tasks, and says so.
    """

    like: Name | None = None
    kind: Kind | None = None
    roles: Annotated[tuple[Literal["intermediate", "target"], ...],
                     Field(min_length=1)] = ("intermediate", "target")
    hub: Repository | None = None
    files: Name | None = None
    config: Name | None = None
    splits: dict[Split, SplitName] = {}
    columns: dict[str, Column] = {}
    document: Name | None = None
    document_runs: Name | None = None
    rows_per_document: Annotated[Whole, Field(ge=1)] | None = None
    id_prefix: Name | None = None
    revision: Name | None = None
    # After what decides whether they are read from a file.
    labels: Annotated[tuple[Name, ...], Field(validate_default=True)] = ()
    metric: Name | None = None
    train: tuple[Code, ...] = ()
    evaluation: tuple[Code, ...] = ()
    translated: Literal["machine", "human"] | None = None
    absent: Name | None = Field(default=None, exclude_if=lambda given: given is None)

    @property
    def is_absent(self) -> bool:
        """Whether nothing says where its rows lie, as the study allows."""
        return self.absent is not None and self.files is None and self.hub is None

    @field_validator("files")
    @classmethod
    def _lie_beside_the_study(cls, given: str | None, info: ValidationInfo) -> str | None:
        """Make the path a whole one, so that the files are found from anywhere else as well."""
        if given is None:
            return None
        try:
            beside = (info.context or {}).get("directory", Path())
            return str((beside / Path(given).expanduser()).absolute())
        except (RuntimeError, ValueError) as error:  # of no user's home
            raise ValueError(f"must be a directory, got {given!r}: {error}") from error

    @field_validator("labels")
    @classmethod
    def _may_lie_in_a_file(cls, given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        like, kind, files = (info.data.get(key) for key in ("like", "kind", "files"))
        if given or like or files is None or kind in (None, *_UNLABELLED):
            return given
        _check_labels_file(Path(files) / LABELS_FILE)
        return read_labels(Path(files))

    @model_validator(mode="after")
    def _what_it_is_is_said_once(self) -> Self:
        for key in ("kind", "metric"):
            needless = key == "metric" and self.kind is Kind.MLM
            if getattr(self, key) is None and self.like is None and not needless:
                raise ValueError(f"`{key}` must be given unless `like` is, got nothing")
        for key in ("kind", "labels"):
            if self.like is not None and getattr(self, key):
                raise ValueError(f"`{key}` must be left out beside `like`, whose it is, "
                                 f"got {getattr(self, key)}")
        for key in ("roles", "labels", "train", "evaluation"):
            listed = getattr(self, key)
            if len(set(listed)) < len(listed):
                twice = next(each for each in listed if listed.count(each) > 1)
                raise ValueError(f"`{key}` must list each item once, got {twice!r} twice")
        if not self.train + self.evaluation:
            raise ValueError("`train` or `evaluation` must list a language, got none")
        return self

    @model_validator(mode="after")
    def _its_rows_lie_in_one_place(self) -> Self:
        if self.is_absent:
            return self
        if (self.hub is None) == (self.files is None):
            got = "neither" if self.hub is None else "both"
            raise ValueError(f"`files` or `hub` must be given, one of them, got {got}")
        for key in _OF_THE_HUB:
            if self.files is not None and getattr(self, key) is not None:
                raise ValueError(f"`{key}` must be left out beside `files`, "
                                 f"got {getattr(self, key)!r}")
        if self.hub is not None and not self.splits:
            raise ValueError("`splits` must be given beside `hub`, got nothing")
        for key, named in (("train", {"train"}), ("evaluation", {"validation", "test"})):
            if getattr(self, key) and self.splits and not named & self.splits.keys():
                raise ValueError(f"`splits` must have {' or '.join(sorted(named))} where `{key}` "
                                 f"lists languages, got {', '.join(self.splits)}")
        return self

    @model_validator(mode="after")
    def _names_stay_within_the_repository(self) -> Self:
        for key in ("config", "revision"):
            given = getattr(self, key)
            if given is not None and leads_out(given):
                raise ValueError(f"`{key}` must be a name within its repository, got {given!r}")
        return self

    @model_validator(mode="after")
    def _patterns_can_be_filled(self) -> Self:
        for key, known in (("config", {"code", "udpos", "tatoeba"}), ("id_prefix", {"language"})):
            given = getattr(self, key) or ""
            try:
                fields = {name for _, name, _, _ in Formatter().parse(given) if name is not None}
            except ValueError:
                fields = {given}
            if not fields <= known:
                raise ValueError(f"`{key}` must have in braces only "
                                 f"{', '.join(sorted(known))}, got {given!r}")
        return self


def leads_out(name: str) -> bool:
    """Return whether a config or revision is a path out of its repository, or a pattern."""
    return name.startswith("/") or ".." in name.split("/") or bool(set(name) & set("\\*?["))


def _check_labels_file(file: Path) -> None:
    """Check that a file of labels, which a study reads by itself, cannot keep it for long.

    Raises:
        ValueError: if it is neither absent nor a regular file of a study's size.
    """
    try:
        found = file.stat()
    except (OSError, ValueError):  # `read_labels` says what is wrong with it
        return
    if not S_ISREG(found.st_mode):
        raise ValueError(f"labels must lie in a regular file, got another ({file})")
    if found.st_size > MAX_BYTES:
        raise ValueError(f"a file of labels must have at most {MAX_BYTES} bytes, got "
                         f"{found.st_size} ({file})")


def without_absent(given: Any) -> Any:
    """Return a study's mapping without its absent tasks wherever it lists tasks."""
    tasks = given.get("tasks") if isinstance(given, Mapping) else None
    if not isinstance(tasks, Mapping):
        return given
    absent = tuple(name for name, task in tasks.items() if isinstance(task, Mapping)
                   and task.get("absent") and not task.get("files") and not task.get("hub"))
    return _without(given, absent) if absent else given


def _without(given: Any, absent: tuple[str, ...]) -> Any:
    if not isinstance(given, Mapping):
        return given
    return {key: [each for each in value if each not in absent]
            if key == "tasks" and isinstance(value, list | tuple) else _without(value, absent)
            for key, value in given.items()}
