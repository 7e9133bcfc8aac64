"""Metrics of answers: pure functions from texts and their gold answers to points, 0 to 100.

A row's score is that of its best gold answer. What is compared is what a normaliser leaves of a
text, its words joined by one space: SQuAD's, which XQuAD and TyDiQA use in every language, or
MLQA's, which differs by language.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import Final

from trainables.label_metrics import check_paired, points_of

__all__ = ["MLQA_LANGUAGES", "Normaliser", "answer_f1", "exact_match", "mlqa_normalised",
           "normaliser_of", "squad2_exact_match", "squad2_f1", "squad_normalised"]

Normaliser = Callable[[str], str]

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words)})\b")


_ENGLISH = _words("a", "an", "the")
# What MLQA's evaluation drops as articles; of Arabic the two letters wherever they stand.
_ARTICLES: Final[Mapping[str, re.Pattern[str] | None]] = MappingProxyType({
    "ar": re.compile("ال"),
    "de": _words("ein", "eine", "einen", "einem", "eines", "einer", "der", "die", "das", "den",
                 "dem", "des"),
    "en": _ENGLISH,
    "es": _words("un", "una", "unos", "unas", "el", "la", "los", "las"),
    "hi": None,
    "vi": _words("của", "là", "cái", "chiếc", "những"),
    "zh": None,
})
_HAN = re.compile("[\u4e00-\u9fa5]")

MLQA_LANGUAGES: Final = tuple(_ARTICLES)
"""The languages that MLQA's normaliser knows."""


def exact_match(
    gold: Sequence[Sequence[str]], predicted: Sequence[str], normalised: Normaliser
) -> float:
    """Return the share of predictions that equal one of their gold answers, in points.

    Source: the evaluations of SQuAD v1.1 and of MLQA.

    Raises:
        ValueError: as `accuracy`, or if a row has no gold answer.
    """
    return _mean_of_best(lambda answer, given: float(answer == given), gold, predicted, normalised)


def answer_f1(
    gold: Sequence[Sequence[str]], predicted: Sequence[str], normalised: Normaliser
) -> float:
    """Return the mean F1 of words against the best-fitting gold answer, in points.

    Words are what white space separates after normalising: by SQuAD's normaliser a language written
    without spaces scores by whole stretches of text. Source: as `exact_match`.

    Raises:
        ValueError: as `exact_match`.
    """
    return _mean_of_best(_word_f1, gold, predicted, normalised)


def squad2_f1(
    gold: Sequence[Sequence[str]], predicted: Sequence[str], normalised: Normaliser
) -> float:
    """Return the mean F1 of words where a question may have no answer, in points.

    The gold answer is the empty text then. As `answer_f1`, but where either text has no words left
    both must have none, and gold answers without words count only where a row has no others.
    Source: the SQuAD v2.0 evaluation at its threshold of 0 (Rajpurkar et al. 2018).

    Raises:
        ValueError: as `exact_match`.
    """
    return _mean_of_best(_word_or_empty_f1, _answered(gold, normalised), predicted, normalised)


def squad2_exact_match(
    gold: Sequence[Sequence[str]], predicted: Sequence[str], normalised: Normaliser
) -> float:
    """Return the share of predictions that equal one of their gold answers, in points.

    Gold answers without words count only where a row has no others. Source: as `squad2_f1`.

    Raises:
        ValueError: as `exact_match`.
    """
    return exact_match(_answered(gold, normalised), predicted, normalised)


def squad_normalised(text: str) -> str:
    """Lower the case, drop ASCII punctuation and English articles, and join words by one space.

    Source: the SQuAD v1.1 evaluation; XQuAD and TyDiQA use it in every language.
    """
    return " ".join(_ENGLISH.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


def mlqa_normalised(text: str, language: str) -> str:
    """Lower the case, drop punctuation and the language's articles, and join words by one space.

    Of Chinese every Han character is a word. Source: MLQA's evaluation (Lewis et al. 2020).

    Raises:
        ValueError: if the language is not one of MLQA's.
    """
    if language not in _ARTICLES:
        raise ValueError(f"MLQA's normaliser must be asked for one of {', '.join(_ARTICLES)}, "
                         f"got {language!r}")
    kept = "".join(char for char in text.lower() if not _is_punctuation(char))
    articles = _ARTICLES[language]
    if articles is not None:
        kept = articles.sub(" ", kept)
    if language == "zh":
        kept = _HAN.sub(r" \g<0> ", kept)
    return " ".join(kept.split())


def normaliser_of(metric: str, language: str) -> Normaliser:
    """Return the normaliser of a metric of answers, by its name: MLQA's own, or SQuAD's."""
    return partial(mlqa_normalised, language=language) if metric.startswith("mlqa_") else (
        squad_normalised)


@cache
def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def _word_f1(answer: str, given: str) -> float:
    wanted, found = answer.split(), given.split()
    shared = sum((Counter(wanted) & Counter(found)).values())
    return 2 * shared / (len(wanted) + len(found)) if shared else 0.0


def _word_or_empty_f1(answer: str, given: str) -> float:
    return _word_f1(answer, given) if answer and given else float(answer == given)


def _answered(gold: Sequence[Sequence[str]], normalised: Normaliser) -> list[Sequence[str]]:
    """Return each row's answers that have words, or all of them where none has."""
    return [[answer for answer in answers if normalised(answer)] or answers for answers in gold]


def _mean_of_best(
    agreement: Callable[[str, str], float], gold: Sequence[Sequence[str]],
    predicted: Sequence[str], normalised: Normaliser,
) -> float:
    check_paired(gold, predicted)
    for number, answers in enumerate(gold):
        if not answers:
            raise ValueError(f"a row must have at least one gold answer, got none (row {number})")
    best = (max(agreement(normalised(answer), said) for answer in answers)
            for answers, said in zip(gold, map(normalised, predicted), strict=True))
    return points_of(math.fsum(best), len(gold))
