"""Choices: a number in a study that is given, chosen from a list, or searched over a range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from pydantic import model_serializer, model_validator

from spaces.value import Value

__all__ = ["MOST", "Counts", "Rates"]

MOST: Final = 1_000_000_000
"""The largest count of examples or rows; more is a slip of the keyboard."""


class _Choice(Value):
    """What the two choices share: the three ways of writing one, and the way back."""

    @model_validator(mode="before")
    @classmethod
    def _accept_the_three_forms(cls, given: Any) -> Any:
        if isinstance(given, _Choice):
            return given
        if isinstance(given, Mapping) and set(given) == {"low", "high"}:
            return {"low": cls._number(given["low"]), "high": cls._number(given["high"])}
        if isinstance(given, list | tuple):
            return {"options": tuple(cls._number(number) for number in given)}
        return {"options": (cls._number(given),)}

    @classmethod
    def _number(cls, given: Any) -> Any:
        """Return `given` if it is one of the numbers of this choice.

        Raises:
            ValueError: if it is not.
        """
        raise NotImplementedError


class Rates(_Choice):
    """Positive numbers: one, a list to choose from, or a range searched on a log scale."""

    options: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None

    @classmethod
    def _number(cls, given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError("must be a positive number, a list of them, or {low: ..., high: ...}, "
                             f"got {given!r}")
        if not (math.isfinite(given) and given > 0):
            raise ValueError(f"must be positive and finite, got {given}")
        return float(given)

    @model_validator(mode="after")
    def _there_is_a_choice(self) -> Self:
        _check(self.options, self.low, self.high)
        return self

    @property
    def middle(self) -> float:
        """The middle of the list, or the geometric mean of the range."""
        if self.low is None or self.high is None:
            return self.options[len(self.options) // 2]
        return math.sqrt(self.low * self.high)

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest number there is to choose."""
        if self.low is None or self.high is None:
            return min(self.options), max(self.options)
        return self.low, self.high

    @model_serializer
    def _as_written(self) -> Any:
        return _written(self.options, self.low, self.high)


class Counts(_Choice):
    """Whole numbers from 0: one, a list to choose from, or a range with both ends in it."""

    options: tuple[int, ...] = ()
    low: int | None = None
    high: int | None = None

    @classmethod
    def _number(cls, given: Any) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            raise ValueError("must be a whole number, a list of them, or {low: ..., high: ...}, "
                             f"got {given!r}")
        if given < 0:
            raise ValueError(f"must not be negative, got {given}")
        if given > MOST:
            raise ValueError(f"must be at most {MOST}, got {given}")
        return given

    @model_validator(mode="after")
    def _there_is_a_choice(self) -> Self:
        _check(self.options, self.low, self.high)
        return self

    @property
    def all(self) -> Sequence[int]:
        """Every number there is to choose, rising; a range is never written out."""
        if self.low is None or self.high is None:
            return tuple(sorted(self.options))
        return range(self.low, self.high + 1)

    @model_serializer
    def _as_written(self) -> Any:
        return _written(self.options, self.low, self.high)


def _check(options: tuple[float, ...], low: float | None, high: float | None) -> None:
    if low is not None and high is not None:
        if not low < high:
            raise ValueError(f"must have `low` below `high`, got {low} and {high}")
    elif not options:
        raise ValueError("must have something to choose, got an empty list")
    elif len(set(options)) < len(options):
        raise ValueError(f"must list each choice once, got {list(options)}")


def _written(options: tuple[float, ...], low: float | None, high: float | None) -> Any:
    if low is not None:
        return {"low": low, "high": high}
    return options[0] if len(options) == 1 else list(options)
