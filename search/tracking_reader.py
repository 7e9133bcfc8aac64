"""The reader: finds a search again in MLflow, from any machine."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from search.credentials import without_credentials
from search.faults import UserError
from search.storage import is_name
from search.tracking import resolve_uri, sqlite_file
from search.variables import environment
from spaces.value import Value

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

__all__ = ["SearchSummary", "find_search", "storage_of"]

# Somebody waits for the answer: MLflow's own retries would take minutes.
_PATIENCE: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class SearchSummary(Value):
    """A search as MLflow shows it; `trials` counts its nested runs by status."""

    search: str
    search_id: str
    study: str
    run_id: str
    status: str
    storage: str
    trials: dict[str, int]


def find_search(name: str, uri: str | None = None) -> SearchSummary:
    """Return the latest search called `name`, or the latest of the study called `name`.

    Args:
        name: a search's name, such as `lab-1`, or a study's.
        uri: the tracking URI, None for the default (see `resolve_uri`).

    Raises:
        UserError: if there is neither, or MLflow does not answer or lets nobody in.
    """
    missing = UserError("a search must be in MLflow under its own or its study's name, got "
                        f"{name!r}")
    if not is_name(name):  # it would become a part of MLflow's query
        raise missing
    resolved = resolve_uri(uri)
    file = sqlite_file(resolved)
    if file is not None and not file.exists():  # a look would make the database
        raise UserError(f"a search must be in MLflow, got no database {file}")
    with _answering(resolved):
        found = _found(_client(resolved), name)
    if found is None:
        raise missing
    return found


def storage_of(name: str, uri: str | None = None) -> str:
    """Return the storage a search wrote to, as `find_search` finds it."""
    return find_search(name, uri).storage


def _found(client: MlflowClient, name: str) -> SearchSummary | None:
    experiments = client.search_experiments()
    studies = {experiment.experiment_id: experiment.name for experiment in experiments}
    parents = _runs(client, list(studies), f"tags.`stiltune.search` = '{name}'")
    if not parents:
        named = [number for number, study in studies.items() if study == name]
        parents = _runs(client, named, "tags.`stiltune.search` LIKE '%'") if named else []
    if not parents:
        return None
    run = parents[0]
    tags = run.data.tags
    search_id = tags["stiltune.search_id"]
    nested = _runs(client, [run.info.experiment_id],
                   f"tags.`stiltune.search_id` = '{search_id}' and tags.`stiltune.trial` LIKE '%'")
    return SearchSummary(
        search=tags["stiltune.search"], search_id=search_id,
        study=studies[run.info.experiment_id], run_id=run.info.run_id, status=run.info.status,
        storage=tags["stiltune.storage"],
        trials=dict(sorted(Counter(trial.info.status for trial in nested).items())),
    )


@contextmanager
def _answering(uri: str) -> Iterator[None]:
    """Have MLflow answer soon, and say in one line what keeps it from answering.

    Raises:
        UserError: if it does not answer, or lets nobody in.
    """
    from mlflow.exceptions import MlflowException

    try:
        with environment(_PATIENCE):
            yield
    except MlflowException as error:
        shown, reason = without_credentials(uri), without_credentials(str(error))
        if f"error code {HTTPStatus.UNAUTHORIZED}" in reason:  # it has no code of its own
            raise UserError("MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD must be set for "
                            f"MLflow to let one in, got neither or others ({shown})") from error
        raise UserError(f"MLflow must answer, got {' '.join(reason.split())[:300]} "
                        f"({shown})") from error


def _client(uri: str) -> MlflowClient:
    # MLflow reads the variable while it is imported, and only then.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _runs(client: MlflowClient, experiments: list[str], condition: str) -> list[Run]:
    """Return all active runs that meet the condition, the latest first."""
    runs: list[Run] = []
    token = None
    while True:
        page = client.search_runs(experiments, condition, order_by=["attributes.start_time DESC"],
                                  page_token=token)
        runs.extend(page)
        token = page.token
        if not token:
            return runs
