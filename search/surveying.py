"""Surveying: a study's encoders and tokenizers asked about the languages of its report panel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from search.data_faults import sources_of
from search.study import Study
from search.survey import CutLanguage, ReadLanguage, Survey
from spaces.models import HubModel, LabModel
from spaces.pretraining_data import PretrainingData
from trainables.encoder_ref import model_directory
from trainables.fertility import fertility_of
from trainables.panel_sets import subset
from trainables.rows import DataError
from trainables.workspace import Workspace

__all__ = ["SURVEYED_ROWS", "is_surveyed", "take_survey"]

SURVEYED_ROWS: Final = 256
"""The most rows of a target in a language whose tokens are counted, of those that score it."""

THOUSAND: Final = 1_000


def is_surveyed(study: Study) -> bool:
    """Return whether a study's read-out asks what its targets' languages are to its encoders."""
    return study.arms is not None and study.arms.sources


def take_survey(study: Study, workspace: Workspace) -> Survey:
    """Return what the encoders of a study's arms have read and how their tokenizers cut targets.

    Faults are part of it: an answer does without a covariate rather than not at all.
    """
    found: list[ReadLanguage | CutLanguage] = []
    faults: list[str] = []
    for model in study.arm_models:
        if not isinstance(model, LabModel | HubModel):
            continue  # simulated: it reads nothing
        for ask in (_read, _cut):
            try:
                found += ask(model, study, workspace)
            except (DataError, OSError) as error:
                faults.append(f"{model.name}: {error}")
    return Survey(read=tuple(each for each in found if isinstance(each, ReadLanguage)),
                  cut=tuple(each for each in found if isinstance(each, CutLanguage)),
                  faults=tuple(faults))


def _read(
    model: LabModel | HubModel, study: Study, workspace: Workspace
) -> list[ReadLanguage]:
    """Return what pretraining read; of published encoders that is in tables, if anywhere."""
    if not isinstance(model, LabModel):
        return []
    from trainables.lab import Lab  # a study of hub data does without babel
    from trainables.pretraining_tokens import tokens_read

    tokens = tokens_read(model, Lab(Path(workspace.cache)))
    return [ReadLanguage(model=model.name, language=code, data=PretrainingData(
        amount=tokens.get(code, 0.0) / THOUSAND, unit="thousand tokens read"))
        for code in study.panels.report]


def _cut(model: LabModel | HubModel, study: Study, workspace: Workspace) -> list[CutLanguage]:
    from trainables.tokenizer import load_tokenizer  # the tokenizers library takes its time

    sources = sources_of(workspace)
    tokenizer = load_tokenizer(_tokenizer_directory(model, workspace))
    count = min(SURVEYED_ROWS, study.fidelity.confirm.evaluation_rows)
    return [CutLanguage(
        model=model.name, task=task.name, language=code, fertility=fertility_of(
            subset(sources.panel_rows(task, code, "report")[0], count), tokenizer))
        for task in study.target_tasks for code in study.panels.report if code in task.evaluation]


def _tokenizer_directory(model: LabModel | HubModel, workspace: Workspace) -> Path:
    if isinstance(model, HubModel):
        return model_directory(model, None if workspace.hub is None else Path(workspace.hub))
    from trainables.lab import Lab

    return Lab(Path(workspace.cache)).tokenizer(model.vocabulary)
