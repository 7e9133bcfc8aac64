from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Kind, find_task
from tests.trainables.tiny import task
from trainables.metrics import (
    METRICS,
    answer_f1,
    balanced_accuracy,
    balanced_tag_accuracy,
    chance,
    collapsed,
    exact_match,
    metrics_of,
    nearest,
    normalise_answer,
    tag_accuracy,
    tag_f1,
)

MEMBERS = [(kind, name) for kind, names in METRICS.items() for name in names]

LABELS = st.integers(0, 4)
WORDS = st.sampled_from(["the", "Cat", "a dog", "ran.", "北京", "42"])
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join).filter(normalise_answer)


@st.composite
def scored(draw: st.DrawFn, kind: Kind) -> tuple[list[Any], list[Any]]:
    """Draw gold and predicted values of a kind."""
    rows = draw(st.integers(1, 8))
    if kind is Kind.QA:
        gold = [draw(st.lists(TEXTS, min_size=1, max_size=3)) for _ in range(rows)]
        return gold, [draw(st.one_of(TEXTS, st.just(""))) for _ in range(rows)]
    if kind is Kind.TAGGING:
        lengths = [draw(st.integers(1, 6)) for _ in range(rows)]
        return tuple([draw(st.lists(LABELS, min_size=size, max_size=size))
                      for size in lengths] for _ in range(2))  # type: ignore[return-value]
    return tuple(draw(st.lists(LABELS, min_size=rows, max_size=rows))
                 for _ in range(2))  # type: ignore[return-value]


def perfect(kind: Kind, gold: list[Any]) -> list[Any]:
    return [answers[-1] for answers in gold] if kind is Kind.QA else gold


# The contract that every metric passes

@pytest.mark.parametrize(("kind", "name"), MEMBERS)
@settings(max_examples=40)
@given(data=st.data())
def test_contract(kind: Kind, name: str, data: st.DataObject) -> None:
    metric = METRICS[kind][name]
    gold, predicted = data.draw(scored(kind))
    points = metric(gold, predicted)
    assert 0 <= points <= 100
    assert metric(gold, perfect(kind, gold)) == 100
    order = data.draw(st.permutations(range(len(gold))))
    assert metric([gold[row] for row in order],
                  [predicted[row] for row in order]) == pytest.approx(points, abs=1e-9)
    assert 0 <= chance(kind, name, gold) <= 100
    with pytest.raises(ValueError, match="one prediction per row"):
        metric(gold, predicted[:-1] or [*predicted, *predicted])


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_nothing_to_score_is_refused(kind: Kind, name: str) -> None:
    with pytest.raises(ValueError, match="at least one row, got none"):
        METRICS[kind][name]([], [])
    with pytest.raises(ValueError, match="at least one row, got none"):
        chance(kind, name, [])


@pytest.mark.parametrize("kind", [Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING,
                                  Kind.MULTIPLE_CHOICE])
@settings(max_examples=30)
@given(data=st.data())
def test_chance_is_what_no_constant_prediction_beats(kind: Kind, data: st.DataObject) -> None:
    gold, _ = data.draw(scored(kind))
    for name, metric in METRICS[kind].items():
        constants = [metric(gold, [[label] * len(row) for row in gold] if kind is Kind.TAGGING
                            else [label] * len(gold)) for label in range(5)]
        assert chance(kind, name, gold) == pytest.approx(max(constants))


SKEWED = st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2, 5]), min_size=1, max_size=60)


@pytest.mark.parametrize("kind", [Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING,
                                  Kind.MULTIPLE_CHOICE])
@given(gold=SKEWED)
def test_on_any_skewed_rows_a_constant_scores_exactly_one_in_the_number_of_labels(
    kind: Kind, gold: list[int]
) -> None:
    def rows(labels: list[int]) -> Any:  # tokens of one sentence
        return [labels] if kind is Kind.TAGGING else labels

    metric = METRICS[kind]["balanced_accuracy"]
    expected = 100 / len(set(gold))
    assert chance(kind, "balanced_accuracy", rows(gold)) == expected
    for label in set(gold):
        assert metric(rows(gold), rows([label] * len(gold))) == expected
    assert metric(rows(gold), rows([4] * len(gold))) == 0  # a label that no row has


@given(data=st.data())
def test_balanced_accuracy_is_scikit_learns(data: st.DataObject) -> None:
    gold = data.draw(SKEWED.filter(lambda labels: len(set(labels)) > 1))  # it warns of one
    given = data.draw(st.lists(st.sampled_from(sorted(set(gold))), min_size=len(gold),
                               max_size=len(gold)))
    assert balanced_accuracy(gold, given) == pytest.approx(
        100 * balanced_accuracy_score(gold, given))


# Worked by hand

@pytest.mark.parametrize(("gold", "predicted", "points"), [
    # 6 of 8 rows of the first label right, 0 of 1 of the second, 1 of 1 of the third
    ([0] * 8 + [1, 2], [0] * 6 + [1, 2] + [0, 2], 100 * (6 / 8 + 0 + 1) / 3),
    ([0, 0, 0, 1], [0, 0, 0, 0], 50),  # accuracy would be 75
    ([3, 3], [3, 1], 50),  # one label only: its own share
])
def test_balanced_accuracy_by_hand(gold: list[int], predicted: list[int], points: float) -> None:
    assert balanced_accuracy(gold, predicted) == pytest.approx(points)
    sentences = ([gold[:1], gold[1:]], [predicted[:1], predicted[1:]])
    assert balanced_tag_accuracy(*sentences) == pytest.approx(points)


ADJ, CCONJ, DET, NOUN, SCONJ, SYM, VERB = range(7)


@pytest.mark.parametrize(("gold", "predicted", "f1", "accuracy"), [
    # gold chunks: DET | NOUN x3 | VERB. Predicted: DET | NOUN | ADJ | NOUN | VERB; 2 right of 3, 5.
    ([[DET, NOUN, NOUN, NOUN, VERB]], [[DET, NOUN, ADJ, NOUN, VERB]], 200 * 2 / 8, 80),
    # three of four tokens right, but the one chunk of nouns is cut: 1 right of 2 and 4
    ([[DET, NOUN, NOUN, NOUN]], [[DET, NOUN, VERB, NOUN]], 100 / 3, 75),
    # tags are whole: the first letter of a tag without a prefix is not cut off
    ([[CCONJ]], [[SCONJ]], 0, 0),
    # runs merge whatever letter the tag begins with
    ([[SYM, SYM, NOUN]], [[SYM, NOUN, NOUN]], 0, 200 / 3),
    # chunks end with their sentence: 3 chunks against 3, 2 right
    ([[NOUN], [NOUN, VERB]], [[NOUN], [NOUN, DET]], 200 / 3, 200 / 3),
])
def test_tagging_by_hand(
    gold: list[list[int]], predicted: list[list[int]], f1: float, accuracy: float
) -> None:
    assert tag_f1(gold, predicted) == pytest.approx(f1)
    assert tag_accuracy(gold, predicted) == pytest.approx(accuracy)


@pytest.mark.parametrize(("answers", "given", "exact", "f1"), [
    (["Denver Broncos"], "denver broncos", 100, 100),
    (["The Denver Broncos"], "Denver Broncos!", 100, 100),  # article, punctuation
    (["a theatre"], "theatre", 100, 100),  # only whole words are articles
    (["Denver"], "", 0, 0),
    (["the"], "", 100, 0),  # nothing is left of either: equal, yet no shared word
    (["Denver Broncos"], "Broncos of Denver", 0, 80),  # 2 shared words of 2 and 3
    (["Denver Broncos", "Broncos"], "Broncos", 100, 100),  # the best of several answers
    (["cat cat"], "cat", 0, 200 / 3),  # words are counted, not listed
    (["北京大学"], "北京大学", 100, 100),
    (["北京大学"], "北京", 0, 0),  # no spaces, so one word each
    (["北京。"], "北京", 0, 0),  # only ASCII punctuation is dropped
    (["U.S.A."], "USA", 100, 100),
])
def test_answers_by_hand(answers: list[str], given: str, exact: float, f1: float) -> None:
    assert exact_match([answers], [given]) == pytest.approx(exact)
    assert answer_f1([answers], [given]) == pytest.approx(f1)


def test_choices_by_hand() -> None:
    gold, predicted = [0, 2, 2, 1, 2], [0, 2, 1, 0, 2]
    assert METRICS[Kind.MULTIPLE_CHOICE]["accuracy"](gold, predicted) == 60
    assert chance(Kind.MULTIPLE_CHOICE, "accuracy", gold) == 60  # always the third of three
    assert not collapsed(Kind.MULTIPLE_CHOICE, predicted)
    assert collapsed(Kind.MULTIPLE_CHOICE, [2] * 5)


def test_an_answer_score_is_the_mean_over_rows() -> None:
    gold = [["one"], ["two"], ["three four"]]
    assert exact_match(gold, ["one", "", "three"]) == pytest.approx(100 / 3)
    assert answer_f1(gold, ["one", "", "three"]) == pytest.approx(100 * (1 + 0 + 2 / 3) / 3)


def test_retrieval_finds_by_angle_not_length() -> None:
    english = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    foreign = np.array([[9.0, 1.0], [0.1, 5.0], [50.0, 49.0]])
    found = nearest(english, foreign)
    assert found.tolist() == [0, 1, 2]
    assert METRICS[Kind.RETRIEVAL]["accuracy"]([0, 1, 2], found) == 100
    assert METRICS[Kind.RETRIEVAL]["accuracy"]([0, 1, 2], [0, 0, 2]) == pytest.approx(200 / 3)


def test_retrieval_searches_the_pool_for_each_query() -> None:
    queries, pool = np.array([[1.0, 0.0]] * 2), np.array([[0.0, 1.0], [1.0, 0.1], [1.0, 0.0]])
    assert nearest(queries, pool).tolist() == [2, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_states_that_are_not_finite_raise(value: float) -> None:
    states = np.ones((3, 2))
    states[1, 0] = value
    for queries, pool in ((states, np.ones((3, 2))), (np.ones((3, 2)), states)):
        with pytest.raises(ValueError, match=r"must be finite.*\(row 1\)"):
            nearest(queries, pool)


def test_a_state_of_zeros_is_no_division_by_zero() -> None:
    assert nearest(np.zeros((1, 2)), np.eye(2)).tolist() == [0]


def test_a_sentence_of_another_length_is_refused_by_row() -> None:
    for metric in (tag_f1, tag_accuracy):
        with pytest.raises(ValueError, match=r"got 1 for 2 tokens \(row 1\)"):
            metric([[1], [1, 2]], [[1], [1]])


def test_a_question_without_answers_is_refused_by_row() -> None:
    with pytest.raises(ValueError, match=r"got none \(row 1\)"):
        exact_match([["a b"], []], ["a", "b"])


@pytest.mark.parametrize(("kind", "name", "gold", "points"), [
    (Kind.PAIR, "accuracy", [0, 0, 0, 1], 75),
    (Kind.RETRIEVAL, "accuracy", [0, 1, 2, 3], 25),
    (Kind.TAGGING, "accuracy", [[1, 1, 2], [1]], 75),
    # all 1: chunks (0, 0-2, 1), (1, 0-0, 1) against three gold chunks, one right
    (Kind.TAGGING, "f1", [[1, 1, 2], [1]], 40),
    (Kind.QA, "exact_match", [["yes"], ["Yes."], ["no"]], 200 / 3),
])
def test_chance_by_hand(kind: Kind, name: str, gold: list[Any], points: float) -> None:
    assert chance(kind, name, gold) == pytest.approx(points)


@pytest.mark.parametrize(("kind", "predicted", "verdict"), [
    (Kind.PAIR, [2, 2, 2], True),
    (Kind.PAIR, [2, 2, 1], False),
    (Kind.PAIR, [2], False),
    (Kind.TAGGING, [[3, 3], [3]], True),
    (Kind.TAGGING, [[3, 3], [4]], False),
    (Kind.QA, ["", "", ""], True),
    (Kind.RETRIEVAL, np.array([5, 5]), True),
])
def test_collapse_is_one_value_everywhere(kind: Kind, predicted: Any, verdict: bool) -> None:
    assert collapsed(kind, predicted) is verdict


# Names

def test_the_primary_metric_comes_first() -> None:
    names = {task.name: metrics_of(task) for task in BENCHMARK_TASKS}
    assert names == {"udpos": ("f1", "accuracy"), "xnli": ("accuracy",),
                     "tatoeba": ("accuracy",), "mnli": ("accuracy",),
                     "squad": ("f1", "exact_match"), "pawsx": ("accuracy",),
                     "panx": ("accuracy", "f1"), "hellaswag": ("accuracy",)}


@pytest.mark.parametrize("listed", [*BENCHMARK_TASKS, *LAB_TASKS], ids=lambda task: task.name)
def test_every_task_names_a_metric_of_its_kind(listed: Any) -> None:
    assert metrics_of(listed)[0] == listed.metric


@pytest.mark.parametrize(("kind", "names"), [
    (Kind.CLASSIFICATION, ("balanced_accuracy",)), (Kind.PAIR, ("balanced_accuracy",)),
    (Kind.TAGGING, ("balanced_accuracy",)), (Kind.MULTIPLE_CHOICE, ("balanced_accuracy",)),
    (Kind.QA, ("f1", "exact_match")), (Kind.RETRIEVAL, ("accuracy",)),
])
def test_a_part_of_the_rows_is_scored_balanced_where_there_are_labels(
    kind: Kind, names: tuple[str, ...]
) -> None:
    assert metrics_of(task(kind), "non-copy") == names


def test_an_unknown_metric_is_refused() -> None:
    unknown = find_task("xnli", BENCHMARK_TASKS).model_copy(update={"metric": "bleu"})
    with pytest.raises(ValueError, match=r"accuracy, balanced_accuracy for pair, got 'bleu' "
                                         r"\(xnli\)"):
        metrics_of(unknown)
