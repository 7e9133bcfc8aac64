"""The search space: Optuna distributions, and the exact way from a suggestion to a trial and back.

Dimensions exist only where something varies: `model`, `level.<task>`, `active`, `temperature`,
`cap`, `languages.order`, `languages.count`, `languages.english`, `intermediate.learning_rate`,
`intermediate.examples`, `target.learning_rate`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from spaces.choices import Counts, Rates
from spaces.fidelity import Fidelity
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture, from_exponentials, uniform
from spaces.points import Point, PointSpace, intermediate_of
from spaces.trial_config import TrialConfig

__all__ = ["LOWEST_LEVEL", "Point", "SearchSpace", "Suggestion"]

Suggestion = dict[str, Any]

# A level is uniform on (0, 1]; the chance of a draw below this is 1e-12.
LOWEST_LEVEL: Final = 1e-12


class SearchSpace(PointSpace):
    """Everything that may vary, as dimensions of a sampler and as trials.

    A mixture of a simplex is made of levels in (0, 1], one per task: weights are -log(level),
    normalised, which makes uniform levels a flat Dirichlet distribution. `active` of them, those
    of the largest weights, are kept. Where weights go by size, levels only choose the tasks.
    """

    def distributions(self) -> dict[str, BaseDistribution]:
        """Return the distribution of each dimension, by name."""
        return dict(self._dimensions())

    def _dimensions(self) -> Iterator[tuple[str, BaseDistribution]]:
        phase, sets = self.intermediate, self.intermediate.languages
        if len(self.models) > 1:
            yield "model", CategoricalDistribution([model.name for model in self.models])
        if self._has_levels:
            for task in phase.tasks:
                yield f"level.{task}", FloatDistribution(LOWEST_LEVEL, 1.0)
        if phase.max_active is not None and phase.max_active > 1:
            yield "active", IntDistribution(1, phase.max_active)
        yield from _varying(phase.weighting.kind, phase.weighting.parameter)
        if len(sets.order) > 1:
            yield "languages.order", CategoricalDistribution(sets.order)
        yield from _varying("languages.count", sets.count)
        if len(sets.english) > 1:
            yield "languages.english", CategoricalDistribution(sets.english)
        yield from _varying("intermediate.learning_rate", phase.learning_rate)
        yield from _varying("intermediate.examples", phase.examples)
        yield from _varying("target.learning_rate", self.targets.learning_rate)

    def ranges(self) -> dict[str, str]:
        """Return what each dimension ranges over, in words."""
        return {name: _range(each) for name, each in self.distributions().items()}

    @property
    def _has_levels(self) -> bool:
        """Whether tasks are weighted or chosen by levels; one task needs neither."""
        phase = self.intermediate
        chooses = phase.weighting.kind == "simplex" or phase.max_active is not None
        return len(phase.tasks) > 1 and chooses

    def check_in_range(self, suggestion: Mapping[str, Any]) -> None:
        """Check that a suggestion gives every dimension a value in its range and no other key.

        Raises:
            ValueError: if it does not.
        """
        distributions = self.distributions()
        if unknown := sorted(set(suggestion) - set(distributions)):
            raise ValueError(f"a suggestion must have only the dimensions "
                             f"{', '.join(distributions)}, got {unknown[0]!r}")
        for name, distribution in distributions.items():
            if name not in suggestion:
                raise ValueError(f"a suggestion must give every dimension, got none for {name!r}")
            if not _in_range(distribution, suggestion[name]):
                raise ValueError(f"`{name}` must be {_range(distribution)}, "
                                 f"got {suggestion[name]!r} (suggestion)")

    # ---- suggestion -> trial ------------------------------------------------------------

    def decode(
        self, suggestion: Mapping[str, Any], *, seed: int, fidelity: Fidelity
    ) -> TrialConfig:
        """Return the trial of a suggestion.

        Raises:
            InvalidPoint: if the point cannot run: a task with none of the set's languages.
            ValueError: if the suggestion is not in range.
        """
        self.check_in_range(suggestion)
        largest = self.intermediate.languages.largest
        languages = LanguageSet(order=suggestion.get("languages.order", largest.order),
                                count=suggestion.get("languages.count", largest.count),
                                english=suggestion.get("languages.english", largest.english))
        point = Point(
            mixture=self._mixture(suggestion, self.resolved(languages)),
            model=suggestion.get("model"), languages=languages,
            intermediate_learning_rate=suggestion.get("intermediate.learning_rate"),
            intermediate_examples=suggestion.get("intermediate.examples"),
            target_learning_rate=suggestion.get("target.learning_rate"),
        )
        return self.config(point, seed=seed, fidelity=fidelity)

    def _mixture(self, suggestion: Mapping[str, Any], codes: tuple[str, ...]) -> Mixture:
        phase = self.intermediate
        tasks = phase.tasks
        if self._has_levels:
            active = suggestion.get("active", phase.max_active or len(tasks))
            by_weight = sorted(tasks, key=lambda task: (suggestion[f"level.{task}"], task))
            tasks = tuple(by_weight[:active])
        if phase.weighting.kind != "simplex":
            fixed = next(phase.weighting.parameters(), None)
            parameter = suggestion.get(phase.weighting.kind, fixed)
            return phase.weighting.by_size(self.sizes_in(tasks, codes), parameter)
        if len(tasks) == 1:
            return uniform(tasks)
        return from_exponentials({task: suggestion[f"level.{task}"] for task in tasks})

    # ---- trial -> suggestion ------------------------------------------------------------

    def encode(self, config: TrialConfig) -> Suggestion:
        """Return a suggestion that decodes to `config` exactly.

        Raises:
            ValueError: if there is none: the trial does not lie in this space.
        """
        phase = intermediate_of(config)
        value = {
            "model": config.model.name,
            "active": len(phase.mixture.tasks),
            **self._levels(phase.mixture),
            "languages.order": phase.languages.order,
            "languages.count": phase.languages.count,
            "languages.english": phase.languages.english,
            "intermediate.learning_rate": phase.recipe.learning_rate,
            "intermediate.examples": config.fidelity.intermediate_examples,
            "target.learning_rate": config.target.learning_rate,
        }
        suggestion = {name: value[name] for name in self.distributions() if name in value}
        for parameters in self._parameters():
            candidate = suggestion | parameters
            if self._decodes_to(candidate, config):
                return candidate
        raise ValueError("a point must lie in the search space, got the mixture "
                         f"{dict(phase.mixture.weights)} in {phase.languages.model_dump()} "
                         f"at {phase.recipe.learning_rate}")

    def _parameters(self) -> Iterator[dict[str, float]]:
        """Yield what may have been suggested for the weighting's own dimension, if it has one."""
        weighting = self.intermediate.weighting
        if weighting.kind in self.distributions():
            yield from ({str(weighting.kind): each} for each in weighting.parameters())
        else:
            yield {}

    def _levels(self, mixture: Mixture) -> dict[str, float]:
        """Return levels in the mixture's proportions.

        Their -log add up to the number of active tasks, as those of draws do on average.
        """
        scale = min(len(mixture.tasks), 20)  # 20 keeps every level above LOWEST_LEVEL
        return {f"level.{task}": math.exp(-mixture[task] * scale)
                for task in self.intermediate.tasks}

    def _decodes_to(self, suggestion: Suggestion, config: TrialConfig) -> bool:
        try:
            return self.decode(suggestion, seed=config.seed, fidelity=config.fidelity) == config
        except ValueError:
            return False

    # ---- where a search begins ----------------------------------------------------------

    def fixed_points(self, extra: Iterable[Point] = ()) -> list[Suggestion]:
        """Return where a search begins: each single task, uniform, size-proportional, `extra`.

        Of the first three kinds, those that the space does not hold are left out.

        Raises:
            ValueError: if a point of `extra` does not lie in the space.
        """
        singles = [uniform([task]) for task in self.intermediate.tasks]
        found = []
        for mixture in [*singles, *self.references().values()]:
            try:
                found.append(self._suggestion(Point(mixture=mixture)))
            except ValueError:
                continue
        found += [self._suggestion(point) for point in extra]
        return [point for index, point in enumerate(found) if point not in found[:index]]

    def _suggestion(self, point: Point) -> Suggestion:
        # Seed and fidelity are no part of a suggestion; any will do.
        fidelity = Fidelity(name="any", intermediate_examples=1, target_examples=1,
                            evaluation_rows=1)
        return self.encode(self.config(point, seed=0, fidelity=fidelity))


def _varying(name: str, choice: Rates | Counts | None) -> Iterator[tuple[str, BaseDistribution]]:
    """Yield the dimension of a choice, if there is anything to choose."""
    if choice is None:
        return
    if choice.low is not None and choice.high is not None:
        if isinstance(choice, Counts):
            yield name, IntDistribution(choice.low, choice.high)
        else:
            yield name, FloatDistribution(choice.low, choice.high, log=True)
    elif len(choice.options) > 1:
        yield name, CategoricalDistribution(choice.options)


def _in_range(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        # 1 == 1.0 == True in Python, and each would decode differently.
        return any(type(value) is type(choice) and value == choice
                   for choice in distribution.choices)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(distribution, IntDistribution):
        return isinstance(value, int) and distribution.low <= value <= distribution.high
    assert isinstance(distribution, FloatDistribution)
    return distribution.low <= value <= distribution.high  # False for NaN


def _range(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return "one of " + ", ".join(map(str, distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return f"from {distribution.low:g} to {distribution.high:g}"
