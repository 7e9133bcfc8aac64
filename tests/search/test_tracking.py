"""Real MLflow: what its own client sees of a search, whatever happens to the writer."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from search.faults import UserError
from search.journal import Journal
from search.spool import JsonLines, Settings, Spool
from search.tracking import Tracker, resolve_uri
from search.tracking_reader import find_search, storage_of
from tests.search.journal_story import SECRET, STUDY, Story

# MLflow's own tables, under SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")

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


def deliver(settings: Settings) -> None:
    from search.tracking_writer import Writer

    Writer(settings).deliver()


def test_the_client_sees_the_search(place: Path, story: Story) -> None:
    story.tell()
    deliver(settings_of(place))
    shown = seen(uri_of(place))
    parent = shown.pop("lab-1")
    assert {name: run["status"] for name, run in shown.items()} == TRIALS
    assert {run["parent"] for run in shown.values()} == {"lab-1"}
    assert parent["status"] == "FINISHED"
    assert parent["tags"]["mlflow.note.content"] == "Tags do."
    assert parent["artifacts"] == ["readout.json", "study.yaml", "versions.json"]
    assert parent["params"]["search.sampler"] == STUDY["search"]["sampler"]  # type: ignore[index]
    assert parent["metrics"]["objective.best"][0][:2] == (1, 50.0)
    assert len(parent["inputs"]) == 6

    trial = shown["search-000"]
    assert trial["params"]["intermediate.weight.kind"] == "0.75"
    assert [point[:2] for point in trial["metrics"]["selection.topic"]] == [(250, 50.25),
                                                                            (1000, 51.0)]
    assert trial["metrics"]["report.topic.sw"][0][1] == 35.0
    assert trial["tags"]["stiltune.role"] == "search"
    assert trial["tags"]["stiltune.marks"] == "collapsed"
    assert trial["tags"]["stiltune.ray_trial_id"] == "tune_1"
    assert trial["inputs"]["kind de train"] == "0" * 16
    assert trial["artifacts"] == ["scores.json", "suggestion.json", "trial_config.json"]
    assert "no such table" in shown["search-001"]["tags"]["stiltune.error"]
    confirmed = shown["confirmation-000"]
    assert "predictions/predictions.parquet" in confirmed["artifacts"]
    assert confirmed["tags"]["stiltune.group"] == "winner-1"
    assert confirmed["tags"]["stiltune.attempt"] == "2"


def test_sending_everything_again_changes_nothing(place: Path, story: Story) -> None:
    story.tell()
    settings = settings_of(place)
    deliver(settings)
    before = seen(uri_of(place))
    for acks in settings.spool.glob("acks-*"):
        acks.unlink()
    deliver(settings)
    assert seen(uri_of(place)) == before


class Killed(BaseException):
    """The writer's process ends here."""


class MortalClient:
    """MLflow's client, whose process is killed around its `lives`-th call."""

    def __init__(self, uri: str, lives: int, *, after: bool) -> None:
        from search.tracking_client import connect

        self._client = connect(uri)
        self._lives = lives
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def mortal(*given: Any, **named: Any) -> Any:
            self._lives -= 1
            if self._lives == 0 and not self._after:
                raise Killed
            answer = call(*given, **named)
            if self._lives == 0:
                raise Killed
            return answer

        return mortal


def deliver_and_die(settings: Settings, lives: int, *, after: bool) -> bool:
    """Deliver with a client of so many lives; return whether it was killed."""
    from search.tracking_writer import Writer

    try:
        Writer(settings, lambda uri: MortalClient(uri, lives, after=after)).deliver()
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_every_call_leaves_one_run_a_trial(
    place: Path, story: Story, *, after: bool
) -> None:
    for step in story.steps()[:7]:  # the search, its first trial whole, and the next one's start
        step()
    deliver(settings_of(place))
    expected = seen(uri_of(place))
    assert len(expected) == 2
    lives, killed = 0, True
    while killed:
        lives += 1
        name = f"killed-{lives}"
        settings = settings_of(place, experiment=name)
        killed = deliver_and_die(settings, lives, after=after)
        deliver(settings)
        assert seen(uri_of(place), name) == expected, lives
    assert lives > 10


def test_kills_and_lost_acknowledgements_leave_the_same(place: Path, story: Story) -> None:
    draw = random.Random(5)
    settings = settings_of(place, experiment="cut")
    kills = 0
    for step in story.steps():
        step()
        # After acknowledgements are lost, more calls are due than six.
        while deliver_and_die(settings, draw.randint(1, 6 + kills), after=draw.random() < 0.5):
            kills += 1
            for acks in settings.spool.glob("acks-*"):
                os.truncate(acks, max(0, acks.stat().st_size - draw.choice([0, 0, 1, 60, 250])))
    assert kills > 10
    deliver(settings_of(place))
    assert seen(uri_of(place), "cut") == seen(uri_of(place))


def test_a_run_whose_making_timed_out_stays_alone(place: Path, story: Story) -> None:
    from search.tracking_client import Away, connect
    from search.tracking_writer import Writer

    late: list[Callable[[], object]] = []

    class SlowServer:
        """It says that it made no run in time, and makes it after the next was made."""

        def __init__(self, uri: str) -> None:
            self._client = connect(uri)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def create_run(self, *given: Any) -> Any:
            if not late:
                late.append(lambda: self._client.create_run(*given))
                raise TimeoutError("no answer")
            made = self._client.create_run(*given)
            late.pop()()
            late.append(lambda: None)
            return made

    story.tell()
    writer = Writer(settings_of(place), SlowServer)  # type: ignore[arg-type]
    with pytest.raises(Away):
        writer.deliver()
    writer.deliver()
    assert len(seen(uri_of(place))) == 1 + len(TRIALS)


def test_values_of_a_run_that_the_user_deleted_are_refused_and_the_rest_is_sent(
    place: Path, story: Story
) -> None:
    from search.tracking_client import connect
    from search.tracking_writer import Writer

    steps = story.steps()
    for step in steps[:3]:
        step()
    writer = Writer(settings_of(place))
    writer.deliver()
    connect(uri_of(place)).delete_run(writer.acks.run_ids["control-000"])
    for step in steps[3:]:
        step()
    writer.deliver()
    assert {line.split(":")[0] for line in writer.acks.refused} == {"control-000"}
    rest = {name: status for name, status in TRIALS.items() if name != "control-000"}
    assert {name: run["status"] for name, run in seen(uri_of(place)).items()} == {
        "lab-1": "FINISHED", **rest}


def test_a_database_that_is_new_again_is_sent_everything(
    place: Path, story: Story, empty_database: Path
) -> None:
    story.tell()
    old = settings_of(place)
    deliver(old)
    shutil.copy(empty_database, place / "new.db")
    new = old.model_copy(update={"uri": f"sqlite:///{place}/new.db"})
    # What is acknowledged is not there: the database was deleted and made again.
    spool = Spool(old.spool)
    shutil.copy(spool.acks(old.uri).path, spool.acks(new.uri).path)
    deliver(new)
    assert seen(new.uri) == seen(old.uri)
    assert spool.acks(new.uri).refused == []


def test_a_line_separator_inside_a_text_breaks_no_line(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "lines.jsonl")
    lines.append('{"a": "b\u2028c\x85"}')
    lines.append("{}")
    assert lines.read_on() == ['{"a": "b\u2028c\x85"}', "{}"]


def test_the_reader_finds_what_the_writer_wrote(place: Path, story: Story) -> None:
    story.tell()
    deliver(settings_of(place))
    found = find_search("lab-1", uri_of(place))
    assert found == find_search("lab", uri_of(place))
    assert (found.search_id, found.study, found.status) == ("5eed", "lab", "FINISHED")
    assert found.trials == {"FAILED": 1, "FINISHED": 3, "KILLED": 1}
    assert storage_of("lab") == "s3://bucket/searches?secret_key=***"
    with pytest.raises(UserError, match="got 'other'"):
        find_search("other", uri_of(place))


def test_a_server_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"MLflow must answer, .* \(http://127.0.0.1:9\)"):
        find_search("lab", "http://127.0.0.1:9")


# ---- the process beside the search -----------------------------------------------------------


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_search_is_sent_while_it_runs_and_never_waits(place: Path, story: Story) -> None:
    environment = dict(os.environ)
    (place / "curve.png").write_bytes(b"PNG")
    tracker = Tracker(None, story.journal, place / "spool", "lab")
    slowest = 0.0

    def offered(event: Any) -> None:
        nonlocal slowest
        before = time.perf_counter()
        tracker.offer(event)
        slowest = max(slowest, time.perf_counter() - before)

    story.journal.listen(offered)
    tracker.start()
    story.tell()
    assert tracker.undelivered  # the writer still imports MLflow
    tracker.artifact(place / "curve.png", "figures")
    assert tracker.close(30) == 0
    assert (tracker.problem, tracker.refused) == ("", ())
    assert slowest < 0.1
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
    assert tracker.problem == "the rest took longer than 0 s at the end"


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
    assert killed._writer.wait(30) == 0
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
    assert first.close(20) == 12
    assert time.monotonic() - before < 10
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
    wait_for(lambda: second.undelivered == 0, 60)
    for step in steps[-4:]:  # it goes on after an outage
        second.offer(step())
    wait_for(lambda: second.undelivered == 0)
    assert second.close(10) == 0
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
