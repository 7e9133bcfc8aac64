"""Real MLflow: what its own client sees of a search, whatever happens to the writer."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.faults import UserError
from search.spool import JsonLines, Settings, Spool
from search.tracking_reader import find_search, storage_of
from tests.search.journal_story import STUDY, Story
from tests.search.told_search import (
    TRIALS,
    empty_database,
    place,
    seen,
    settings_of,
    story,
    uri_of,
)

__all__ = ["empty_database", "place", "story"]  # fixtures

# MLflow's own tables, under SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")


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
