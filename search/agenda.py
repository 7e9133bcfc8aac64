"""The agenda: which trial runs next, decided from the journal alone, without Ray.

Controls come first, since they set the scale of the objective, then the sampler's trials. While
a round of these waits for its last one, trials of the designed curve, table and arms fill the free
slots; arms follow the trials that choose their learning rates. Confirmations come when the search
has ended.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping

from search.arm_design import arms_block, tuned_rates, tuning_block
from search.confirmation import Choice, choose
from search.design import confirmations, controls, curve_block, table_block
from search.journal import Journal
from search.objective import Objective, marks
from search.placed_curve import PlacedCurve
from search.planned import Encoder, Planned, numbered
from search.results import Outcome, Role, TrialResult, collect
from search.rounds import Rounds, suggested
from search.study import Study
from spaces.search_space import SearchSpace
from trainables.scores import Scores

__all__ = ["Agenda"]


class Agenda:
    """The state of a search: what was planned, what runs, what ended; all of it journalled."""

    def __init__(self, study: Study, space: SearchSpace, journal: Journal,
                 taken: Mapping[str, TrialResult] | None = None) -> None:
        """Rebuild the state of a search.

        Args:
            study: the study.
            space: its search space.
            journal: of the search, empty at first.
            taken: results of another search by their configurations' digests, which need not run.
        """
        self._taken = taken or {}
        self.study, self.space, self.journal = study, space, journal
        self.planned: dict[str, Planned] = {}
        self.running: dict[str, float] = {}  # trial -> Unix time of its start, in seconds
        self.attempts: dict[str, int] = {}
        self.results: dict[str, TrialResult] = {}
        self._objective: Objective | None = None
        self._controls = numbered(Role.CONTROL, controls(study, space))
        self._curve = numbered(Role.CURVE, curve_block(study, space))
        self._placed = (PlacedCurve(study.curve, self._curve, study.search.seed)
                        if study.curve is not None and study.curve.placed else None)
        self._table = numbered(Role.TABLE, table_block(study, space))
        self._tuning = numbered(Role.TUNING, tuning_block(study, space))
        self._arms: list[Planned] | None = None
        self._confirmations: list[Planned] | None = None
        self._rounds = Rounds(study, space, journal)
        self._replay()

    # ---- what may run -------------------------------------------------------------------

    def next(self, avoiding: Collection[Encoder] = ()) -> Planned | None:
        """Return a trial that may start now, journalled; None when nothing can.

        Args:
            avoiding: encoders whose trials would only wait: another is making what they need.
        """
        while (planned := self._next(avoiding)) is not None:
            found = self._taken.get(planned.config.digest())
            if found is None:
                return planned
            self.finished(found.model_copy(update={
                "trial": planned.trial, "role": planned.role, "group": planned.group}))
        return None

    def _next(self, avoiding: Collection[Encoder]) -> Planned | None:
        self._tell()
        for planned in self._startable():
            if planned.encoder in avoiding:
                continue
            if planned.trial not in self.planned:
                self.planned[planned.trial] = planned
                suggested(self.journal, planned, None)
            return planned
        return None

    @property
    def is_done(self) -> bool:
        """Whether every trial of the search has ended."""
        self._plan_arms()
        if not self._rounds.is_complete or self._confirmations is None or self._arms is None:
            return False
        everything = list(self._everything())  # whether a curve goes on is decided here, too
        if self._placed is not None and not self._placed.is_complete:
            return False
        return all(planned.trial in self.results for planned in everything)

    @property
    def total(self) -> int:
        """The number of trials that the whole search will run; of a placed curve, at most."""
        confirmed = (self.study.confirmation.trials + self.study.further_trials
                     if self._confirmations is None else len(self._confirmations))
        arms = len(arms_block(self.study, self.space)) if self._arms is None else len(self._arms)
        return (len(self._controls) + self._curve_trials + len(self._table)
                + len(self._tuning) + arms + self.study.search.trials + confirmed)

    @property
    def _curve_trials(self) -> int:
        if self._placed is not None and self._placed.is_complete:
            return len(self._placed.trials)
        return len(self._curve)

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
        yield from self._idle(self._rounds.trials)
        for planned in self._rounds.ask():
            self.planned[planned.trial] = planned
        yield from self._idle(self._rounds.trials)
        yield from self._idle(self._of_the_curve())
        yield from self._idle(self._table)
        yield from self._idle(self._tuning)
        self._plan_arms()
        yield from self._idle(self._arms or [])
        if self._search_is_over() and self._confirmations is None:
            self._confirm()
        yield from self._idle(self._confirmations or [])

    def _idle(self, planned: list[Planned]) -> Iterator[Planned]:
        return (each for each in planned
                if each.trial not in self.running and each.trial not in self.results)

    def _of_the_curve(self) -> list[Planned]:
        """Return the curve's trials: all of its block, or those that are placed by now."""
        if self._placed is None:
            return self._curve
        self._placed.place(self.results, self._scaled())
        return self._placed.trials

    def _everything(self) -> Iterator[Planned]:
        yield from self._controls
        yield from self._rounds.trials
        yield from self._of_the_curve()
        yield from self._table
        yield from self._tuning
        yield from self._arms or []
        yield from self._confirmations or []

    def _search_is_over(self) -> bool:
        return self._rounds.is_complete and all(
            planned.trial in self.results for planned in (*self._rounds.trials, *self._controls))

    def _tell(self) -> None:
        """Tell the sampler of ended search trials, once the controls give the objective."""
        scaled = self._scaled()
        if scaled is not None:
            self._rounds.tell(self.results, scaled)

    # ---- what happened ------------------------------------------------------------------

    def launched(self, trial: str) -> None:
        """Note that a trial has been handed out; `next` does not return it again."""
        self.running[trial] = time.time()

    def started(self, trial: str, tune_id: str, *, after: str = "") -> None:
        """Note that a trial works, under Tune's own trial id, and `after` what it does so again."""
        attempt = self.attempts.get(trial, 0) + 1
        self.journal.append("started", trial, attempt=attempt, tune_id=tune_id,
                            **({"after": after} if after else {}))
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

    def _plan_arms(self) -> None:
        """Plan the arms once every trial that chooses their learning rates has ended."""
        tried = [self.results[planned.trial] for planned in self._tuning
                 if planned.trial in self.results]
        if self._arms is None and len(tried) == len(self._tuning):
            rates = tuned_rates(tried, self.study)
            self._arms = numbered(Role.ARM, arms_block(self.study, self.space, rates))

    def _confirm(self) -> None:
        chosen = self._given()
        scaled = self._scaled()
        scored = any(self.results[planned.trial].outcome is Outcome.FINISHED
                     for planned in self._rounds.trials)
        # Where no search trial finished there is nothing to confirm, references included.
        if self.study.confirmation.winners and scored and scaled is not None:
            chosen = choose(self.results.values(), scaled, self.study.confirmation.winners,
                            self.space.references())
        self.journal.append("confirming", None,
                            chosen=[each.model_dump(mode="json") for each in chosen])
        self._plan_confirmations(chosen)

    def _given(self) -> list[Choice]:
        """Return what another search has chosen, where this one evaluates it."""
        opened = self.journal.of("opened")
        return [Choice.model_validate(each) for each in
                (opened[0].data.get("chosen", []) if opened else [])]

    def _plan_confirmations(self, chosen: list[Choice]) -> None:
        self._confirmations = numbered(
            Role.CONFIRMATION, confirmations(self.study, self.space, chosen))

    # ---- resuming -----------------------------------------------------------------------

    def _replay(self) -> None:
        """Rebuild this state, the sampler's included, from the journal's events in order."""
        self.results = {result.trial: result for result in collect(self.journal)}
        for event in self.journal.events:
            if event.kind == "suggested":
                planned = Planned.model_validate({"trial": event.trial, **{
                    key: event.data[key] for key in ("role", "group", "config", "number")}})
                self.planned[planned.trial] = planned
                if planned.role is Role.SEARCH:
                    self._rounds.replay_asked(planned, event.data["suggestion"])
            elif event.kind == "told":
                self._rounds.replay_told(event, self.results, self._scaled())
            elif event.kind == "started":
                self.attempts[str(event.trial)] = event.data["attempt"]
            elif event.kind == "confirming":
                self._plan_confirmations(
                    [Choice.model_validate(each) for each in event.data["chosen"]])
