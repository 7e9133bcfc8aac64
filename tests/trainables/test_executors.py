"""Which executor runs a trial. That both score alike is in `tests/test_two_workers.py`."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from spaces.trial_config import TrialConfig
from tests.trainables.tiny import TASKS, config, write_encoder
from trainables import executors
from trainables.assignment import Assignment
from trainables.phases import Context
from trainables.rows import DataError
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


@pytest.mark.parametrize(("error", "kind"), [
    (OSError(errno.ENOSPC, "a disk's own words"), "full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded", "weights"), "full"),
    (RuntimeError("I/O error: No space left on device (os error 28)"), "full"),
    (OSError(errno.EIO, "Input/output error"), "finished"),
    (MemoryError(), "finished"),
])
def test_a_full_disk_is_no_failure_of_the_trial(error: Exception, kind: str) -> None:
    assert executors._failure(error).kind == kind
