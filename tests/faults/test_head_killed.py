"""The head node is lost, and with it the cluster: a new one goes on, from the storage alone.

The storage lies elsewhere by then, as on another machine, and nobody says so but `--storage`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.faults.patching import patched
from tests.ray_nodes import RayNodes
from tests.search.simulated_study import STUDY
from tests.stiltune_process import PATIENCE, Stiltune

pytestmark = pytest.mark.slow

NAME = "simulated-1"


@pytest.fixture
def nodes() -> Iterator[list[RayNodes]]:
    """Two clusters, one after the other."""
    both = [RayNodes(), RayNodes()]
    for each in both:
        each.environment |= patched()
    yield both
    for each in both:
        each.close()


@pytest.fixture
def stiltune(tmp_path: Path) -> Stiltune:
    client = tmp_path / "client"
    client.mkdir()
    (client / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(client)
    stiltune.environment["HOME"] = str(client)  # no searches of the user's
    stiltune.storage = tmp_path / "shared"
    stiltune.storage.mkdir()
    return stiltune


def test_a_new_cluster_goes_on_where_the_storage_lies_then(
    stiltune: Stiltune, nodes: list[RayNodes], tmp_path: Path
) -> None:
    lost, new = nodes
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    stiltune.environment |= lost.environment
    head = lost.start_head(cpus=2)
    stiltune.run("start", "simulated.yaml", "--submit", "--address", lost.address, "--storage",
                 str(stiltune.storage), "--tracking-uri", uri, "--set", "models.0.seconds=0.5")
    deadline = time.monotonic() + PATIENCE
    # Some of the confirmation, whose predictions are MLflow's as well.
    while not any(trial.startswith("confirmation") for trial in stiltune.finished(NAME)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    lost.kill(head)
    lost.close()
    ended = stiltune.finished(NAME)

    stiltune.storage = stiltune.storage.rename(tmp_path / "elsewhere")
    stiltune.environment |= new.environment
    new.start_head(cpus=2)
    said = stiltune.run("resume", "simulated", "--submit", "--address", new.address, "--storage",
                        str(stiltune.storage), "--tracking-uri", uri)
    assert f"{NAME} submitted as job" in said
    log = stiltune.run("logs", NAME, "--address", new.address, "--follow")
    assert "succeeded" in stiltune.run("status", NAME, "--address", new.address), log

    # On a machine with much else to do MLflow's writer, which gives way, may be behind at the end.
    stiltune.run("sync", NAME, "--storage", str(stiltune.storage), "--tracking-uri", uri)
    trials = stiltune.finished(NAME)
    assert trials[: len(ended)] == ended
    assert set(Counter(trials).values()) == {1}
    client = MlflowClient(uri)
    runs = {run.data.tags["mlflow.runName"]: run for run in client.search_runs(["1"])}
    assert sorted(runs) == sorted([NAME, *trials])
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs[NAME].data.tags["stiltune.storage"] == str(stiltune.storage)
    # Every machine that reaches MLflow finds it there.
    assert NAME in stiltune.run("best", "simulated", "--tracking-uri", uri, "--format", "json")
