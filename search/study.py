"""The study: one declared question, read from YAML and checked whole on construction."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from search.credentials import credential_places
from search.declaration import CATALOGUE, Declaration
from search.faults import UserError
from search.journal import Journal
from search.study_faults import StudyError, study_error
from search.study_file import apply_overrides, dump_study, parse_study, read_study_text
from search.study_laws import check_laws
from search.study_warnings import warnings_of

__all__ = ["CATALOGUE", "Study", "StudyError", "list_studies"]


class Study(Declaration):
    """A declaration whose fields fit each other and the catalogues; it is never anything else."""

    @model_validator(mode="after")
    def _laws_hold(self) -> Self:
        check_laws(self)
        return self

    @classmethod
    def from_file(cls, name: str, overrides: Sequence[str] = ()) -> Study:
        """Return a shipped study by its name, or the study in a YAML file.

        Args:
            name: a shipped study's name, or a file's path. A name with a separator or ending in
                .yaml or .yml is a path even where a shipped study has the same name.
            overrides: `key=value` settings on top; keys dotted, values YAML.

        Raises:
            StudyError: if the study is malformed.
            UserError: if there is no such study or file, or it is not YAML.
        """
        shipped = _shipped()
        is_path = "/" in name or name.endswith((".yaml", ".yml"))
        if not is_path and name in shipped:
            return cls.from_text(shipped[name], overrides)
        path = _path(name)
        if not is_path and not _is_file(path):
            near = difflib.get_close_matches(name, shipped, n=1)
            hint = f"; nearest: {near[0]!r}" if near else ""
            raise UserError(f"a study must be one of {', '.join(shipped)} or a YAML file, "
                            f"got {name!r}{hint}")
        return cls.from_text(read_study_text(path), overrides, source=name,
                             directory=path.parent)

    @classmethod
    def from_text(cls, text: str, overrides: Sequence[str] = (), *, source: str = "",
                  directory: Path | None = None) -> Study:
        """Return the study of a YAML text.

        Args:
            text: the YAML.
            overrides: `key=value` settings on top.
            source: names it in messages.
            directory: what the paths of its own tasks' files start from; None for the process's.

        Raises:
            StudyError: if the study is malformed.
            UserError: if the text is not YAML of a mapping.
        """
        try:
            data = parse_study(text)
        except UserError as error:
            raise UserError(f"{source}: {error}" if source else str(error)) from error
        data = apply_overrides(data, overrides)
        if places := list(credential_places(data)):
            raise StudyError([f"a study must hold no credentials, which come from the environment, "
                              f"got one ({place or 'a key'})" for place in places], source)
        try:
            return cls.model_validate(data, context={"directory": directory or Path()})
        except ValidationError as error:
            raise study_error(error, cls, source) from error

    @classmethod
    def from_journal(cls, journal: Journal) -> Study:
        """Return the study of a search, as its journal has it.

        Raises:
            UserError: if the journal is empty, or of a stiltune with other studies.
        """
        opened = journal.of("opened")
        if not opened:
            raise UserError(f"a search must have begun, got an empty journal ({journal.path}); "
                            "start its study again")
        data = opened[0].data
        try:
            return cls.model_validate(data["study"])
        except ValidationError as error:
            first = study_error(error, cls)
            made_by = data.get("versions", {}).get("stiltune", "another version")
            raise UserError(f"a search must be one that this stiltune can read, got one of "
                            f"{made_by}: {first} ({journal.path})") from error

    def to_yaml(self) -> str:
        """Return the study as YAML, defaults filled in; it reads back as an equal study."""
        return dump_study(self.model_dump(mode="json", exclude_none=True))

    def warnings(self) -> tuple[str, ...]:
        """Return what is allowed and should be known, one line each."""
        return warnings_of(self)


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # ~no-such-user
        raise UserError(f"a study must be a YAML file, got {name!r}: {error}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False


def list_studies() -> list[tuple[str, str]]:
    """Return each shipped study's name and its question, by name."""
    return [(name, Study.from_text(text).question) for name, text in _shipped().items()]


def _shipped() -> dict[str, str]:
    """Return the YAML of the shipped studies by name."""
    folder = resources.files("search.studies")
    texts = {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
             for entry in folder.iterdir() if entry.name.endswith(".yaml")}
    return dict(sorted(texts.items()))
