"""The declaration: a study's fields, and what they amount to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from search.arms_section import Arm, Arms
from search.curve_section import Curve
from search.own_tasks import task_of
from search.sections import (
    Confirmation,
    Controls,
    Levels,
    PanelLanguages,
    Resources,
    Search,
)
from search.study_faults import fault
from search.study_tasks import Repository, StudyTask, without_absent
from search.table_section import Table
from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.dimensions import IntermediateSpace, Name, TargetSpace, Whole
from spaces.lab_tasks import LAB_TASKS
from spaces.language_orders import LanguageSet
from spaces.languages import ENGLISH
from spaces.mixtures import Mixture, uniform
from spaces.models import HubModel, Model, find_model
from spaces.robustness import Robustness
from spaces.search_space import Point, SearchSpace
from spaces.shared_data import SharedData, shared_data
from spaces.tasks import Kind, Task, find_task
from spaces.value import Value

__all__ = ["CATALOGUE", "Declaration"]

CATALOGUE: Final[tuple[Task, ...]] = LAB_TASKS + BENCHMARK_TASKS
"""Every task that a study may name without saying what it is."""


class Declaration(Value):
    """What may vary, how it is searched, and how the answer is confirmed.

    A model is written as a name (the lab's or the hub's), a directory, or a mapping with `path`
    and any of `name`, `revision`, `max_length`, `layer`, `pooling`, `dropout`. `tasks` are the
    study's own, by name, beside those of the catalogue. `revisions` pins repositories of the hub,
    by name, to commits, branches or tags.
    """

    study: Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    question: Annotated[str, Field(strict=True, max_length=500)] = ""
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    pretraining_seed: Annotated[Whole, Field(ge=0, lt=2**31)] = 0
    # Left out where there are none, so that these studies keep the digests they always had.
    tasks: dict[str, StudyTask] = Field(default={}, exclude_if=lambda given: not given)
    revisions: dict[Repository, Name] = Field(default={}, exclude_if=lambda given: not given)
    intermediate: IntermediateSpace
    targets: TargetSpace
    panels: PanelLanguages
    fidelity: Levels
    search: Search = Search()
    controls: Controls = Controls()
    confirmation: Confirmation = Confirmation()
    curve: Curve | None = None
    # Left out where there is none, so that other studies keep the digests they always had.
    table: Table | None = Field(default=None, exclude_if=lambda given: given is None)
    robustness: Robustness | None = Field(default=None, exclude_if=lambda given: given is None)
    arms: Arms | None = Field(default=None, exclude_if=lambda given: given is None)
    resources: Resources = Resources()

    @model_validator(mode="before")
    @classmethod
    def _absent_tasks_are_left_out(cls, given: Any) -> Any:
        return without_absent(given)

    @model_validator(mode="before")
    @classmethod
    def _models_may_be_named(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "models" not in given:
            return given
        models = given["models"]
        if not isinstance(models, list | tuple):
            raise fault("models", f"`models` must be a list, got {models!r}")
        named = [_model(index, model) for index, model in enumerate(models)]
        return {**given, "models": tuple(named)}

    def task(self, name: str) -> Task:
        """Return a task of the catalogue or of the study's own.

        Raises:
            ValueError: if there is none of that name.
        """
        return find_task(name, (*CATALOGUE, *self.own_tasks)).pinned(self.revisions)

    @cached_property
    def own_tasks(self) -> tuple[Task, ...]:
        """The tasks that the study adds to the catalogue, but for those that are absent.

        Raises:
            PydanticCustomError: if one cannot be; of a `Study` none does.
        """
        return tuple(task_of(name, given, CATALOGUE) for name, given in self.tasks.items()
                     if not given.is_absent)

    @property
    def trial_tasks(self) -> tuple[Task, ...]:
        """The tasks that trials look up before the catalogue's: its own, and pinned ones."""
        return tuple(task.pinned(self.revisions) for task in (*CATALOGUE, *self.own_tasks)
                     if task in self.own_tasks or task.pinned(self.revisions) != task)

    @property
    def absent_tasks(self) -> dict[str, str]:
        """The tasks that the study would have if the user added their place, each with why not."""
        return {name: given.absent or "" for name, given in self.tasks.items() if given.is_absent}

    @property
    def intermediate_tasks(self) -> tuple[Task, ...]:
        """The intermediate tasks."""
        return tuple(self.task(name) for name in self.intermediate.tasks)

    @property
    def target_tasks(self) -> tuple[Task, ...]:
        """The target tasks."""
        return tuple(self.task(name) for name in self.targets.tasks)

    @property
    def target_kinds(self) -> dict[str, Kind]:
        """The category of each target task."""
        return {task.name: task.category for task in self.target_tasks}

    @property
    def training_languages(self) -> tuple[str, ...]:
        """Every language that intermediate training may use, English first where it may."""
        designed = (self.curve is not None and self.curve.english,
                    self.table_languages is not None and self.table_languages.english,
                    self.arms is not None and any(self.arm_languages(arm).english
                                                  for arm in self.arms.arms.values()))
        english = (ENGLISH,) if any(designed) else ()
        return tuple(dict.fromkeys((*english, *self.intermediate.languages.sources)))

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield every (task, language) that intermediate training may use."""
        for task in self.intermediate_tasks:
            for code in self.training_languages:
                if code in task.train:
                    yield task.name, code

    @property
    def shared_data(self) -> tuple[SharedData, ...]:
        """What of the intermediate data is the targets' own."""
        return shared_data(((self.task(name), code) for name, code in self.cells()),
                           self.target_tasks)

    def fixed_mixtures(self) -> tuple[Point, ...]:
        """Return the points of the study's own that the search begins with."""
        return self.search.fixed_points

    @property
    def curve_mixture(self) -> Mixture | None:
        """The mixture of the curve's block, None without a curve."""
        if self.curve is None:
            return None
        return self.curve.mixture or uniform(self.intermediate.tasks)

    @property
    def table_languages(self) -> LanguageSet | None:
        """The language set of every row of the table, None without a table."""
        if self.table is None:
            return None
        return self.table.languages or self.intermediate.languages.largest

    def arm_languages(self, arm: Arm) -> LanguageSet:
        """Return the language set of an arm."""
        return arm.languages or self.intermediate.languages.largest

    @property
    def arm_models(self) -> tuple[Model, ...]:
        """The models of the arms, none without arms."""
        if self.arms is None:
            return ()
        named = self.arms.models
        return tuple(model for model in self.models if named == "all" or model.name in named)

    @property
    def further_trials(self) -> int:
        """The most trials of further controls: each winner's, on each seed of confirmation."""
        winners, seeds = self.confirmation.winners, self.confirmation.seeds
        return winners * len(self.controls.further) * seeds

    def space(self, sizes: Mapping[str, Mapping[str, int]]) -> SearchSpace:
        """Return the search space over data of these sizes.

        Args:
            sizes: train rows by intermediate task and language, for the study's `cells`.
        """
        return SearchSpace(
            models=self.models, pretraining_seed=self.pretraining_seed,
            intermediate=self.intermediate, targets=self.targets, panels=self.panels.panels,
            sizes={task: dict(rows) for task, rows in sizes.items()},
            robustness=self.robustness,
        )


def _model(index: int, given: Any) -> Any:
    """Return the model that a study names, or describes as a mapping with at least a `path`."""
    if _is_text(given):
        return _located(index, find_model(given))
    if isinstance(given, Mapping) and "origin" in given:  # as `Study.to_yaml` writes one
        return given
    if isinstance(given, Mapping) and _is_text(given.get("path")):
        named = _located(index, find_model(given["path"]))
        if not isinstance(named, HubModel):
            raise fault(f"models.{index}.path", "`path` must be a hub name or a directory, got "
                                                f"the lab's own {named.name!r}")
        return {"origin": "hub", "name": named.name, **given, "path": named.path}
    raise fault(f"models.{index}", "a model must be a name, a directory, or a mapping with a "
                                   f"`path`, got {given!r}")


def _located(index: int, model: Model) -> Model:
    """Return the model with a directory's whole path, to be found from anywhere else as well.

    What is no directory is a name on the hub or below a mirror, and does not lead out of it.
    """
    if not isinstance(model, HubModel):
        return model
    try:
        directory = Path(model.path).expanduser()
        is_there = directory.is_dir()
    except (OSError, RuntimeError, ValueError):  # too long for a path, or of no user's home
        return model
    if is_there:
        return model.model_copy(update={"path": str(directory.absolute())})
    if ".." in directory.parts:
        raise fault(f"models.{index}", "a model must be a hub name or a directory that is there, "
                                       f"got {model.path!r}")
    return model


def _is_text(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip())
