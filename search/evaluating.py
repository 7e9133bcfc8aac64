"""Evaluating: a new search that scores what another one has confirmed on other targets.

Its trials are that one's confirmations, seed by seed, with other targets: their intermediate
phases have the digests that they had, so that the phase store serves them as long as it keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from search.code_versions import code_now, code_of_trials
from search.confirmation import Choice
from search.declaration import CATALOGUE
from search.extension import Base
from search.faults import UserError
from search.results import Outcome, Role, TrialResult, collect
from search.storage import store_uri
from search.study import Study
from search.study_file import dump_study, parse_study
from spaces.tasks import Task, find_task
from trainables.phase_store import PhaseStore

__all__ = ["choices_of", "encoder_notes", "evaluation_study"]

_NAME_LENGTH: Final = 64
# What of a level of fidelity is of the targets; the rest is of the intermediate phase.
_OF_TARGETS: Final = ("target_examples", "evaluation_rows", "evaluation_languages")
_TOLD: Final = 3  # of the encoders that are gone, named


def evaluation_study(base: Base, on: str, overrides: Sequence[str]) -> Study:
    """Return the study that scores the confirmed mixtures of `base` on other targets.

    Args:
        base: the search whose winners, references and controls are scored.
        on: names of tasks, separated by commas; or a study (a shipped name or a file), whose
            targets, panels, robustness and fidelity of targets are taken.
        overrides: `key=value` settings on top.

    Raises:
        UserError: if `base` has confirmed nothing, `on` names nothing, or the study is malformed.
    """
    own = Study.from_journal(base.journal)
    _confirmed(base)
    data = parse_study(own.to_yaml())
    names = [name.strip() for name in on.split(",")]
    known = (*CATALOGUE, *own.own_tasks)
    if any(name in {task.name for task in known} for name in names):
        targets, what = _targets_named(names, known, data), "-".join(names)
    else:
        other = Study.from_file(on)
        targets, what = _targets_of(other, data), other.study
    _pin_what_is_read((*own.intermediate_tasks, *targets), data)
    for section in ("curve", "table", "arms"):
        data.pop(section, None)
    data["study"] = f"{own.study}-on-{what}"[:_NAME_LENGTH].rstrip("-._")
    data["question"] = f"What do the encoders that {base.name} confirmed reach on {what}?"[:500]
    data["search"] |= {"trials": 0, "fixed_points": []}
    data["confirmation"]["of"] = base.name
    return Study.from_text(dump_study(data), overrides, source=f"{base.name} on {on}")


def _targets_named(names: Sequence[str], known: Sequence[Task], data: dict[str, Any]
                   ) -> tuple[Task, ...]:
    """Put tasks in the targets' place, tuned as those were."""
    try:
        tasks = tuple(find_task(name, known) for name in names)
    except ValueError as error:
        raise UserError(f"{error} (--on)") from error
    data["targets"]["tasks"] = list(names)
    data["search"]["retrieval"] |= not any(task.trained for task in tasks)
    return tasks


def _targets_of(other: Study, data: dict[str, Any]) -> tuple[Task, ...]:
    """Put another study's targets, and how they are tuned and scored, in the targets' place."""
    theirs = parse_study(other.to_yaml())
    tasks = data.get("tasks", {})
    for name, task in theirs.get("tasks", {}).items():
        if tasks.setdefault(name, task) != task:
            raise UserError(f"a task must be one thing in both studies, got two called {name!r} "
                            "(--on)")
    data |= {"targets": theirs["targets"], "panels": theirs["panels"]} | (
        {"tasks": tasks} if tasks else {})
    data["revisions"] = {**data.get("revisions", {}), **theirs.get("revisions", {})}
    data["search"]["retrieval"] = theirs["search"]["retrieval"]
    data.pop("robustness", None)
    if "robustness" in theirs:
        data["robustness"] = theirs["robustness"]
    for level in ("search", "confirm"):
        ours = data["fidelity"][level]
        for key in _OF_TARGETS:
            ours.pop(key, None)
            if key in theirs["fidelity"][level]:
                ours[key] = theirs["fidelity"][level][key]
    return other.target_tasks


def _pin_what_is_read(tasks: Sequence[Task], data: dict[str, Any]) -> None:
    """Leave out pins of repositories that were those of other targets."""
    read = {repository for task in tasks for repository in task.repositories()}
    kept = {name: pin for name, pin in data.pop("revisions", {}).items() if name in read}
    data |= {"revisions": kept} if kept else {}


def _confirmed(base: Base) -> list[Choice]:
    """Return what a search has chosen to confirm.

    Raises:
        UserError: if that is nothing.
    """
    opened = base.journal.of("opened")[0].data.get("chosen", [])  # an evaluation's own
    chosen = [each for event in base.journal.of("confirming") for each in event.data["chosen"]]
    if not (chosen or opened):
        raise UserError(f"a search must have confirmed winners to be evaluated, got {base.name} "
                        "with none; where tables, curves or arms are asked for, `stiltune extend` "
                        "with --set targets... scores them on other targets")
    return [Choice.model_validate(each) for each in chosen or opened]


def choices_of(base: Base, study: Study) -> list[Choice]:
    """Return what `base` confirmed as an evaluation runs it.

    A learning rate of the targets is kept where the evaluation's own are among them.
    """
    rates = study.targets.learning_rate.options
    return [choice.model_copy(update={"trial": None, "value": None, "point": (
        choice.point if choice.point.target_learning_rate in rates else
        choice.point.model_copy(update={"target_learning_rate": None}))})
        for choice in _confirmed(base)]


def encoder_notes(base: Base) -> tuple[str, ...]:
    """Return a line that says which encoders the store no longer keeps; none if it keeps all."""
    store = PhaseStore(store_uri(Path(base.storage)))
    by_trial, now = code_of_trials(base.journal), code_now()
    made = {result.trial: entry for result in collect(base.journal)
            if (entry := _encoder_of(result)) is not None}
    gone = [trial for trial, entry in made.items() if by_trial.get(trial) != now
            or store.manifest("intermediate", entry) is None]
    if not gone:
        return ()
    more = ", ..." if len(gone) > _TOLD else ""
    return (f"the store no longer keeps {len(gone)} of the {len(made)} encoders that {base.name} "
            "confirmed, or this code would make others: their intermediate phases are made again "
            f"({', '.join(gone[:_TOLD])}{more})",)


def _encoder_of(result: TrialResult) -> str | None:
    """Return the store's entry of a confirmed trial's encoder, None of a control's."""
    if (result.role not in (Role.CONFIRMATION, Role.FURTHER)
            or result.outcome is not Outcome.FINISHED):
        return None
    entries = [phase.entry for phase in result.phases if phase.phase == "intermediate"]
    return entries[-1] if entries else None
