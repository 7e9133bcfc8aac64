from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from search.aggregates import Aggregate, Grouping, aggregates_of, measured
from search.item_errors import item_error, pulls_of, read_predictions
from search.results import Role
from spaces.benchmarks import find_benchmark
from spaces.tasks import Kind
from tests.search.simulated_results import config, result
from trainables.evaluate import PREDICTIONS_SCHEMA
from trainables.scores import Score, Scores
from trainables.tag_metrics import chunk_f1, tag_accuracy

KINDS = {"xnli": Kind.PAIR, "pawsx": Kind.PAIR, "panx": Kind.TAGGING, "udpos": Kind.TAGGING,
         "xquad": Kind.QA, "mlqa": Kind.QA, "squad2": Kind.QA}
PARALLEL = {"xnli", "pawsx", "xquad", "mlqa"}
TAGS = ("O", "B-PER", "I-PER", "B-LOC")


def row(task: str, language: str, name: str, correct: float | None, said: str = "", label: str = "",
        panel: str = "report") -> dict[str, Any]:
    return {"task": task, "language": language, "panel": panel, "id": name, "prediction": said,
            "label": label, "correct": correct}


def judged(task: str, language: str, right: Iterable[int]) -> list[dict[str, Any]]:
    return [row(task, language, str(place), float(each)) for place, each in enumerate(right)]


def table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=PREDICTIONS_SCHEMA)


def score(task: str, language: str, points: float, metric: str = "accuracy") -> Score:
    return Score(task=task, language=language, panel="report", metric=metric, points=points, rows=9)


def errors(rows: Iterable[dict[str, Any]], *scored: Score) -> dict[str, float | None]:
    scores = Scores(scores=scored)
    pulls = pulls_of(table(rows), scores, KINDS)
    found: list[Aggregate] = list(aggregates_of(find_benchmark("xtreme"), measured(scores),
                                                Grouping()))
    return {each.name: item_error(each, pulls, PARALLEL) for each in found}


def test_one_language_has_the_standard_error_of_a_mean() -> None:
    # Three of four right: 75 points; variance of a row 0.25, so sqrt(0.25 / 4) * 100 = 25 points.
    found = errors(judged("xnli", "sw", [1, 1, 1, 0]), score("xnli", "sw", 75))
    assert found["XNLI"] == pytest.approx(25)
    # Chance alone: sqrt(0.5 * 0.5 / 99), the variance with n - 1.
    many = errors(judged("xnli", "sw", [0, 1] * 50), score("xnli", "sw", 50))
    assert many["XNLI"] == pytest.approx(100 * math.sqrt(0.25 / 99))


def test_items_in_several_languages_are_no_independent_draws() -> None:
    right = [1, 1, 1, 0]
    alike = [*judged("xnli", "sw", right), *judged("xnli", "de", right)]
    both = (score("xnli", "sw", 75), score("xnli", "de", 75))
    # The same four items right in both: a second language adds nothing.
    assert errors(alike, *both)["XNLI"] == pytest.approx(25)
    # Rows of PAN-X in two languages share no item, whatever their ids: 25 / sqrt(2).
    apart = [*tagged("sw", right), *tagged("de", right)]
    scored = (score("panx", "sw", 75, "accuracy"), score("panx", "de", 75, "accuracy"))
    assert errors(apart, *scored)["PAN-X"] == pytest.approx(25 / math.sqrt(2))
    # Wrong where the other language is right, the mean of an item is always a half.
    turned = [*judged("xnli", "sw", [1, 0, 1, 0]), *judged("xnli", "de", [0, 1, 0, 1])]
    assert errors(turned, score("xnli", "sw", 50), score("xnli", "de", 50))["XNLI"] == 0


def tagged(language: str, right: Iterable[int]) -> list[dict[str, Any]]:
    """Return sentences of one token, whose accuracy is that of rows."""
    return [row("panx", language, str(place), None, "O" if each else "B-LOC", "O")
            for place, each in enumerate(right)]


def test_tasks_add_up_as_independent() -> None:
    rows = [*judged("xnli", "sw", [1, 1, 1, 0]), *judged("pawsx", "de", [1, 0, 0, 0])]
    found = errors(rows, score("xnli", "sw", 75), score("pawsx", "de", 25))
    assert found["sentence-pair classification"] == pytest.approx(math.hypot(25, 25) / 2)
    assert found["average"] == found["average without retrieval"] == pytest.approx(
        math.hypot(25, 25) / 2)


def test_the_gap_of_parallel_rows_is_paired() -> None:
    rows = [*judged("xnli", "en", [1, 1, 1, 0]), *judged("xnli", "sw", [1, 1, 0, 0])]
    found = errors(rows, score("xnli", "en", 75), score("xnli", "sw", 50))
    # Differences 0, 0, 1, 0: sd 0.5, over two of four items.
    assert found["transfer gap of XNLI"] == pytest.approx(25)


def test_questions_are_the_mean_of_both_their_metrics() -> None:
    # F1 1, 2/3, 0 and exact match 1, 0, 0: means 5/9 and 1/3; a question's own mean 1, 1/3, 0.
    said = [("a red fox", "red fox", 1), ("red", "red fox", 0), ("blue", "red fox", 0)]
    rows = [row("xquad", "hi", str(place), exact, given, label)
            for place, (given, label, exact) in enumerate(said)]
    found = errors(rows, score("xquad", "hi", 500 / 9, "f1"),
                   score("xquad", "hi", 100 / 3, "exact_match"))
    expected = 100 * np.std([1, 1 / 3, 0], ddof=1) / math.sqrt(3)
    assert found["XQuAD"] == pytest.approx(expected)
    by_mlqa = [row("mlqa", "de", str(place), exact, given, label) for place, (given, label, exact)
               in enumerate([("der Fuchs", "Fuchs", 1), ("die", "Fuchs", 0)])]
    of_mlqa = errors(by_mlqa, score("mlqa", "de", 50, "mlqa_f1"),
                     score("mlqa", "de", 50, "mlqa_exact_match"))
    assert of_mlqa["MLQA"] == pytest.approx(50)


def test_questions_without_an_answer_bear_their_score_out() -> None:
    # F1 1, 0, 2/3: the first has no answer and got none.
    said = [("", "", 1), ("fox", "", 0), ("red", "red fox", 0)]
    rows = [row("squad2", "en", str(place), exact, given, label)
            for place, (given, label, exact) in enumerate(said)]
    scores = Scores(scores=(score("squad2", "en", 500 / 9, "squad2_f1"),
                            score("squad2", "en", 100 / 3, "squad2_exact_match")))
    pulls = pulls_of(table(rows), scores, KINDS)
    assert pulls["squad2", "en", "squad2_f1"] == pytest.approx(
        {"0": 400 / 27, "1": -500 / 27, "2": 100 / 27})
    assert set(measured(scores)["squad2", "en"]) == {"squad2_exact_match", "squad2_f1"}


def sentences(count: int, seed: int) -> tuple[list[list[int]], list[list[int]]]:
    rng = np.random.default_rng(seed)
    gold = [rng.choice(4, size=rng.integers(1, 12), p=[0.6, 0.15, 0.1, 0.15]).tolist()
            for _ in range(count)]
    said = [[tag if rng.random() < 0.8 else int(rng.integers(4)) for tag in tags] for tags in gold]
    return gold, said


@pytest.mark.parametrize(("metric", "compute"), [
    ("f1", lambda gold, said: chunk_f1(gold, said, TAGS)), ("accuracy", tag_accuracy)])
def test_of_tags_it_is_what_drawing_sentences_anew_shows(metric: str, compute: Any) -> None:
    gold, said = sentences(100, 1)
    rows = [row("panx", "de", str(place), None, *(" ".join(TAGS[tag] for tag in tags)
                                                  for tags in (said[place], gold[place])))
            for place in range(100)]
    found = errors(rows, score("panx", "de", compute(gold, said), metric))["PAN-X"]
    rng = np.random.default_rng(2)
    drawn = [compute([gold[place] for place in chosen], [said[place] for place in chosen])
             for chosen in rng.integers(100, size=(200, 100)).tolist()]
    assert found == pytest.approx(np.std(drawn, ddof=1), rel=0.2)


def test_what_predictions_do_not_bear_out_has_no_error() -> None:
    rows = judged("xnli", "sw", [1, 1, 1, 0])
    assert errors(rows, score("xnli", "sw", 76))["XNLI"] is None  # a row is missing, say
    assert errors([], score("xnli", "sw", 75))["XNLI"] is None
    assert errors(judged("xnli", "sw", [1]), score("xnli", "sw", 100))["XNLI"] is None
    both = errors(rows, score("xnli", "sw", 75), score("pawsx", "de", 50))
    assert both["XNLI"] == pytest.approx(25)
    assert (both["PAWS-X"], both["average"]) == (None, None)
    # As written before: a second gold answer was the better one, and the row keeps the first.
    answered = [row("xquad", "hi", "0", 1, "fox", "red fox"), row("xquad", "hi", "1", 0, "", "x")]
    assert errors(answered, score("xquad", "hi", 50, "f1"),
                  score("xquad", "hi", 50, "exact_match"))["XQuAD"] is None


def test_predictions_are_read_of_the_report_panel_while_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    kept = row("xnli", "sw", "0", 1.0)
    pq.write_table(table([kept, row("xnli", "sw", "1", 0.0, panel="selection")]), path)
    trial = result("t", Role.CONTROL, config(), None)
    found = read_predictions(trial.model_copy(update={"predictions": str(path)}))
    assert found is not None
    assert found.to_pylist() == [kept]
    assert read_predictions(trial) is None
    path.unlink()
    assert read_predictions(trial.model_copy(update={"predictions": str(path)})) is None
