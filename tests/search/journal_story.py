"""A search's journal with every kind of event and ending, for the tests of what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search.journal import Event, Journal
from search.results import Outcome, Role, TrialResult
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture
from spaces.models import find_model
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from trainables.scores import Cost, PanelName, PhaseResult, Score, Scores

PANELS: dict[PanelName, tuple[str, ...]] = {"selection": ("fi", "hu"), "report": ("et", "sw")}
TARGETS = ("topic", "tagging")
SECRET = "hunter2"
STUDY = {"study": "lab", "question": "Which mixture helps?",
         "search": {"seed": 3, "sampler": "tpe"}}

# What a trial's last rung scores; the selection panel's mean is a whole number.
POINTS = {"fi": 40.0, "hu": 60.0, "et": 30.0, "sw": 34.0}


def trial_config(seed: int, *, control: bool = False) -> TrialConfig:
    offered = {"kind": ("de", "fr"), "entity": ("de",)}
    mixture = Mixture(weights={"kind": 0.75, "entity": 0.25})
    languages = LanguageSet(order="random:0", count=2, english=False)
    phase = Intermediate(
        mixture=mixture, languages=languages, cells=mixture.cells(("de", "fr"), offered),
        recipe=Recipe(learning_rate=1e-3), rungs=(0.25, 1.0))
    return TrialConfig(
        model=find_model("lab-tiny"), intermediate=None if control else phase, targets=TARGETS,
        target=Recipe(learning_rate=2e-3), seed=seed,
        fidelity=Fidelity(name="search", intermediate_examples=800, target_examples=400,
                          evaluation_rows=50),
        panels=Panels(selection=Panel(languages=PANELS["selection"]),
                      report=Panel(languages=PANELS["report"])))


def some_scores(shift: float = 0.0) -> Scores:
    return Scores(scores=tuple(
        Score(task=task, language=language, panel=panel, metric=metric, rows=50,
              points=POINTS[language] + shift)
        for task in TARGETS for metric in ("accuracy", "macro-f1")
        for panel, languages in PANELS.items() for language in languages))


def some_phases() -> tuple[PhaseResult, ...]:
    curve = ((10, 2.5), (20, 1.25))
    cost = Cost(examples=800, tokens=9000, flops=1e9, device_seconds=1.5)
    return (PhaseResult(phase="pretrain", name="pretrain", entry="a", stored=True,
                        learning_curve=curve),
            PhaseResult(phase="intermediate", name="intermediate", entry="b", cost=cost,
                        learning_curve=curve),
            PhaseResult(phase="target", name="target topic", entry="c", cost=cost,
                        learning_curve=curve))


def result(trial: str, config: TrialConfig, outcome: Outcome, **fields: Any) -> TrialResult:
    phases = some_phases()
    return TrialResult(trial=trial, config=config, outcome=outcome, phases=phases,
                       cost=Cost.total(phase.cost for phase in phases), **fields)


class Story:
    """Writes a whole search, event by event: call `steps()` and take one at a time."""

    def __init__(self, journal: Journal, predictions: Path | None = None) -> None:
        self.journal = journal
        self.predictions = predictions

    def tell(self) -> None:
        for step in self.steps():
            step()

    def steps(self) -> list[Any]:
        add = self.journal.append
        steps = [lambda: self.open()]
        steps += self._trial("control-000", Role.CONTROL, Outcome.FINISHED, control=True)
        steps += self._trial("search-000", Role.SEARCH, Outcome.FINISHED, objective=50.0)
        steps += self._trial("search-001", Role.SEARCH, Outcome.FAILED,
                             error=f"no such table at s3://me:{SECRET}@bucket/x")
        steps += self._trial("search-002", Role.SEARCH, Outcome.STOPPED, rung=0.25)
        steps += self._trial("confirmation-000", Role.CONFIRMATION, None, group="winner-1")
        steps.append(lambda: add("interrupted"))
        steps.append(lambda: add("resumed"))
        steps += self._trial("confirmation-000", Role.CONFIRMATION, Outcome.FINISHED,
                             group="winner-1", attempt=2)
        steps.append(lambda: add("closed", summary="Tags do.",
                                 readout={"winners": [{"trial": "search-000"}]}))
        return steps

    def open(self) -> Event:
        tasks = [("kind", "de"), ("kind", "fr"), ("entity", "de"), ("topic", "en"),
                 ("tagging", "en"), ("kind", "tr")]
        datasets = [{"name": f"{task} {language} train", "fingerprint": f"{number:016x}",
                     "rows": 100 + number} for number, (task, language) in enumerate(tasks)]
        return self.journal.append(
            "opened", search="lab-1", search_id="5eed", study=STUDY,
            study_yaml="study: lab\n", versions={"ray": "2.60.0"},
            storage=f"s3://me:{SECRET}@bucket/searches?secret_key={SECRET}", datasets=datasets)

    def _trial(
        self, name: str, role: Role, outcome: Outcome | None, *, control: bool = False,
        attempt: int = 1, rung: float = 1.0, group: str = "", error: str | None = None,
        objective: float | None = None,
    ) -> list[Any]:
        add = self.journal.append
        config = trial_config(seed=7, control=control)
        steps = []
        if attempt == 1:
            steps.append(lambda: add("suggested", name, role=role, group=group,
                                     suggestion={"w": 0.5}, config=config.model_dump(mode="json")))
        steps.append(lambda: add("started", name, attempt=attempt, tune_id=f"tune_{attempt}"))
        if error is None:
            for at in sorted({0.25, rung}):
                scores = some_scores(shift=at).model_dump(mode="json")
                steps.append(lambda at=at, scores=scores: add("reported", name, rung=at,
                                                              scores=scores))
        if outcome is not None:
            kept = self.predictions if role is Role.CONFIRMATION else None
            ended = result(name, config, outcome, role=role, group=group, rung=rung, error=error,
                           scores=None if error else some_scores(shift=rung),
                           marks=("collapsed",) if error is None else (),
                           predictions=None if kept is None else str(kept))
            steps.append(lambda: add("finished", name, **ended.model_dump(mode="json")))
        if objective is not None:
            steps.append(lambda: add("told", name, objective=objective))
        return steps
