"""The same study started twice at once, on one cluster, MLflow and store: two searches, not one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tests.faults.patching import patched
from tests.ray_nodes import RayNodes
from tests.search.simulated_study import STUDY
from tests.stiltune_process import PATIENCE, Stiltune

pytestmark = pytest.mark.slow

NAMES = ("simulated-1", "simulated-2")


@pytest.fixture
def stiltune(tmp_path: Path) -> Stiltune:
    (tmp_path / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(tmp_path)
    stiltune.environment |= patched()
    return stiltune


@pytest.fixture
def nodes(stiltune: Stiltune) -> Iterator[RayNodes]:
    nodes = RayNodes()
    nodes.environment |= patched()
    stiltune.environment |= nodes.environment
    try:
        nodes.start_head(cpus=2)
        nodes.add_node(cpus=2)
        yield nodes
    finally:
        nodes.close()


def start_twice(stiltune: Stiltune, address: str) -> None:
    """Run two searches from their start to their end, begun at the same moment."""
    processes = [stiltune.popen("start", "simulated.yaml", "--storage", "results", "--address",
                                address, "--set", "models.0.seconds=0.5") for _ in NAMES]
    try:
        for process in processes:
            output, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output + errors
    finally:
        for process in processes:
            process.kill()


def answer(stiltune: Stiltune, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        stiltune.run("best", name, "--storage", "results", "--format", "json"))
    del found["measured"], found["search"]
    return found


def assert_two_whole_searches(stiltune: Stiltune) -> None:
    assert sorted(path.parent.name for path in stiltune.storage.glob("*/journal.jsonl")) == [*NAMES]
    opened = [stiltune.events(name)[0] for name in NAMES]
    assert [event["data"]["search"] for event in opened] == [*NAMES]
    assert len({event["data"]["search_id"] for event in opened}) == 2
    trials = [stiltune.finished(name) for name in NAMES]
    assert sorted(trials[0]) == sorted(trials[1])
    for each in trials:
        assert set(Counter(each).values()) == {1}
    assert answer(stiltune, NAMES[0]) == answer(stiltune, NAMES[1])


def assert_mlflow_keeps_them_apart(stiltune: Stiltune) -> None:
    client = MlflowClient(f"sqlite:///{stiltune.directory / 'mlflow.db'}")
    experiments = [each for each in client.search_experiments() if each.name == "simulated"]
    assert len(experiments) == 1
    runs = client.search_runs([experiments[0].experiment_id], max_results=1000)
    parents = {run.data.tags["stiltune.search"]: run.info.run_id for run in runs
               if "mlflow.parentRunId" not in run.data.tags}
    assert sorted(parents) == [*NAMES]
    assert len({*parents.values()}) == 2
    for name, parent in parents.items():
        nested = [run.data.tags for run in runs
                  if run.data.tags.get("mlflow.parentRunId") == parent]
        assert sorted(tags["stiltune.trial"] for tags in nested) == sorted(stiltune.finished(name))
    assert len(runs) == 2 + sum(len(stiltune.finished(name)) for name in NAMES)
    assert {run.info.status for run in runs} == {"FINISHED"}


def assert_every_entry_was_made_once(stiltune: Stiltune) -> None:
    made = Counter(phase["entry"] for name in NAMES for event in stiltune.events(name)
                   if event["kind"] == "finished" for phase in event["data"]["phases"]
                   if not phase["stored"])
    assert made
    assert set(made.values()) == {1}


def test_on_one_cluster_they_share_the_work_and_nothing_else(
    stiltune: Stiltune, nodes: RayNodes
) -> None:
    start_twice(stiltune, f"127.0.0.1:{nodes.port}")
    assert_two_whole_searches(stiltune)
    assert_mlflow_keeps_them_apart(stiltune)
    assert_every_entry_was_made_once(stiltune)


def test_on_one_machine_they_share_the_work_and_nothing_else(stiltune: Stiltune) -> None:
    start_twice(stiltune, "local")
    assert_two_whole_searches(stiltune)
    assert_mlflow_keeps_them_apart(stiltune)
    assert_every_entry_was_made_once(stiltune)
