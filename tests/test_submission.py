"""Searches submitted to a cluster: they outlive the client, and are found by name from anywhere."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.ray_nodes import RayNodes
from tests.search.simulated_study import STUDY
from tests.stiltune_process import Stiltune

NAME = "simulated-1"


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    nodes = RayNodes()
    nodes.start_head(cpus=2)
    yield nodes
    nodes.close()


@pytest.fixture
def stiltune(tmp_path: Path, nodes: RayNodes) -> Stiltune:
    """A client in a directory of its own, which the cluster does not know."""
    client = tmp_path / "client"
    client.mkdir()
    (client / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(client)
    stiltune.environment |= nodes.environment
    stiltune.storage = tmp_path / "shared"
    return stiltune


def wait_until_over(stiltune: Stiltune, address: str) -> str:
    stiltune.run("logs", NAME, "--address", address, "--follow")
    return stiltune.run("status", NAME, "--address", address)


def test_it_is_stopped_and_resumed_by_name_and_ends_without_its_client(
    stiltune: Stiltune, nodes: RayNodes
) -> None:
    database = stiltune.storage / "mlflow.db"
    stiltune.storage.mkdir()
    places = ("--address", nodes.address, "--storage", str(stiltune.storage),
              "--tracking-uri", f"sqlite:///{database}")
    said = stiltune.run("start", "simulated.yaml", "--submit", *places,
                        "--set", "models.0.seconds=0.8")
    assert f"{NAME} submitted as job" in said
    deadline = time.monotonic() + 120
    while len(stiltune.finished(NAME)) < 3:
        assert time.monotonic() < deadline, stiltune.run("logs", NAME, "--address", nodes.address)
        time.sleep(0.2)
    assert "must have stopped" in stiltune.run("resume", NAME, "--submit", *places, expect=2)

    assert "go on with" in stiltune.run("stop", NAME, "--address", nodes.address)
    runs = MlflowClient(f"sqlite:///{database}").search_runs(["1"])
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    ended = stiltune.finished(NAME)
    assert len(ended) < 30
    assert "interrupted" in stiltune.run("status", NAME, "--storage", str(stiltune.storage))

    stiltune.run("resume", "simulated", "--submit", *places)
    said = wait_until_over(stiltune, nodes.address)
    assert "succeeded" in said
    assert f"MLflow: {NAME} is finished; trials:" in said  # where that is, its job says
    trials = stiltune.finished(NAME)
    assert trials[: len(ended)] == ended
    assert set(Counter(trials).values()) == {1}
    found = json.loads(stiltune.run("best", NAME, "--storage", str(stiltune.storage),
                                    "--format", "json"))
    assert found["winners"]


@pytest.mark.parametrize(("change", "law"), [
    (("--address", "127.0.0.1:6379"), "`--address` must be the http:// address"),
    (("--storage", "results"), "`--storage` must be given to submit, as the absolute path"),
    (("--tracking-uri", "http://me:secret@mlflow:5000"), "must hold no credentials"),
    (("--storage", "/proc/nowhere"), "must be a directory that can be made"),
    (("--address", "http://127.0.0.1:9"), "must be a Ray cluster that takes jobs"),
])
def test_what_a_cluster_could_not_do_is_refused_before(
    stiltune: Stiltune, nodes: RayNodes, change: tuple[str, str], law: str
) -> None:
    places = {"--address": nodes.address, "--storage": str(stiltune.storage),
              "--tracking-uri": "http://127.0.0.1:5000"} | dict([change])
    said = stiltune.run("start", "simulated.yaml", "--submit",
                        *(part for pair in places.items() for part in pair), expect=2)
    assert law in said
    assert "secret" not in said
    assert len(said.splitlines()) == 1


def test_another_token_is_refused(stiltune: Stiltune, nodes: RayNodes) -> None:
    stiltune.environment["RAY_AUTH_TOKEN"] = "0" * 64
    said = stiltune.run("status", "--address", nodes.address, expect=2)
    assert "invalid authentication token" in said.lower()
    assert nodes.token not in said
