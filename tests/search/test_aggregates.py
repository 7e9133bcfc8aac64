from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from search.aggregates import Aggregate, Grouping, aggregates_of, common, measured
from spaces.benchmarks import BENCHMARKS, Benchmark
from trainables.scores import PanelName, Score, Scores, Subset

XTREME, XTREME_R = BENCHMARKS

# Points by task, metric and language. F1 and exact match of questions, chunk F1 and accuracy of
# tags: what is primary stands first.
POINTS: dict[tuple[str, str], dict[str, float]] = {
    ("xnli", "accuracy"): {"en": 80, "de": 70, "sw": 60},
    ("udpos", "f1"): {"en": 90, "de": 70},
    ("udpos", "accuracy"): {"en": 96, "de": 84},
    ("xquad", "f1"): {"en": 80, "hi": 60, "ro": 10},  # Romanian is XTREME-R's alone
    ("xquad", "exact_match"): {"en": 70, "hi": 40, "ro": 0},
    ("mlqa", "mlqa_f1"): {"hi": 50},
    ("mlqa", "mlqa_exact_match"): {"hi": 30},
    ("tatoeba", "accuracy"): {"de": 50, "sw": 10},
    ("bucc-gold", "accuracy"): {"de": 100},  # of no benchmark
}


def scores_of(points: Mapping[tuple[str, str], Mapping[str, float]], *,
              panel: PanelName = "report", subset: Subset = "all") -> Scores:
    return Scores(scores=tuple(
        Score(task=task, language=language, panel=panel, metric=metric, points=value, rows=100,
              subset=subset)
        for (task, metric), by_language in points.items()
        for language, value in by_language.items()))


SCORES = scores_of(POINTS)


def found(benchmark: Benchmark = XTREME, grouping: Grouping | None = None, scores: Scores = SCORES
          ) -> dict[str, Aggregate]:
    listed = aggregates_of(benchmark, measured(scores), grouping or Grouping())
    assert len({each.name for each in listed}) == len(listed)
    return {each.name: each for each in listed}


# Worked by hand: XNLI (80 + 70 + 60) / 3 = 70; UD-POS 80; XQuAD en 75, hi 50, so 62.5; MLQA 40;
# Tatoeba 30. Average (70 + 80 + 62.5 + 40 + 30) / 5.
BY_HAND = {
    "XNLI": 70, "UD-POS": 80, "XQuAD": 62.5, "MLQA": 40, "Tatoeba": 30,
    "sentence-pair classification": 70, "structured prediction": 80,
    "question answering": (62.5 + 40) / 2, "retrieval": 30,
    "average": 56.5, "average without retrieval": (70 + 80 + 62.5 + 40) / 4,
    "languages trained on": (80 + 90 + 75) / 3,
    # XNLI 65, UD-POS 70, XQuAD 50, MLQA 40, Tatoeba 30.
    "zero-shot languages": 51,
    "transfer gap of XNLI": 15, "transfer gap of UD-POS": 20, "transfer gap of XQuAD": 25,
    "transfer gap": 20,
}


def test_every_aggregate_is_as_worked_out_by_hand() -> None:
    assert {name: each.points(SCORES) for name, each in found().items()} == pytest.approx(BY_HAND)


def test_what_was_trained_on_is_no_zero_shot_score() -> None:
    grouping = Grouping(seen=frozenset({"en", "de"}), unread=frozenset({"sw"}),
                  shared=frozenset({"udpos", "xquad"}))
    points = {name: each.points(SCORES) for name, each in found(grouping=grouping).items()}
    # Trained on: XNLI 75, UD-POS 80, XQuAD 75, Tatoeba 50. Not: XNLI 60, XQuAD 50, MLQA 40, 10.
    assert points["languages trained on"] == pytest.approx((75 + 80 + 75 + 50) / 4)
    assert points["zero-shot languages"] == pytest.approx((60 + 50 + 40 + 10) / 4)
    assert points["languages not read in pretraining"] == pytest.approx((60 + 10) / 2)
    assert points["languages read in pretraining"] == pytest.approx(
        (75 + 80 + 62.5 + 40 + 50) / 5)
    assert points["targets with their data in both phases"] == pytest.approx((80 + 62.5) / 2)
    assert points["targets with data of their own"] == pytest.approx((70 + 40 + 30) / 3)
    assert points["average"] == pytest.approx(56.5)


def test_an_aggregate_says_on_how_many_of_how_many_it_rests() -> None:
    def rests(name: str) -> tuple[int, int, int, int]:
        each = found()[name]
        return each.tasks, each.of_tasks, each.pairs, each.of_pairs

    assert rests("XNLI") == (1, 1, 3, 15)
    assert rests("retrieval") == (1, 2, 2, 4 + 36)
    assert rests("average") == (5, 9, 3 + 2 + 2 + 1 + 2, 162)
    assert rests("average without retrieval") == (4, 7, 8, 122)
    assert rests("languages trained on") == (3, 7, 3, 7)  # BUCC and Tatoeba have no English
    assert rests("zero-shot languages") == (5, 9, 7, 155)
    assert rests("transfer gap") == (3, 7, 7, 122)


def test_benchmarks_take_their_own_languages() -> None:
    # XTREME-R's XQuAD has Romanian: 75, 50 and 5; it has Tatoeba too, but neither BUCC nor PAWS-X.
    of_r = found(XTREME_R)
    assert of_r["XQuAD"].points(SCORES) == pytest.approx(130 / 3)
    assert of_r["average"].of_tasks == 10
    assert of_r["XNLI"] == found()["XNLI"]


def test_other_panels_subsets_and_tasks_are_passed_over() -> None:
    noise = [*scores_of(POINTS, panel="selection").scores,
             *scores_of({("xnli", "balanced_accuracy"): {"en": 1, "tr": 1}},
                        subset="non-copy").scores]
    mixed = Scores(scores=(*SCORES.scores, *noise))
    assert measured(mixed) == measured(SCORES)
    assert found(scores=mixed)["average"].points(mixed) == pytest.approx(56.5)


def test_nothing_is_averaged_that_was_not_scored() -> None:
    assert aggregates_of(XTREME, {}, Grouping()) == ()
    only = found(scores=scores_of({("xnli", "accuracy"): {"sw": 60}}))
    assert set(only) == {"XNLI", "sentence-pair classification", "average",
                         "average without retrieval", "zero-shot languages"}
    with pytest.raises(KeyError):
        found()["average"].points(scores_of({("xnli", "accuracy"): {"sw": 60}}))


def test_questions_scored_by_one_metric_alone_are_scored_by_it() -> None:
    one = scores_of({("xquad", "accuracy"): {"en": 40}, ("mlqa", "mlqa_f1"): {"hi": 50}})
    assert {name: each.points(one) for name, each in found(scores=one).items()
            if each.kind == "task"} == {"XQuAD": 40, "MLQA": 50}


def test_what_trials_share_is_what_all_measured_alike() -> None:
    fewer = measured(scores_of({("xnli", "accuracy"): {"de": 1, "sw": 1},
                                ("xquad", "f1"): {"en": 1}}))
    assert common([measured(SCORES), fewer]) == {
        ("xnli", "de"): ("accuracy",), ("xnli", "sw"): ("accuracy",)}


@pytest.mark.parametrize("seed", range(5))
def test_aggregates_are_linear_in_scores(seed: int) -> None:
    rng = random.Random(seed)
    languages = {(task.task or "", code) for task in XTREME.tasks for code in task.languages}
    pairs = rng.sample(sorted(languages), 60) + [("xnli", "en"), ("xnli", "sw")]

    def drawn() -> Scores:
        points: dict[tuple[str, str], dict[str, float]] = {}
        for task, code in dict.fromkeys(pairs):
            metrics = ("f1", "exact_match") if task in ("xquad", "tydiqa") else ("accuracy",)
            for metric in metrics:
                points.setdefault((task, metric), {})[code] = rng.uniform(0, 100)
        return scores_of(points)

    one, other, share = drawn(), drawn(), rng.random()
    mixed = Scores(scores=tuple(
        a.model_copy(update={"points": share * a.points + (1 - share) * b.points})
        for a, b in zip(one.scores, other.scores, strict=True)))
    grouping = Grouping(seen=frozenset({"en", "de", "zh"}), unread=frozenset({"yo"}),
                  shared=frozenset({"xnli"}))
    listed = aggregates_of(XTREME, measured(one), grouping)
    assert {each.kind for each in listed} >= {"task", "category", "average", "training", "data",
                                              "gap"}
    for each in listed:
        assert each.points(mixed) == pytest.approx(
            share * each.points(one) + (1 - share) * each.points(other))
        total = sum(part.weight for part in each.parts)
        assert total == pytest.approx(0.0 if each.kind == "gap" else 1.0)


def test_which_of_a_questions_two_metrics_stands_first_does_not_matter() -> None:
    turned = Scores(scores=tuple(reversed([each for each in SCORES.scores
                                           if each.task != "udpos"])))
    ahead = Scores(scores=tuple(reversed(turned.scores)))
    assert {name: each.points(ahead) for name, each in found(scores=ahead).items()} == (
        pytest.approx({name: each.points(turned) for name, each in found(scores=turned).items()}))
