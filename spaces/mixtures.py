"""Mixtures: weights over intermediate tasks, and their share-out over (task, language) cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import model_validator

from spaces.value import Shares, Value

__all__ = ["GRAIN", "Cell", "InvalidPoint", "Mixture", "capped", "proportional", "temperature",
           "uniform"]

# Weights are whole multiples of 1/GRAIN, so that they are readable, sum to exactly 1, and come
# back unchanged when a winner is fed into a study again.
GRAIN = 10_000


class InvalidPoint(ValueError):
    """A point of the search space that no trial can run, such as a task without a language."""


class Cell(Value):
    """One (task, language) of intermediate training and its share of the examples."""

    task: str
    language: str
    weight: float


class Mixture(Value):
    """Weights over tasks: positive, summing to 1, kept as multiples of 1/10000."""

    weights: Shares

    @model_validator(mode="before")
    @classmethod
    def _accept_a_bare_mapping(cls, given: object) -> object:
        bare = isinstance(given, Mapping) and "weights" not in given
        return {"weights": dict(given)} if bare else given  # type: ignore[call-overload]

    @model_validator(mode="after")
    def _weights_make_a_mixture(self) -> Mixture:
        if len(dict(self.weights)) < len(self.weights):
            raise ValueError(f"`weights` must name each task once, got {list(self.weights)}")
        total = sum(weight for _, weight in self.weights)
        if any(weight < 0 for _, weight in self.weights):
            raise ValueError(f"`weights` must not be negative, got {dict(self.weights)}")
        if abs(total - 1) > 1e-6:
            raise ValueError(f"`weights` must sum to 1, got {round(total, 6)}")
        object.__setattr__(self, "weights", _on_the_grain(dict(self.weights)))
        return self

    def __getitem__(self, task: str) -> float:
        """Return the weight of `task`, 0 when it is not in the mixture."""
        return dict(self.weights).get(task, 0.0)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks with a positive weight, by name."""
        return tuple(task for task, _ in self.weights)

    def cells(
        self, languages: Sequence[str], offered: Mapping[str, Sequence[str]]
    ) -> tuple[Cell, ...]:
        """Share each task's weight equally among the `languages` that the task has.

        The cells come by task and language, so that equal sets give equal trials however ordered.

        Args:
            languages: the language set, BCP-47.
            offered: for each task, the languages it has a train split in.

        Raises:
            InvalidPoint: if a task of the mixture has none of the languages.
        """
        cells = []
        for task, weight in self.weights:
            shared = [code for code in languages if code in offered[task]]
            if not shared:
                raise InvalidPoint(
                    f"each task of a mixture must have one of the set's languages, got {task!r} "
                    f"with {', '.join(languages)}"
                )
            cells += [Cell(task=task, language=code, weight=weight / len(shared))
                      for code in sorted(shared)]
        return tuple(cells)


def uniform(tasks: Sequence[str]) -> Mixture:
    """Return equal weights."""
    return _normalised(dict.fromkeys(tasks, 1.0))


def proportional(sizes: Mapping[str, int]) -> Mixture:
    """Return weights proportional to the tasks' numbers of train rows."""
    return temperature(sizes, 1.0)


def temperature(sizes: Mapping[str, int], degree: float) -> Mixture:
    """Return weights proportional to rows ** (1 / degree); 1 is proportional, large is uniform.

    Source: jiant's temperature sampler; `degree` is its T.

    Raises:
        ValueError: if `degree` is not positive or a size is not.
    """
    if not degree > 0:
        raise ValueError(f"`temperature` must be positive, got {degree}")
    return _normalised({task: rows ** (1 / degree) for task, rows in sizes.items()})


def capped(sizes: Mapping[str, int], cap: int) -> Mixture:
    """Return weights proportional to min(rows, cap), the field's examples-capped sampling.

    Raises:
        ValueError: if `cap` is below 1.
    """
    if cap < 1:
        raise ValueError(f"`cap` must be at least 1 row, got {cap}")
    return proportional({task: min(rows, cap) for task, rows in sizes.items()})


def from_exponentials(levels: Mapping[str, float]) -> Mixture:
    """Return the mixture of levels u in (0, 1]: weights -log(u), normalised.

    Uniform levels give a flat Dirichlet distribution of weights. Source: Optuna's FAQ, "How can
    I deal with variables which represent the proportion".
    """
    return _normalised({task: -math.log(level) for task, level in levels.items()})


def _normalised(shares: Mapping[str, float]) -> Mixture:
    total = sum(shares.values())
    if not shares or not total > 0 or not math.isfinite(total):
        raise InvalidPoint(f"a mixture must have a task with a positive weight, got {shares}")
    return Mixture(weights=_on_the_grain({task: share / total for task, share in shares.items()}))


def _on_the_grain(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Round to whole grains by largest remainder, so that the sum stays exactly 1."""
    grains = {task: math.floor(weight * GRAIN + 1e-9) for task, weight in weights.items()}
    missing = GRAIN - sum(grains.values())
    remainders = sorted(weights, key=lambda task: (grains[task] - weights[task] * GRAIN, task))
    for task in remainders[:missing]:
        grains[task] += 1
    return tuple((task, count / GRAIN) for task, count in sorted(grains.items()) if count)
