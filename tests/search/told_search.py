"""A search about to be told to a real MLflow, and all that MLflow's own client shows of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.journal import Journal
from search.spool import Settings, Spool
from tests.search.journal_story import Story

__all__ = ["TRIALS", "empty_database", "place", "seen", "settings_of", "story", "uri_of"]

TRIALS = {"control-000": "FINISHED", "search-000": "FINISHED", "search-001": "FAILED",
          "search-002": "KILLED", "confirmation-000": "FINISHED"}


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database as its first use leaves it; making one takes seconds, copying none."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read while MLflow is imported
    from search.tracking_client import connect

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def place(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an MLflow database, where artifacts go as well."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def story(place: Path) -> Iterator[Story]:
    """A search about to be told."""
    (place / "predictions.parquet").write_bytes(b"PAR1")
    journal = Journal(place / "journal.jsonl")
    yield Story(journal, place / "predictions.parquet")
    journal.close()


def uri_of(place: Path) -> str:
    return f"sqlite:///{place}/mlflow.db"


def settings_of(place: Path, experiment: str = "lab") -> Settings:
    settings = Settings(uri=uri_of(place), experiment=experiment,
                        spool=place / f"spool-{experiment}", journal=place / "journal.jsonl")
    Spool(settings.spool).make()
    return settings




def seen(uri: str, experiment_name: str = "lab") -> dict[str, Any]:
    """Everything that MLflow's client shows of one experiment, run ids left out."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(experiment_name)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    names = {run.info.run_id: run.info.run_name for run in runs}
    assert len(set(names.values())) == len(names), sorted(names.values())
    shown = {}
    for run in runs:
        tags = dict(run.data.tags)
        parent = tags.pop("mlflow.parentRunId", None)
        shown[run.info.run_name] = {
            "status": run.info.status, "start": run.info.start_time, "end": run.info.end_time,
            "tags": tags, "parent": names[parent] if parent else None, "params": run.data.params,
            "metrics": {key: sorted((point.step, point.value, point.timestamp) for point in
                                    client.get_metric_history(run.info.run_id, key))
                        for key in run.data.metrics},
            "inputs": {entry.dataset.name: entry.dataset.digest
                       for entry in run.inputs.dataset_inputs},
            "artifacts": sorted(_files(client, run.info.run_id)),
        }
    return shown


def _files(client: Any, run_id: str, path: str | None = None) -> Iterator[str]:
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            yield from _files(client, run_id, entry.path)
        else:
            yield entry.path
