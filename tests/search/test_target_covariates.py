"""Covariates of targets: known of every target, or said why not."""

from __future__ import annotations

import math

import pytest

from search.survey import CutLanguage, ReadLanguage, Survey
from search.target_covariates import target_covariates
from spaces.models import Model, find_model
from spaces.pretraining_data import PretrainingData
from trainables.fertility import Fertility, Unit

SMALL, MEDIUM = find_model("lab-small"), find_model("lab-medium")
BASE = find_model("FacebookAI/xlm-roberta-base")


def read(model: Model, **amounts: float) -> tuple[ReadLanguage, ...]:
    return tuple(ReadLanguage(model=model.name, language=code, data=PretrainingData(
        amount=amount, unit="thousand tokens read")) for code, amount in amounts.items())


def cut(
    model: Model, *, task: str = "tags", unit: Unit = "word", **tokens: int
) -> tuple[CutLanguage, ...]:
    return tuple(CutLanguage(model=model.name, task=task, language=code, fertility=Fertility(
        tokens=count, units=100, unit=unit)) for code, count in tokens.items())


def test_doublings_are_means_over_the_models_of_what_was_measured() -> None:
    survey = Survey(read=read(SMALL, el=3, mr=0) + read(MEDIUM, el=15, mr=0),
                    cut=cut(SMALL, el=200, mr=400) + cut(MEDIUM, el=200, mr=1600))
    (pretraining, fertility), unknown = target_covariates(
        [SMALL, MEDIUM], ["tags"], ["el", "mr"], survey)
    assert not unknown
    assert (pretraining.unit, fertility.unit) == ("thousand tokens read", "tokens per word")
    assert pretraining.doublings == {"el": 3.0, "mr": 0.0}
    assert pretraining.amounts == {"el": 7.0, "mr": 0.0}
    assert fertility.doublings == {"el": 1.0, "mr": 3.0}
    assert fertility.amounts == {"el": 2.0, "mr": 8.0}


def test_published_tables_need_no_survey_and_fertility_says_that_it_does() -> None:
    (pretraining,), (fertility,) = target_covariates([BASE], ["tags"], ["el", "vi"], None)
    assert pretraining.unit == "GiB of CC-100"
    assert pretraining.doublings["vi"] == pytest.approx(math.log2(1 + 137.3))
    assert fertility.covariate == "tokenizer fertility"
    assert "once the trials have ended" in fertility.why


def test_tasks_that_do_not_count_have_no_part() -> None:
    survey = Survey(cut=cut(BASE, el=200) + cut(BASE, task="other", unit="character", el=50))
    (_, fertility), _ = target_covariates([BASE], ["tags"], ["el"], survey)
    assert fertility.amounts == {"el": 2.0}


@pytest.mark.parametrize(("models", "survey", "whys"), [
    ([find_model("google-bert/bert-base-multilingual-cased")], Survey(
        faults=("mbert: a tokenizer must load",)),
     ("how much bert-base-multilingual-cased was pretrained on of each language is not catalogued",
      "none of el, mr with bert-base-multilingual-cased: mbert: a tokenizer must load")),
    ([SMALL, BASE], Survey(cut=cut(SMALL, el=9, mr=9) + cut(BASE, el=9)),
     ("GiB of CC-100 and in rows, which do not compare",
      "none of mr with xlm-roberta-base: no rows")),
    ([SMALL], Survey(cut=cut(SMALL, el=9, mr=9)
                     + cut(SMALL, task="texts", unit="character", el=9)),
     ("tasks count in characters and in words, which do not compare",)),
])
def test_what_cannot_be_known_is_said(
    models: list[Model], survey: Survey, whys: tuple[str, ...]
) -> None:
    _, unknown = target_covariates(models, ["tags", "texts"], ["el", "mr"], survey)
    assert len(unknown) == len(whys)
    for each, why in zip(unknown, whys, strict=True):
        assert why in each.why
