"""The two executors: two workers to a trial give the scores of one, and stop as cleanly."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.stiltune_process import Stiltune

STUDY = """
study: workers
models: [lab-tiny]
intermediate:
  tasks: [lab-tags]
  languages: {pool: [de, fr], order: ["random:0"], count: [2]}
  learning_rate: 2.0e-3
targets: {tasks: [lab-measure], learning_rate: 2.0e-3}
panels: {selection: [es, sv], report: [es, sv]}
fidelity:
  search: {intermediate_examples: 1600, target_examples: 1600, evaluation_rows: 140}
search: {trials: 0}
arms: {arms: {tags: {mixture: {lab-tags: 1}}}, seeds: 1, primary: {better: tags}}
confirmation: {winners: 0}
"""


def scores(stiltune: Stiltune) -> dict[tuple[str, str, str], float]:
    """Return (trial, language, panel) -> points of the primary metric."""
    return {(event["trial"], score["language"], score["panel"]): score["points"]
            for event in stiltune.events("workers-1") if event["kind"] == "finished"
            for score in event["data"]["scores"]["scores"] if score["metric"] == "accuracy"}


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Stiltune]:
    found = {}
    for workers in (1, 2):
        directory = tmp_path_factory.mktemp(f"workers-{workers}")
        (directory / "workers.yaml").write_text(STUDY)
        found[workers] = Stiltune(directory)
        if workers > 1:  # the same lab and encoder, made once
            for made in ("cache", "store/pretrain"):
                shutil.copytree(found[1].storage / made, found[workers].storage / made)
        found[workers].run("start", "workers.yaml", "--storage", "results",
                           "--set", f"resources.workers={workers}")
    return found


def test_two_workers_give_the_scores_of_one(by_workers: dict[int, Stiltune]) -> None:
    one, two = scores(by_workers[1]), scores(by_workers[2])
    assert one.keys() == two.keys()
    assert len(one) == 2 * 2 * 2  # trials, languages, panels
    worst = max(abs(one[key] - two[key]) for key in one)
    assert worst <= 0.5


def test_two_workers_share_the_examples(by_workers: dict[int, Stiltune]) -> None:
    def trained(stiltune: Stiltune) -> list[int]:
        return [phase["cost"]["examples"] for event in stiltune.events("workers-1")
                if event["kind"] == "finished" for phase in event["data"]["phases"]
                if phase["phase"] == "intermediate"]

    assert trained(by_workers[1]) == trained(by_workers[2]) == [1600]


def test_a_trial_is_said_to_run_while_it_runs(by_workers: dict[int, Stiltune]) -> None:
    times = {(event["kind"], event["trial"]): event["time"]
             for event in by_workers[2].events("workers-1") if event.get("trial")}
    assert times["finished", "arm-000"] - times["started", "arm-000"] > 1


@pytest.mark.slow
def test_a_trial_that_diverges_in_a_group_fails_with_its_reason_and_the_rest_go_on(
    by_workers: dict[int, Stiltune]
) -> None:
    stiltune = by_workers[2]  # whose store has the encoder
    stiltune.run("start", "workers.yaml", "--storage", "results", "--set", "resources.workers=2",
                 "--set", "intermediate.learning_rate=1.0",
                 "--set", "intermediate.weight_decay=100")  # each step turns and grows the weights
    ended = {event["trial"]: event["data"] for event in stiltune.events("workers-2")
             if event["kind"] == "finished"}
    assert {trial: each["outcome"] for trial, each in ended.items()} == {
        "arm-000": "finished", "arm-001": "failed"}
    assert ended["arm-001"]["error"].startswith("NonFiniteLoss: training must stay finite")


def test_a_trial_that_cannot_fit_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "workers.yaml").write_text(STUDY)
    stiltune = Stiltune(tmp_path)
    message = stiltune.run("start", "workers.yaml", "--storage", "results", "--set",
                           "resources.workers=64", expect=2)
    assert message.count("\n") == 1
    assert "got trials of 64 CPU" in message
