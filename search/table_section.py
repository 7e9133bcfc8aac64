"""The `table` section of a study: intermediate tasks and mixtures by target tasks, as in STILTs.

The design is that of Phang et al. 2020 (arXiv 2005.13013): each intermediate task alone and all of
them together, before every target, beside controls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from search.study_faults import fault
from spaces.dimensions import Name, Switch, Whole
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture, uniform
from spaces.value import Value
from spaces.weighting import Weighting

__all__ = ["Some", "Table", "mixture_as_written", "named", "sized"]

_NAME_LIMIT: Final = 40  # characters of a name, which is a row's label
_FORMS: Final = ("uniform, proportional, {cap: ...}, {temperature: ...}, {tasks: ..., weighting: "
                 "...} or a mapping of tasks to weights")


class Some(Value):
    """A mixture of some of the intermediate tasks, weighted by a rule."""

    tasks: Annotated[tuple[Name, ...], Field(min_length=1)]
    weighting: Weighting


class Table(Value):
    """The designed block of a transfer table: its rows x seeds, beside controls on each seed.

    Rows are each intermediate task alone (`singles`) and named `mixtures`: `uniform`,
    `proportional`, `{cap: ...}` or `{temperature: ...}` over all intermediate tasks, the same over
    some (`{tasks: ..., weighting: ...}`), or a mapping of tasks to weights. `languages` is one set
    for all rows, None for the study's largest.
    """

    singles: Switch = True
    mixtures: dict[str, Mixture | Some | Weighting] = {}
    languages: LanguageSet | None = None
    seeds: Annotated[Whole, Field(ge=1, le=500)] = 3

    @field_validator("mixtures", mode="before")
    @classmethod
    def _mixtures_are_mappings_or_weightings(cls, given: Any) -> Any:
        return {name: mixture_as_written(f"table.mixtures.{name}", each)
                for name, each in named(given, "mixtures").items()}

    @model_validator(mode="after")
    def _there_are_rows(self) -> Self:
        if not (self.singles or self.mixtures):
            raise ValueError("`mixtures` must name a mixture where `singles` is false, got none")
        if self.languages is not None and not (self.languages.count or self.languages.english):
            raise ValueError("`languages` must hold a language, got count 0 without English")
        return self

    def named_tasks(self, tasks: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return row -> the tasks that it trains on.

        Args:
            tasks: every intermediate task of the study.
        """
        found = {task: (task,) for task in tasks} if self.singles else {}
        return found | {name: tuple(tasks) if isinstance(each, Weighting) else each.tasks
                        for name, each in self.mixtures.items()}

    def rows(self, sizes: Mapping[str, int]) -> dict[str, Mixture]:
        """Return row -> its mixture, the single tasks first.

        Args:
            sizes: each intermediate task's train rows in the table's languages.
        """
        found = {task: uniform([task]) for task in sizes} if self.singles else {}
        return found | {name: sized(each, sizes) for name, each in self.mixtures.items()}


def sized(given: Mixture | Some | Weighting, sizes: Mapping[str, int]) -> Mixture:
    """Return the mixture that is meant, over data of these sizes.

    Args:
        given: weights, or a rule.
        sizes: train rows of each intermediate task.
    """
    if isinstance(given, Mixture):
        return given
    if isinstance(given, Some):
        return sized(given.weighting, {task: sizes[task] for task in given.tasks})
    return given.by_size(sizes, next(given.parameters(), None))


def named(given: Any, what: str, *, taken: str | None = None) -> dict[str, Any]:
    """Return a mapping of names, each a row's label, to what they name.

    Raises:
        ValueError: if it is none, or a name is empty, too long or `taken`.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"must be a mapping of names to {what}, got {given!r}")
    others = "" if taken is None else f" other than {taken!r}"
    for name in given:
        if not 0 < len(str(name).strip()) <= _NAME_LIMIT or name == taken:
            raise ValueError(f"must have names of 1 to {_NAME_LIMIT} characters{others}, "
                             f"got {name!r}")
    return {str(name): each for name, each in given.items()}


def mixture_as_written(place: str, given: Any) -> Mixture | Some | Weighting:
    """Return a mixture as it is written.

    Raises:
        PydanticCustomError: if it is none; it names the dotted key.
    """
    if isinstance(given, Mixture | Some | Weighting):
        return given
    if isinstance(given, Mapping) and set(given) == {"tasks", "weighting"}:
        return _some(place, given)
    by_size = isinstance(given, Mapping) and list(given) in (["cap"], ["temperature"])
    if by_size or isinstance(given, str):
        return _weighting(place, given)
    if not isinstance(given, Mapping):
        raise fault(place, f"a mixture must be {_FORMS}, got {given!r}")
    try:
        return Mixture.model_validate(dict(given))
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        law = (str(found["ctx"]["error"]) if found["type"] == "value_error"
               else f"a weight must be a number, got {found['input']!r}")
        raise fault(place, law) from error


def _some(place: str, given: Mapping[str, Any]) -> Some:
    tasks = given["tasks"]
    names = list(tasks) if isinstance(tasks, list | tuple) else [tasks]
    if not names or not all(isinstance(name, str) for name in names) or (
            len(set(names)) < len(names)):
        raise fault(f"{place}.tasks", f"`tasks` must list tasks, each once, got {tasks!r}")
    return Some(tasks=tuple(names), weighting=_weighting(f"{place}.weighting", given["weighting"]))


def _weighting(place: str, given: Any) -> Weighting:
    try:
        weighting = Weighting.model_validate(given)
    except ValidationError as error:
        raise fault(place, f"a mixture must be {_FORMS}, got {given!r}") from error
    parameter = weighting.parameter
    if weighting.kind == "simplex" or parameter is not None and len(parameter.options) != 1:
        raise fault(place, f"a mixture must be {_FORMS}, fixed by one number, got {given!r}")
    return weighting
