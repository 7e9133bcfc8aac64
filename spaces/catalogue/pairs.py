"""Pairs of sentences: entailment (XNLI, MNLI, ANLI, ANLI+) and paraphrase (PAWS-X, QQP)."""

from __future__ import annotations

from typing import Final

from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task

__all__ = ["PAIR_TASKS"]

_NLI_LABELS = ("entailment", "neutral", "contradiction")
_NLI_COLUMNS = {"text": "premise", "text_pair": "hypothesis", "label": "label"}
_XNLI_LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur",
                   "vi", "zh")
_PAWSX_LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")

_MNLI = HubSource(
    repository="nyu-mll/glue",
    config="mnli",
    splits={"train": "train", "validation": "validation_matched"},
    columns=_NLI_COLUMNS,
    document="premise",
)
_SNLI = HubSource(
    repository="stanfordnlp/snli",
    config="plain_text",
    splits={"train": "train", "validation": "validation", "test": "test"},
    columns=_NLI_COLUMNS,
    document="premise",
)
_ANLI = HubSource(
    repository="facebook/anli",
    config="plain_text",
    splits={"train": ("train_r1", "train_r2", "train_r3"),
            "validation": ("dev_r1", "dev_r2", "dev_r3"),
            "test": ("test_r1", "test_r2", "test_r3")},
    columns={"id": "uid", **_NLI_COLUMNS},
    document="premise",
)
_XNLI = HubSource(
    repository="facebook/xnli",
    config="{code}",
    splits={"validation": "validation", "test": "test"},
    columns=_NLI_COLUMNS,
    rows_per_document=3,  # each premise has three hypotheses, in the same order everywhere
)

PAIR_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="xnli",
        kind=Kind.PAIR,
        roles=("target",),
        train=("en",),
        evaluation=_XNLI_LANGUAGES,
        labels=_NLI_LABELS,
        metric="accuracy",
        source=_XNLI,
        train_sources=(_MNLI,),
        evaluation_provenance="human-translated",
    ),
    # MNLI's train set by machine translation, as XNLI gives it; English is MNLI itself.
    Task(
        name="xnli-translated",
        kind=Kind.PAIR,
        roles=("intermediate",),
        train=_XNLI_LANGUAGES,
        evaluation=_XNLI_LANGUAGES,
        labels=_NLI_LABELS,
        metric="accuracy",
        source=_XNLI,
        train_sources=(HubSource(repository="facebook/xnli", config="{code}",
                                 splits={"train": "train"}, columns=_NLI_COLUMNS),),
        translates=_MNLI,
        train_provenance="machine-translated",
        evaluation_provenance="human-translated",
    ),
    Task(
        name="mnli",
        kind=Kind.PAIR,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=_NLI_LABELS,
        metric="accuracy",
        source=_MNLI,
    ),
    # With MNLI and SNLI, as Phang et al. train on it.
    Task(
        name="anli-plus",
        kind=Kind.PAIR,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=_NLI_LABELS,
        metric="accuracy",
        source=_ANLI,
        train_sources=(_ANLI, _MNLI, _SNLI),
    ),
    # Tuned on MNLI and asked what people wrote to mislead models: only its evaluation is ANLI.
    Task(
        name="anli",
        kind=Kind.PAIR,
        roles=("target",),
        train=("en",),
        evaluation=("en",),
        labels=_NLI_LABELS,
        metric="accuracy",
        source=_ANLI,
        train_sources=(_MNLI,),
    ),
    Task(
        name="qqp",
        kind=Kind.PAIR,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("not_duplicate", "duplicate"),
        metric="accuracy",
        source=HubSource(
            repository="nyu-mll/glue",
            config="qqp",
            splits={"train": "train", "validation": "validation"},
            columns={"text": "question1", "text_pair": "question2", "label": "label"},
            document="question1",
        ),
    ),
    Task(
        name="pawsx",
        kind=Kind.PAIR,
        roles=("intermediate", "target"),
        train=_PAWSX_LANGUAGES,
        evaluation=_PAWSX_LANGUAGES,
        labels=("0", "1"),  # another meaning, the same meaning
        metric="accuracy",
        source=HubSource(
            repository="google-research-datasets/paws-x",
            config="{code}",
            splits={"train": "train", "validation": "validation", "test": "test"},
            # Translated row by row, so that a row's place names it in every language.
            columns={"text": "sentence1", "text_pair": "sentence2", "label": "label"},
        ),
        train_provenance="machine-translated",
        evaluation_provenance="human-translated",
    ),
)
