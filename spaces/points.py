"""Points: trials in a reader's terms, and what it takes to make a trial of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from spaces.dimensions import IntermediateSpace, Number, TargetSpace, Whole
from spaces.fidelity import Fidelity, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import InvalidPoint, Mixture, proportional, uniform
from spaces.models import Model
from spaces.robustness import Robustness
from spaces.trial_config import Intermediate, TrialConfig
from spaces.value import Value

__all__ = ["Point", "PointSpace", "intermediate_of"]


class Point(Value):
    """A mixture, and whatever else of a trial should not be left to defaults.

    This is the form in which a winner is fed back. What is None is the space's default: the
    first model, the largest language set that the mixture's tasks can use, the middle of the
    learning rates. `intermediate_examples` counts only where the space leaves them to choose.
    """

    mixture: Mixture
    model: str | None = None
    languages: LanguageSet | None = None
    intermediate_learning_rate: Annotated[Number, Field(gt=0)] | None = None
    intermediate_examples: Annotated[Whole, Field(gt=0)] | None = None
    target_learning_rate: Annotated[Number, Field(gt=0)] | None = None

    @classmethod
    def of(cls, config: TrialConfig) -> Point:
        """Return the point of a trial.

        Raises:
            ValueError: if the trial is a control.
        """
        phase = intermediate_of(config)
        return cls(mixture=phase.mixture, model=config.model.name, languages=phase.languages,
                   intermediate_learning_rate=phase.recipe.learning_rate,
                   intermediate_examples=config.fidelity.intermediate_examples,
                   target_learning_rate=config.target.learning_rate)


class PointSpace(Value):
    """What a study's trials share and may vary, with the data that decides what a point means.

    `sizes` are train rows by task and language; a language that is absent is not offered.
    """

    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    pretraining_seed: int = 0
    intermediate: IntermediateSpace
    targets: TargetSpace
    panels: Panels
    sizes: dict[str, dict[str, int]]
    robustness: Robustness | None = None

    @model_validator(mode="after")
    def _every_task_has_rows(self) -> Self:
        for task in self.intermediate.tasks:
            empty = [code for code, rows in self.sizes.get(task, {}).items() if rows < 1]
            if empty:
                raise ValueError(f"`sizes` must be at least 1 row, got none of {task} {empty[0]}")
            if not self.sizes.get(task):
                raise ValueError(f"`sizes` must hold every intermediate task, got none of {task}")
        return self

    def config(self, point: Point, *, seed: int, fidelity: Fidelity) -> TrialConfig:
        """Return the trial of a point, which need not be one that a sampler can propose.

        Raises:
            InvalidPoint: if a task of the mixture has none of the set's languages.
            ValueError: if the point names a model or a task that the space does not have.
        """
        phase = self.intermediate
        self._check_names(point)
        models = {model.name: model for model in self.models}
        languages = point.languages or self._largest_for(point.mixture.tasks)
        if phase.examples is not None:
            examples = point.intermediate_examples or phase.examples.all[-1]
            fidelity = fidelity.model_copy(update={"intermediate_examples": examples})
        rate = point.intermediate_learning_rate or phase.learning_rate.middle
        target_rate = point.target_learning_rate or self.targets.learning_rate.middle
        return TrialConfig(
            model=models[point.model or self.models[0].name],
            pretraining_seed=self.pretraining_seed,
            intermediate=Intermediate(
                mixture=point.mixture, languages=languages, rungs=phase.rungs,
                cells=point.mixture.cells(self.resolved(languages), self.offered),
                recipe=phase.recipe(rate),
            ),
            targets=self.targets.tasks, target=self.targets.recipe(target_rate),
            fidelity=fidelity, panels=self.panels, seed=seed, robustness=self.robustness,
        )

    @property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The languages with train rows, by task."""
        return {task: tuple(rows) for task, rows in self.sizes.items()}

    def resolved(self, languages: LanguageSet) -> tuple[str, ...]:
        """Return the codes of a language set.

        Raises:
            InvalidPoint: if the set is empty.
        """
        if not (languages.count or languages.english):
            raise InvalidPoint("a language set must hold a language, got count 0 without English")
        return languages.resolve(self.intermediate.languages.pool)

    def sizes_in(self, tasks: Iterable[str], codes: Iterable[str]) -> dict[str, int]:
        """Return each task's train rows in the languages.

        Raises:
            InvalidPoint: if a task has none.
        """
        listed = tuple(codes)
        sizes = {task: sum(self.sizes[task].get(code, 0) for code in listed) for task in tasks}
        for task, rows in sizes.items():
            if not rows:
                raise InvalidPoint("each task of a mixture must have one of the set's languages, "
                                   f"got {task!r} with {', '.join(listed)}")
        return sizes

    def references(self) -> dict[str, Mixture]:
        """Return the mixtures that winners are held against, over all tasks: equal and by size.

        Sizes are train rows in all the languages that a set may hold.
        """
        tasks = self.intermediate.tasks
        sizes = self.sizes_in(tasks, self.intermediate.languages.sources)
        return {"uniform": uniform(tasks), "proportional": proportional(sizes)}

    def _largest_for(self, tasks: Iterable[str]) -> LanguageSet:
        """Return the largest language set that has data of every one of the tasks.

        Raises:
            InvalidPoint: if there is no such set.
        """
        sets = self.intermediate.languages.sets()
        for languages in sorted(sets, key=lambda each: (-each.count, not each.english)):
            codes = self.resolved(languages)
            if all(any(code in self.sizes[task] for code in codes) for task in tasks):
                return languages
        raise InvalidPoint("each task of a mixture must have a language in one of the sets, got "
                           f"{', '.join(tasks)}")

    def _check_names(self, point: Point) -> None:
        models = [model.name for model in self.models]
        if point.model not in (None, *models):
            raise ValueError(f"`model` must be one of {', '.join(models)}, got {point.model!r}")
        for task in point.mixture.tasks:
            if task not in self.intermediate.tasks:
                raise ValueError("a mixture must use the tasks "
                                 f"{', '.join(self.intermediate.tasks)}, got {task!r}")


def intermediate_of(config: TrialConfig) -> Intermediate:
    """Return a trial's intermediate phase.

    Raises:
        ValueError: if the trial is a control.
    """
    if config.intermediate is None:
        raise ValueError("a point must have an intermediate phase, got a control")
    return config.intermediate
