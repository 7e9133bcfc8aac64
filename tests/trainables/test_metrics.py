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
from spaces.tasks import Kind, Task, find_task
from tests.trainables.tiny import task
from trainables.answer_metrics import squad_normalised
from trainables.label_metrics import balanced_accuracy
from trainables.metrics import METRICS, Metric, chance, collapsed, metric_of, metrics_of, right_of
from trainables.nearest import nearest
from trainables.tag_metrics import balanced_tag_accuracy

BALANCED = "balanced_accuracy"
LABELLED = (Kind.CLASSIFICATION, Kind.PAIR, Kind.TAGGING, Kind.MULTIPLE_CHOICE)
MEMBERS = [(kind, name) for kind, suites in METRICS.items() for names in suites for name in names]
MEMBERS += [(kind, BALANCED) for kind in LABELLED]

LABELS = st.integers(0, 4)
WORDS = st.sampled_from(["the", "Cat", "a dog", "ran.", "北京", "42"])
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join).filter(squad_normalised)


def of_kind(kind: Kind) -> Task:
    """Return a task of a kind, with five labels where it has any."""
    labels = ("DET", "NOUN", "PRON", "VERB", "X") if kind in LABELLED else ()
    return task(kind).model_copy(update={"labels": labels})


def metric(kind: Kind, name: str) -> Metric:
    return metric_of(of_kind(kind), name, "en")


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
    if kind is Kind.RANKING:
        found = st.lists(LABELS, min_size=1, unique=True)
        return [draw(found) for _ in range(rows)], [draw(found) for _ in range(rows)]
    return tuple(draw(st.lists(LABELS, min_size=rows, max_size=rows))
                 for _ in range(2))  # type: ignore[return-value]


def perfect(kind: Kind, gold: list[Any]) -> list[Any]:
    return [answers[-1] for answers in gold] if kind is Kind.QA else gold


# The contract that every metric passes

@pytest.mark.parametrize(("kind", "name"), MEMBERS)
@settings(max_examples=40)
@given(data=st.data())
def test_contract(kind: Kind, name: str, data: st.DataObject) -> None:
    score = metric(kind, name)
    gold, predicted = data.draw(scored(kind))
    points = score(gold, predicted)
    assert 0 <= points <= 100
    assert score(gold, perfect(kind, gold)) == 100
    order = data.draw(st.permutations(range(len(gold))))
    assert score([gold[row] for row in order],
                 [predicted[row] for row in order]) == pytest.approx(points, abs=1e-9)
    assert 0 <= chance(of_kind(kind), name, "en", gold, pool=5) <= 100
    with pytest.raises(ValueError, match="one prediction per row"):
        score(gold, predicted[:-1] or [*predicted, *predicted])


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_nothing_to_score_is_refused(kind: Kind, name: str) -> None:
    with pytest.raises(ValueError, match="at least one row, got none"):
        metric(kind, name)([], [])
    with pytest.raises(ValueError, match="at least one row, got none"):
        chance(of_kind(kind), name, "en", [])


@pytest.mark.parametrize(("kind", "name"), [each for each in MEMBERS if each[0] in LABELLED])
@settings(max_examples=30)
@given(data=st.data())
def test_chance_is_what_no_constant_prediction_beats(
    kind: Kind, name: str, data: st.DataObject
) -> None:
    gold, _ = data.draw(scored(kind))
    constants = [metric(kind, name)(gold, [[label] * len(row) for row in gold]
                                    if kind is Kind.TAGGING else [label] * len(gold))
                 for label in range(5)]
    assert chance(of_kind(kind), name, "en", gold) == pytest.approx(max(constants))


SKEWED = st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2, 5]), min_size=1, max_size=60)


@pytest.mark.parametrize("kind", LABELLED)
@given(gold=SKEWED)
def test_on_any_skewed_rows_a_constant_scores_exactly_one_in_the_number_of_labels(
    kind: Kind, gold: list[int]
) -> None:
    def rows(labels: list[int]) -> Any:  # tokens of one sentence
        return [labels] if kind is Kind.TAGGING else labels

    score = metric(kind, BALANCED)
    expected = 100 / len(set(gold))
    assert chance(of_kind(kind), BALANCED, "en", rows(gold)) == expected
    for label in set(gold):
        assert score(rows(gold), rows([label] * len(gold))) == expected
    assert score(rows(gold), rows([4] * len(gold))) == 0  # a label that no row has


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


def test_choices_by_hand() -> None:
    gold, predicted = [0, 2, 2, 1, 2], [0, 2, 1, 0, 2]
    assert metric(Kind.MULTIPLE_CHOICE, "accuracy")(gold, predicted) == 60
    # Always the third of three.
    assert chance(of_kind(Kind.MULTIPLE_CHOICE), "accuracy", "en", gold) == 60
    assert not collapsed(Kind.MULTIPLE_CHOICE, predicted)
    assert collapsed(Kind.MULTIPLE_CHOICE, [2] * 5)


def test_retrieval_finds_by_angle_not_length() -> None:
    english = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    foreign = np.array([[9.0, 1.0], [0.1, 5.0], [50.0, 49.0]])
    found = nearest(english, foreign)
    assert found.tolist() == [0, 1, 2]
    assert metric(Kind.RETRIEVAL, "accuracy")([0, 1, 2], found) == 100
    assert metric(Kind.RETRIEVAL, "accuracy")([0, 1, 2], [0, 0, 2]) == pytest.approx(200 / 3)


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


@pytest.mark.parametrize(("kind", "name", "gold", "points"), [
    (Kind.PAIR, "accuracy", [0, 0, 0, 1], 75),
    (Kind.RETRIEVAL, "accuracy", [0, 1, 2, 3], 25),
    (Kind.TAGGING, "accuracy", [[1, 1, 2], [1]], 75),
    # all 1: chunks (0, 0-2, 1), (1, 0-0, 1) against three gold chunks, one right
    (Kind.TAGGING, "f1", [[1, 1, 2], [1]], 40),
    (Kind.QA, "exact_match", [["yes"], ["Yes."], ["no"]], 200 / 3),
])
def test_chance_by_hand(kind: Kind, name: str, gold: list[Any], points: float) -> None:
    assert chance(of_kind(kind), name, "en", gold) == pytest.approx(points)


def test_chance_of_a_ranking_is_guessing_among_the_pool() -> None:
    given = of_kind(Kind.RANKING)
    assert chance(given, "map@20", "en", [[0], [3]], pool=2) == pytest.approx(75)
    with pytest.raises(ValueError, match="`pool` must be given for ranking"):
        chance(given, "map@20", "en", [[0]])


@pytest.mark.parametrize(("kind", "predicted", "verdict"), [
    (Kind.PAIR, [2, 2, 2], True),
    (Kind.PAIR, [2, 2, 1], False),
    (Kind.PAIR, [2], False),
    (Kind.TAGGING, [[3, 3], [3]], True),
    (Kind.TAGGING, [[3, 3], [4]], False),
    (Kind.QA, ["", "", ""], True),
    (Kind.RETRIEVAL, np.array([5, 5]), True),
    (Kind.RANKING, [(5, 1), (5, 2)], True),
    (Kind.RANKING, [(5, 1), (1, 5)], False),
])
def test_collapse_is_one_value_everywhere(kind: Kind, predicted: Any, verdict: bool) -> None:
    assert collapsed(kind, predicted) is verdict


# Names

def test_the_primary_metric_comes_first() -> None:
    names = {task.name: metrics_of(task) for task in BENCHMARK_TASKS if task.evaluation}
    assert names["udpos"] == names["panx"] == ("f1", "accuracy")
    assert names["squad"] == names["xquad"] == names["tydiqa"] == ("f1", "exact_match")
    assert names["squad2"] == ("squad2_f1", "squad2_exact_match")
    assert names["mlqa"] == names["mlqa-translated"] == ("mlqa_f1", "mlqa_exact_match")
    assert names["lareqa"] == names["mewsli-x"] == ("map@20",)
    special = (Kind.TAGGING, Kind.QA, Kind.RANKING)
    others = {task.name for task in BENCHMARK_TASKS if task.kind not in (*special, Kind.MLM)}
    assert {names[name] for name in others} == {("accuracy",)}


@pytest.mark.parametrize("listed", [*BENCHMARK_TASKS, *LAB_TASKS], ids=lambda task: task.name)
def test_every_task_that_is_scored_names_a_metric_of_its_kind(listed: Any) -> None:
    if listed.evaluation:
        assert metrics_of(listed)[0] == listed.metric
    else:
        with pytest.raises(ValueError, match=f"of another kind than mlm \\({listed.name}\\)"):
            metrics_of(listed)


@pytest.mark.parametrize(("kind", "names"), [
    (Kind.CLASSIFICATION, ("balanced_accuracy",)), (Kind.PAIR, ("balanced_accuracy",)),
    (Kind.TAGGING, ("balanced_accuracy",)), (Kind.MULTIPLE_CHOICE, ("balanced_accuracy",)),
    (Kind.QA, ("f1", "exact_match")), (Kind.RETRIEVAL, ("accuracy",)),
    (Kind.RANKING, ("map@20",)),
])
def test_a_part_of_the_rows_is_scored_balanced_where_there_are_labels(
    kind: Kind, names: tuple[str, ...]
) -> None:
    assert metrics_of(task(kind), "non-copy") == names


def test_an_unknown_metric_is_refused() -> None:
    unknown = find_task("xnli", BENCHMARK_TASKS).model_copy(update={"metric": "bleu"})
    with pytest.raises(ValueError, match=r"one of accuracy for pair, got 'bleu' \(xnli\)"):
        metrics_of(unknown)


def test_a_question_answering_task_is_scored_by_one_normaliser() -> None:
    answered = task(Kind.QA).model_copy(update={"metric": "mlqa_f1"})
    assert metrics_of(answered) == ("mlqa_f1", "mlqa_exact_match")
    gold, given = [["der Hund"]], ["Hund"]
    assert metric_of(answered, "mlqa_exact_match", "de")(gold, given) == 100
    assert metric_of(answered, "mlqa_exact_match", "en")(gold, given) == 0
    assert right_of(answered, "de")(gold, given) == 100
    assert right_of(task(Kind.QA), "de")(gold, given) == 0
    assert chance(answered, "mlqa_exact_match", "de", [["der Hund"], ["Hund."], ["Katze"]]
                  ) == pytest.approx(200 / 3)
