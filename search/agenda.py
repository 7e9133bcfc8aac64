"""The agenda: which trial runs next, decided from the journal alone, without Ray.

Controls come first, since they set the scale of the objective. Suggestions are asked in rounds
where a study asks for reproducibility: a round is told, in the order it was asked, when all of
it has ended. While a round waits for its last trial, trials of the designed curve fill the free
slots. Confirmations come when the search has ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from search.confirmation import Choice, choose
from search.design import Designed, confirmations, controls, curve_block
from search.journal import Event, Journal
from search.objective import Objective, marks
from search.results import Outcome, Role, TrialResult, collect
from search.sampler import Sampler
from search.study import Study
from spaces.mixtures import InvalidPoint
from spaces.search_space import SearchSpace
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.scores import Scores

__all__ = ["Agenda", "Planned"]

# A suggestion that no trial can run is told as a failure and another is asked, this many times.
MAX_INVALID_IN_A_ROW = 100


class Planned(Value):
    """A trial that exists in the search: its name, why it runs, and what it runs.

    `number` is the sampler's number of a search trial.
    """

    trial: str
    role: Role
    group: str = ""
    config: TrialConfig
    number: int | None = None


class Agenda:
    """The state of a search: what was planned, what runs, what ended; all of it journalled."""

    def __init__(self, study: Study, space: SearchSpace, journal: Journal) -> None:
        self.study, self.space, self.journal = study, space, journal
        self.sampler = Sampler(space.distributions(), name=study.search.sampler,
                               seed=study.search.seed)
        self.planned: dict[str, Planned] = {}
        self.running: dict[str, float] = {}  # trial -> Unix time of its start, in seconds
        self.attempts: dict[str, int] = {}
        self.results: dict[str, TrialResult] = {}
        self._objective: Objective | None = None
        self._controls = self._designed(Role.CONTROL, controls(study, space))
        self._curve = self._designed(Role.CURVE, curve_block(study, space))
        self._confirmations: list[Planned] | None = None
        self._search: list[Planned] = []
        self._fixed = list(space.fixed_points(study.fixed_mixtures()))[: study.search.trials]
        self._told: set[str] = set()
        self._replay()

    # ---- what may run -------------------------------------------------------------------

    def next(self) -> Planned | None:
        """Return a trial that may start now, journalled; None when nothing can."""
        self._tell_what_is_due()
        for planned in self._startable():
            if planned.trial not in self.planned:
                self._note(planned, suggestion=None)
            return planned
        return None

    @property
    def is_done(self) -> bool:
        """Whether every trial of the search has ended."""
        return (len(self._search) >= self.study.search.trials
                and self._confirmations is not None
                and all(planned.trial in self.results for planned in self._everything()))

    @property
    def total(self) -> int:
        """The number of trials that the whole search will run."""
        confirmed = (self.study.confirmation.trials if self._confirmations is None
                     else len(self._confirmations))
        return (len(self._controls) + len(self._curve) + self.study.search.trials + confirmed)

    def objective(self, scores: Scores) -> float | None:
        """Return what the sampler maximises, None while the controls that scale it still run."""
        scaled = self._scaled()
        return None if scaled is None else scaled.value(scores)

    def selection_points(self, scores: Scores) -> float | None:
        """Return the score on the selection panel in points, None as long as `objective` is."""
        scaled = self._scaled()
        return None if scaled is None else scaled.points(scores)

    def _scaled(self) -> Objective | None:
        """Return the objective once every control that scales it has ended."""
        if self._objective is None:
            ended = [self.results[planned.trial] for planned in self._controls
                     if planned.trial in self.results]
            if len(ended) == len(self._controls):
                self._objective = Objective.from_controls(ended, self.study)
        return self._objective

    def _startable(self) -> Iterator[Planned]:
        yield from self._idle(self._controls)
        yield from self._idle(self._search)
        if self._may_ask():
            self._ask_a_round()
            yield from self._idle(self._search)
        yield from self._idle(self._curve)
        if self._search_is_over() and self._confirmations is None:
            self._confirm()
        yield from self._idle(self._confirmations or [])

    def _idle(self, planned: list[Planned]) -> Iterator[Planned]:
        return (each for each in planned
                if each.trial not in self.running and each.trial not in self.results)

    def _everything(self) -> Iterator[Planned]:
        yield from self._controls
        yield from self._search
        yield from self._curve
        yield from self._confirmations or []

    def _may_ask(self) -> bool:
        if len(self._search) >= self.study.search.trials:
            return False
        if not self.study.search.reproducible:
            return True
        in_the_middle_of_a_round = len(self._search) % self._round_size != 0
        return in_the_middle_of_a_round or len(self._told) == len(self._search)

    def _search_is_over(self) -> bool:
        return (len(self._search) >= self.study.search.trials
                and all(planned.trial in self.results
                        for planned in (*self._search, *self._controls)))

    # ---- asking and telling -------------------------------------------------------------

    def _ask_a_round(self) -> None:
        # A kill may have cut the asking of a round short: the rest of it is asked first.
        left_of_the_round = self._round_size - len(self._search) % self._round_size
        left = self.study.search.trials - len(self._search)
        for _ in range(min(left_of_the_round, left)):
            self._search.append(self._ask_one())

    @property
    def _round_size(self) -> int:
        return self.study.search.round_size if self.study.search.reproducible else 1

    def _ask_one(self) -> Planned:
        for _ in range(MAX_INVALID_IN_A_ROW):
            fixed = self._fixed.pop(0) if self._fixed else None
            number, suggestion = self.sampler.ask(fixed)
            try:
                config = self._decode(suggestion)
            except InvalidPoint as error:
                self.sampler.tell(number, None)
                self.journal.append("told", None, number=number, suggestion=suggestion,
                                    state="invalid", reason=str(error))
                continue
            planned = Planned(trial=f"search-{len(self._search):03d}", role=Role.SEARCH,
                              config=config, number=number)
            self.sampler.name_trial(number, planned.trial)
            self._note(planned, suggestion=suggestion)
            return planned
        raise InvalidPoint(f"the search space must hold points that can run, got "
                           f"{MAX_INVALID_IN_A_ROW} invalid ones in a row")

    def _decode(self, suggestion: dict[str, Any]) -> TrialConfig:
        return self.space.decode(suggestion, seed=self.study.search.seed,
                                 fidelity=self.study.fidelity.search)

    def _tell_what_is_due(self) -> None:
        """Tell ended search trials: in rounds in the order asked, otherwise as they end."""
        if any(planned.trial not in self.results for planned in self._controls):
            return
        due = [planned for planned in self._search
               if planned.trial in self.results and planned.trial not in self._told]
        if self.study.search.reproducible and any(
                planned.trial not in self.results for planned in self._search):
            return
        for planned in due:
            value = self._tell(planned)
            self.journal.append("told", planned.trial, number=planned.number, objective=value)

    def _tell(self, planned: Planned) -> float | None:
        assert planned.number is not None
        result = self.results[planned.trial]
        value = self.objective(result.scores) if result.scores is not None else None
        stopped_at = result.rung if result.outcome is Outcome.STOPPED else None
        self.sampler.tell(planned.number, value, stopped_at=stopped_at)
        self._told.add(planned.trial)
        return value

    # ---- what happened ------------------------------------------------------------------

    def launched(self, trial: str) -> None:
        """Note that a trial has been handed out; `next` does not return it again."""
        self.running[trial] = time.time()

    def started(self, trial: str, tune_id: str) -> None:
        """Note that a trial works, under Tune's own trial id."""
        attempt = self.attempts.get(trial, 0) + 1
        self.journal.append("started", trial, attempt=attempt, tune_id=tune_id)
        self.attempts[trial] = attempt

    def reported(self, trial: str, rung: float, scores: Scores) -> None:
        """Note the scores of a rung."""
        self.journal.append("reported", trial, rung=rung, scores=scores.model_dump(mode="json"))

    def finished(self, result: TrialResult) -> None:
        """Note how a trial ended; the first ending counts."""
        self.running.pop(result.trial, None)
        if result.scores is not None:
            result = result.model_copy(update={"marks": marks(result.scores, self._counted)})
        if result.trial not in self.results:
            self.results[result.trial] = result
            self.journal.append("finished", result.trial, **result.model_dump(mode="json"))

    def released(self, trial: str) -> None:
        """Note that a trial gave its slot back before it ended; it may start again."""
        self.running.pop(trial, None)

    @property
    def _counted(self) -> list[str]:
        """The target tasks that count: training-free retrieval marks no trial."""
        return [task.name for task in self.study.target_tasks if task.trained]

    # ---- designed trials ----------------------------------------------------------------

    @staticmethod
    def _designed(role: Role, designed: list[Designed]) -> list[Planned]:
        return [Planned(trial=f"{role}-{index:03d}", role=each.role, group=each.group,
                        config=each.config) for index, each in enumerate(designed)]

    def _confirm(self) -> None:
        chosen: list[Choice] = []
        scaled = self._scaled()
        scored = any(self.results[planned.trial].outcome is Outcome.FINISHED
                     for planned in self._search)
        # Where no search trial finished there is nothing to confirm, references included.
        if self.study.confirmation.winners and scored and scaled is not None:
            chosen = choose(self.results.values(), scaled, self.study.confirmation.winners,
                            self.space.references())
        self.journal.append("confirming", None,
                            chosen=[each.model_dump(mode="json") for each in chosen])
        self._plan_confirmations(chosen)

    def _plan_confirmations(self, chosen: list[Choice]) -> None:
        self._confirmations = self._designed(
            Role.CONFIRMATION, confirmations(self.study, self.space, chosen))

    def _note(self, planned: Planned, *, suggestion: dict[str, Any] | None) -> None:
        self.planned[planned.trial] = planned
        self.journal.append("suggested", planned.trial, role=planned.role, group=planned.group,
                            number=planned.number, suggestion=suggestion,
                            config=planned.config.model_dump(mode="json"))

    # ---- resuming -----------------------------------------------------------------------

    def _replay(self) -> None:
        """Rebuild this state, the sampler's included, from the journal's events in order."""
        self.results = {result.trial: result for result in collect(self.journal)}
        for event in self.journal.events:
            if event.kind == "suggested":
                self._replay_suggested(event)
            elif event.kind == "told":
                self._replay_told(event)
            elif event.kind == "started":
                self.attempts[str(event.trial)] = event.data["attempt"]
            elif event.kind == "confirming":
                self._plan_confirmations(
                    [Choice.model_validate(each) for each in event.data["chosen"]])

    def _replay_suggested(self, event: Event) -> None:
        data = event.data
        planned = Planned(trial=str(event.trial), role=data["role"], group=data["group"],
                          config=data["config"], number=data["number"])
        self.planned[planned.trial] = planned
        if planned.role is Role.SEARCH:
            self.sampler.ask(data["suggestion"])
            self._fixed = self._fixed[1:]
            self._search.append(planned)

    def _replay_told(self, event: Event) -> None:
        if event.trial is None:  # a suggestion that no trial could run
            self.sampler.ask(event.data["suggestion"])
            self._fixed = self._fixed[1:]
            self.sampler.tell(event.data["number"], None)
        else:
            self._tell(self.planned[event.trial])
