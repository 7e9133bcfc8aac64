"""The projection: a search's journal, folded event by event into changes of MLflow's runs.

Pure: it knows what the runs should show, not how MLflow is told. Projecting a journal again
gives the same changes with the same times, which is what makes sending them again harmless.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from search.journal import Event
from search.results import Outcome, Role, TrialResult
from search.run_changes import Change, DataInput, RunKey, RunStatus, change_of
from search.run_content import (
    Point,
    baseline_points,
    cost_points,
    curve_points,
    language_points,
    parameters_of,
    representation_points,
    rung_points,
    step_of,
    study_parameters,
)
from search.storage import relocated
from spaces.trial_config import TrialConfig
from spaces.value import digest_of
from trainables.scores import Scores

__all__ = ["Projection"]

_NOTE: Final = "mlflow.note.content"  # what MLflow's page of a run shows as its description
_DIGEST_LIMIT: Final = 36  # characters of a data set's digest; MLflow's own limit


_STATUS_OF: Final = {
    Outcome.FINISHED: RunStatus.FINISHED,
    Outcome.FAILED: RunStatus.FAILED,
    Outcome.STOPPED: RunStatus.KILLED,
}


class Projection:
    """A fold over the events of one journal, from the first to the last.

    `store` is the phase store where it lies now.
    """

    def __init__(self, store: Path | None = None) -> None:
        self._store = store
        self._search: RunKey | None = None
        self._inputs: tuple[DataInput, ...] = ()
        self._suggested: dict[str, dict[str, Any]] = {}
        self._shown: set[str] = set()  # trials whose parameters were projected
        self._running: set[str] = set()
        self._rungs: dict[str, list[float]] = {}
        self._objectives: set[tuple[str, float]] = set()
        self._told = 0
        self._best = float("-inf")

    @property
    def parent(self) -> RunKey | None:
        """The search's own run, known once the search was opened."""
        return self._search

    def changes(self, event: Event) -> list[Change]:
        """Return what the next event changes, parents before children."""
        match event.kind:
            case "opened":
                return [self._opened(event)]
            case "suggested":
                self._suggested[_trial_of(event)] = event.data
                return []
            case "started":
                return [self._started(event)]
            case "reported":
                return [self._reported(event)]
            case "finished":
                return [self._finished(event)]
            case "told":
                return self._told_changes(event)
            case "confirming":
                return [self._parent(event, texts={"confirming.json": _json(event.data)})]
            case "surveyed":
                return [self._parent(event, texts={"survey.json": _json(event.data)})]
            case "interrupted":
                return self._interrupted(event)
            case "resumed":
                tags = {"stiltune.storage": event.data.get("storage", "")}
                return [self._parent(event, status=RunStatus.RUNNING, tags=tags)]
            case "closed":
                return [self._parent(event, status=RunStatus.FINISHED,
                                     tags={_NOTE: event.data.get("summary", "")},
                                     texts={"readout.json": _json(event.data["readout"])})]

    def _opened(self, event: Event) -> Change:
        data = event.data
        self._search = RunKey(search=data["search"], search_id=data["search_id"])
        self._inputs = tuple(
            DataInput(item["name"], item["fingerprint"][:_DIGEST_LIMIT], item["rows"],
                      item.get("revision", ""))
            for item in data["datasets"])
        return self._parent(
            event,
            tags={"stiltune.search": data["search"], "stiltune.storage": data["storage"],
                  "stiltune.primary": _primary_of(data["study"]),
                  "stiltune.extends": data.get("extends") or "",
                  "stiltune.evaluates": data.get("evaluates") or "",
                  _NOTE: data["study"].get("question", "")},
            parameters=study_parameters(data["study"]),
            inputs=self._inputs,
            texts={"study.yaml": data["study_yaml"], "versions.json": _json(data["versions"])},
            status=RunStatus.RUNNING,
        )

    def _started(self, event: Event) -> Change:
        trial = _trial_of(event)
        self._running.add(trial)
        tags = {"stiltune.attempt": str(event.data.get("attempt", 1))}
        if event.data.get("after"):
            tags["stiltune.attempt_after"] = event.data["after"]
        if event.data.get("tune_id"):
            tags["stiltune.ray_trial_id"] = event.data["tune_id"]
        return self._of_trial(event, tags=tags, status=RunStatus.RUNNING)

    def _reported(self, event: Event) -> Change:
        trial, rung = _trial_of(event), float(event.data["rung"])
        points = self._rung(trial, rung, Scores.model_validate(event.data["scores"]))
        points += self._objective(trial, rung, event.data.get("objective"))
        return self._of_trial(event, points=tuple(points))

    def _finished(self, event: Event) -> Change:
        result = TrialResult.model_validate({"trial": event.trial, **event.data})
        self._running.discard(result.trial)
        points = [*cost_points(result), *curve_points(result.phases),
                  *baseline_points(result.baselines)]
        texts = {}
        if result.scores is not None:
            points += self._rung(result.trial, result.rung, result.scores)
            points += language_points(result.scores, result.rung)
            texts["scores.json"] = _json(result.scores.model_dump(mode="json"))
        if result.predictions is not None and self._store is not None:
            result = result.model_copy(update={
                "predictions": relocated(result.predictions, self._store)})
        confirmed = (result.role in (Role.CONFIRMATION, Role.FURTHER, Role.TABLE, Role.ARM)
                     and result.predictions is not None)
        return self._of_trial(
            event,
            tags=_ending_tags(result),
            points=tuple(points),
            texts=texts,
            copies={"predictions": result.predictions} if confirmed else {},
            status=_STATUS_OF[result.outcome],
        )

    def _told_changes(self, event: Event) -> list[Change]:
        """Return the trial's objective, and the best so far against the number of trials told.

        A suggestion that no trial could run is told too, without a trial's name.
        """
        trial, objective = event.trial, event.data.get("objective")
        self._told += trial is not None
        if trial is None or objective is None:
            return []
        self._best = max(self._best, objective)
        points = self._objective(trial, self._rungs.get(trial, [1.0])[-1], objective)
        return [
            self._of_trial(event, points=tuple(points)),
            self._parent(event, points=(Point("objective.best", self._best, self._told),)),
        ]

    def _interrupted(self, event: Event) -> list[Change]:
        """Close what runs as killed; an `error` in the event means that the search failed."""
        killed = [change_of(self._key(trial), event.time, {"status": RunStatus.KILLED})
                  for trial in sorted(self._running)]
        self._running.clear()
        error = event.data.get("error")
        tags = {"stiltune.error": error, _NOTE: error} if error else {}
        status = RunStatus.FAILED if error else RunStatus.KILLED
        return [*killed, self._parent(event, tags=tags, status=status)]

    def _rung(self, trial: str, rung: float, scores: Scores) -> list[Point]:
        """Return a rung's means once, however often attempts and endings repeat the rung."""
        seen = self._rungs.setdefault(trial, [])
        if rung in seen:
            return []
        seen.append(rung)
        return rung_points(scores, rung) + representation_points(scores, rung)

    def _objective(self, trial: str, rung: float, objective: float | None) -> list[Point]:
        """Return a rung's objective once."""
        if objective is None or (trial, rung) in self._objectives:
            return []
        self._objectives.add((trial, rung))
        return [Point("objective", objective, step_of(rung))]

    def _key(self, trial: str | None = None) -> RunKey:
        if self._search is None:
            raise ValueError("a journal must begin with its `opened` event")
        return self._search.model_copy(update={"trial": trial})

    def _parent(self, event: Event, **fields: Any) -> Change:
        return change_of(self._key(), event.time, fields)

    def _of_trial(self, event: Event, **fields: Any) -> Change:
        """Return a change of the event's trial; its first also says what the trial is."""
        trial = _trial_of(event)
        data = self._suggested.get(trial)
        if data is None or trial in self._shown:
            return change_of(self._key(trial), event.time, fields)
        self._shown.add(trial)
        config = TrialConfig.model_validate(data["config"])
        about = {"stiltune.role": data["role"], "stiltune.group": data.get("group", "")}
        fields["tags"] = about | fields.get("tags", {})
        fields["parameters"] = parameters_of(config)
        fields["inputs"] = self._read_by(config)
        fields["texts"] = {
            "trial_config.json": _json(config.model_dump(mode="json")),
            "suggestion.json": _json(data.get("suggestion")),
        } | fields.get("texts", {})
        return change_of(self._key(trial), event.time, fields)

    def _read_by(self, config: TrialConfig) -> tuple[DataInput, ...]:
        """Return the data sets of a trial, which are named as `search.snapshot` names them."""
        cells = config.intermediate.cells if config.intermediate else ()
        read = {f"{cell.task} {cell.language} train" for cell in cells}
        read |= {f"{task} en train" for task in config.targets}
        read |= {f"{task} {panel} panel" for task in config.targets
                 for panel in ("selection", "report")}
        return tuple(data for data in self._inputs if data.name in read)


def _primary_of(study: dict[str, Any]) -> str:
    """Return the digest of a study's primary contrast, "" (no tag) where it has none."""
    arms = study.get("arms")
    return digest_of(arms["primary"]) if arms else ""


def _trial_of(event: Event) -> str:
    if event.trial is None:
        raise ValueError(f"event {event.sequence} must name a trial, got kind {event.kind!r}")
    return event.trial


def _ending_tags(result: TrialResult) -> dict[str, str]:
    tags = {"stiltune.outcome": result.outcome.value, "stiltune.marks": ", ".join(result.marks),
            "stiltune.device": result.cost.device, "stiltune.precision": result.cost.precision}
    if result.taken_from is not None:
        tags["stiltune.taken_from"] = result.taken_from
    if result.scores is not None:  # tags, which an ending told again may change
        tags |= {f"stiltune.representation.{choice.task}": choice.chosen.name
                 for choice in result.scores.representations}
    if result.error is not None:
        tags |= {"stiltune.error": result.error, _NOTE: result.error}
    return tags


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
