"""The survey: what an encoder has read of each target language, and how its tokenizer cuts it.

It is taken where data and tokenizers lie and kept in the journal, so that a read-out loads none.
"""

from __future__ import annotations

from search.journal import Journal
from spaces.pretraining_data import PretrainingData
from spaces.value import Value
from trainables.fertility import Fertility

__all__ = ["CutLanguage", "ReadLanguage", "Survey", "survey_of"]


class ReadLanguage(Value):
    """What a model's pretraining read of a language, as measured."""

    model: str
    language: str
    data: PretrainingData


class CutLanguage(Value):
    """Into how many tokens a model's tokenizer cuts a target task's rows in a language."""

    model: str
    task: str
    language: str
    fertility: Fertility


class Survey(Value):
    """`read` is of encoders pretrained here, `cut` of all; `faults` says what could not be had."""

    read: tuple[ReadLanguage, ...] = ()
    cut: tuple[CutLanguage, ...] = ()
    faults: tuple[str, ...] = ()


def survey_of(journal: Journal) -> Survey | None:
    """Return the survey that a journal holds, None where none was taken yet."""
    found = journal.of("surveyed")
    return Survey.model_validate(found[-1].data) if found else None
