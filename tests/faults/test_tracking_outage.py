"""MLflow is killed in the middle of a write, its database is restarted, and it is away at the end.

The search goes on meanwhile; afterwards MLflow shows exactly what a database shows to which the
same journal was delivered in peace: nothing is lost, and nothing is there twice.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.spool import Settings, Spool
from tests.faults.losing_proxy import LosingProxy
from tests.faults.patching import patched
from tests.mlflow_server import MlflowServer, running
from tests.search.simulated_study import STUDY
from tests.search.told_search import seen
from tests.stiltune_process import PATIENCE, Stiltune

NAME = "simulated-1"

pytestmark = [pytest.mark.slow,
              pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowServer]:
    with running() as server:
        for name, value in server.client_environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def proxy(server: MlflowServer) -> Iterator[LosingProxy]:
    proxy = LosingProxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def stiltune(tmp_path: Path, server: MlflowServer, proxy: LosingProxy) -> Stiltune:
    (tmp_path / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(tmp_path)
    stiltune.environment |= patched() | server.client_environment | {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{proxy.port}"}
    return stiltune


def delivered(stiltune: Stiltune) -> int:
    """Return how many of the journal's events MLflow has taken."""
    (acks,) = (stiltune.storage / NAME / "mlflow").glob("acks-*.jsonl")
    uri = stiltune.environment["MLFLOW_TRACKING_URI"]
    found = Spool(acks.parent).acks(uri)
    assert found.path == acks
    return found.events


def wait_for_trials(stiltune: Stiltune, process: subprocess.Popen[str], more: int) -> None:
    there = len(stiltune.finished(NAME))
    stiltune.wait(process, lambda: len(stiltune.finished(NAME)) >= there + more)


def in_peace(stiltune: Stiltune, directory: Path) -> dict[str, Any]:
    """Return what MLflow shows of a search whose journal was delivered at once."""
    from search.tracking_writer import Writer

    uri, search = f"sqlite:///{directory / 'peace.db'}", stiltune.storage / NAME
    # Beside the search's own spool: files are offered by their place in the search's directory.
    spool = Spool(search / "peace")
    spool.make()
    shutil.copy(search / "mlflow" / "files.jsonl", spool.directory)
    Writer(Settings(uri=uri, experiment="simulated", journal=search / "journal.jsonl",
                    spool=spool.directory)).deliver()
    return seen(uri, "simulated")


def test_nothing_is_lost_nothing_is_there_twice_and_no_trial_waits(
    stiltune: Stiltune, server: MlflowServer, proxy: LosingProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = stiltune.popen("start", "simulated.yaml", "--storage", "results",
                             "--set", "models.0.seconds=9.0")
    wait_for_trials(stiltune, process, 3)

    # A run is made, and before its maker learns of it the server is killed.
    proxy.lose("/runs/create", then=server.kill)
    stiltune.wait(process, proxy.lost.is_set)
    server.postgres.restart()
    wait_for_trials(stiltune, process, 4)
    missed = len(stiltune.events(NAME))
    assert delivered(stiltune) < missed

    server.start()
    stiltune.wait(process, lambda: delivered(stiltune) >= missed)  # while the search runs
    server.postgres.restart()  # under the server's open connections
    wait_for_trials(stiltune, process, 2)
    caught_up = len(stiltune.events(NAME))
    stiltune.wait(process, lambda: delivered(stiltune) >= caught_up)

    server.kill()
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "records are not in MLflow yet" in output
    assert f"stiltune sync {NAME}" in " ".join(output.split())

    assert "left" in stiltune.run("sync", NAME, "--storage", "results", expect=2)
    server.start()
    assert "records sent" in stiltune.run("sync", NAME, "--storage", "results")
    monkeypatch.chdir(tmp_path)  # where a database's artifacts go
    shown = seen(server.uri, "simulated")
    assert shown == in_peace(stiltune, tmp_path)
    assert len(shown) == len(stiltune.finished(NAME)) + 1
    assert {run["status"] for run in shown.values()} == {"FINISHED"}
