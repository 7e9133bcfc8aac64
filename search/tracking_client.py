"""MLflow's client: its calls, with the failures that may pass and those that never will."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    Metric,
    Param,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient as Client

from search.run_changes import DataInput
from search.tracking import sqlite_file
from spaces.value import digest_of

__all__ = ["Away", "Client", "LifecycleStage", "Metric", "Param", "Refused", "RunTag", "attempt",
           "connect", "dataset_input", "milliseconds", "needed"]

# Answers that no later attempt can change, such as a run that the user has deleted.
_REFUSALS: Final = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}

Answer = TypeVar("Answer")


class Away(Exception):
    """MLflow cannot take anything now; later it may."""


class Refused(Exception):
    """MLflow will never take this."""


def connect(uri: str) -> Client:
    """Return MLflow's client of a tracking server; an SQLite file is made where it is missing.

    MLflow makes a file's tables without asking whether another process is doing so, and two
    searches that start at once would leave it half made for good: here one waits for the other.
    """
    with _alone(uri):
        return Client(tracking_uri=uri, registry_uri=uri)


def needed(call: Callable[[], Answer]) -> Answer:
    """Make one call that nothing can be sent without, so that a refusal is waited out too."""
    try:
        return attempt(call)
    except Refused as refusal:
        raise Away(str(refusal)) from refusal


def attempt(call: Callable[[], Answer]) -> Answer:
    """Make one call of MLflow's client.

    Raises:
        Away: if it fails in a way that may pass.
        Refused: if it can never succeed.
    """
    try:
        return call()
    except Away:
        raise
    except FileNotFoundError as error:
        raise Refused(str(error)) from error
    except MlflowException as error:
        refused = error.error_code in _REFUSALS
        raise (Refused if refused else Away)(_first_line(error)) from error
    except Exception as error:  # noqa: BLE001 an artifact store raises its own library's errors
        raise Away(f"{type(error).__name__}: {_first_line(error)}") from error


def dataset_input(data: DataInput) -> DatasetInput:
    """Return what MLflow shows of the rows of one split that a trial read."""
    dataset = Dataset(
        name=data.name, digest=data.digest, source_type="stiltune",
        source=json.dumps({"name": data.name} | (
            {"revision": data.revision} if data.revision else {})),
        profile=json.dumps({"num_rows": data.rows}))
    context = "training" if data.name.endswith(" train") else "evaluation"
    return DatasetInput(
        dataset, [InputTag("mlflow.data.context", context)])


def milliseconds(seconds: float) -> int:
    """Return a time as MLflow has times."""
    return round(seconds * 1000)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Keep other writers of this machine from an SQLite file meanwhile."""
    file = sqlite_file(uri)
    if file is None:
        yield
        return
    name = f"stiltune-{os.getuid()}-{digest_of(str(file))}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
