"""What may vary in each phase: languages, recipes, mixtures; the sections of a study hold these."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from spaces.choices import Counts, Rates
from spaces.language_orders import LanguageSet, ordered
from spaces.languages import ENGLISH, language
from spaces.trial_config import Recipe
from spaces.value import Value
from spaces.weighting import Weighting

__all__ = ["Code", "IntermediateSpace", "LanguageSpace", "OneOrMany", "RecipeSpace", "TargetSpace"]

Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Name = Annotated[str, Field(strict=True, min_length=1)]
Switch = Annotated[bool, Field(strict=True)]


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else (given,)


def _check_distinct(key: str, given: tuple[Any, ...]) -> None:
    if len(set(given)) < len(given):
        twice = next(each for each in given if given.count(each) > 1)
        raise ValueError(f"`{key}` must list each item once, got {twice!r} twice")


def _catalogued(code: str) -> str:
    return language(code).code


# The BCP-47 code of a catalogued language.
Code = Annotated[Name, AfterValidator(_catalogued)]


# A value, or a list of values to choose from.
OneOrMany = BeforeValidator(_listed)


class LanguageSpace(Value):
    """The language sets of intermediate training.

    `pool` are the non-English languages (BCP-47) that sets draw from, `order` and `count` how a
    set is cut from them, `english` whether English is in it too.
    """

    pool: tuple[Code, ...] = ()
    order: Annotated[tuple[Name, ...], Field(min_length=1), OneOrMany] = ("diverse",)
    count: Counts = Counts.model_validate(0)
    english: Annotated[tuple[Switch, ...], Field(min_length=1), OneOrMany] = (True,)

    @model_validator(mode="after")
    def _pool_is_known(self) -> Self:
        if ENGLISH in self.pool:
            raise ValueError(f"`pool` must not hold English, which has its own switch `english`, "
                             f"got {', '.join(self.pool)}")
        for order in self.order:
            ordered(order, self.pool)
        return self

    @model_validator(mode="after")
    def _sets_can_be_cut(self) -> Self:
        _check_distinct("order", self.order)
        _check_distinct("english", self.english)
        if self.count.all[-1] > len(self.pool):
            raise ValueError(f"`count` must be at most the {len(self.pool)} languages of the pool, "
                             f"got {self.count.all[-1]}")
        if not self.sets():
            raise ValueError("`count` must be above 0 where `english` is false, got only 0")
        return self

    def sets(self) -> tuple[LanguageSet, ...]:
        """Return every language set that has a language, by order, count and English in or out."""
        return tuple(
            LanguageSet(order=order, count=count, english=english)
            for order, count, english in product(self.order, self.count.all, self.english)
            if count or english
        )

    @property
    def largest(self) -> LanguageSet:
        """The set of the first order with the most languages."""
        return LanguageSet(order=self.order[0], count=self.count.all[-1],
                           english=True in self.english)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every language that a set may hold, English first where it may be in."""
        return ((ENGLISH,) if True in self.english else ()) + self.pool


class RecipeSpace(Value):
    """A phase's recipe with its learning rate left to choose; the rest is as in `Recipe`."""

    learning_rate: Rates
    batch_size: Annotated[Whole, Field(gt=0, le=100_000)] = 32
    warmup: Annotated[Number, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[Number, Field(ge=0, le=100)] = 0.01
    max_gradient_norm: Annotated[Number, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _learning_rate_is_one(self) -> Self:
        if self.learning_rate.ends[1] > 1:
            raise ValueError("`learning_rate` must be at most 1, "
                             f"got {self.learning_rate.ends[1]:g}")
        return self

    def recipe(self, learning_rate: float) -> Recipe:
        """Return the recipe at one peak learning rate."""
        return Recipe(learning_rate=learning_rate, batch_size=self.batch_size, warmup=self.warmup,
                      weight_decay=self.weight_decay, max_gradient_norm=self.max_gradient_norm)


class IntermediateSpace(RecipeSpace):
    """The intermediate phase: tasks, how they are weighted, languages, recipe, examples, rungs.

    At most `max_active` tasks share a mixture; None leaves all of them in, at any weight.
    `examples` overrides the fidelity's intermediate examples.
    """

    tasks: Annotated[tuple[Name, ...], Field(min_length=1)]
    weighting: Weighting = Weighting.model_validate("simplex")
    max_active: Annotated[Whole, Field(ge=1)] | None = None
    languages: LanguageSpace = LanguageSpace()
    examples: Counts | None = None
    rungs: Annotated[tuple[Annotated[Number, Field(gt=0, le=1)], ...],
                     Field(max_length=100)] = (1.0,)

    @model_validator(mode="after")
    def _fields_fit_each_other(self) -> Self:
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"`tasks` must be distinct, got {', '.join(self.tasks)}")
        if self.max_active is not None and self.max_active > len(self.tasks):
            raise ValueError(f"`max_active` must be at most the {len(self.tasks)} tasks, "
                             f"got {self.max_active}")
        if self.examples is not None and self.examples.all[0] < 1:
            raise ValueError("`examples` must be at least 1, got 0")
        if list(self.rungs) != sorted(set(self.rungs)) or self.rungs[-1:] != (1.0,):
            raise ValueError(f"`rungs` must rise and end at 1, got {list(self.rungs)}")
        return self


class TargetSpace(RecipeSpace):
    """The target phase: the target tasks, each trained on its own, and their recipe."""

    tasks: Annotated[tuple[Name, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _tasks_are_distinct(self) -> Self:
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"`tasks` must be distinct, got {', '.join(self.tasks)}")
        return self
