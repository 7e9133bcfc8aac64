"""Retrieval, never trained: translations, answers and entities to be found in a pool."""

from __future__ import annotations

from typing import Final

from spaces.data_sources import HubSource, PoolSource
from spaces.tasks import Kind, Task

__all__ = ["RETRIEVAL_TASKS"]

_TATOEBA_LANGUAGES = (
    "af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl",
    "tr", "ur", "vi", "zh",
)

_LAREQA_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
_MEWSLIX_LANGUAGES = ("ar", "de", "en", "es", "fa", "ja", "pl", "ro", "ta", "tr", "uk")

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
        evaluation_provenance="human-translated",
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
        evaluation_provenance="human-translated",
    ),
    # Scored untrained, as Tatoeba is. The published baselines of these two are fine-tuned before,
    # on SQuAD v1.1 and on pairs of English Wikipedia, with a softmax over a batch's pairs.
    Task(
        name="lareqa",
        kind=Kind.RANKING,
        roles=("target",),
        train=(),
        evaluation=_LAREQA_LANGUAGES,
        metric="map@20",
        source=PoolSource(
            origin="lareqa",
            repository="google-research-datasets/lareqa",
            splits={"validation": "xquad-r"},
            candidates=13_014,  # the sum over languages in the repository's README
        ),
        evaluation_provenance="human-translated",
    ),
    Task(
        name="mewsli-x",
        kind=Kind.RANKING,
        roles=("target",),
        train=(),
        evaluation=_MEWSLIX_LANGUAGES,
        metric="map@20",
        source=PoolSource(
            origin="mewsli-x",
            repository="google-research/mewsli-x",
            splits={"validation": "dev", "test": "test"},
            candidates=1_003_893,  # as mewsli-x.md counts them
        ),
    ),
)
