"""Which executor runs a trial. That both score alike is in `tests/test_two_workers.py`."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.train.v2._internal.exceptions import (
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
)
from ray.train.v2.api.exceptions import ControllerError, TrainingFailedError, WorkerGroupError

from spaces.trial_config import TrialConfig
from tests.trainables.tiny import TASKS, config, write_encoder
from trainables import executors
from trainables.assignment import Assignment
from trainables.context import Context
from trainables.messages import Message
from trainables.rows import DataError
from trainables.workers import LostPeer, ProcessGroup
from trainables.workspace import Workspace


def assigned(place: Path, *, workers: int, gpus: float = 0.0) -> Assignment:
    place.mkdir()
    workspace = Workspace(store=str(place), cache=str(place), workers=workers)
    return Assignment(trial="search-000", role="search", config=config(write_encoder(place)),
                      workspace=workspace, gpus=gpus, run_name="run")


@pytest.mark.parametrize(("workers", "gpus", "stored", "place"), [
    (1, 0.0, False, "here"),
    (2, 0.0, False, "group"),
    (2, 0.0, True, "here"),
    (2, 1.0, True, "group"),  # this process cannot tell at which precision
])
def test_a_group_starts_only_for_what_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, gpus: float, stored: bool,
    place: str
) -> None:
    ran = []
    monkeypatch.setattr(executors, "_run_here", lambda assignment: ran.append("here"))
    monkeypatch.setattr(executors, "_run_group", lambda assignment: ran.append("group"))
    monkeypatch.setattr(executors, "is_stored", lambda config, context: stored)
    executors.execute(assigned(tmp_path / "place", workers=workers, gpus=gpus))
    assert ran == [place]


def test_a_fault_in_the_data_is_left_to_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(config: TrialConfig, context: Context) -> bool:
        raise DataError("a row must be right, got a wrong one")

    ran = []
    monkeypatch.setattr(executors, "_run_group", lambda assignment: ran.append("group"))
    monkeypatch.setattr(executors, "is_stored", fails)
    executors.execute(assigned(tmp_path / "place", workers=2))
    assert ran == ["group"]


def test_a_trial_knows_the_catalogue_and_the_studys_own_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[set[str]] = []

    def looks(config: TrialConfig, context: Context) -> bool:
        known.append({each.name for each in context.tasks})
        return False

    monkeypatch.setattr(executors, "_run_group", lambda assignment: None)
    monkeypatch.setattr(executors, "is_stored", looks)
    given = assigned(tmp_path / "place", workers=2).model_copy(update={"tasks": TASKS})
    executors.execute(Assignment.model_validate_json(given.model_dump_json()))
    assert known == [{each.name for each in (*Context.tasks, *TASKS)}]


DEAD = WorkerHealthCheckFailedError("no answer", RuntimeError("its node has died"))


def group_that_fails(
    monkeypatch: pytest.MonkeyPatch, error: TrainingFailedError
) -> list[Message]:
    """Have every group end with an error; return what its trial then says."""
    class Group:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def fit(self) -> None:
            raise error

    said: list[Message] = []
    monkeypatch.setattr(executors, "TorchTrainer", Group)
    monkeypatch.setattr(executors, "TuneReportCallback", lambda: None)
    monkeypatch.setattr(executors.ray.train, "RunConfig", lambda **_: None)
    monkeypatch.setattr(executors.tune, "get_context",
                        lambda: SimpleNamespace(get_trial_id=lambda: "id"))
    monkeypatch.setattr(executors, "_report_to_tune", said.append)
    return said


@pytest.mark.parametrize("failures", [
    {0: LostPeer("closed")}, {1: DEAD}, {0: LostPeer("closed"), 1: DEAD}])
def test_a_trial_whose_group_has_lost_a_worker_dies_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: dict[int, Exception]
) -> None:
    said = group_that_fails(monkeypatch, WorkerGroupError("", failures))
    with pytest.raises(WorkerGroupError):
        executors._run_group(assigned(tmp_path / "place", workers=2))
    assert said == []


@pytest.mark.parametrize("failures", [
    {0: ValueError("its own fault")}, {0: LostPeer("closed"), 1: ValueError("its own fault")}])
def test_a_trial_with_a_fault_of_its_own_has_failed_whoever_else_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: dict[int, Exception]
) -> None:
    said = group_that_fails(monkeypatch, WorkerGroupError("", failures))
    executors._run_group(assigned(tmp_path / "place", workers=2))
    assert [message.result for message in said] == [
        {"outcome": "failed", "error": "its own fault"}]


def test_a_group_that_found_no_room_gives_its_slot_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = group_that_fails(monkeypatch, ControllerError(WorkerGroupStartupTimeoutError(2)))
    executors._run_group(assigned(tmp_path / "place", workers=2))
    assert [message.kind for message in said] == ["deferred"]


def test_a_broken_connection_is_told_from_other_errors_of_an_exchange() -> None:
    import torch

    group = ProcessGroup.__new__(ProcessGroup)

    def all_reduce(flat: object) -> None:
        raise error

    group._group = SimpleNamespace(all_reduce=all_reduce)
    error: Exception = RuntimeError("Connection closed by peer")
    with pytest.raises(LostPeer, match="got Connection closed by peer"):
        group.add([torch.zeros(2)])
    error = torch.OutOfMemoryError("no memory")
    with pytest.raises(torch.OutOfMemoryError):
        group.add([torch.zeros(2)])


@pytest.mark.parametrize(("error", "kind"), [
    (OSError(errno.ENOSPC, "a disk's own words"), "full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded", "weights"), "full"),
    (RuntimeError("I/O error: No space left on device (os error 28)"), "full"),
    (OSError(errno.EIO, "Input/output error"), "finished"),
    (MemoryError(), "finished"),
])
def test_a_full_disk_is_no_failure_of_the_trial(error: Exception, kind: str) -> None:
    assert executors._failure(error).kind == kind
