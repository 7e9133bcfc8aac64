from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pytest

from spaces.lab_tasks import LAB_TASKS, QUANTITIES
from spaces.models import HubModel
from spaces.tasks import Kind, find_task
from tests.trainables.tiny import TASKS, config, context, rows, task, write_encoder
from trainables.evaluate import scores_of
from trainables.metrics import metric_of
from trainables.panel_sets import PanelSet, gold_of
from trainables.rows import Rows, row_schema
from trainables.scores import BaselineName, Scores
from trainables.sources import Sources
from trainables.string_models import predict_strings
from trainables.trial import RungOutcome, run_trial, rungs_of

BOTH = pytest.mark.parametrize("name", get_args(BaselineName))
FRUIT, METALS = ["apple", "lemon", "cherry", "melon"], ["iron", "copper", "silver", "nickel"]


def made(kind: Kind, given: Sequence[dict[str, Any]], language: str = "en") -> Rows:
    table = pa.Table.from_pylist(
        [{"id": str(number), "document": str(number)} | row for number, row in enumerate(given)],
        schema=row_schema(kind))
    return Rows(task=task(kind), language=language, split="test", table=table,
                fingerprint="0" * 16)


def texts(copied: bool, seed: int, count: int = 200) -> Rows:
    """Return rows whose label is the words' kind, or has nothing to do with them."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        label = draw.randint(0, 1)
        words = (FRUIT, METALS)[label if copied else draw.randint(0, 1)]
        found.append({"text": " ".join(draw.choices(words, k=3)), "label": label})
    return made(Kind.CLASSIFICATION, found)


def accuracy(name: BaselineName, train: Rows, test: Rows) -> float:
    (values,) = predict_strings(name, train, [test])
    return metric_of(test.task, "accuracy", test.language)(gold_of(test), values)


@BOTH
def test_what_is_copied_is_solved_and_what_is_not_is_chance(name: BaselineName) -> None:
    assert accuracy(name, texts(True, 0), texts(True, 1)) == 100
    assert 35 < accuracy(name, texts(False, 0), texts(False, 1)) < 65


@BOTH
def test_a_word_is_tagged_by_itself_and_the_words_beside_it(name: BaselineName) -> None:
    def sentences(seed: int) -> Rows:
        draw = random.Random(seed)
        found = []
        for _ in range(60):
            kinds = [draw.randint(0, 1) for _ in range(2)]
            tokens = [word for kind in kinds
                      for word in ("37", draw.choice((FRUIT, METALS)[kind]), "and")]
            tags = [tag for kind in kinds for tag in (kind, kind, 2)]
            found.append({"tokens": tokens, "tags": tags})
        return made(Kind.TAGGING, found)

    assert accuracy(name, sentences(0), sentences(1)) == 100  # the number by what follows it


def test_how_alike_a_pair_is_counts() -> None:
    def pairs(seed: int) -> Rows:
        draw = random.Random(seed)
        found = []
        for number in range(300):
            first = "".join(draw.choices("abcdefgh", k=8))
            second = first if number % 2 else "".join(draw.choices("abcdefgh", k=8))
            found.append({"text": first, "text_pair": second, "label": number % 2})
        return made(Kind.PAIR, found)

    assert accuracy("character n-grams", pairs(0), pairs(1)) > 95


@BOTH
def test_the_span_most_like_the_question_is_the_answer(name: BaselineName) -> None:
    question = {"question": "who saw iron copper", "answers": ["iron copper"],
                "context": "a lemon and iron copper and a melon", "answer_starts": [12]}
    rows_given = made(Kind.QA, [question])
    assert predict_strings(name, rows_given, [rows_given]) == [["iron copper"]]


@BOTH
def test_a_sentence_finds_the_one_most_like_it(name: BaselineName) -> None:
    pool = made(Kind.RETRIEVAL, [{"english": english, "text": text} for english, text in [
        ("iron and copper", "hierro y copper"), ("a lemon", "un lemon"),
        ("ripe cherry", "ripe cherri")]], "es")
    assert predict_strings(name, None, [pool]) == [[0, 1, 2]]


@BOTH
def test_the_option_most_like_the_prompt_is_chosen(name: BaselineName) -> None:
    given = made(Kind.MULTIPLE_CHOICE, [
        {"prompt": "iron and copper", "options": ["a lemon", "copper", "ripe cherry"], "label": 1},
        {"prompt": "a ripe lemon", "options": ["a lemon", "copper", "iron"], "label": 0}])
    assert predict_strings(name, given, [given]) == [[1, 0]]


@BOTH
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.MLM])
def test_every_kind_has_one_value_a_row_and_always_the_same(kind: Kind, name: BaselineName
                                                            ) -> None:
    of = next(each for each in TASKS if each.kind is kind)
    train = rows(of) if of.trained else None
    tests = [rows(of, language, "test", 12) for language in ("fi", "sw")]
    found = predict_strings(name, train, tests)
    for given, values in zip(tests, found, strict=True):
        assert 0 <= metric_of(of, of.metric, given.language)(gold_of(given), values) <= 100
    assert predict_strings(name, train, tests) == found


def test_one_label_alone_is_predicted() -> None:
    train = made(Kind.CLASSIFICATION, [{"text": text, "label": 1} for text in ("a", "b")])
    assert predict_strings("character n-grams", train, [train]) == [[1, 1]]


# ---- the phase ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HubModel:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


def last(found: Iterator[RungOutcome]) -> RungOutcome:
    return list(found)[-1]


def test_controls_share_one_phase_and_other_trials_have_none(
    model: HubModel, tmp_path: Path
) -> None:
    first = last(run_trial(config(model).control(), context(tmp_path)))
    again = last(run_trial(config(model, seed=9).control(), context(tmp_path)))
    mixed = last(run_trial(config(model), context(tmp_path)))
    assert [each.name for each in first.baselines] == list(get_args(BaselineName))
    assert again.baselines == first.baselines
    assert (first.phases[-1].stored, again.phases[-1].stored) == (False, True)
    assert mixed.baselines == ()
    assert not any(phase.phase == "baselines" for phase in mixed.phases)
    places = {(score.task, score.language, score.panel, score.rows)
              for score in first.baselines[0].scores.scores}
    assert places == {(score.task, score.language, score.panel, score.rows)
                      for score in first.scores.scores if score.panel == "report"}


def test_a_control_does_not_wait_for_baselines_that_another_makes(
    model: HubModel, tmp_path: Path
) -> None:
    control = config(model).control()
    (rung,) = rungs_of(control, context(tmp_path))
    assert rung.baselines is not None
    busy = rung.baselines.entry

    @contextmanager
    def lease(entry: str) -> Iterator[bool]:
        yield entry != busy

    found = last(run_trial(control, context(tmp_path, lease=lease)))
    assert found.baselines == ()
    assert found.phases[-1].phase == "evaluate"
    assert last(run_trial(control, context(tmp_path))).baselines


def test_the_lab_is_solved_by_copying_where_words_are_english_ones(tmp_path: Path) -> None:
    measure = find_task("lab-measure", LAB_TASKS)
    sources = Sources(cache=str(tmp_path))
    tests = [sources.panel_rows(measure, language, "report")[0] for language in ("it", "ka")]
    predicted = predict_strings("character n-grams", sources.rows(measure, "en", "train"), tests)
    scores = Scores(scores=tuple(
        score for given, values in zip(tests, predicted, strict=True)
        for score in scores_of(PanelSet(
            task=measure.name, language=given.language, panel="report", rows=len(given),
            data=given.fingerprint, official=True), given, values)))
    points = scores.points(measure.name, "report", "accuracy")
    assert points["it"] > 80
    assert points["ka"] < 30  # chance is 20
    assert scores.primary_metrics("non-copy") == {measure.name: "balanced_accuracy"}
    apart = scores.points(measure.name, "report", "balanced_accuracy", "non-copy")
    assert list(apart) == ["ka"]
    assert apart["ka"] < 30
    assert [score.chance for score in scores.scores if score.subset == "non-copy"] == [
        pytest.approx(100 / len(QUANTITIES))]
    assert not any(score.official for score in scores.scores if score.subset == "non-copy")
