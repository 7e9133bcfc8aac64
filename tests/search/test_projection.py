from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.credentials import without_credentials
from search.journal import Event, Journal
from search.projection import Projection
from search.run_changes import Change, RunStatus, merged
from search.run_content import parameters_of, step_of
from tests.search.journal_story import SECRET, STUDY, Story, trial_config


@pytest.fixture
def events(tmp_path: Path) -> list[Event]:
    story = Story(Journal(tmp_path / "journal.jsonl"), predictions=tmp_path / "p.parquet")
    story.tell()
    story.journal.close()
    return story.journal.events


def project(events: list[Event]) -> list[Change]:
    projection = Projection()
    return [change for event in events for change in projection.changes(event)]


def ends(events: list[Event]) -> dict[str, Change]:
    return {change.run.name: change for change in merged(project(events))}


def test_each_ending_has_its_status(events: list[Event]) -> None:
    assert {name: change.status for name, change in ends(events).items()} == {
        "lab-1": RunStatus.FINISHED, "control-000": RunStatus.FINISHED,
        "search-000": RunStatus.FINISHED, "search-001": RunStatus.FAILED,
        "search-002": RunStatus.KILLED, "confirmation-000": RunStatus.FINISHED}


def test_an_interruption_kills_what_runs_and_a_resume_brings_it_back(events: list[Event]) -> None:
    at = next(event.sequence for event in events if event.kind == "interrupted")
    stopped = ends(events[: at + 1])
    assert stopped["lab-1"].status is stopped["confirmation-000"].status is RunStatus.KILLED
    assert stopped["search-000"].status is RunStatus.FINISHED
    resumed = ends(events[: at + 3])
    assert events[at + 2].kind == "started"
    assert resumed["lab-1"].status is resumed["confirmation-000"].status is RunStatus.RUNNING


def test_an_error_of_the_search_itself_is_a_failure(events: list[Event]) -> None:
    broken = Event(sequence=1, time=0, kind="interrupted", data={"error": "no space left"})
    change = ends([events[0], broken])["lab-1"]
    assert change.status is RunStatus.FAILED
    assert change.tags["stiltune.error"] == "no space left"


def test_an_attempt_after_another_says_what_that_one_died_of(events: list[Event]) -> None:
    again = Event(sequence=1, time=0, kind="started", trial="control-000",
                  data={"attempt": 2, "after": "its node was lost"})
    tags = ends([events[0], again])["control-000"].tags
    assert (tags["stiltune.attempt"], tags["stiltune.attempt_after"]) == ("2", "its node was lost")


def test_a_search_resumed_elsewhere_says_where_it_lies(events: list[Event]) -> None:
    resumed = Event(sequence=1, time=0, kind="resumed", data={"storage": "/mnt/moved"})
    assert ends([events[0], resumed])["lab-1"].tags["stiltune.storage"] == "/mnt/moved"
    assert ends(events)["lab-1"].tags["stiltune.storage"]


def test_no_metric_has_two_values_at_one_step(events: list[Event]) -> None:
    for name, change in ends(events).items():
        counts = Counter((point.key, point.step) for point in change.points)
        assert set(counts.values()) <= {1}, name


def test_projecting_in_any_windows_shows_the_same(events: list[Event]) -> None:
    whole = merged(project(events))

    @given(st.sets(st.integers(0, len(events))))
    def check(cuts: set[int]) -> None:
        projection = Projection()
        windows = [events[start:stop]
                   for start, stop in pairwise(sorted({0, len(events), *cuts}))]
        shown = [change for window in windows
                 for change in merged(c for event in window for c in projection.changes(event))]
        assert merged(shown) == whole

    check()


def test_means_and_languages_are_those_of_the_scores(events: list[Event]) -> None:
    points = {(point.key, point.step): point.value for point in ends(events)["search-000"].points}
    assert points["selection.topic", step_of(0.25)] == 50.25
    assert points["selection.topic", step_of(1.0)] == 51.0
    assert points["report.tagging", 1000] == 33.0
    assert points["report.tagging.sw", 1000] == 35.0
    assert ("report.tagging.sw", 250) not in points
    assert points["intermediate.loss", 20] == 1.25
    assert points["target.topic.loss", 10] == 2.5
    assert not [key for key, _ in points if key.startswith("pretrain")]
    assert points["objective", 1000] == 50.0
    assert points["cost.device_seconds", 1000] == 3.0


def test_only_confirmations_send_predictions(events: list[Event]) -> None:
    assert [name for name, change in ends(events).items() if change.copies] == ["confirmation-000"]


def test_a_trial_reads_its_cells_and_the_targets_english(events: list[Event]) -> None:
    shown = ends(events)
    names = {data.name for data in shown["search-000"].inputs}
    assert names == {"kind de train", "kind fr train", "entity de train", "topic en train",
                     "tagging en train"}
    assert {data.name for data in shown["control-000"].inputs} == {"topic en train",
                                                                  "tagging en train"}


def test_parameters_are_readable() -> None:
    shown = parameters_of(trial_config(seed=4))
    expected = {"model": "lab-tiny", "seed": "4", "fidelity": "search",
                "fidelity.intermediate_examples": "800", "targets": "topic, tagging",
                "intermediate.weight.kind": "0.75", "intermediate.languages.count": "2",
                "intermediate.learning_rate": "0.001", "intermediate.rungs": "0.25, 1.0",
                "target.learning_rate": "0.002"}
    assert expected.items() <= shown.items()
    control = parameters_of(trial_config(seed=4, control=True))
    assert control["intermediate"] == "none"
    assert not [key for key in control if key.startswith("intermediate.")]


def test_a_search_shows_its_study(events: list[Event]) -> None:
    shown = ends(events)["lab-1"].parameters
    assert shown["search.sampler"] == STUDY["search"]["sampler"]  # type: ignore[index]
    assert len(shown["study.digest"]) == 16


def test_no_credential_is_projected_from_a_journal_that_holds_one(events: list[Event]) -> None:
    held = [event.model_copy(update={"data": {
        **event.data, **{key: f"s3://me:{SECRET}@bucket/x?secret_key={SECRET}"
                         for key in ("storage", "error") if key in event.data}}})
            for event in events]
    assert SECRET in str(held)
    assert SECRET not in str(project(held))
    assert SECRET not in str(events)  # nor does a journal hold one any more


@pytest.mark.parametrize(("text", "shown"), [
    ("http://me:pass@host:5000/x", "http://host:5000/x"),
    ("failed at https://tok@host/a, then", "failed at https://host/a, then"),
    ("http://me:p@ss@host", "http://host"),
    ("s3://k:s@b/p?endpoint_override=h&secret_key=zz", "s3://b/p?endpoint_override=h&secret_key=***"),
    ("mail a@b.c about http://host/a@b", "mail a@b.c about http://host/a@b"),
    ("sqlite:////tmp/a@b/mlflow.db", "sqlite:////tmp/a@b/mlflow.db"),
])
def test_credentials_are_cut_and_nothing_else(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
