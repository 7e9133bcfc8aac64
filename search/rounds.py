"""Rounds: the sampler asked and told, in rounds where a study asks for reproducibility.

A round is told, in the order in which it was asked, when all of it has ended; so suggestions do
not depend on timing. Without rounds each trial is asked and told as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from search.journal import Event, Journal
from search.objective import Objective
from search.planned import Planned
from search.results import Outcome, Role, TrialResult
from search.sampler import Sampler
from search.study import Study
from spaces.mixtures import InvalidPoint
from spaces.search_space import SearchSpace

__all__ = ["Rounds", "suggested"]

Results = Mapping[str, TrialResult]

# A suggestion that no trial can run is told as a failure and another is asked, this many times.
_MAX_INVALID_IN_A_ROW: Final = 100


class Rounds:
    """The search trials of a study, asked from its sampler and told to it."""

    def __init__(self, study: Study, space: SearchSpace, journal: Journal) -> None:
        self._study, self._space, self._journal = study, space, journal
        self._sampler = Sampler(space.distributions(), name=study.search.sampler,
                                seed=study.search.seed)
        self._fixed = list(space.fixed_points(study.fixed_mixtures()))[: study.search.trials]
        self._told: set[str] = set()
        self.trials: list[Planned] = []

    @property
    def is_complete(self) -> bool:
        """Whether every search trial has been asked."""
        return len(self.trials) >= self._study.search.trials

    def ask(self) -> list[Planned]:
        """Return the next round's trials, journalled; none while a round is under way.

        Raises:
            InvalidPoint: if the space seems to hold no point that can run.
        """
        if self.is_complete or not self._may_ask():
            return []
        left_of_the_round = self._size - len(self.trials) % self._size
        left = self._study.search.trials - len(self.trials)
        return [self._ask_one() for _ in range(min(left_of_the_round, left))]

    def tell(self, results: Results, objective: Objective) -> None:
        """Tell the sampler of trials that ended: a whole round at once, or each as it ends."""
        if self._study.search.reproducible and (self._is_within_a_round or any(
                planned.trial not in results for planned in self.trials)):
            return
        for planned in self.trials:
            if planned.trial in results and planned.trial not in self._told:
                value = self._tell_one(planned, results[planned.trial], objective)
                self._journal.append("told", planned.trial, number=planned.number,
                                     objective=value)

    def replay_asked(self, planned: Planned, suggestion: dict[str, Any]) -> None:
        """Take up a trial that was asked before."""
        number, _ = self._sampler.ask(suggestion)
        self._sampler.name_trial(number, planned.trial)
        self._fixed = self._fixed[1:]
        self.trials.append(planned)

    def replay_told(self, event: Event, results: Results, objective: Objective | None) -> None:
        """Tell the sampler again what it was told before."""
        if event.trial is None:  # a suggestion that no trial could run
            self._sampler.ask(event.data["suggestion"])
            self._fixed = self._fixed[1:]
            self._sampler.tell(event.data["number"], None)
            return
        assert objective is not None  # nothing was told before all controls had ended
        planned = next(each for each in self.trials if each.trial == event.trial)
        self._tell_one(planned, results[event.trial], objective)

    @property
    def _size(self) -> int:
        return self._study.search.round_size if self._study.search.reproducible else 1

    @property
    def _is_within_a_round(self) -> bool:
        """Whether a kill cut the asking of a round short."""
        return len(self.trials) % self._size != 0 and not self.is_complete

    def _may_ask(self) -> bool:
        return (not self._study.search.reproducible or self._is_within_a_round
                or len(self._told) == len(self.trials))

    def _ask_one(self) -> Planned:
        for number, suggestion in self._suggestions():
            try:
                config = self._space.decode(suggestion, seed=self._study.search.seed,
                                            fidelity=self._study.fidelity.search)
            except InvalidPoint as error:
                self._sampler.tell(number, None)
                self._journal.append("told", None, number=number, suggestion=suggestion,
                                     state="invalid", reason=str(error))
                continue
            planned = Planned(trial=f"search-{len(self.trials):03d}", role=Role.SEARCH,
                              config=config, number=number)
            self._sampler.name_trial(number, planned.trial)
            self.trials.append(planned)
            suggested(self._journal, planned, suggestion)
            return planned
        raise InvalidPoint(f"the search space must hold points that can run, got "
                           f"{_MAX_INVALID_IN_A_ROW} invalid ones in a row")

    def _suggestions(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for _ in range(_MAX_INVALID_IN_A_ROW):
            yield self._sampler.ask(self._fixed.pop(0) if self._fixed else None)

    def _tell_one(
        self, planned: Planned, result: TrialResult, objective: Objective
    ) -> float | None:
        assert planned.number is not None  # it was asked
        value = None if result.scores is None else objective.value(result.scores)
        stopped_at = result.rung if result.outcome is Outcome.STOPPED else None
        self._sampler.tell(planned.number, value, stopped_at=stopped_at)
        self._told.add(planned.trial)
        return value


def suggested(journal: Journal, planned: Planned, suggestion: dict[str, Any] | None) -> None:
    """Journal that a trial exists; designed trials come without a suggestion."""
    journal.append("suggested", planned.trial, role=planned.role, group=planned.group,
                   number=planned.number, suggestion=suggestion,
                   config=planned.config.model_dump(mode="json"))
