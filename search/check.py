"""Check: every derived number of a study, before anything is started."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from search.arm_plan import PlannedContrast, planned_contrast
from search.curve_plan import CurveNeed, curve_needs, curve_warnings
from search.faults import UserError
from search.study import Study
from search.work import Batch, batches_of
from spaces.languages import ENGLISH
from spaces.models import HubModel, LabModel, Model, SimulatedModel
from spaces.tasks import Kind, Task
from spaces.value import Value
from trainables.encoder_ref import ParameterCounts, count_parameters, model_directory
from trainables.published_head import find_published_head
from trainables.rows import DataError
from trainables.workspace import Workspace

__all__ = ["CheckReport", "PanelScores", "TaskData", "body_parameters", "check",
           "parameter_counts"]

PanelName = Literal["selection", "report"]


class TaskData(Value):
    """An intermediate task's data: its languages in the study and their train rows in all."""

    task: str
    languages: tuple[str, ...]
    rows: int


class PanelScores(Value):
    """What a target is scored in on a panel: languages no trial trains on, and the others.

    Trained on are English, which targets are tuned in, and the pool of intermediate training.
    """

    task: str
    panel: PanelName
    zero_shot: tuple[str, ...]
    trained_on: tuple[str, ...]


class Totals(Value):
    """Sums over all trials, at most; `flops` and `bytes` as in `Work`."""

    trials: int
    steps: int
    examples: int
    rows: int
    flops: float
    bytes: int


class CheckReport(Value):
    """Every derived number of a study.

    `pretraining_steps` are those of each lab model, trained once. `rung_steps` are the target
    steps that each search trial takes on more than its last rung. `dimensions` says what each
    dimension of the search space ranges over. `rounds` is 0 where
    suggestions are not asked in rounds. `curve_orders_needed` is the number of orders at which
    a doubling's interval is expected within half of `worth`, by the study's `pilot_sd`, and
    `curve_trials_needed` what its block has then, at the study's counts and seeds; where the worth
    is not one number of points, `curve_needs` says so of each, and these are the most of them.
    `primary` is what the arms' primary contrast can show.
    """

    study: str
    question: str
    parameters: dict[str, ParameterCounts]
    pretraining_steps: dict[str, int]
    rung_steps: int
    data: tuple[TaskData, ...]
    cells: int
    dimensions: dict[str, str]
    language_sets: int
    fixed_points: int
    rounds: int
    batches: tuple[Batch, ...]
    totals: Totals
    panels: tuple[PanelScores, ...]
    curve_orders_needed: int | None = None
    curve_trials_needed: int | None = None
    curve_needs: tuple[CurveNeed, ...] = Field(default=(), exclude_if=lambda given: not given)
    primary: PlannedContrast | None = Field(default=None, exclude_if=lambda given: given is None)
    warnings: tuple[str, ...]


def check(
    study: Study, sizes: Mapping[str, Mapping[str, int]], workspace: Workspace,
    notes: Iterable[str] = (),
) -> CheckReport:
    """Return a study's derived numbers; nothing is started.

    Args:
        study: the study.
        sizes: train rows by intermediate task and language.
        workspace: where published encoders are looked for.
        notes: what should be known of the data.

    Raises:
        UserError: if an encoder cannot be had, or a fixed point does not lie in the space.
    """
    space = study.space(sizes)
    parameters = parameter_counts(study, workspace)
    try:
        fixed = len(space.fixed_points(study.fixed_mixtures()))
    except ValueError as error:
        raise UserError(f"{error} (search.fixed_points)") from error
    search, batches = study.search, tuple(batches_of(study, space, parameters))
    needs = tuple(curve_needs(study))
    return CheckReport(
        study=study.study, question=study.question, parameters=parameters,
        pretraining_steps={model.name: model.steps for model in study.models
                           if isinstance(model, LabModel)},
        rung_steps=_rung_steps(study, batches),
        data=tuple(TaskData(task=task, languages=tuple(rows), rows=sum(rows.values()))
                   for task, rows in space.sizes.items()),
        cells=sum(len(rows) for rows in space.sizes.values()),
        dimensions=space.ranges(),
        language_sets=len(study.intermediate.languages.sets()),
        fixed_points=fixed,
        rounds=math.ceil(search.trials / search.round_size) if search.reproducible else 0,
        batches=batches, totals=_totals(batches),
        panels=tuple(_panel_scores(study, task, panel) for task in study.target_tasks
                     for panel in _panel_names()),
        curve_orders_needed=max((each.orders for each in needs if each.orders), default=None),
        curve_trials_needed=max((each.trials for each in needs if each.trials), default=None),
        curve_needs=() if study.curve and study.curve.worth.points is not None else needs,
        primary=planned_contrast(study, {name: each.body for name, each in parameters.items()}),
        warnings=(*study.warnings(), *_warnings(study, fixed), *_fresh_heads(study, workspace),
                  *_unpinned(study, workspace), *notes),
    )


def body_parameters(study: Study, workspace: Workspace) -> dict[str, int]:
    """Return the parameters of each model's body, by the model's name.

    Raises:
        UserError: if an encoder cannot be had.
    """
    return {name: counts.body for name, counts in parameter_counts(study, workspace).items()}


def parameter_counts(study: Study, workspace: Workspace) -> dict[str, ParameterCounts]:
    """Return the parameters of each model, by its name.

    Raises:
        UserError: if an encoder cannot be had.
    """
    return {model.name: _parameters(model, workspace) for model in study.models}


def _parameters(model: Model, workspace: Workspace) -> ParameterCounts:
    if isinstance(model, SimulatedModel):
        return ParameterCounts(body=0, total=0)
    try:
        directory = (model_directory(model, _mirror(workspace)) if isinstance(model, HubModel)
                     else None)
        return count_parameters(model, directory)
    except DataError as error:
        raise UserError(f"{error} (models)") from error


def _rung_steps(study: Study, batches: tuple[Batch, ...]) -> int:
    if not study.search.trials:
        return 0
    rungs = len(study.intermediate.rungs)
    return batches[0].each.target_steps * (rungs - 1) // rungs


def _totals(batches: tuple[Batch, ...]) -> Totals:
    def over_all(*fields: str) -> float:
        return math.fsum(batch.trials * getattr(batch.each, field)
                         for batch in batches for field in fields)

    return Totals(
        trials=sum(batch.trials for batch in batches),
        steps=int(over_all("intermediate_steps", "target_steps")),
        examples=int(over_all("intermediate_examples", "target_examples")),
        rows=int(over_all("rows")), flops=over_all("flops"), bytes=int(over_all("bytes")))


def _panel_names() -> tuple[PanelName, ...]:
    return "selection", "report"


def _panel_scores(study: Study, task: Task, panel: PanelName) -> PanelScores:
    languages = [code for code in getattr(study.panels, panel) if code in task.evaluation]
    trained = {ENGLISH, *study.intermediate.languages.pool}
    return PanelScores(
        task=task.name, panel=panel,
        zero_shot=tuple(code for code in languages if code not in trained),
        trained_on=tuple(code for code in languages if code in trained))


def _warnings(study: Study, fixed: int) -> list[str]:
    found = []
    if 0 < study.search.trials <= fixed:
        found.append(f"the sampler proposes nothing, since {fixed} fixed points come first, "
                     f"got {study.search.trials} (search.trials)")
    return [*found, *curve_warnings(study)]


def _fresh_heads(study: Study, workspace: Workspace) -> Iterator[str]:
    """Yield a line for each encoder that must first learn a head for masked tokens."""
    text = [task.name for task in study.intermediate_tasks if task.kind is Kind.MLM]
    text += ["the further control mlm"] if "mlm" in study.controls.further else []
    for index, model in enumerate(study.models):
        if text and isinstance(model, HubModel) and not _has_head(model, workspace):
            yield (f"{' and '.join(text)} must first learn to restore masked tokens: the "
                   f"checkpoint of {model.name} has no such head that is known here, so a fresh "
                   f"one is trained (models.{index})")


def _unpinned(study: Study, workspace: Workspace) -> Iterator[str]:
    if study.revisions and workspace.hub is not None:
        yield (f"a directory is read as it is, whatever is pinned, got {workspace.hub} "
               "(revisions)")


def _has_head(model: HubModel, workspace: Workspace) -> bool:
    try:
        return find_published_head(model_directory(model, _mirror(workspace))) is not None
    except DataError as error:
        raise UserError(f"{error} (models)") from error


def _mirror(workspace: Workspace) -> Path | None:
    return None if workspace.hub is None else Path(workspace.hub)
