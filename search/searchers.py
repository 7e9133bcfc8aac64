"""The searcher: the agenda as Ray Tune sees it, one slot at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from search.agenda import Agenda
from search.faults import UserError
from search.planned import Encoder, Planned
from search.results import Outcome, TrialResult
from trainables.messages import Message, read_message

__all__ = ["NODE_LOST", "AgendaSearcher"]

# A trial whose worker died is started again; after this many deaths it has failed. That its node
# was lost is seldom the trial's fault, and nodes that cost less are taken away often.
MAX_DEATHS = 3
MAX_LOST_NODES = 20
# In Ray's own words; the second before it knows more than that a connection broke, where the death
# of a process alone is known at once.
NODE_LOST = ("its node has died", "The actor is temporarily unavailable")


class AgendaSearcher(Searcher):
    """Hands the agenda's trials to Tune and takes their messages back.

    Tune's trial ids are not the search's: a trial that gave its slot back, because another was
    making the store entry it needs, comes again under a new id.

    Args:
        agenda: what runs next.
        hand_out: a planned trial as Tune's trial configuration.
        max_concurrent: tells the number of trials that may run at once, which may change.
        is_free: whether nobody is making a store entry now.
        changed: called with a trial's name and message after each one.
        last_words: what Tune knows of why one of its trials died, by its id; may be empty.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        hand_out: Callable[[Planned], dict[str, Any]],
        max_concurrent: Callable[[], int],
        is_free: Callable[[str], bool],
        changed: Callable[[str, Message], None],
        last_words: Callable[[str], str] = lambda tune_id: "",
    ) -> None:
        super().__init__(metric="objective", mode="max")
        self.agenda = agenda
        self._hand_out, self._max_concurrent = hand_out, max_concurrent
        self._is_free, self._changed, self._last_words = is_free, changed, last_words
        self._deaths: Counter[str] = Counter()  # of a trial's workers, since this start
        self._lost_nodes: Counter[str] = Counter()  # likewise
        self._reasons: dict[str, str] = {}  # why a trial's last attempt died
        self._by_tune_id: dict[str, Planned] = {}
        self._working: set[str] = set()
        self._full_disk = ""
        # The entries for which slots were given back, and the encoders of those trials.
        self._waits_for: dict[str, Encoder] = {}

    def suggest(  # type: ignore[override]  # Ray's own type leaves FINISHED, a string, out
        self, trial_id: str
    ) -> dict[str, Any] | str | None:
        """Return the next trial for Tune, FINISHED at the end, None while nothing can start."""
        if self.agenda.is_done:
            return str(Searcher.FINISHED)
        if len(self._by_tune_id) >= self._max_concurrent():
            return None
        planned = self.agenda.next(self._busy_encoders())
        if planned is None:
            return None
        self.agenda.launched(planned.trial)
        self._by_tune_id[trial_id] = planned
        return self._hand_out(planned)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Take a message of a running trial."""
        planned = self._by_tune_id.get(trial_id)
        if planned is not None:
            self._take(planned, trial_id, read_message(result))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take the end of a Tune trial: finished, stopped early, slot given back, or died."""
        planned = self._by_tune_id.pop(trial_id, None)
        if planned is None:
            return
        message = read_message(result or {})
        if not error:
            self._take(planned, trial_id, message)
        elif trial_id not in self._working:  # it died before its first word
            self._started(planned, trial_id)
        self._working.discard(trial_id)
        if message.kind == "deferred" and not error:
            self._waits_for[str(message.entry)] = planned.encoder
            self.agenda.released(planned.trial)
        elif message.kind == "full" and not error:
            self.agenda.released(planned.trial)
        elif planned.trial not in self.agenda.results:
            self._ended_without_a_result(planned, trial_id, message,
                                         died=error or message.kind != "rung")
        self._changed(planned.trial, Message(kind="ended"))

    def stalled(self, trial_id: str, why: str) -> None:
        """Take the end of a trial that hangs and is about to be killed: it has failed."""
        planned = self._by_tune_id.get(trial_id)
        if planned is None:
            return
        if trial_id not in self._working:
            self._working.add(trial_id)
            self.agenda.started(planned.trial, trial_id)
        self.agenda.finished(self._failed(planned, why))

    def check(self) -> None:
        """Look whether the search can go on.

        Raises:
            UserError: if a trial met a full disk. None has failed by it: they run again when the
                search is resumed.
        """
        if self._full_disk:
            raise UserError(f"a search needs room on its disks, got {self._full_disk}")

    def __getstate__(self) -> dict[str, Any]:
        """Pickle to nothing: Tune pickles what it is given, and nothing ever reads it back."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the journal is the record, and a search resumes from it alone."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: see `save`."""

    def _busy_encoders(self) -> set[Encoder]:
        """Return the encoders whose trials would give their slots back again.

        With nothing running there is no one to wait for: the lease of a dead maker runs out, and
        asking again is how that is found.
        """
        self._waits_for = {entry: encoder for entry, encoder in self._waits_for.items()
                           if self._by_tune_id and not self._is_free(entry)}
        return set(self._waits_for.values())

    def _take(self, planned: Planned, tune_id: str, message: Message) -> None:
        if tune_id not in self._working and message.kind not in ("deferred", "none"):
            self._working.add(tune_id)
            self._started(planned, tune_id)
        if message.kind == "rung" and message.result is not None:
            self._take_rung(planned, message.result)
        elif message.kind == "finished" and message.result is not None:
            self.agenda.finished(self._result(planned, message.result))
        elif message.kind == "full":
            self._full_disk = f"{message.doing} ({planned.trial})"
        self._changed(planned.trial, message)

    def _started(self, planned: Planned, tune_id: str) -> None:
        self.agenda.started(planned.trial, tune_id, after=self._reasons.pop(planned.trial, ""))

    def _take_rung(self, planned: Planned, result: dict[str, Any]) -> None:
        partial = self._result(planned, result)
        if partial.scores is not None:
            self.agenda.reported(planned.trial, partial.rung, partial.scores)

    def _ended_without_a_result(
        self, planned: Planned, tune_id: str, message: Message, *, died: bool
    ) -> None:
        if not died:
            stopped = self._result(planned, message.result or {})
            self.agenda.finished(stopped.model_copy(update={"outcome": Outcome.STOPPED}))
        else:
            self._died(planned, self._last_words(tune_id))

    def _died(self, planned: Planned, reason: str) -> None:
        """Let a trial start again, unless that was often enough; who resumes counts anew."""
        what, count, most = (
            ("node was lost", self._lost_nodes, MAX_LOST_NODES)
            if any(words in reason for words in NODE_LOST) else
            ("worker died", self._deaths, MAX_DEATHS))
        count[planned.trial] += 1
        if count[planned.trial] < most:
            self._reasons[planned.trial] = f"its {what}{reason}"
            self.agenda.released(planned.trial)
        else:
            self.agenda.finished(self._failed(planned, f"its {what} {most} times{reason}"))

    def _failed(self, planned: Planned, error: str) -> TrialResult:
        return self._result(planned, {"outcome": Outcome.FAILED, "error": error})

    @staticmethod
    def _result(planned: Planned, fields: dict[str, Any]) -> TrialResult:
        return TrialResult.model_validate(
            {"trial": planned.trial, "role": planned.role, "group": planned.group,
             "config": planned.config, "outcome": Outcome.FINISHED, **fields})
