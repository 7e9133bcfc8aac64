"""The same data in both phases: what a mixture trains on that a target is tuned on as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from spaces.benchmarks import BENCHMARKS, Benchmark
from spaces.data_sources import FilesSource, HubSource, LabSource, Source
from spaces.languages import ENGLISH
from spaces.tasks import Task
from spaces.value import Value

__all__ = ["How", "SharedData", "shared_data", "trained_alike"]

How = Literal["rows", "task", "recipe"]
Place = tuple[str, ...]

# A published train split -> another whose rows it holds too: SQuAD 2.0 is SQuAD 1.1 and questions
# without an answer (Rajpurkar et al. 2018), and XNLI's English train rows are MNLI's.
_HOLDS: Final[Mapping[Place, Place]] = MappingProxyType({
    ("rajpurkar/squad_v2", "squad_v2", "train", ""): (
        "rajpurkar/squad", "plain_text", "train", ""),
    ("facebook/xnli", "en", "train", ""): ("nyu-mll/glue", "mnli", "train", "")})


class SharedData(Value):
    """An intermediate task that gives a target data of its own beforehand, in these languages.

    `rows`: the very train rows that the target is tuned on. `task`: the target's task in other
    languages than English. `recipe`: what a benchmark itself tunes on before it scores the target.
    """

    intermediate: str
    languages: tuple[str, ...]
    target: str
    how: How

    @property
    def text(self) -> str:
        """What came before the target, in words: "mnli (en) gives the rows that ..."."""
        by = " and ".join(benchmark.title for benchmark in BENCHMARKS
                          if self.intermediate in _recipe(benchmark, self.target))
        what = {"rows": f"gives the very rows that {self.target} is tuned on",
                "task": f"trains {self.target} itself, in other languages or words",
                "recipe": f"is what {by} tunes on before it scores {self.target}"}[self.how]
        return f"{self.intermediate} ({', '.join(self.languages)}) {what}"


def shared_data(
    cells: Iterable[tuple[Task, str]], targets: Iterable[Task]
) -> tuple[SharedData, ...]:
    """Return what of the cells is the targets' own data, by target and intermediate task.

    Args:
        cells: each (task, language) of intermediate training.
        targets: the target tasks, each tuned on its English train rows.
    """
    listed, found = list(cells), dict[tuple[str, str, How], list[str]]()
    for target in targets:
        for task, language in listed:
            how = _how(task, language, target)
            if how is not None:
                found.setdefault((task.name, target.name, how), []).append(language)
    return tuple(SharedData(intermediate=task, target=target, how=how, languages=tuple(languages))
                 for (task, target, how), languages in found.items())


def trained_alike(task: Task, target: Task) -> bool:
    """Return whether training on `task` in a language is training on `target` there.

    So it is of the same task, of another that trains on rows of the target's own data set, and of
    translations of what the target is tuned on.
    """
    if task.name == target.name:
        return True
    if task.translates is not None and _places_of(task.translates, ENGLISH) & _places(
            target, ENGLISH):
        return True
    sets = {(source.repository, source.config) for source in
            (target.source, *target.train_sources) if isinstance(source, HubSource)}
    return any((source.repository, source.config) in sets for source in task.sources_of("train")
               if isinstance(source, HubSource))


def _how(task: Task, language: str, target: Task) -> How | None:
    if target.trained:
        places = _places(task, language)
        places |= {_HOLDS[place] for place in places if place in _HOLDS}
        if places & _places(target, ENGLISH):
            return "rows"
    if trained_alike(task, target):
        return "task"
    recipes = [_recipe(benchmark, target.name) for benchmark in BENCHMARKS]
    return "recipe" if any(task.name in recipe for recipe in recipes) else None


def _recipe(benchmark: Benchmark, target: str) -> tuple[str, ...]:
    """Return what a benchmark tunes on before it scores a target."""
    return next((each.trained_on for each in benchmark.tasks if each.task == target), ())


def _places(task: Task, language: str) -> set[Place]:
    """Return what tells a task's train rows in a language from all others, of each source."""
    return {place for source in task.sources_of("train", language)
            for place in _places_of(source, language, task.name)}


def _places_of(source: Source, language: str, name: str = "") -> set[Place]:
    """Return the places of a source's train rows; `name` is the task's, which the lab goes by."""
    match source:
        case HubSource():
            return {(source.repository, source.config_of(language), split,
                     source.prefix_of(language) or "") for split in source.splits_of("train")}
        case FilesSource():
            return {(source.directory, language, *source.splits_of("train"))}
        case LabSource():
            return {("lab", name, language)}
        case _:
            return set()
