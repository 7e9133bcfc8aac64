"""Plain text to go on pretraining with, by restoring masked tokens."""

from __future__ import annotations

from typing import Final

from spaces.catalogue.questions import TYDIQA_LANGUAGES
from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task

__all__ = ["TEXT_TASKS"]

TEXT_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="tydiqa-text",  # the paragraphs that its train questions are asked of
        kind=Kind.MLM,
        roles=("intermediate",),
        train=TYDIQA_LANGUAGES,
        source=HubSource(
            repository="google-research-datasets/tydiqa",
            config="secondary_task",
            splits={"train": "train"},
            columns={"id": "id", "text": "context"},
            id_prefix="{language}-",
            document="title",
        ),
    ),
)
