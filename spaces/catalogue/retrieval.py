"""Retrieval, never trained: which sentence of a pool says what an English one does."""

from __future__ import annotations

from typing import Final

from spaces.tasks import HubSource, Kind, Task

__all__ = ["RETRIEVAL_TASKS"]

_TATOEBA_LANGUAGES = (
    "af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl",
    "tr", "ur", "vi", "zh",
)

RETRIEVAL_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="tatoeba",
        kind=Kind.RETRIEVAL,
        roles=("target",),
        train=(),
        evaluation=_TATOEBA_LANGUAGES,
        metric="accuracy",
        source=HubSource(
            repository="google/xtreme",
            config="tatoeba.{tatoeba}",
            splits={"validation": "validation"},
            columns={"text": "source_sentence", "english": "target_sentence"},
            document="target_sentence",  # English sentences recur across language pairs
        ),
    ),
    # BUCC 2018's pairs without the sentences that have no partner, so that its own score, the F1 of
    # mining, cannot be had: not BUCC, and not called so.
    Task(
        name="bucc-gold",
        kind=Kind.RETRIEVAL,
        roles=("target",),
        train=(),
        evaluation=("de", "fr", "ru", "zh"),
        metric="accuracy",
        source=HubSource(
            repository="google/xtreme",
            config="bucc18.{code}",
            splits={"validation": "validation", "test": "test"},
            columns={"text": "source_sentence", "english": "target_sentence"},
            document="target_sentence",
        ),
    ),
)
