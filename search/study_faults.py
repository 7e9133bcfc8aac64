"""Faults of a study: pydantic's findings as one line with the law, the value and the dotted key."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from search.error_lines import shortened
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
    "string_too_long": "must have at most {max_length} characters",
    "string_unicode": "must be Unicode text",
    "string_pattern_mismatch": "must match {pattern}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "must have as `origin` one of {expected_tags}",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} items",
}

_MOST: Final = 1_000  # characters of a fault


class StudyError(UserError):
    """A malformed study. The message is its first fault; `faults` holds one line for each."""

    def __init__(self, faults: Sequence[str], source: str = "") -> None:
        self.faults = tuple(shortened(each, _MOST) for each in faults)
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
    found = error.errors(include_url=False)
    # Pydantic calls a list with a faulty item too short as well.
    above = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
    told = [each for each in found if not (each["type"] == "too_short" and each["loc"] in above)]
    return StudyError([_line(each, study) for each in told], source)


def _line(found: ErrorDetails, study: type[BaseModel]) -> str:
    context = found.get("ctx", {})
    if found["type"] == "fault":
        return f"{context['message']} ({context['place']})"
    path = [str(step) for step in found["loc"]]
    place = _as_written(path)
    key = next((step for step in reversed(place) if not step.isdecimal()), "study")
    if found["type"] == "extra_forbidden":
        law = _unknown_key(place[-1], place[:-1], _keys(study, path[:-1]))
    elif found["type"] == "value_error":
        law = str(context["error"])
        if law.startswith("must"):
            law = f"`{key}` {law}"
        # A law of a whole section begins with the key it is about.
        about = law.split("`")[1] if law.startswith("`") else key
        place += [about] if about in _keys(study, path) and about != "weights" else []
    else:
        bounds = {name: f"{value:g}" if isinstance(value, float) else value
                  for name, value in context.items()}
        known = _LAWS.get(found["type"])
        broken = known.format(**bounds) if known else found["msg"][:1].lower() + found["msg"][1:]
        got = "nothing" if found["type"] == "missing" else _shown(found["input"])
        law = f"`{key}` {broken}, got {got}"
    law = " ".join(law.split())
    return f"{law} ({'.'.join(place)})" if place else law


def _as_written(path: Sequence[str]) -> list[str]:
    """Return the keys that a user wrote: without a model's kind, down to a whole mixture.

    A mapping's key that is at fault stands on pydantic's path with a mark after it.
    """
    written = [step for depth, step in enumerate(path)
               if step != "[key]" and not (path[0] == "models" and depth == 2)]
    return written[: written.index("weights")] if "weights" in written else written


def _unknown_key(key: str, parent: Sequence[str], known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"; nearest: {near[0]!r}" if near else ""
    where = f"`{'.'.join(parent)}`" if parent else "a study"
    return f"{where} must have only the keys {', '.join(known)}, got {key!r}{hint}"


def _keys(study: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Return the keys of the mapping at `path` below `study`."""
    at = [study]
    by_name = False  # whether `at` are the values of a mapping, and the next step is a name in it
    for step in path:
        of_kind = [each for each in at if _kind(each) == step]
        if by_name:
            by_name = False
        elif of_kind:  # a model's kind, which pydantic puts on the path
            at = of_kind
        elif not step.isdecimal():
            known = [each.model_fields[step] for each in at if step in each.model_fields]
            at = [inner for each in known for inner in _models_in(each.annotation)]
            by_name = any(get_origin(each.annotation) is dict for each in known)
    return list(at[0].model_fields) if at else []


def _kind(model: type[BaseModel]) -> Any:
    return model.model_fields["origin"].default if "origin" in model.model_fields else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that an annotation holds, inside Optional, Union or tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models_in(inner)]


def _shown(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 80 else f"{text[:77]}..."
