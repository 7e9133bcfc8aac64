"""Extending: a new search of a wider study, which takes over what another has already run."""

from __future__ import annotations

from collections.abc import Sequence

from search.code_versions import code_now, code_of_trials
from search.faults import UserError
from search.finding import find_anywhere
from search.journal import Journal
from search.results import Outcome, TrialResult, collect
from search.snapshot import Snapshot
from search.storage import find_search, root_of
from search.study import Study
from trainables.scores import Cost, PhaseResult

__all__ = ["Base", "base_of", "taken_over"]


class Base:
    """The search that is extended: its name, storage, study and journal."""

    def __init__(self, name: str, journal: Journal, storage: str) -> None:
        self.name, self.journal, self.storage = name, journal, storage

    def study(self, overrides: Sequence[str]) -> Study:
        """Return its study with overrides on top.

        Raises:
            UserError: if nothing is overridden, or the study is then malformed.
        """
        own = Study.from_journal(self.journal)
        wider = Study.from_text(own.to_yaml(), overrides, source=self.name)
        if wider.digest() == own.digest():
            raise UserError(f"an extension must change its study, got {self.name} as it is; give "
                            "--set, such as --set controls.seeds=10")
        return wider

    @property
    def hub(self) -> str | None:
        """The offline mirror that it read."""
        hub: str | None = self.journal.of("opened")[0].data["hub"]
        return hub

    def check(self, study: Study, snapshot: Snapshot) -> None:
        """Check that what both searches read is the same; what only the new one reads may be new.

        Raises:
            UserError: if data that both read have changed.
        """
        data = self.journal.of("opened")[0].data
        before = Snapshot.model_validate({name: data[name] for name in Snapshot.model_fields
                                          if name in data})
        own = Study.from_journal(self.journal).panels
        other = {panel for panel in ("selection", "report")
                 if getattr(own, panel) != getattr(study.panels, panel)}
        both = {each.name for each in before.datasets} & {each.name for each in snapshot.datasets}
        both |= before.encoders.keys() & snapshot.encoders.keys()
        for name in snapshot.changed(before):
            if name in both and not any(name.endswith(f" {panel} panel") for panel in other):
                raise UserError(f"an extension must read what {self.name} read, got another "
                                f"{name}; start the study again for what is there now")


def base_of(name: str, *, storage: str | None, tracking_uri: str | None) -> Base:
    """Return the search to be extended.

    Raises:
        UserError: if there is none of this name.
    """
    root, directory = find_anywhere(name, storage=storage, tracking_uri=tracking_uri)
    return Base(directory.name, Journal(directory.journal), str(root))


def taken_over(journal: Journal) -> dict[str, TrialResult]:
    """Return the results that a search takes over, by their configurations' digests.

    Those are the finished trials, by code that would compute the same, of the search that it
    extends; empty where it extends none, or that one is gone.
    """
    name = journal.of("opened")[0].data.get("extends")
    if name is None:
        return {}
    try:
        base = Journal(find_search(root_of(journal.path), name).journal)
    except UserError:
        return {}  # what it would have taken over is run, from the phase store as far as it goes
    by_trial, now = code_of_trials(base), code_now()
    return {result.config.digest(): _taken(result, name) for result in collect(base)
            if result.outcome is Outcome.FINISHED and by_trial.get(result.trial) == now}


def _taken(result: TrialResult, search: str) -> TrialResult:
    """Return a result as another search has it: at no cost, with what was saved."""
    return result.model_copy(update={
        "taken_from": result.taken_from or f"{search}/{result.trial}", "objective": None,
        "cost": _saved(result.cost),
        "phases": tuple(_saved_phase(phase) for phase in result.phases)})


def _saved_phase(phase: PhaseResult) -> PhaseResult:
    return phase.model_copy(update={"stored": True, "cost": _saved(phase.cost)})


def _saved(cost: Cost) -> Cost:
    return Cost(saved_seconds=cost.device_seconds + cost.saved_seconds,
                saved_tokens=cost.all_tokens, device=cost.device, precision=cost.precision)
