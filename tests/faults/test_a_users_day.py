"""The users' day: a study handed to a cluster, the laptop shut, a node and MLflow killed; answers.

    STILTUNE_TEST_LOOK=60 pytest -m slow -s tests/faults/test_a_users_day.py

waits so many seconds for a look with a browser, once before the faults and once at the end, prints
where MLflow is and how to get in, and runs as many trials more, so that faults meet a search.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.mlflow_server import MlflowServer, running
from tests.ray_nodes import RayNodes
from tests.stiltune_process import PATIENCE, Stiltune

NAME = "day-1"
LOOK_SECONDS = float(os.environ.get("STILTUNE_TEST_LOOK", "0"))
STUDY = """
study: day
question: Does tagging or measuring help, over a day of bad weather?
models: [lab-tiny]
intermediate:
  tasks: [lab-tags, lab-kind]
  languages: {pool: [de, fr, ru, hi], order: ["random:0"], count: [2, 4]}
  learning_rate: 2.0e-3
targets: {tasks: [lab-measure], learning_rate: 2.0e-3}
panels: {selection: [es, sv, uk], report: [es, sv, uk]}
fidelity:
  search: {intermediate_examples: 1600, target_examples: 1600, evaluation_rows: 60}
search: {trials: 12, round_size: 2}
controls: {seeds: 2}
confirmation: {winners: 1, seeds: 2}
"""


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with running() as server:
        yield server


@pytest.fixture
def nodes(server: MlflowServer) -> Iterator[RayNodes]:
    """Three nodes that know how MLflow lets them in; the client does not."""
    nodes = RayNodes()
    nodes.environment |= server.client_environment
    try:
        nodes.start_head(cpus=1)
        yield nodes
    finally:
        nodes.close()


@pytest.fixture
def laptop(tmp_path: Path, nodes: RayNodes) -> Stiltune:
    """A directory that the cluster does not know."""
    directory = tmp_path / "laptop"
    directory.mkdir()
    trials = 12 + round(4 * LOOK_SECONDS)  # what a fast machine runs meanwhile
    (directory / "day.yaml").write_text(STUDY.replace("trials: 12", f"trials: {trials}"))
    laptop = Stiltune(directory)
    laptop.environment |= {name: nodes.environment[name]
                           for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "PATH")}
    laptop.storage = tmp_path / "shared"
    laptop.storage.mkdir()
    return laptop


def look(server: MlflowServer, what: str) -> None:
    if LOOK_SECONDS:
        sys.stdout.write(f"\n{what}: {server.uri} admin {server.password}\n")
        sys.stdout.flush()
        time.sleep(LOOK_SECONDS)


def wait_for(laptop: Stiltune, finished: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(laptop.finished(NAME)) < finished:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.slow
def test_a_study_outlives_its_client_a_node_and_mlflow_and_is_read_out(
    laptop: Stiltune, nodes: RayNodes, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [nodes.add_node(cpus=1, name=name) for name in ("a", "b")]
    said = laptop.run("start", "day.yaml", "--submit", "--address", nodes.address,
                      "--storage", str(laptop.storage), "--tracking-uri", server.uri)
    assert f"{NAME} submitted as job" in said  # and the client is gone
    wait_for(laptop, 2)
    look(server, "while it runs")

    ended = len(laptop.finished(NAME))
    nodes.kill(workers[0])
    wait_for(laptop, ended + 2)
    server.kill()
    wait_for(laptop, ended + 4)
    server.start()
    logs = laptop.run("logs", NAME, "--address", nodes.address, "--follow")
    assert "succeeded" in laptop.run("status", NAME, "--address", nodes.address), logs

    # Back at the laptop, with MLflow's password: what came to its end while MLflow was away.
    laptop.environment |= server.client_environment
    laptop.run("sync", NAME, "--storage", str(laptop.storage))
    trials = laptop.finished(NAME)
    assert set(Counter(trials).values()) == {1}
    outcomes = Counter(event["data"]["outcome"] for event in laptop.events(NAME)
                       if event["kind"] == "finished")
    assert outcomes == {"finished": len(trials)}
    for name, value in server.client_environment.items():
        monkeypatch.setenv(name, value)
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name("day")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    assert Counter(run.data.tags["mlflow.runName"] for run in runs) == dict.fromkeys(
        (NAME, *trials), 1)
    assert {run.info.status for run in runs} == {"FINISHED"}
    found = json.loads(laptop.run("best", NAME, "--storage", str(laptop.storage),
                                  "--format", "json"))
    assert found["winners"][0]["gain"] is not None
    look(server, "at the end")
