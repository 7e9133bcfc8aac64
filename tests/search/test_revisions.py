"""Pinned revisions of the hub: what is asked for, what was read, and what a change of it means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from search.check import check
from search.journal import Event
from search.projection import Projection
from search.snapshot import Snapshot, take_snapshot
from search.study import Study, StudyError
from search.tracking_client import dataset_input
from spaces.data_sources import HubSource
from spaces.tasks import Task
from tests.search.good_study import good, read
from tests.trainables.mirrors import NLI, nli_rows, shard, stated, write, write_mirror
from trainables import hub
from trainables.workspace import Workspace

FIRST, SECOND = "a" * 40, "b" * 40
PINS = {"nyu-mll/glue": FIRST, "google/xtreme": FIRST}


def study(**changes: Any) -> Study:
    return read(good(**{"intermediate__tasks": ["mnli"], "targets__tasks": ["udpos"], "curve": None,
                        "intermediate__languages": {"pool": [], "order": "random:0", "count": 0},
                        "panels": {"selection": ["de"], "report": ["de"]}} | changes))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """Stand in for the hub: two commits of each repository, the main branch at the first."""
    for commit in (FIRST, SECOND):
        write_mirror(tmp_path / "served" / commit)
    write(shard(tmp_path / "served" / SECOND, "nyu-mll/glue", "mnli", "train"),
          nli_rows("later", 30), stated("label", NLI))
    heard: list[tuple[str, Any]] = []

    def download(repository: str, *, repo_type: str, revision: str | None,
                 allow_patterns: list[str]) -> str:
        heard.append((repository, revision))
        commit = revision if revision in (FIRST, SECOND) else FIRST
        root = tmp_path / "snapshots" / repository / commit
        if not root.exists():
            shutil.copytree(tmp_path / "served" / commit / repository, root)
        return str(root)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    hub._snapshot.cache_clear()
    yield heard
    hub._snapshot.cache_clear()


def snapshot(of: Study, place: Path) -> Snapshot:
    return take_snapshot(of, Workspace(store="unused", cache=str(place / "cache")))


def test_the_hub_is_asked_for_what_is_pinned_and_what_was_read_is_recorded(
    tmp_path: Path, asked: list[tuple[str, Any]]
) -> None:
    taken = snapshot(study(revisions=PINS | {"nyu-mll/glue": SECOND}), tmp_path)
    assert set(asked) == {("nyu-mll/glue", SECOND), ("google/xtreme", FIRST)}
    revisions = {each.name: each.revision for each in taken.datasets}
    assert revisions == {"mnli en train": f"nyu-mll/glue@{SECOND}",
                         "udpos en train": f"google/xtreme@{FIRST}",
                         "udpos selection panel": f"google/xtreme@{FIRST}",
                         "udpos report panel": f"google/xtreme@{FIRST}"}
    assert taken.notes()[0].startswith("not all that was published is there: mnli (train 30 of ")


def test_another_commit_is_another_data_set_only_where_rows_differ(
    tmp_path: Path, asked: list[tuple[str, Any]]
) -> None:
    free = snapshot(study(), tmp_path)
    assert ("nyu-mll/glue", None) in asked
    assert free.datasets[0].revision == f"nyu-mll/glue@{FIRST}"  # as resolved
    later = snapshot(study(revisions={"nyu-mll/glue": SECOND}), tmp_path)
    assert later.changed(free) == ["mnli en train"]
    same = snapshot(study(revisions={"google/xtreme": SECOND}), tmp_path)
    assert same.changed(free) == []


def test_a_mirror_has_no_commits_and_check_says_what_pins_it_not(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    where = Workspace(store="unused", cache=str(tmp_path / "cache"), hub=str(mirror))
    pinned = study(revisions=PINS)
    taken = take_snapshot(pinned, where)
    assert {each.revision for each in taken.datasets} == {""}
    assert any(line.endswith(f"got {mirror} (revisions)")
               for line in check(pinned, taken.sizes, where).warnings)


def test_trials_get_the_pinned_tasks_and_other_studies_keep_their_digests() -> None:
    assert "revisions" not in study().model_dump()
    assert study().trial_tasks == ()
    pinned = study(revisions={"nyu-mll/glue": FIRST})

    def revision(task: Task) -> str | None:
        source = task.source_of("train")
        assert isinstance(source, HubSource)
        return source.revision

    assert {task.name: revision(task) for task in pinned.trial_tasks} == {
        "mnli": FIRST, "qqp": FIRST, "xnli": FIRST, "anli": FIRST,
        "anli-plus": None, "xnli-translated": None}  # which read it beside, or for another part
    assert Study.from_text(pinned.to_yaml()) == pinned


@pytest.mark.parametrize(("changes", "line"), [
    ({"revisions": {"nyu-mll/gleu": FIRST}},
     "`revisions` must name repositories of the hub that the study reads, got 'nyu-mll/gleu'; "
     "nearest: 'nyu-mll/glue' (revisions.nyu-mll/gleu)"),
    ({"revisions": {"nyu-mll/glue": 7}}, "(revisions.nyu-mll/glue)"),
    ({"revisions": {"my-org/pairs": FIRST}, "intermediate__tasks": ["mine"], "tasks": {"mine": {
        "like": "mnli", "hub": "my-org/pairs", "splits": {"train": "train"}, "train": ["en"],
        "revision": "v1"}}},
     "a repository must be pinned in one place, got also tasks.mine.revision "
     "(revisions.my-org/pairs)"),
])
def test_what_cannot_be_pinned_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(StudyError) as caught:
        study(**changes)
    assert str(caught.value).endswith(line)


def test_mlflow_hears_of_the_commit() -> None:
    opened = {"search": "s-1", "search_id": "0", "storage": "/s", "study": study().model_dump(
        mode="json"), "study_yaml": "", "versions": {}, "datasets": [
        {"name": "mnli en train", "fingerprint": "f" * 16, "rows": 3, "revision": "a/b@c"},
        {"name": "xnli en train", "fingerprint": "f" * 16, "rows": 3}]}
    (change,) = Projection().changes(Event(sequence=0, kind="opened", time=0.0,
                                               data=opened))
    sources = [json.loads(dataset_input(data).dataset.source) for data in change.inputs]
    assert sources == [{"name": "mnli en train", "revision": "a/b@c"}, {"name": "xnli en train"}]
