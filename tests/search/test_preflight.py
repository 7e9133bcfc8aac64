"""Preflight: what no search can run with is refused before anything is made."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest

from search.faults import UserError
from search.preflight import check_address, check_resources, check_tracking_uri


@pytest.mark.parametrize(("address", "part"), [
    ("", "must be local, auto or the HOST:PORT of a running Ray cluster, got ''"),
    ("foo bar", "got 'foo bar'"),
    ("here", "got 'here'"),
    ("127.0.0.1:99999", "got '127.0.0.1:99999'"),
    ("127.0.0.1:1", "got '127.0.0.1:1', where nobody answers"),
    ("ray://127.0.0.1:1", "where nobody answers"),
    ("[::1]:1", "where nobody answers"),
    ("no-such-host.invalid:6379", "where nobody answers"),
    (f"{'a' * 300}:6379", "where nobody answers"),
])
def test_an_address_where_nobody_answers_is_refused(address: str, part: str) -> None:
    with pytest.raises(UserError, match="`--address` must") as caught:
        check_address(address)
    assert part in str(caught.value)


def test_an_address_where_somebody_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    check_address("local")
    check_address("auto")
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_address(f"127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UserError, match="where nobody answers"):
        check_address("auto")


def test_a_trial_must_fit_the_machine() -> None:
    check_resources(1, "local")
    check_resources(10**6, "10.0.0.1:6379")
    with pytest.raises(UserError, match=r"got trials of 1000000 CPU on .* \(resources.cpus"):
        check_resources(10**6, "local")


@pytest.mark.parametrize(("uri", "part"), [
    ("foo://bar", "must begin with sqlite:///, http://, https://"),
    ("./mlruns", "since its directory store is closed to new runs, got './mlruns'"),
    ("file:///tmp/mlruns", "directory store is closed"),
    ("http://", "must name a host"),
    ("http://host:port", "must name a host"),
    ("sqlite:////no/such/place/mlflow.db", "must lie in a directory that is there"),
    ("sqlite:///{here}/text", "must be an SQLite file that can be written"),
    ("sqlite:///{here}/folder", "must be an SQLite file that can be written"),
    ("foo://user:secret@bar", "got 'foo://bar'"),
])
def test_a_tracking_uri_that_mlflow_cannot_write_to_is_refused(
    uri: str, part: str, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="must") as caught:
        check_tracking_uri(uri.format(here=tmp_path))
    assert part in str(caught.value)
    assert "(--tracking-uri)" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_tracking_uri_that_may_do_is_taken(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "held.db") as connection:
        connection.execute("CREATE TABLE held (by TEXT)")
        connection.execute("BEGIN EXCLUSIVE")
        for uri in (f"sqlite:///{tmp_path}/new.db", f"sqlite:///{tmp_path}/held.db",
                    "http://127.0.0.1:1", "https://user:secret@host/path", "databricks",
                    "postgresql://user:secret@host/db", "mysql+pymysql://host/db"):
            check_tracking_uri(uri)
    connection.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["held.db"]
