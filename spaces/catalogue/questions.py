"""Questions on a paragraph, answered by a span of it: SQuAD and its kin in other languages."""

from __future__ import annotations

from typing import Final

from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task

__all__ = ["QUESTION_TASKS", "TYDIQA_LANGUAGES"]

_XQUAD_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")
_MLQA_LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
TYDIQA_LANGUAGES = ("ar", "bn", "en", "fi", "id", "ko", "ru", "sw", "te")

_ANSWERED = {"id": "id", "question": "question", "context": "context", "answers": "answers.text",
             "answer_starts": "answers.answer_start"}
_SQUAD = HubSource(
    repository="rajpurkar/squad",
    config="plain_text",
    splits={"train": "train", "validation": "validation"},
    columns=_ANSWERED,
    document="title",
)

_MLQA = HubSource(
    repository="google/xtreme",
    config="MLQA.{code}.{code}",
    splits={"validation": "validation", "test": "test"},
    columns=_ANSWERED,
    document="id",  # a question has one id in all its languages, its paragraph none
)

QUESTION_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="squad",
        kind=Kind.QA,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        metric="f1",
        source=_SQUAD,
    ),
    Task(
        name="squad2",  # with questions that their paragraph does not answer
        kind=Kind.QA,
        roles=("intermediate", "target"),
        train=("en",),
        evaluation=("en",),
        metric="squad2_f1",
        source=HubSource(
            repository="rajpurkar/squad_v2",
            config="squad_v2",
            splits={"train": "train", "validation": "validation"},
            columns=_ANSWERED,
            document="title",
        ),
    ),
    Task(
        name="xquad",
        kind=Kind.QA,
        roles=("target",),
        train=("en",),
        evaluation=_XQUAD_LANGUAGES,
        metric="f1",
        source=HubSource(
            repository="google/xquad",
            config="xquad.{code}",
            splits={"validation": "validation"},
            columns=_ANSWERED,
            document_runs="context",  # the same 240 paragraphs, in the same order everywhere
        ),
        train_sources=(_SQUAD,),
        evaluation_provenance="human-translated",
    ),
    Task(
        name="mlqa",
        kind=Kind.QA,
        roles=("target",),
        train=("en",),
        evaluation=_MLQA_LANGUAGES,
        metric="mlqa_f1",
        source=_MLQA,
        train_sources=(_SQUAD,),
    ),
    # SQuAD v1.1's train set by machine translation, as MLQA gives it.
    Task(
        name="mlqa-translated",
        kind=Kind.QA,
        roles=("intermediate",),
        train=tuple(code for code in _MLQA_LANGUAGES if code != "en"),
        evaluation=_MLQA_LANGUAGES,
        metric="mlqa_f1",
        source=_MLQA,
        train_sources=(HubSource(
            repository="facebook/mlqa",
            config="mlqa-translate-train.{code}",
            splits={"train": "train"},
            columns=_ANSWERED,
        ),),
        translates=_SQUAD,
        train_provenance="machine-translated",
    ),
    Task(
        name="tydiqa",
        kind=Kind.QA,
        roles=("intermediate", "target"),
        train=TYDIQA_LANGUAGES,
        evaluation=TYDIQA_LANGUAGES,
        metric="f1",
        source=HubSource(
            repository="google-research-datasets/tydiqa",
            config="secondary_task",
            splits={"train": "train", "validation": "validation"},
            columns=_ANSWERED,
            id_prefix="{language}-",
            document="title",  # written anew in each language, never translated
        ),
    ),
)
