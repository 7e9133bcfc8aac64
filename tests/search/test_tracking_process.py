"""The process beside a search: killed, slow or without an MLflow, it loses nothing."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.tracking import Tracker, resolve_uri
from tests.search.journal_story import SECRET, Story
from tests.search.told_search import (
    TRIALS,
    empty_database,
    place,
    seen,
    story,
    uri_of,
)

__all__ = ["empty_database", "place", "story"]  # fixtures

# MLflow's own tables, under SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_search_is_sent_while_it_runs_and_never_waits(place: Path, story: Story) -> None:
    environment = dict(os.environ)
    (place / "curve.png").write_bytes(b"PNG")
    tracker = Tracker(None, story.journal, place / "spool", "lab")
    story.journal.listen(tracker.offer)
    tracker.start()
    story.tell()
    assert tracker.undelivered  # the writer still imports MLflow, and nobody waited for it
    tracker.artifact(place / "curve.png", "figures")
    assert tracker.close(120) == 0
    assert (tracker.problem, tracker.refused) == ("", ())
    assert dict(os.environ) == environment
    shown = seen(uri_of(place))
    assert shown["lab-1"]["artifacts"][0] == "figures/curve.png"
    assert {name: run["status"] for name, run in shown.items()} == {"lab-1": "FINISHED", **TRIALS}
    # Plain `mlflow ui` in this directory reads both.
    assert sorted(path.name for path in place.iterdir() if path.name.startswith("ml")) == [
        "mlflow.db", "mlruns"]


def test_a_writer_that_needs_longer_than_it_is_given_is_not_said_to_have_died(
    place: Path, story: Story
) -> None:
    story.tell()
    tracker = Tracker(None, story.journal, place / "spool", "lab")
    tracker.start()
    assert tracker.close(0.01) > 0  # it still imports MLflow
    assert tracker.problem == "the end waits no longer than 0 s for it"


# A writer that takes an event every so often, and then nothing for ever.
SLOW_WRITER = """
import sys, time
sys.path[:] = sys.argv[1:]
from search.spool import Ack, Settings, Spool
settings = Settings.model_validate_json(sys.stdin.readline())
acks = Spool(settings.spool).acks(settings.uri)
for event in range({takes}):
    acks.add(Ack(event=event))
    time.sleep(0.7)
time.sleep({then})
"""


@pytest.mark.parametrize(("takes", "then", "at_most", "left"), [
    (6, 0, math.inf, {0}), (4, 1_000, math.inf, {2}), (6, 1_000, 1.0, {3, 4, 5})])
def test_a_writer_is_waited_for_while_it_gets_on(
    place: Path, story: Story, monkeypatch: pytest.MonkeyPatch, takes: int, then: int,
    at_most: float, left: set[int],
) -> None:
    for step in story.steps()[:6]:
        step()
    monkeypatch.setattr("search.tracking._WRITER", SLOW_WRITER.format(takes=takes, then=then))
    tracker = Tracker(None, story.journal, place / "spool", "lab")
    tracker.start()
    wait_for(lambda: tracker.undelivered < 6)
    found = tracker.close(3.0, at_most_seconds=at_most)
    assert found in left
    assert bool(tracker.problem) == bool(found)


def test_a_killed_writer_is_followed_by_the_next_starts(place: Path, story: Story) -> None:
    steps = story.steps()
    for step in steps[:10]:
        step()
    tracker = Tracker(None, story.journal, place / "spool", "lab")
    tracker.start()
    wait_for(lambda: tracker.undelivered < 10)
    assert tracker._writer is not None
    os.kill(tracker._writer.pid, signal.SIGKILL)
    tracker._writer.wait()
    for step in steps[10:]:
        tracker.offer(step())
    assert "ended early" in tracker.problem
    assert tracker.close(5) > 0

    killed = Tracker(None, story.journal, place / "spool", "lab")
    killed.start()
    assert killed._writer is not None
    assert killed._writer.stdin is not None
    killed._writer.stdin.close()  # what a kill of the search does: the writer finishes, and ends
    assert killed._writer.wait(120) == 0
    assert killed.undelivered == 0
    assert {name: run["status"] for name, run in seen(uri_of(place)).items()} == {
        "lab-1": "FINISHED", **TRIALS}


@pytest.fixture
def server(place: Path) -> Iterator[Callable[[], str]]:
    """Return a function that starts an MLflow server, and its address before it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started: list[subprocess.Popen[bytes]] = []

    def start() -> str:
        if started:
            return address
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port),
                   "--backend-store-uri", uri_of(place),
                   "--artifacts-destination", str(place / "served")]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        started.append(subprocess.Popen(command, env=environment, start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return address

    address = f"http://127.0.0.1:{port}"
    start.address = address  # type: ignore[attr-defined]
    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_an_outage_stops_nothing_and_is_made_up_for_once(
    place: Path, story: Story, server: Callable[[], str]
) -> None:
    address: str = server.address  # type: ignore[attr-defined]
    guarded = address.replace("http://", f"http://me:{SECRET}@")
    steps = story.steps()
    first = Tracker(guarded, story.journal, place / "spool", "lab")
    first.start()
    for step in steps[:12]:
        first.offer(step())
    wait_for(lambda: bool(first.problem))
    before = time.monotonic()
    assert first.close(120) == 12
    assert time.monotonic() - before < 60  # it knows that it would wait in vain
    assert "failed" in first.problem

    second = Tracker(None, story.journal, place / "spool", "lab")
    assert second.uri == address  # remembered, without the password
    (acks,) = (place / "spool").glob("acks-*.jsonl")
    known = acks.stat().st_size
    second.start()
    for step in steps[12:-4]:
        second.offer(step())
    wait_for(lambda: acks.stat().st_size > known)  # it has tried, too
    server()
    wait_for(lambda: second.undelivered == 0)
    for step in steps[-4:]:  # it goes on after an outage
        second.offer(step())
    wait_for(lambda: second.undelivered == 0)
    assert second.close(120) == 0
    assert second.problem == ""
    shown = seen(address)
    assert {name: run["status"] for name, run in shown.items()} == {"lab-1": "FINISHED", **TRIALS}
    assert "predictions/predictions.parquet" in shown["confirmation-000"]["artifacts"]
    for path in [*(place / "spool").iterdir(), place / "mlflow.db"]:
        assert SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(("given", "variable", "remembered", "expected"), [
    ("http://a:1", "http://b:1", "http://c:1", "http://a:1"),
    (None, "http://b:1", "http://c:1", "http://b:1"),
    (None, None, "http://c:1", "http://c:1"),
    (None, None, None, "sqlite:///{here}/mlflow.db"),
    ("sqlite:///x/y.db", None, None, "sqlite:///{here}/x/y.db"),
    ("sqlite:////x/y.db", None, None, "sqlite:////x/y.db"),
    ("sqlite:///:memory:", None, None, "sqlite:///:memory:"),
])
def test_the_tracking_uri(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, variable: str | None,
    remembered: str | None, expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if variable is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    assert resolve_uri(given, remembered) == expected.format(here=tmp_path)
