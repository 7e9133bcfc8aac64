"""Faults of a study: pydantic's findings as one line with the law, the value and the dotted key."""

from __future__ import annotations

import difflib
import types
from collections.abc import Sequence
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from search.faults import UserError

__all__ = ["StudyError", "fault", "study_error"]

# Pydantic's error types -> the law that was broken; braces are filled from the error's context.
_LAWS: Final = {
    "missing": "must be given",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of at most 18 digits",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "literal_error": "must be {expected}",
    "too_short": "must have at least {min_length} item(s)",
}


class StudyError(UserError):
    """A malformed study. The message is its first fault; `faults` holds one line for each."""

    def __init__(self, faults: Sequence[str], source: str = "") -> None:
        self.faults = tuple(faults)
        more = len(self.faults) - 1
        tail = f"; and {more} more fault{'s' if more > 1 else ''}" if more else ""
        super().__init__(f"{source + ': ' if source else ''}{self.faults[0]}{tail}")


def fault(place: str, message: str) -> PydanticCustomError:
    """Return the error of a law between fields, for a validator to raise.

    Args:
        place: the dotted key that is at fault.
        message: the law and the value.
    """
    # Doubled braces: pydantic fills the template, and the message is part of the context.
    return PydanticCustomError("fault", "{message}", {"message": message, "place": place})


def study_error(error: ValidationError, study: type[BaseModel], source: str = "") -> StudyError:
    """Return pydantic's findings on a study as a `StudyError`."""
    return StudyError([_line(found, study) for found in error.errors(include_url=False)], source)


def _line(found: ErrorDetails, study: type[BaseModel]) -> str:
    context = found.get("ctx", {})
    if found["type"] == "fault":
        return f"{context['message']} ({context['place']})"
    # Pydantic puts tags of unions into the location; a study's keys never hold brackets.
    place = [str(step) for step in found["loc"] if "[" not in str(step)]
    key = place[-1] if place else "study"
    if found["type"] == "extra_forbidden":
        law = _unknown_key(key, place[:-1], study)
    elif found["type"] == "value_error":
        message = str(context["error"])
        law = f"`{key}` {message}" if message.startswith("must") else message
    else:
        broken = _LAWS.get(found["type"], found["msg"][:1].lower() + found["msg"][1:])
        got = "nothing" if found["type"] == "missing" else _shown(found["input"])
        law = f"`{key}` {broken.format(**context)}, got {got}"
    law = " ".join(law.split())
    return f"{law} ({'.'.join(place)})" if place else law


def _unknown_key(key: str, parent: Sequence[str], study: type[BaseModel]) -> str:
    known = _keys(study, parent)
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"; nearest: {near[0]!r}" if near else ""
    where = f"`{'.'.join(parent)}`" if parent else "a study"
    return f"{where} must have only the keys {', '.join(known)}, got {key!r}{hint}"


def _keys(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Return the keys of the mapping at `path` below `model`."""
    at: type[BaseModel] | None = model
    for step in path:
        if at is None or step.isdecimal():
            continue
        known = at.model_fields.get(step)
        at = _model_in(known.annotation) if known else None
    return list(at.model_fields) if at is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation holds, inside Optional or tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, None):
        for inner in get_args(annotation):
            if (found := _model_in(inner)) is not None:
                return found
    return None


def _shown(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 80 else f"{text[:77]}..."
