"""The laws between a study's fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from search.arm_laws import check_arms
from search.curve_plan import check_worth
from search.declaration import Declaration
from search.study_faults import fault
from search.study_tasks import leads_out
from search.study_warnings import trained_in
from spaces.language_orders import ordered
from spaces.languages import ENGLISH
from spaces.models import HubModel
from spaces.robustness import MIXED_KINDS, PERTURBED_KINDS
from spaces.tasks import Kind, Task

__all__ = ["check_laws"]


def check_laws(study: Declaration) -> None:
    """Check the laws that bind several fields of a study.

    Raises:
        PydanticCustomError: for the first law that is broken; it names the dotted key.
    """
    _check_models(study)
    _check_own_tasks(study)
    _check_intermediate_tasks(study)
    _check_targets(study)
    _check_revisions(study)
    _check_panels(study)
    _check_search(study)
    _check_controls(study)
    _check_curve(study)
    _check_table(study)
    _check_robustness(study)
    check_arms(study)


def _check_models(study: Declaration) -> None:
    names = [model.name for model in study.models]
    if len(set(names)) < len(names):
        raise fault("models", f"`models` must have distinct names, got {', '.join(names)}")
    for index, model in enumerate(study.models):
        if isinstance(model, HubModel) and model.revision is not None:
            _check_revision(f"models.{index}.revision", model.revision)


def _check_revision(place: str, revision: str) -> None:
    if leads_out(revision):
        raise fault(place, "`revision` must be a commit, branch or tag of its repository, got "
                           f"{revision!r}")


def _check_own_tasks(study: Declaration) -> None:
    for task in study.own_tasks:  # making them checks them
        for repository in task.repositories().keys() & study.revisions.keys():
            if study.tasks[task.name].revision is not None:
                raise fault(f"revisions.{repository}", "a repository must be pinned in one place, "
                            f"got also tasks.{task.name}.revision")


def _check_revisions(study: Declaration) -> None:
    read = {repository for task in (*study.intermediate_tasks, *study.target_tasks)
            for repository in task.repositories()}
    for repository, revision in study.revisions.items():
        _check_revision(f"revisions.{repository}", revision)
        if repository not in read:
            near = difflib.get_close_matches(repository, read, n=1)
            hint = f"; nearest: {near[0]!r}" if near else ""
            raise fault(f"revisions.{repository}", "`revisions` must name repositories of the hub "
                        f"that the study reads, got {repository!r}{hint}")


def _found(study: Declaration, name: str, place: str, role: str) -> Task:
    try:
        task = study.task(name)
    except ValueError as error:
        raise fault(place, str(error)) from error
    if role not in task.roles:
        raise fault(place, f"a task here must have the role {role}, "
                           f"got {name!r}, which is {' and '.join(task.roles)} only")
    return task


def _check_intermediate_tasks(study: Declaration) -> None:
    languages = study.intermediate.languages
    offered: set[str] = set()
    for index, name in enumerate(study.intermediate.tasks):
        place = f"intermediate.tasks.{index}"
        task = _found(study, name, place, "intermediate")
        if not set(task.train) & set(languages.sources):
            raise fault(place, "an intermediate task must have a train split in a language of the "
                               f"study's sets, got {name!r} with none of "
                               f"{', '.join(languages.sources)}")
        offered |= set(task.train)
    for index, code in enumerate(languages.pool):
        if code not in offered:
            raise fault(f"intermediate.languages.pool.{index}",
                        "a language of the pool must be offered by an intermediate task, got "
                        f"{code!r}")


def _check_targets(study: Declaration) -> None:
    for index, name in enumerate(study.targets.tasks):
        place = f"targets.tasks.{index}"
        task = _found(study, name, place, "target")
        if task.trained and ENGLISH not in task.train:
            raise fault(place, f"a target task must have an English train split, got {name!r}")
        for panel in ("selection", "report"):
            codes = getattr(study.panels, panel)
            if not set(codes) & set(task.evaluation):
                raise fault(f"panels.{panel}", "a panel must have a language of every target, got "
                                               f"none of {name!r} in {', '.join(codes)}")
    if study.targets.learning_rate.low is not None:
        raise fault("targets.learning_rate", "`learning_rate` must be a number or a list, since "
                    "each value needs controls of its own, got a range")
    if not study.search.retrieval and not any(task.trained for task in study.target_tasks):
        raise fault("targets.tasks", "`tasks` must hold a trained task unless `search.retrieval` "
                                     f"is true, got {', '.join(study.targets.tasks)}")


def _check_panels(study: Declaration) -> None:
    panels = study.panels
    evaluated = {code for task in study.target_tasks for code in task.evaluation}
    pool = set(study.intermediate.languages.pool)
    for name in ("selection", "report"):
        for index, code in enumerate(getattr(panels, name)):
            if code not in evaluated:
                raise fault(f"panels.{name}.{index}", "a language of a panel must be one that a "
                                                      f"target is evaluated in, got {code!r}")
            if code in pool and code not in panels.allow_overlap:
                raise fault(f"panels.{name}.{index}",
                            "a panel and the training pool must be disjoint unless "
                            f"`panels.allow_overlap` declares it, got {code!r} in both"
                            + (f", and the target {found} is trained on there"
                               if (found := trained_in(study, code)) else ""))
    for index, code in enumerate(panels.allow_overlap):
        if code not in pool & set(panels.languages):
            raise fault(f"panels.allow_overlap.{index}", "an overlap must be a language of the "
                                                         f"pool and of a panel, got {code!r}")


def _check_search(study: Declaration) -> None:
    search = study.search
    given = study.confirmation.of
    if given is not None and search.trials:
        raise fault("search.trials", "`trials` must be 0 where the winners are another search's "
                    f"(`confirmation.of`: {given}), got {search.trials}")
    if not (search.trials or study.table or study.curve or study.arms or given):
        raise fault("search.trials", "`trials` must be at least 1 unless the study has a `table`, "
                                     "a `curve` or `arms`, got 0")
    if search.scheduler == "asha" and len(study.intermediate.rungs) < 2:
        raise fault("intermediate.rungs", "`rungs` must hold at least 2 for the asha scheduler, "
                                          f"got {list(study.intermediate.rungs)}")
    if study.confirmation.winners > search.trials and given is None:
        raise fault("confirmation.winners", "`winners` must be at most the search's "
                    f"{search.trials} trials, got {study.confirmation.winners}")
    models = [model.name for model in study.models]
    for index, point in enumerate(search.fixed_points):
        place = f"search.fixed_points.{index}"
        _check_mixture(study, point.mixture.tasks, f"{place}.mixture")
        if point.model not in (None, *models):
            raise fault(f"{place}.model", f"`model` must be one of {', '.join(models)}, "
                                          f"got {point.model!r}")
        most = len(study.intermediate.languages.pool)
        if point.languages is not None and point.languages.count > most:
            raise fault(f"{place}.languages.count", f"`count` must be at most the {most} languages "
                                                    f"of the pool, got {point.languages.count}")


def _check_controls(study: Declaration) -> None:
    if study.controls.further and not study.confirmation.winners:
        raise fault("controls.further", "`further` must be empty unless winners are confirmed "
                    "(`confirmation.winners`), whose controls they are, got "
                    f"{', '.join(study.controls.further)}")


def _check_mixture(study: Declaration, tasks: tuple[str, ...], place: str) -> None:
    for task in tasks:
        if task not in study.intermediate.tasks:
            raise fault(place, "a mixture must use the tasks "
                               f"{', '.join(study.intermediate.tasks)}, got {task!r}")


def _check_curve(study: Declaration) -> None:
    curve, mixture = study.curve, study.curve_mixture
    if curve is None or mixture is None:
        return
    check_worth(study)
    pool = study.intermediate.languages.pool
    if curve.counts[-1] > len(pool):
        raise fault("curve.counts", f"`counts` must be at most the {len(pool)} languages of "
                                    f"`intermediate.languages.pool`, got {curve.counts[-1]}")
    _check_mixture(study, mixture.tasks, "curve.mixture")
    for index, order in enumerate(curve.orders):
        try:
            codes = ordered(order, pool)
        except ValueError as error:
            raise fault(f"curve.orders.{index}", str(error)) from error
        _check_smallest_set(study, codes[: curve.counts[0]], mixture.tasks)


def _check_smallest_set(study: Declaration, codes: tuple[str, ...], tasks: tuple[str, ...]) -> None:
    """Check that the curve's smallest sets have data of every task of its mixture."""
    smallest = ((ENGLISH,) if study.curve and study.curve.english else ()) + codes
    for name in tasks:
        if not set(study.task(name).train) & set(smallest):
            raise fault("curve.mixture", "each task of the curve's mixture must have a language of "
                        f"its smallest set, got {name!r} with {', '.join(smallest)}")


def _check_table(study: Declaration) -> None:
    table, languages = study.table, study.table_languages
    if table is None or languages is None:
        return
    pool = study.intermediate.languages.pool
    if languages.count > len(pool):
        raise fault("table.languages.count", f"`count` must be at most the {len(pool)} languages "
                    f"of `intermediate.languages.pool`, got {languages.count}")
    codes = languages.resolve(pool)
    for name, tasks in table.named_tasks(study.intermediate.tasks).items():
        if name in study.intermediate.tasks and name in table.mixtures:
            raise fault(f"table.mixtures.{name}", "a mixture must not have an intermediate task's "
                                                  f"name, got {name!r}")
        _check_mixture(study, tasks, f"table.mixtures.{name}")
        for task in tasks:
            if not set(study.task(task).train) & set(codes):
                raise fault("table.languages", "each task of the table must have one of its "
                            f"languages, got {task!r} with {', '.join(codes)}")


def _check_robustness(study: Declaration) -> None:
    robustness = study.robustness
    if robustness is None:
        return
    if robustness.perturbations.fertilities and not any(
            task.kind in PERTURBED_KINDS for task in study.target_tasks):
        raise fault("robustness.perturbations", "a target must be of a kind that can be perturbed "
                    f"({_kinds(PERTURBED_KINDS)}), got {', '.join(study.targets.tasks)}")
    for index, code in enumerate(robustness.code_mix):
        if not any(task.kind in MIXED_KINDS and code in task.evaluation
                   for task in study.target_tasks):
            raise fault(f"robustness.code_mix.{index}", "a target with a question, hypothesis or "
                        f"prompt ({_kinds(MIXED_KINDS)}) must be evaluated in a language to mix "
                        f"with, got {code!r} with {', '.join(study.targets.tasks)}")


def _kinds(kinds: Iterable[Kind]) -> str:
    return ", ".join(kind.value for kind in kinds)
