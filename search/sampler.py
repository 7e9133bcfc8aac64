"""The sampler: Optuna asked and told by trial number, rebuilt exactly from the journal.

A suggestion is a pure function of the study's seed, its own number, and what was told before:
each ask gets a sampler freshly seeded by (seed, number). So a resumed search goes on as if it
had never stopped, and suggestions asked in rounds do not depend on timing.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Container, Mapping
from typing import Any, Literal, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from spaces.value import digest_of

__all__ = ["Modelled", "Sampler", "SamplerName"]

SamplerName = Literal["tpe", "random"]
Suggestion = dict[str, Any]

# Random suggestions before TPE models anything; Optuna's own default is 10.
STARTUP_TRIALS = 8
# Ended trials that TPE models at most, and the best among them. A suggestion over 1,000 takes seven
# times as long as one over 100, and all the search waits for it.
MOST_MODELLED = 100
MOST_BEST = 25


class Sampler:
    """Asks Optuna for suggestions and tells it how they ended; values are maximised.

    The study lives in memory: the journal is the record, and `replay` rebuilds it.
    """

    def __init__(
        self, distributions: Mapping[str, BaseDistribution], *, name: SamplerName, seed: int
    ) -> None:
        self._distributions = dict(distributions)
        self._name, self._seed = name, seed
        self._trials: list[Trial] = []
        self._told: set[int] = set()
        self._modelled = Modelled()
        with _quietly():
            self._study = optuna.create_study(direction="maximize")

    def __len__(self) -> int:
        """Return the number of suggestions asked so far."""
        return len(self._trials)

    def ask(self, fixed: Suggestion | None = None) -> tuple[int, Suggestion]:
        """Return the next number and its suggestion; `fixed` is taken as it is.

        Raises:
            ValueError: if `fixed` lacks a dimension or lies outside its range.
        """
        number = len(self._trials)
        with _quietly():
            if fixed is not None:
                self._check(fixed)
                self._study.enqueue_trial(fixed)
            self._study.sampler = _sampler(self._name, self._seed, number, self._modelled)
            trial = self._study.ask(self._distributions)
        self._trials.append(trial)
        self._modelled.begun(number)
        return number, dict(trial.params)

    def tell(self, number: int, value: float | None, *, stopped_at: float | None = None) -> None:
        """Tell how a suggestion ended.

        Args:
            number: the suggestion's number.
            value: the objective, None for a failure.
            stopped_at: the rung at which the scheduler stopped the trial; Optuna is told
                PRUNED with the rung's value.

        Raises:
            ValueError: if `value` is not finite.
        """
        if value is not None and not math.isfinite(value):
            raise ValueError(f"an objective must be finite, got {value} (suggestion {number})")
        if number in self._told:
            return
        self._told.add(number)
        self._modelled.ended(number, value, is_whole=stopped_at is None)
        if value is None:
            self._study.tell(number, state=TrialState.FAIL)
        elif stopped_at is not None:
            self._trials[number].report(value, step=round(stopped_at * 1000))
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, value)

    def name_trial(self, number: int, trial: str) -> None:
        """Note on Optuna's trial which of the search's trials runs it."""
        self._trials[number].set_user_attr("trial", trial)

    def _check(self, fixed: Suggestion) -> None:
        for name, distribution in self._distributions.items():
            if name not in fixed:
                raise ValueError(f"a fixed point must give every dimension, got none for {name!r}")
            internal = distribution.to_internal_repr(fixed[name])
            if not distribution._contains(internal):
                raise ValueError(
                    f"a fixed point must lie in its range, got {fixed[name]!r} for {name!r} "
                    f"of {distribution}"
                )


def _sampler(name: SamplerName, seed: int, number: int, modelled: Modelled) -> BaseSampler:
    own_seed = int(digest_of([seed, number])[:8], 16)
    if name == "random":
        return RandomSampler(seed=own_seed)
    return _Modelling(modelled, seed=own_seed, n_startup_trials=STARTUP_TRIALS)


class Modelled:
    """Which trials TPE models: all, or of very many those that run, the best and the latest others.

    TPE takes at most the best 25 for good, and gives old ones the less weight the more there are
    (Optuna's `default_gamma`, `default_weights`), so that little is lost. Kept from trial to trial,
    so that a choice costs the same however many there were.
    """

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._best: list[tuple[float, int]] = []  # objectives with their sign turned, least first
        self._ended: list[int] = []

    def begun(self, number: int) -> None:
        """Take in a trial that runs."""
        self._running.add(number)

    def ended(self, number: int, value: float | None, *, is_whole: bool) -> None:
        """Take in how a trial ended; None of a failure, which tells TPE nothing."""
        self._running.discard(number)
        if value is None:
            return
        insort(self._ended, number)
        if is_whole:
            insort(self._best, (-value, number))
            del self._best[MOST_BEST:]

    def numbers(self) -> list[int] | None:
        """Return the numbers of those that are modelled, in their order; None of all."""
        if len(self._ended) <= MOST_MODELLED:
            return None
        chosen = {number for _, number in self._best}
        # Among the latest MOST_MODELLED there are as many others as are wanted.
        others = [number for number in self._ended[-MOST_MODELLED:] if number not in chosen]
        chosen.update(others[len(chosen) - MOST_MODELLED:])
        return sorted(chosen | self._running)


class _Modelling(TPESampler):
    """TPE over the best and the latest trials, so that the thousandth suggestion costs no more."""

    def __init__(self, modelled: Modelled, **given: Any) -> None:
        super().__init__(**given)
        self._modelled = modelled

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return super().infer_relative_search_space(self._seen(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> Suggestion:
        return super().sample_relative(self._seen(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return super().sample_independent(self._seen(study), trial, param_name, param_distribution)

    def _seen(self, study: Study) -> Study:
        window: Any = _Window(study, self._modelled)
        return cast("Study", window)


class _Window:
    """An Optuna study that shows a sampler some of its trials."""

    def __init__(self, study: Study, modelled: Modelled) -> None:
        self._study, self._modelled = study, modelled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = self._study._get_trials(deepcopy=deepcopy, use_cache=use_cache)
        numbers = self._modelled.numbers()
        shown = trials if numbers is None else [trials[number] for number in numbers]
        return [trial for trial in shown if states is None or trial.state in states]


class _quietly:  # noqa: N801 - reads as a word where it is used
    """Keep Optuna's notices off the screen; its errors still come."""

    def __enter__(self) -> None:
        self._before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)

    def __exit__(self, *exc: object) -> None:
        optuna.logging.set_verbosity(self._before)
