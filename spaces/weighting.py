"""Weightings: how the weights of the active tasks are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import model_serializer, model_validator

from spaces.choices import Counts, Rates
from spaces.mixtures import Mixture, capped, proportional, temperature, uniform
from spaces.value import Value

__all__ = ["Weighting"]

_PLAIN = ("simplex", "uniform", "proportional")
# Colder, one task has all the weight and rows ** (1 / T) overflows; hotter, weights are equal.
_COLDEST, _HOTTEST = 0.1, 100


class Weighting(Value):
    """A free simplex, equal weights, or weights by the tasks' numbers of train rows.

    Written `simplex`, `uniform`, `proportional`, `{temperature: ...}` with a number, a list or a
    range, or `{cap: ...}` with a number of rows or a list of them.
    """

    kind: Literal["simplex", "uniform", "proportional", "temperature", "cap"]
    temperature: Rates | None = None
    cap: Counts | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_the_written_form(cls, given: Any) -> Any:
        if isinstance(given, Weighting):
            return given
        if isinstance(given, str) and given in _PLAIN:
            return {"kind": given}
        if isinstance(given, Mapping) and list(given) in (["temperature"], ["cap"]):
            kind = next(iter(given))
            return {"kind": kind, kind: given[kind]}
        raise ValueError(f"must be {', '.join(_PLAIN)}, {{temperature: ...}} or {{cap: ...}}, "
                         f"got {given!r}")

    @model_validator(mode="after")
    def _parameters_can_be_told_from_a_mixture(self) -> Self:
        if self.cap is not None and (self.cap.low is not None or 0 in self.cap.options):
            raise ValueError("must be a cap of at least 1 row or a list of them, "
                             f"got {self.cap.model_dump()}")
        if self.temperature is not None and not all(
                _COLDEST <= each <= _HOTTEST for each in self.temperature.ends):
            raise ValueError(f"must have temperatures from {_COLDEST} to {_HOTTEST}, got "
                             f"{self.temperature.model_dump()}")
        if self.temperature is not None and self.temperature.low is not None:
            ends = (self.temperature.low, self.temperature.high or 0.0)
            if any(round(end, 2) != end for end in ends):
                raise ValueError("must be a range of temperatures with at most two decimals, "
                                 f"got {ends[0]} to {ends[1]}")
        return self

    @property
    def parameter(self) -> Rates | Counts | None:
        """What the weighting leaves to choose besides the active tasks."""
        return self.temperature or self.cap

    def rounded(self, parameter: float) -> float:
        """Return the parameter as it is used: temperatures of a range in whole hundredths.

        A finite number of temperatures lets a mixture tell exactly which of them made it.
        """
        ranged = self.temperature is not None and self.temperature.low is not None
        return round(parameter, 2) if ranged else parameter

    def parameters(self) -> Iterator[float]:
        """Yield every parameter that can be chosen."""
        if self.cap is not None:
            yield from self.cap.all
        elif self.temperature is not None and self.temperature.low is not None:
            low, high = self.temperature.low, self.temperature.high or 0.0
            yield from (step / 100 for step in range(round(low * 100), round(high * 100) + 1))
        elif self.temperature is not None:
            yield from self.temperature.options

    def by_size(self, sizes: Mapping[str, int], parameter: float | None) -> Mixture:
        """Return the mixture of tasks with these numbers of train rows; a simplex has none.

        A task whose weight rounds to nothing is dropped and the rest weighed again, so that the
        tasks left tell which tasks to weigh.
        """
        mixture = self._weighed(sizes, parameter)
        while len(mixture.tasks) < len(sizes):
            sizes = {task: sizes[task] for task in mixture.tasks}
            mixture = self._weighed(sizes, parameter)
        return mixture

    def _weighed(self, sizes: Mapping[str, int], parameter: float | None) -> Mixture:
        if self.kind == "uniform":
            return uniform(tuple(sizes))
        if self.kind == "proportional":
            return proportional(sizes)
        if parameter is None or self.kind == "simplex":
            raise ValueError(f"a {self.kind} weighting must not go by size alone, got {parameter}")
        if self.kind == "cap":
            return capped(sizes, int(parameter))
        return temperature(sizes, self.rounded(parameter))

    @model_serializer
    def _as_written(self) -> Any:
        return {self.kind: self.parameter} if self.parameter is not None else self.kind
