from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.comparison import Comparison, compare
from search.headline import headline, summary
from search.journal import Journal
from search.objective import Objective, marks
from search.readout import read_out
from search.renderings import as_json, as_markdown, as_yaml
from search.results import Outcome, Role, TrialResult, collect
from search.run_content import baseline_points, rung_points
from spaces.models import find_model
from spaces.tasks import Kind
from tests.search.simulated_results import CONFIRM, QUESTION, SEARCH, config, result
from trainables.scores import Baseline, PanelName, Score, Scores, Subset

ASKED = QUESTION.model_copy(update={"worth": None})
MIXED, SINGLE = {"dates": 0.6, "numbers": 0.4}, {"dates": 1.0}


def score(task: str, language: str, panel: PanelName, points: float, subset: Subset = "all"
          ) -> Score:
    whole = subset == "all"
    return Score(task=task, language=language, panel=panel, points=points,
                 metric="accuracy" if whole else "balanced_accuracy", rows=100 if whole else 30,
                 chance=25 if whole else 30, subset=subset)


def scores(whole: float, apart: float | None) -> Scores:
    """Return scores whose means are `whole`, and `apart` on non-copies, of one language only."""
    found = []
    for task in ("topics", "tags"):
        for panel, languages in (("selection", ("el", "hi")), ("report", ("sw", "th"))):
            for language, side in zip(languages, (-2.0, 2.0), strict=True):
                found.append(score(task, language, panel, whole + side))
            if apart is not None:
                found.append(score(task, languages[1], panel, apart, "non-copy"))
    return Scores(scores=tuple(found))


def baselines() -> tuple[Baseline, ...]:
    def report(whole: float, apart: float) -> Scores:
        return Scores(scores=tuple(each for each in scores(whole, apart).scores
                                   if each.panel == "report"))

    return (Baseline(name="character n-grams", scores=report(70.0, 26.0)),
            Baseline(name="nearest neighbour", scores=report(61.0, 24.0)))


def told(*, apart: bool = True) -> list[TrialResult]:
    """Return a search to read out by hand: on all rows MIXED is the best, on non-copies SINGLE.

    Controls at `confirm` score 50 and 54, 30 and 32 on non-copies; MIXED 58 and 62, 31 and 32
    (gains 1 and 0); SINGLE 52 and 56, 35 and 38 (gains 5 and 6).
    """
    def trial(name: str, role: Role, mixture: Any, whole: float, near: float, *, seed: int = 0,
              group: str = "", confirm: bool = True) -> TrialResult:
        point = config(mixture, seed=seed, fidelity=CONFIRM if confirm else SEARCH)
        point = point if mixture else point.control()
        return result(name, role, point, scores(whole, near if apart else None), group=group)

    found = [trial("search-000", Role.SEARCH, MIXED, 60, 40, confirm=False),
             trial("search-001", Role.SEARCH, SINGLE, 57, 45, confirm=False),
             trial("control-000", Role.CONTROL, None, 49, 29, confirm=False)]
    for seed, (bare, mixed, single) in enumerate(
            [((50, 30), (58, 31), (52, 35)), ((54, 32), (62, 32), (56, 38))], 100):
        found += [trial(f"control-{seed}", Role.CONTROL, None, *bare, seed=seed),
                  trial(f"mixed-{seed}", Role.CONFIRMATION, MIXED, *mixed, seed=seed,
                        group="winner-1"),
                  trial(f"single-{seed}", Role.CONFIRMATION, SINGLE, *single, seed=seed,
                        group="single")]
    if apart:
        found = [each.model_copy(update={"baselines": baselines()})
                 if each.trial == "control-101" else each for each in found]
    return found


def lines(found: Comparison) -> dict[str, tuple[float, int, float | None, int | None]]:
    return {line.name: (line.whole.points, line.whole.languages,
                        line.non_copy and line.non_copy.points,
                        line.non_copy and line.non_copy.languages) for line in found.lines}


def test_each_target_is_compared_as_worked_out_by_hand() -> None:
    topics, tags = read_out(told(), ASKED, search="lab-1").comparisons
    assert (topics.task, tags.task) == ("topics", "tags")
    assert lines(topics) == {
        "chance": (25, 2, 30, 1), "character n-grams": (70, 2, 26, 1),
        "nearest neighbour": (61, 2, 24, 1), "control": (52, 2, 31, 1),
        "best confirmed mixture": (54, 2, 36.5, 1)}


def test_the_headline_speaks_of_the_rows_that_are_no_copies() -> None:
    readout = read_out(told(), ASKED, search="lab-1")
    first, second = readout.non_copy
    assert (readout.entries[0].group, first.group, second.group) == (
        "winner-1", "single", "winner-1")
    assert (first.score, first.gain, second.gain) == pytest.approx((36.5, 5.5, 0.5))
    assert readout.entries[0].gain == pytest.approx(8.0)
    # Gains 5 and 6: mean 5.5, sd 0.7071; t of 0.95 with 1 degree of freedom is 6.3138.
    assert headline(readout) == (
        "by balanced accuracy on rows that are not near-copies of English: the best confirmed "
        "mixture is dates 100%, gain +5.50 [+2.34, +8.66] points; 2 mixtures may be the best.")
    assert summary(readout).startswith("By balanced accuracy on rows that are not near-copies")


def test_all_forms_hold_the_comparison() -> None:
    readout = read_out(told(), ASKED, search="lab-1")
    text = as_markdown(readout)
    assert "## topics beside characters alone" in text
    assert ("| method | accuracy (points) | languages | non-copy balanced accuracy (points) | "
            "languages |\n") in text
    assert "scored by balanced accuracy on these rows alone" in text
    assert "| nearest neighbour | 61.00 | 2 | 24.00 | 1 |" in text
    assert "## Mixtures on rows that are not near-copies of English" in text
    assert json.loads(as_json(readout))["comparisons"][1]["lines"][1] == {
        "name": "character n-grams",
        "whole": {"metric": "accuracy", "points": 70.0, "languages": 2},
        "non_copy": {"metric": "balanced_accuracy", "points": 26.0, "languages": 1}}
    assert json.loads(as_json(readout))["non_copy_metrics"] == ["balanced_accuracy"]
    assert "best confirmed mixture" in as_yaml(readout)


def test_without_the_subset_all_rows_are_spoken_of() -> None:
    readout = read_out(told(apart=False), ASKED, search="lab-1")
    assert readout.non_copy == ()
    assert headline(readout).startswith("the best confirmed mixture is dates 60%, numbers 40%")
    assert list(lines(readout.comparisons[0])) == ["chance", "control", "best confirmed mixture"]
    assert "| method | accuracy (points) | languages |\n" in as_markdown(readout)


def test_a_search_in_which_nothing_was_confirmed_compares_its_controls() -> None:
    (topics, _) = compare([each for each in told() if each.config.fidelity.name == "search"], None)
    assert list(lines(topics)) == ["chance", "control"]  # the baselines are of other rows
    assert compare([], None) == ()


def test_each_models_controls_stand_apart_over_all_pretraining_seeds_but_those_of_tuning() -> None:
    def control(name: str, model: str, seed: int, points: float, role: Role = Role.CONTROL
                ) -> TrialResult:
        point = config(seed=seed).model_copy(update={
            "model": find_model(model), "pretraining_seed": seed})
        return result(name, role, point, scores(points, None))

    found = [control("tuning-000", "lab-small", 2000, 10.0, Role.TUNING),
             *(control(f"{model}-{seed}", model, seed, points + seed)
               for model, points in (("lab-small", 60.0), ("lab-25k", 50.0)) for seed in (0, 2))]
    (topics, _) = compare(found, None)
    assert [(line.name, line.whole.points) for line in topics.lines] == [
        ("chance", 25.0), ("control, lab-small", 61.0), ("control, lab-25k", 51.0)]


def test_a_failed_block_leaves_no_winner_on_non_copies_either() -> None:
    bad = [each.model_copy(update={"scores": None, "outcome": Outcome.FAILED})
           if each.trial == "single-100" else each for each in told()]
    readout = read_out(bad, ASKED, search="lab-1")
    assert readout.non_copy[0].in_winner_set is None


def test_no_consumer_takes_a_subset_for_the_whole() -> None:
    both, whole = scores(40, 90), scores(40, None)
    objective = Objective(kinds={"topics": Kind.CLASSIFICATION, "tags": Kind.TAGGING})
    for panel in ("selection", "report"):
        assert objective.points(both, panel) == objective.points(whole, panel) == 40
    assert marks(both) == marks(whole)
    assert both.mean("topics", "report", "accuracy") == 40
    assert both.mean("topics", "report", "balanced_accuracy", "non-copy") == 90
    with pytest.raises(KeyError, match="non-copy rows"):
        whole.mean("topics", "report", "balanced_accuracy", "non-copy")


def test_runs_in_mlflow_show_subset_and_baselines_apart() -> None:
    points = {point.key: point.value for point in rung_points(scores(40, 90), 1.0)}
    assert points == {f"{panel}.{task}{end}": value for panel in ("selection", "report")
                      for task in ("topics", "tags")
                      for end, value in (("", 40), (".non-copy.balanced_accuracy", 90))}
    told_points = {point.key: point.value for point in baseline_points(baselines())}
    assert told_points["baseline.nearest neighbour.tags"] == 61
    assert told_points["baseline.nearest neighbour.tags.non-copy.balanced_accuracy"] == 24
    assert len(told_points) == 8


# ---- from the journal alone -----------------------------------------------------------------


def journal_of(path: Path, events: list[tuple[str, dict[str, Any]]]) -> Journal:
    journal = Journal(path)
    for trial, data in events:
        journal.append("suggested", trial)
        journal.append("finished", trial, **data)
    journal.close()
    return Journal(path)


def dumped(results: list[TrialResult]) -> list[tuple[str, dict[str, Any]]]:
    return [(each.trial, each.model_dump(mode="json", exclude={"trial"})) for each in results]


def test_the_readout_is_rebuilt_from_the_journal_alone(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "journal.jsonl", dumped(told()))
    rebuilt = read_out(collect(journal), ASKED, search="lab-1")
    assert as_json(rebuilt) == as_json(read_out(told(), ASKED, search="lab-1"))


def test_a_journal_from_before_is_read_out_as_it_was(tmp_path: Path) -> None:
    before = dumped(told(apart=False))
    for _, data in before:
        del data["baselines"]
        for each in data["scores"]["scores"]:
            del each["subset"]
    journal = journal_of(tmp_path / "journal.jsonl", before)
    rebuilt = read_out(collect(journal), ASKED, search="lab-1")
    assert as_json(rebuilt) == as_json(read_out(told(apart=False), ASKED, search="lab-1"))
    assert "near-copies" not in headline(rebuilt)
