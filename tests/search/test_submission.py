"""What a cluster says when a search is submitted, and what it is held against."""

from __future__ import annotations

import json
from typing import Any

import pytest

from search import submission
from search.faults import UserError
from search.landing import MARK, answer_of, main
from search.options import Options
from search.versions import CHECKOUT, difference, versions
from tests.search.simulated_study import STUDY

HERE = {"python": "3.11.7", "ray": "2.60.0", "stiltune": "0.1.0", "torch": "2.13.0"}


@pytest.mark.parametrize(("there", "found"), [
    ({}, None),
    ({"python": "3.11.9", "torch": "2.10.0"}, None),
    ({"python": "3.12.1"}, "python 3.11.7 here and 3.12.1 there"),
    ({"ray": "2.60.1"}, "ray 2.60.0 here and 2.60.1 there"),
    ({"stiltune": "0.2.0"}, "stiltune 0.1.0 here and 0.2.0 there"),
    ({"stiltune": CHECKOUT}, None),
])
def test_versions_must_fit(there: dict[str, str], found: str | None) -> None:
    assert difference(HERE, HERE | there) == found


def test_a_library_that_is_not_there_differs() -> None:
    assert difference(HERE, {"python": "3.11.7"}) == "ray 2.60.0 here and none there"


class Cluster:
    """A job server on which every job prints the same."""

    def __init__(self, address: str, printed: str) -> None:
        self.address, self._printed = address, printed
        self.commands: list[str] = []

    def submit(self, command: str, **_: Any) -> str:
        self.commands.append(command)
        return f"job-{len(self.commands)}"

    def wait(self, job: str, seconds: float) -> str:
        return "FAILED"

    def logs(self, job: str) -> str:
        return self._printed


@pytest.mark.parametrize(("printed", "law"), [
    (MARK + json.dumps({"versions": {**versions(), "ray": "2.59.0"}}),
     r"must have the cluster's versions, got ray \S+ here and 2.59.0 there"),
    ("sh: python: not found", "must run stiltune's code, got job job-1 FAILED: sh: python: not"),
    ("", "got job job-1 FAILED: it printed nothing"),
    (MARK + json.dumps({"versions": versions()}) + "\n" + MARK
     + json.dumps({"refused": "`--storage` must be writable"}), "must be writable"),
])
def test_a_cluster_that_does_not_fit_gets_no_search(
    printed: str, law: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    cluster = Cluster("http://127.0.0.1:8265", printed)
    monkeypatch.setattr(submission, "Jobs", lambda address: cluster)
    (tmp_path / "study.yaml").write_text(STUDY)
    from rich.console import Console

    with pytest.raises(UserError, match=law):
        submission.submit_start(str(tmp_path / "study.yaml"), console=Console(), options=Options(
            address=cluster.address, storage="/shared", tracking_uri="http://mlflow:5000"))
    assert len(cluster.commands) == 1


def test_landing_tells_versions_and_takes_a_name(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sent.yaml").write_text(STUDY)
    storage = tmp_path / "storage"
    for _ in range(2):
        main(["new", "lab", str(storage), str(tmp_path / "sent.yaml")])
    printed = capsys.readouterr().out
    assert answer_of("noise\n" + printed) == {"versions": versions(), "search": "lab-2"}
    assert [path.name for path in sorted(storage.iterdir())] == ["lab-1", "lab-2"]
    assert (storage / "lab-2" / "study.yaml").read_text() == STUDY
    main(["new", "lab", str(storage), str(tmp_path / "missing.yaml")])
    assert "must take a study" in answer_of(capsys.readouterr().out)["refused"]


def test_landing_finds_the_search_that_is_to_go_on(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lab-1", "lab-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.jsonl").touch()
    for name, found in {"lab": "lab-2", "lab-1": "lab-1"}.items():
        main(["old", name, str(tmp_path)])
        assert answer_of(capsys.readouterr().out)["search"] == found
    main(["old", "other", str(tmp_path)])
    assert "must be one of lab-1, lab-2" in answer_of(capsys.readouterr().out)["refused"]
