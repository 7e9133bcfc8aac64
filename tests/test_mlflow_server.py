"""A search logs to MLflow as deploy/ has it: whole, with artifacts in S3, and to no stranger."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.faults import UserError
from search.tracking_reader import find_search
from tests.mlflow_server import MlflowServer, running
from tests.search.simulated_study import STUDY
from tests.search.told_search import seen
from tests.stiltune_process import Stiltune

SMALL = ("search.trials=1", "search.round_size=1", "controls.seeds=2", "confirmation.winners=0",
         "curve=null")


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def stiltune(server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Stiltune:
    directory = tmp_path_factory.mktemp("served")
    (directory / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(directory)
    stiltune.environment |= server.client_environment
    output = stiltune.run("start", "simulated.yaml", "--storage", "results", *(
        argument for each in SMALL for argument in ("--set", each)))
    (directory / "output").write_text(output)
    return stiltune


@pytest.fixture
def shown(
    server: MlflowServer, stiltune: Stiltune, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    for name, value in server.client_environment.items():
        monkeypatch.setenv(name, value)
    return seen(server.uri, "simulated")


def test_the_search_is_there_whole(shown: dict[str, Any], stiltune: Stiltune) -> None:
    assert {name: run["status"] for name, run in shown.items()} == {
        "simulated-1": "FINISHED", "control-000": "FINISHED", "control-001": "FINISHED",
        "search-000": "FINISHED"}
    assert {"study.yaml", "readout.json"} <= set(shown["simulated-1"]["artifacts"])
    assert "scores.json" in shown["search-000"]["artifacts"]
    assert len(shown["search-000"]["metrics"]) > 5
    assert "MLflow has everything" in stiltune.run("sync", "simulated-1", "--storage", "results")


def test_artifacts_lie_in_the_store(
    shown: dict[str, Any], server: MlflowServer, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    assert shown
    client = MlflowClient(server.uri)
    (parent,) = client.search_runs(["1"], "tags.`stiltune.search` = 'simulated-1'")
    assert parent.info.artifact_uri.startswith("mlflow-artifacts:/")
    client.download_artifacts(parent.info.run_id, "study.yaml", str(tmp_path))
    assert "study: simulated" in (tmp_path / "study.yaml").read_text()
    assert any(key.endswith("artifacts/study.yaml") for key in server.stored())


def test_who_looks_for_the_search_without_a_password_is_told_in_a_line(
    shown: dict[str, Any], server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_search("simulated-1", server.uri).trials == {"FINISHED": len(shown) - 1}
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    with pytest.raises(UserError, match="MLFLOW_TRACKING_PASSWORD must be set for MLflow to let"):
        find_search("simulated-1", server.uri)


@pytest.mark.parametrize("path", [
    "/api/2.0/mlflow/experiments/search?max_results=1", "/api/2.0/mlflow-artifacts/artifacts",
    "/ajax-api/2.0/mlflow/experiments/search?max_results=1", "/"])
def test_a_client_without_a_password_is_refused(server: MlflowServer, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.uri}{path}", timeout=30)
    refused.value.close()
    assert refused.value.code == 401


def test_no_credential_is_left(stiltune: Stiltune, server: MlflowServer) -> None:
    places = (stiltune.directory, server.postgres.data)
    held = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "writer.log", "output", "PG_VERSION"} <= {path.name for path in held}
    for path in held:
        assert server.password.encode() not in path.read_bytes(), path
    for key, data in server.stored().items():
        assert server.password.encode() not in data, key
