"""Searches as users run them: to the end, killed, interrupted, resumed; on real Ray and MLflow."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tests.search.simulated_study import STUDY
from tests.stiltune_process import Stiltune

SLOWLY = ("--set", "models.0.seconds=0.2")


@pytest.fixture
def stiltune(tmp_path: Path) -> Stiltune:
    (tmp_path / "simulated.yaml").write_text(STUDY)
    return Stiltune(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Stiltune:
    """A search that nobody disturbed."""
    directory = tmp_path_factory.mktemp("whole")
    (directory / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(directory)
    stiltune.run("start", "simulated.yaml", "--storage", "results", *SLOWLY)
    return stiltune


def runs_of(stiltune: Stiltune) -> list[Any]:
    client = MlflowClient(f"sqlite:///{stiltune.directory / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("simulated")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], max_results=1000))


def answer(stiltune: Stiltune) -> dict[str, Any]:
    text = stiltune.run("best", "simulated", "--storage", "results", "--format", "json")
    data: dict[str, Any] = json.loads(text)
    del data["measured"]
    return data


def assert_each_trial_once(stiltune: Stiltune, whole: Stiltune) -> None:
    stiltune.run("sync", "simulated-1", "--storage", "results")  # a busy machine may have left some
    assert sorted(stiltune.finished("simulated-1")) == sorted(whole.finished("simulated-1"))
    trials = Counter(run.data.tags.get("mlflow.runName") for run in runs_of(stiltune))
    assert set(trials.values()) == {1}
    assert {run.info.status for run in runs_of(stiltune)} == {"FINISHED"}
    assert len(trials) == len(whole.finished("simulated-1")) + 1  # the search's own


def test_mlflow_knows_where_a_search_lies(
    whole: Stiltune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(whole.environment, "HOME", str(tmp_path))  # no searches of the user's
    found = json.loads(whole.run("best", "simulated", "--format", "json"))
    assert found["search"] == "simulated-1"
    assert "got 'nobody'" in whole.run("best", "nobody", expect=2)
    monkeypatch.setitem(whole.environment, "MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/no.db")
    assert "got 'simulated'" in whole.run("best", "simulated", expect=2)
    assert not (tmp_path / "no.db").exists()


def test_a_search_runs_to_its_answer(whole: Stiltune) -> None:
    found = answer(whole)
    assert found["search"] == "simulated-1"
    assert {"mixture", "gain", "low", "high", "trial"} <= found["winners"][0].keys()
    assert found["curve"]["verdict"]
    runs = runs_of(whole)
    parent = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert [run.data.tags["mlflow.runName"] for run in parent] == ["simulated-1"]
    assert {run.data.tags["mlflow.parentRunId"] for run in runs if run not in parent} == {
        parent[0].info.run_id}


def test_killed_and_resumed_every_trial_is_there_once_and_the_answer_is_the_same(
    stiltune: Stiltune, whole: Stiltune
) -> None:  # at random moments, and again and again: tests/faults/test_driver_killed.py
    process = stiltune.popen("start", "simulated.yaml", "--storage", "results", *SLOWLY)
    stiltune.wait(process, lambda: len(stiltune.finished("simulated-1")) >= 9)
    process.kill()
    process.communicate()
    stiltune.run("resume", "simulated", "--storage", "results")
    assert_each_trial_once(stiltune, whole)
    assert answer(stiltune) == answer(whole)


def test_interrupted_it_closes_its_runs_says_how_to_resume_and_resumes(
    stiltune: Stiltune, whole: Stiltune
) -> None:
    process = stiltune.popen("start", "simulated.yaml", "--storage", "results", *SLOWLY)
    stiltune.wait(process, lambda: len(stiltune.finished("simulated-1")) >= 5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "stiltune resume simulated-1" in errors
    assert "Traceback" not in errors
    assert {run.info.status for run in runs_of(stiltune)} <= {"FINISHED", "KILLED"}
    stiltune.run("resume", "simulated", "--storage", "results")
    assert_each_trial_once(stiltune, whole)
    assert answer(stiltune) == answer(whole)


def test_a_second_search_of_a_study_trains_nothing_and_answers_the_same(whole: Stiltune) -> None:
    first = answer(whole)
    whole.run("start", "simulated.yaml", "--storage", "results", *SLOWLY)
    again = answer(whole)
    assert again.pop("search") == "simulated-2"
    assert {**first, **again} == first
    trained = [phase for event in whole.events("simulated-2") if event["kind"] == "finished"
               for phase in event["data"]["phases"] if not phase["stored"]]
    assert trained == []


def test_resuming_a_search_that_is_done_changes_nothing(whole: Stiltune) -> None:
    before = whole.finished("simulated-1")
    whole.run("resume", "simulated-1", "--storage", "results")
    assert whole.finished("simulated-1") == before


def test_asha_stops_search_trials_on_rungs_and_mlflow_says_so(stiltune: Stiltune) -> None:
    stiltune.run("start", "simulated.yaml", "--storage", "results",
                 "--set", "search.scheduler=asha", "--set", "search.reproducible=false",
                 # not tpe: a sampler that gets better and better may leave nothing to stop
                 "--set", "search.sampler=random", "--set", "search.trials=16",
                 "--set", "intermediate.rungs=[0.25, 0.5, 1]")
    ended = {event["trial"]: event["data"] for event in stiltune.events("simulated-1")
             if event["kind"] == "finished"}
    stopped = [trial for trial, data in ended.items() if data["outcome"] == "stopped"]
    assert stopped
    assert all(trial.startswith("search-") for trial in stopped)
    assert all(ended[trial]["rung"] < 1 for trial in stopped)
    told = [event["trial"] for event in stiltune.events("simulated-1") if event["kind"] == "told"]
    assert set(stopped) < set(told)
    statuses = {run.data.tags["mlflow.runName"]: run.info.status for run in runs_of(stiltune)}
    assert {trial for trial, status in statuses.items() if status == "KILLED"} == set(stopped)


@pytest.mark.slow
def test_a_table_alone_killed_and_resumed_has_each_trial_once_and_prints_as_latex(
    stiltune: Stiltune
) -> None:
    alone = [argument for override in (
        "table={mixtures: {all: proportional}, seeds: 2}", "search.trials=0",
        "confirmation.winners=0", "curve=null") for argument in ("--set", override)]
    process = stiltune.popen("start", "simulated.yaml", "--storage", "results", *alone, *SLOWLY)
    stiltune.wait(process, lambda: len(stiltune.finished("simulated-1")) >= 3)
    process.kill()
    process.communicate()
    text = stiltune.run("resume", "simulated", "--storage", "results")
    assert "Transfer table (exploratory)" in text
    assert sorted(stiltune.finished("simulated-1")) == [f"table-{each:03d}" for each in range(10)]
    runs = [run.data.tags for run in runs_of(stiltune)]
    assert Counter(tags["mlflow.runName"] for tags in runs) == dict.fromkeys(
        ["simulated-1", *(f"table-{each:03d}" for each in range(10))], 1)
    assert Counter(tags.get("stiltune.role") for tags in runs) == {
        "table": 8, "control": 2, None: 1}
    rows = answer(stiltune)["transfer_table"]["rows"]
    assert [row["name"] for row in rows] == ["lab-kind", "lab-names", "lab-tags", "all"]
    latex = stiltune.run("best", "simulated", "--storage", "results", "--format", "latex")
    assert r"\toprule" in latex
    assert latex == (stiltune.storage / "simulated-1" / "table.tex").read_text()
    assert (stiltune.storage / "simulated-1" / "figures" / "table.png").exists()
