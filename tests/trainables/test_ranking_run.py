"""Ranking in a trial: the published sets beside a trained target, scored and told as any other."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.models import HubModel
from spaces.tasks import find_task
from spaces.trial_config import Recipe, TrialConfig
from tests.trainables.pools import PARAGRAPHS, SENTENCES, WORDS, write_lareqa, write_mewslix
from tests.trainables.tiny import write_encoder
from trainables.baselines import BaselinesPhase
from trainables.context import Context
from trainables.predict import Predictor
from trainables.trial import RungOutcome, run_trial
from trainables.workspace import Workspace

TASKS = tuple(find_task(name, BENCHMARK_TASKS) for name in ("lareqa", "mewsli-x"))
CANDIDATES = {"lareqa": len(WORDS) * PARAGRAPHS * SENTENCES, "mewsli-x": 30}


def trial(model: HubModel, place: Path) -> RungOutcome:
    context = Context(Workspace(store=str(place / "store"), cache=str(place / "cache"),
                                hub=str(place / "hub"), precision="float32"), tasks=TASKS)
    panel = Panel(languages=("de", "ta", "th"))
    (found,) = run_trial(TrialConfig(
        model=model, intermediate=None, targets=("lareqa", "mewsli-x"), seed=0,
        target=Recipe(learning_rate=1e-3, batch_size=16),
        fidelity=Fidelity(name="search", intermediate_examples=0, target_examples=16,
                          evaluation_rows=100),
        panels=Panels(selection=panel, report=panel)), context)
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ranking")
    write_lareqa(place / "hub")
    write_mewslix(place / "hub")
    return place


@pytest.fixture(scope="module")
def model(place: Path) -> HubModel:
    return write_encoder(place / "encoder")


@pytest.fixture(scope="module")
def outcome(model: HubModel, place: Path) -> RungOutcome:
    return trial(model, place)


def test_each_set_is_scored_in_its_languages_by_its_metric(outcome: RungOutcome) -> None:
    places = {(score.task, score.language, score.panel, score.metric, score.official)
              for score in outcome.scores.scores}
    assert places == {(name, code, panel, "map@20", name == "mewsli-x")
                      for name, codes in (("lareqa", ("de", "th")), ("mewsli-x", ("de", "ta")))
                      for code in codes for panel in ("selection", "report")}
    assert not any(phase.phase == "target" for phase in outcome.phases)


def test_chance_is_that_of_the_whole_pool(outcome: RungOutcome) -> None:
    for score in outcome.scores.scores:
        if score.task == "mewsli-x":
            assert score.chance == pytest.approx(
                100 * sum(1 / rank for rank in range(1, 21)) / 30)
        else:
            assert 0 < score.chance < 10


def test_predictions_name_twenty_candidates_of_the_pool(outcome: RungOutcome) -> None:
    told = pq.read_table(outcome.predictions).to_pylist()
    lines = [line for line in told
             if (line["task"], line["language"], line["panel"]) == ("lareqa", "th", "report")]
    for line in lines:
        found = line["prediction"].split(" ")
        assert len(found) == len(set(found)) == 20
        assert line["label"].split(" ") == [
            f"{code}_{line['id'][1:].replace('.', '_')}" for code in sorted(WORDS)]
    points = outcome.scores.points("lareqa", "report", "map@20")["th"]
    assert points == pytest.approx(100 * sum(line["correct"] for line in lines) / len(lines))


def test_characters_alone_find_the_questions_own_words(outcome: RungOutcome) -> None:
    for baseline in outcome.baselines:
        for name, codes in (("lareqa", {"de", "th"}), ("mewsli-x", {"de", "ta"})):
            assert set(baseline.scores.points(name, "report", "map@20")) == codes
        # The sentence in the same language, one of eleven, is first at least.
        assert baseline.scores.points("lareqa", "report", "map@20")["de"] > 9


def test_a_pool_too_large_for_characters_has_no_baseline(
    model: HubModel, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.baselines.MOST_CANDIDATES", 100)
    monkeypatch.setattr(BaselinesPhase, "version", -1)  # made anew
    found = trial(model, place)
    assert {score.task for each in found.baselines for score in each.scores.scores} == {
        "mewsli-x"}


def test_a_pool_is_read_once_and_in_blocks_whatever_the_languages(
    model: HubModel, place: Path, outcome: RungOutcome, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    states = Predictor.states
    monkeypatch.setattr(Predictor, "states", lambda self, items, wanted: (
        read.append(len(items)), states(self, items, wanted))[1])
    monkeypatch.setattr("trainables.retrieval._BLOCK", 50)
    for name in ("hub", "cache", "encoder"):
        (tmp_path / name).symlink_to(place / name)
    assert trial(model, tmp_path).scores == outcome.scores
    queries = [2 * PARAGRAPHS * SENTENCES, 2 * 2 * 5]  # two languages, both panels
    assert read == [queries[0], *[50] * 5, CANDIDATES["lareqa"] - 250,
                    queries[1], CANDIDATES["mewsli-x"]]
