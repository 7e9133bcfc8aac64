"""Cutting a study down to the data that is at hand, and to a trial of seconds, by rule.

What a study asks for and the data lacks goes: a language of pool or panels that one of its tasks
lacks there, arms and sides of contrasts that are left without languages. A task of which nothing is
left gives its place to the first task of its kind and role that is there, one that shares no data
with the targets before others. Then examples, rows, seeds, orders, rates and panels are made as few
as the laws of studies allow. Every change is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, get_args

from search.declaration import CATALOGUE
from search.study import Study
from spaces.data_sources import LabSource
from spaces.languages import ENGLISH
from spaces.shared_data import shared_data
from spaces.tasks import Task
from tests.bench.cut_arms import cut_arms, named, rename_mixture, without
from tests.bench.cut_small import LIMITS, Limits, few_languages, largest_count, make_small
from trainables.rows import AbsentError
from trainables.scores import PanelName
from trainables.sources import Sources

Held = Callable[[Task, str, Literal["train", "score"]], bool]
"""Whether a task's rows of a language are at hand, to train on or to score on both panels."""


class CutDown(NamedTuple):
    """The study that is left, and what was changed, a line each."""

    study: Study
    changes: tuple[str, ...]


def held_by(sources: Sources) -> Held:
    """Return what the sources hold; faults other than absence are raised as they are."""
    known: dict[tuple[str, str, str], bool] = {}

    def held(task: Task, language: str, purpose: Literal["train", "score"]) -> bool:
        key = (task.name, language, purpose)
        if key not in known:
            try:
                if purpose == "train":
                    sources.rows(task, language, "train")
                else:
                    for panel in get_args(PanelName):
                        sources.panel_rows(task, language, panel)
            except AbsentError:
                known[key] = False
            else:
                known[key] = True
        return known[key]

    return held


def cut_down(
    study: Study, held: Held, *, model: str | None = None, limits: Limits = LIMITS
) -> CutDown:
    """Return what is left of a study that searches for nothing: its arms or its curve.

    Args:
        study: the study.
        held: what is at hand.
        model: a directory that stands for each of its encoders, under their names; None keeps them.
        limits: how small it becomes.

    Raises:
        StudyError: if what is left is no study.
    """
    cutter = _Cutter(study, held, limits)
    if model is not None:
        cutter.put_in_the_place_of_models(model)
    cutter.replace_tasks()
    cutter.drop_targets()
    cutter.drop_languages()
    cutter.drop_arms()
    cutter.changes += make_small(cutter.data, limits)
    return CutDown(Study.model_validate(cutter.data), tuple(cutter.changes))


class _Cutter:
    """Changes a study's dump step by step; each step relies on those before it."""

    def __init__(self, study: Study, held: Held, limits: Limits) -> None:
        self.data: dict[str, Any] = study.model_dump(mode="json", exclude_none=True)
        self.changes: list[str] = []
        self._study, self._held, self._limits = study, held, limits

    def put_in_the_place_of_models(self, directory: str) -> None:
        """Give every encoder the same files, each with its own name and length."""
        self.data["models"] = [
            {"origin": "hub", "name": each["name"], "path": directory,
             "max_length": each["max_length"]} for each in self.data["models"]]
        self._say(f"models: {', '.join(each['name'] for each in self.data['models'])} are all "
                  "the encoder that was given")

    def replace_tasks(self) -> None:
        """Replace, or else drop, each task of which nothing is left."""
        names = {"intermediate": list(self._study.intermediate.tasks),
                 "target": list(self._study.targets.tasks)}
        for role, ready in (("target", self._can_be_target), ("intermediate", self._can_train)):
            for name in list(names[role]):
                if ready(self._study.task(name)):
                    continue
                taken = [*names["intermediate"], *names["target"]]
                found = self._stand_in(name, role, taken, names["target"])
                position = names[role].index(name)
                names[role][position:position + 1] = found
                self._rename(role, name, *found)
                self._say(f"{role} task {name}: "
                          + (f"replaced by {found[0]}" if found else "dropped"))

    def drop_targets(self) -> None:
        """Drop targets that lack most, until each that is left has a language of each panel."""
        while bare := [task for task in self._targets if not all(
                set(self._panel(panel)) & set(task.evaluation) for panel in get_args(PanelName))]:
            worst = max(self._targets if len(self._targets) > 1 else bare, key=self._lacking)
            self._rename("target", worst.name)
            self._say(f"target task {worst.name}: dropped, for others lack its languages")

    def drop_languages(self) -> None:
        """Drop what a task lacks from the pool and the panels, and make the panels small."""
        languages = self.data["intermediate"]["languages"]
        pool = [code for code in languages["pool"] if all(
            self._held(task, code, "train") for task in self._tasks("intermediate")
            if code in task.train)]
        pool = [code for code in pool if any(code in task.train
                                             for task in self._tasks("intermediate"))]
        self._dropped("pool", languages["pool"], pool)
        languages["pool"] = pool
        languages["order"] = ([each for each in languages["order"]
                               if not each.startswith("listed:")] or ["random:0"])
        languages["count"] = min(largest_count(languages["count"]), len(pool))
        panels = self.data["panels"]
        for panel in get_args(PanelName):
            kept = self._panel(panel)
            self._dropped(f"{panel} panel", panels[panel], kept)
            few = few_languages(kept, self.data, self._targets, self._limits)
            self._dropped(f"{panel} panel (to be small)", kept, few)
            panels[panel] = few
        panels["allow_overlap"] = [code for code in panels["allow_overlap"] if code in pool
                                   and code in (*panels["selection"], *panels["report"])]
        self._drop_mixed()

    def drop_arms(self) -> None:
        """Drop arms and sides of the primary contrast that are left without what they need."""
        if "arms" in self.data:
            self.changes += cut_arms(
                self.data["arms"], self.data["intermediate"]["languages"]["pool"],
                self.data["panels"]["report"])

    # ---- tasks --------------------------------------------------------------------------

    def _tasks(self, role: Literal["intermediate", "target"]) -> list[Task]:
        section = self.data["intermediate" if role == "intermediate" else "targets"]
        return [self._study.task(name) for name in section["tasks"]]

    @property
    def _targets(self) -> list[Task]:
        return self._tasks("target")

    def _can_train(self, task: Task) -> bool:
        """Whether it has rows, English ones too where the study trains on English."""
        codes = [code for code in self._study.training_languages if code in task.train]
        found = [code for code in codes if self._held(task, code, "train")]
        return bool(found) and (ENGLISH in found or ENGLISH not in codes)

    def _can_be_target(self, task: Task) -> bool:
        return not (task.trained and not (ENGLISH in task.train and self._held(
            task, ENGLISH, "train"))) and all(
                any(code in task.evaluation and self._held(task, code, "score")
                    for code in getattr(self._study.panels, panel))
                for panel in get_args(PanelName))

    def _stand_in(
        self, name: str, role: str, taken: Sequence[str], targets: Iterable[str]
    ) -> list[str]:
        """Return the task that stands in for one, in a list; none where none is there."""
        given = self._study.task(name)
        scored = [self._study.task(each) for each in targets]
        ready = self._can_train if role == "intermediate" else self._can_be_target
        found = [task for task in CATALOGUE if task.kind is given.kind and role in task.roles
                 and task.name not in taken and ready(task)
                 and isinstance(task.source, LabSource) is isinstance(given.source, LabSource)]
        if role == "intermediate":
            found.sort(key=lambda task: len(shared_data(
                [(task, code) for code in self._study.training_languages if code in task.train],
                scored)))
        return [task.name for task in found[:1]]

    def _rename(self, role: str, old: str, *new: str) -> None:
        """Put another task, or none, in the place of one, wherever the study names it."""
        renamed = {old: new[0] if new else None}
        if role == "target":
            self.data["targets"]["tasks"] = named(self.data["targets"]["tasks"], renamed)
            primary = self.data.get("arms", {}).get("primary", {})
            if "tasks" in primary:
                primary["tasks"] = named(primary["tasks"], renamed)
                if not primary["tasks"]:
                    del primary["tasks"]
            return
        self.data["intermediate"]["tasks"] = named(self.data["intermediate"]["tasks"], renamed)
        for holder in (*self.data.get("arms", {}).get("arms", {}).values(),
                       self.data.get("curve", {})):
            rename_mixture(holder, renamed)

    # ---- languages ----------------------------------------------------------------------

    def _lacking(self, task: Task) -> int:
        return sum(code in task.evaluation and not self._held(task, code, "score")
                   for code in self._study.panels.languages)

    def _panel(self, panel: PanelName) -> list[str]:
        """Return a panel's languages that no target lacks, and that one has."""
        return [code for code in self.data["panels"][panel]
                if any(code in task.evaluation for task in self._targets)
                and all(self._held(task, code, "score") for task in self._targets
                        if code in task.evaluation)]

    def _drop_mixed(self) -> None:
        """Drop what code-mixing lacks."""
        robustness = self.data.get("robustness")
        if robustness is None:
            return
        mixed = [code for code in robustness["code_mix"]
                 if all(self._held(task, code, "score") for task in self._targets
                        if code in task.evaluation)]
        self._dropped("code-mixing", robustness["code_mix"], mixed)
        robustness["code_mix"] = mixed

    # ---- what is said -------------------------------------------------------------------

    def _say(self, change: str) -> None:
        self.changes.append(change)

    def _dropped(self, what: str, before: Iterable[Any], after: Iterable[Any]) -> None:
        self.changes += without(what, before, after)
