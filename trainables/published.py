"""Published files of JSON, read by a schema: a fault is one line with the file and the key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from trainables.rows import DataError, shown

__all__ = ["Id", "Part", "Position", "Published", "Text", "read_json", "read_lines"]

_TEXT: Final = r"\S"
Id = Annotated[str, StringConstraints(pattern=r"^\S+$")]
Text = Annotated[str, StringConstraints(pattern=_TEXT)]
Position = Annotated[int, Field(ge=0)]
"""A position in a text, in Unicode code points."""


class Published(BaseModel):
    """A part of a published file: what is read of it has its very type, the rest is left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


Part = TypeVar("Part", bound=Published)


def read_json(file: Path, schema: type[Part]) -> Part:
    """Return a file of one JSON value.

    Raises:
        DataError: if it cannot be read, or holds anything else than the schema says.
    """
    try:
        return schema.model_validate_json(file.read_bytes())
    except OSError as error:
        raise _unreadable(file, error) from error
    except ValidationError as error:
        raise DataError(f"{_told(error)} ({file})") from error


def read_lines(file: Path, schema: type[Part]) -> Iterator[tuple[str, Part]]:
    """Yield each line of a file of JSON lines with its place, lines counted from 1.

    Raises:
        DataError: if it cannot be read, or a line holds anything else than the schema says.
    """
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                place = f"{file}, line {number}"
                try:
                    yield place, schema.model_validate_json(line)
                except ValidationError as error:
                    raise DataError(f"{_told(error)} ({place})") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _told(error: ValidationError) -> str:
    """Return the law that the first fault breaks, and the value."""
    fault = error.errors(include_url=False)[0]
    if fault["type"] == "json_invalid":
        reason = fault["msg"].removeprefix("Invalid JSON: ")
        return f"a file must be readable and whole: no JSON, {reason}"
    key = ".".join(map(str, fault["loc"])) or "value"
    if fault["type"] == "missing":
        return f"`{key}` must be there, got none"
    if fault["type"] == "string_pattern_mismatch":
        law = "a text" if fault["ctx"]["pattern"] == _TEXT else "an id without white space"
        return f"`{key}` must be {law}, got {shown(fault['input'])}"
    law = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"`{key}` must be as published: {law}, got {shown(fault['input'])}"


def _unreadable(file: Path, error: OSError) -> DataError:
    reason = error.strerror or type(error).__name__
    return DataError(f"a file must be readable and whole: {reason} ({file})")
