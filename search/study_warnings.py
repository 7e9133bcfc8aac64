"""What a study may do and should be known of it."""

from __future__ import annotations

from collections.abc import Iterator

from search.arm_laws import arm_warnings
from search.declaration import Declaration
from spaces.languages import ENGLISH
from spaces.models import HubModel
from spaces.robustness import PERTURBED_KINDS
from spaces.shared_data import trained_alike
from spaces.tasks import Kind

__all__ = ["trained_in", "warnings_of"]


def warnings_of(study: Declaration) -> tuple[str, ...]:
    """Return what is allowed and should be known, one line each, with the dotted key."""
    return (*_of_panels(study), *_of_tasks(study), *_of_search(study), *_of_design(study),
            *arm_warnings(study))


def _of_panels(study: Declaration) -> Iterator[str]:
    panels = study.panels
    if panels.is_english_only:
        yield ("selection on English alone can rank trials against their zero-shot scores "
               "(Keung et al. 2020) (panels.selection)")
    elif ENGLISH in panels.languages:
        yield "English is trained on: its scores are not zero-shot (panels)"
    if panels.allow_overlap:
        yield (f"scores in {', '.join(panels.allow_overlap)} are not zero-shot: the training pool "
               "holds these languages (panels.allow_overlap)")
    for code in panels.allow_overlap:
        if found := trained_in(study, code):
            yield (f"{code} is a language that {found} is trained on itself, and scored in "
                   "(panels.allow_overlap)")


def _of_tasks(study: Declaration) -> Iterator[str]:
    for each in study.shared_data:
        yield (f"{each.text}: a gain there may be more updates on it, which `controls.further` "
               "tells apart (intermediate.tasks)")
    if not any(task.kind in (Kind.RETRIEVAL, Kind.RANKING) for task in study.target_tasks):
        for index, model in enumerate(study.models):
            if isinstance(model, HubModel) and len(model.representations) > 1:
                yield ("no target is of retrieval or ranking, for which alone a layer and pooling "
                       f"are chosen (models.{index})")
    for name, reason in study.absent_tasks.items():
        yield (f"{name} is absent and left out: {reason}; `--set tasks.{name}.files=DIR` adds it "
               f"(tasks.{name})")
    for name in (task.name for task in study.own_tasks):
        if name not in (*study.intermediate.tasks, *study.targets.tasks):
            yield f"no phase uses the study's own task, got {name!r} (tasks.{name})"
    for task in study.intermediate_tasks:
        lacking = [each for each in study.intermediate.languages.sets()
                   if not set(task.train) & set(each.resolve(study.intermediate.languages.pool))]
        if lacking:
            yield (f"{task.name} has none of the languages in {len(lacking)} of "
                   f"{len(study.intermediate.languages.sets())} language sets; points that give it "
                   "weight there are invalid (intermediate.languages)")
    for task in study.target_tasks if study.robustness else ():
        if task.kind not in PERTURBED_KINDS:
            yield f"{task.name} is scored on clean rows only: {task.kind.value} (robustness)"


def _of_search(study: Declaration) -> Iterator[str]:
    levels = study.fidelity
    if study.controls.seeds < 5 and study.search.trials:
        yield (f"controls on fewer than 5 seeds give a poor scale for the objective, "
               f"got {study.controls.seeds} (controls.seeds)")
    for name in ("intermediate_examples", "target_examples", "evaluation_rows"):
        if study.search.trials and getattr(levels.confirm, name) < getattr(levels.search, name):
            yield (f"confirmation is below the search's own fidelity, got "
                   f"{getattr(levels.confirm, name)} for {getattr(levels.search, name)} "
                   f"(fidelity.confirm.{name})")
    if study.search.scheduler == "asha" and study.search.reproducible:
        yield ("asha decides on rungs as they come in, so that two runs may stop other trials "
               "(search.scheduler)")
    if not study.confirmation.winners and study.search.trials:
        yield "without confirmation the best score is biased upwards (confirmation.winners)"


def _of_design(study: Declaration) -> Iterator[str]:
    if study.curve and study.curve.counts[-1] == len(study.intermediate.languages.pool):
        yield ("at the whole pool all orders are one set: only seeds vary there (curve.counts)")
    if study.curve and study.curve.worth.per_device_hour is not None:
        yield ("device hours are measured, so that two runs may answer otherwise "
               "(curve.worth.per_device_hour)")
    if study.table and study.table.seeds == 1:
        yield ("one seed block gives the table no intervals and no corrected p values "
               "(table.seeds)")


def trained_in(study: Declaration, code: str) -> str:
    """Return the targets scored in a language that intermediate training trains them in."""
    return " and ".join(
        target.name for target in study.target_tasks if code in target.evaluation and any(
            code in task.train and trained_alike(task, target)
            for task in study.intermediate_tasks))
