"""Tagging: parts of speech (UD-POS) and names (PAN-X), in XTREME's and XTREME-R's languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spaces.data_sources import HubSource, Split
from spaces.tasks import Kind, Task

__all__ = ["TAGGING_TASKS"]

_UPOS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON",
         "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X")

_UDPOS_TRAINED = (
    "af", "ar", "bg", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "kk", "ko", "mr", "nl", "pt", "ru", "ta", "te", "tr", "ur", "vi", "zh",
)
_UDPOS_TEST_ONLY = ("th", "tl", "yo")  # Kazakh has no validation split either
_PANX_LANGUAGES = (
    "af", "ar", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu",
    "id", "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta",
    "te", "th", "tl", "tr", "ur", "vi", "yo", "zh",
)

# What XTREME-R adds to XTREME's, from the treebanks and from WikiAnn themselves.
_TREEBANKS = {"lt": "lt_alksnis", "pl": "pl_pdb", "ro": "ro_rrt", "uk": "uk_iu", "wo": "wo_wtb"}
_WIKIANN_LANGUAGES = ("az", "gu", "lt", "pa", "pl", "qu", "ro", "uk")
_SPLITS: Final[Mapping[Split, str | tuple[str, ...]]] = {
    "train": "train", "validation": "validation", "test": "test"}

TAGGING_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="udpos",
        kind=Kind.TAGGING,
        roles=("intermediate", "target"),
        train=tuple(sorted((*_UDPOS_TRAINED, *_TREEBANKS))),
        evaluation=tuple(sorted((*_UDPOS_TRAINED, *_UDPOS_TEST_ONLY, *_TREEBANKS))),
        labels=_UPOS,
        metric="f1",
        source=HubSource(
            repository="google/xtreme",
            config="udpos.{udpos}",
            splits=_SPLITS,
            columns={"tokens": "tokens", "tags": "pos_tags"},
            document="tokens",  # treebanks repeat sentences; copies stay in one half
        ),
        elsewhere={code: HubSource(
            repository="universal-dependencies/universal_dependencies",
            config=treebank,
            splits=_SPLITS,
            columns={"tokens": "tokens", "tags": "upos"},
            left_out="_",  # a word that is written as one and tagged in parts stands there too
            document="tokens",
        ) for code, treebank in _TREEBANKS.items()},
    ),
    Task(
        name="panx",
        kind=Kind.TAGGING,
        roles=("intermediate", "target"),
        train=tuple(sorted((*_PANX_LANGUAGES, *_WIKIANN_LANGUAGES))),
        evaluation=tuple(sorted((*_PANX_LANGUAGES, *_WIKIANN_LANGUAGES))),
        labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
        metric="f1",
        source=HubSource(
            repository="google/xtreme",
            config="PAN-X.{code}",
            splits=_SPLITS,
            columns={"tokens": "tokens", "tags": "ner_tags"},
            document="tokens",  # titles recur
        ),
        elsewhere={code: HubSource(
            repository="unimelb-nlp/wikiann",
            config="{code}",
            splits=_SPLITS,
            columns={"tokens": "tokens", "tags": "ner_tags"},
            document="tokens",
        ) for code in _WIKIANN_LANGUAGES},
    ),
)
