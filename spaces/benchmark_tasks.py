"""The benchmarks' tasks, stated as data: what they are and where on the Hugging Face hub they lie.

Languages, splits and labels are those of the repositories named here. UD-POS, PAN-X, XNLI,
PAWS-X, XQuAD, MLQA, TyDiQA-GoldP and Tatoeba are target tasks of XTREME (Hu et al. 2020, arXiv
2003.11080); MNLI, SQuAD v1.1 and HellaSwag serve as intermediate tasks (Phang et al. 2020, arXiv
2005.13013), and so do UD-POS, PAWS-X, PAN-X and TyDiQA; the paragraphs of TyDiQA are also a text
to go on pretraining with.
"""

from __future__ import annotations

from typing import Final

from spaces.tasks import HubSource, Kind, Task

__all__ = ["BENCHMARK_TASKS"]

_NLI_LABELS = ("entailment", "neutral", "contradiction")
_NLI_COLUMNS = {"text": "premise", "text_pair": "hypothesis", "label": "label"}
_UPOS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON",
         "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X")

_UDPOS_TRAINED = (
    "af", "ar", "bg", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "kk", "ko", "mr", "nl", "pt", "ru", "ta", "te", "tr", "ur", "vi", "zh",
)
_UDPOS_TEST_ONLY = ("th", "tl", "yo")  # Kazakh has no validation split either
_XNLI_LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur",
                   "vi", "zh")
_PAWSX_LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")
_PANX_LANGUAGES = (
    "af", "ar", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu",
    "id", "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta",
    "te", "th", "tl", "tr", "ur", "vi", "yo", "zh",
)
_XQUAD_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")
_MLQA_LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
_TYDIQA_LANGUAGES = ("ar", "bn", "en", "fi", "id", "ko", "ru", "sw", "te")
_TATOEBA_LANGUAGES = (
    "af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl",
    "tr", "ur", "vi", "zh",
)

_MNLI = HubSource(
    repository="nyu-mll/glue",
    config="mnli",
    splits={"train": "train", "validation": "validation_matched"},
    columns=_NLI_COLUMNS,
    document="premise",
)

_ANSWERED = {"id": "id", "question": "question", "context": "context", "answers": "answers.text",
             "answer_starts": "answers.answer_start"}
_SQUAD = HubSource(
    repository="rajpurkar/squad",
    config="plain_text",
    splits={"train": "train", "validation": "validation"},
    columns=_ANSWERED,
    document="title",
)

BENCHMARK_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="udpos",
        kind=Kind.TAGGING,
        roles=("intermediate", "target"),
        train=_UDPOS_TRAINED,
        evaluation=tuple(sorted(_UDPOS_TRAINED + _UDPOS_TEST_ONLY)),
        labels=_UPOS,
        metric="f1",
        source=HubSource(
            repository="google/xtreme",
            config="udpos.{udpos}",
            splits={"train": "train", "validation": "validation", "test": "test"},
            columns={"tokens": "tokens", "tags": "pos_tags"},
            document="tokens",  # treebanks repeat sentences; copies stay in one half
        ),
    ),
    Task(
        name="xnli",
        kind=Kind.PAIR,
        roles=("target",),
        train=("en",),
        evaluation=_XNLI_LANGUAGES,
        labels=_NLI_LABELS,
        metric="accuracy",
        source=HubSource(
            repository="facebook/xnli",
            config="{code}",
            splits={"validation": "validation", "test": "test"},
            columns=_NLI_COLUMNS,
            rows_per_document=3,  # each premise has three hypotheses, in the same order everywhere
        ),
        train_source=_MNLI,
    ),
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
    ),
    Task(
        name="panx",
        kind=Kind.TAGGING,
        roles=("intermediate", "target"),
        train=_PANX_LANGUAGES,
        evaluation=_PANX_LANGUAGES,
        labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
        metric="f1",
        source=HubSource(
            repository="google/xtreme",
            config="PAN-X.{code}",
            splits={"train": "train", "validation": "validation", "test": "test"},
            columns={"tokens": "tokens", "tags": "ner_tags"},
            document="tokens",  # titles recur
        ),
    ),
    Task(
        name="hellaswag",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("0", "1", "2", "3"),
        metric="accuracy",
        source=HubSource(
            repository="Rowan/hellaswag",
            config="default",
            splits={"train": "train", "validation": "validation"},
            columns={"prompt": "ctx", "options": "endings", "label": "label"},
            document="source_id",  # several rows tell of one video or article
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
        train_source=_SQUAD,
    ),
    Task(
        name="mlqa",
        kind=Kind.QA,
        roles=("target",),
        train=("en",),
        evaluation=_MLQA_LANGUAGES,
        metric="mlqa_f1",
        source=HubSource(
            repository="google/xtreme",
            config="MLQA.{code}.{code}",
            splits={"validation": "validation", "test": "test"},
            columns=_ANSWERED,
            document="id",  # a question has one id in all its languages, its paragraph none
        ),
        train_source=_SQUAD,
    ),
    Task(
        name="tydiqa",
        kind=Kind.QA,
        roles=("intermediate", "target"),
        train=_TYDIQA_LANGUAGES,
        evaluation=_TYDIQA_LANGUAGES,
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
    Task(
        name="tydiqa-text",  # the paragraphs that its train questions are asked of
        kind=Kind.MLM,
        roles=("intermediate",),
        train=_TYDIQA_LANGUAGES,
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
