"""A worker node is lost while it trains: its trial goes on elsewhere, from the last train state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tests.faults.cluster_patches import HELD_STEP, KEEP_SECONDS, TRACE, let_go
from tests.faults.patching import patched
from tests.ray_nodes import RayNodes
from tests.stiltune_process import PATIENCE, Stiltune

NAME = "nodes-1"
STUDY = """
study: nodes
models: [lab-tiny]
intermediate:
  tasks: [lab-tags]
  languages: {pool: [de, fr], order: ["random:0"], count: [2]}
  learning_rate: 2.0e-3
targets: {tasks: [lab-measure], learning_rate: 2.0e-3}
panels: {selection: [es, sv], report: [es, sv]}
fidelity:
  search: {intermediate_examples: 3200, target_examples: 800, evaluation_rows: 60}
search: {trials: 2}
controls: {seeds: 2}
confirmation: {winners: 0}
"""

Line = dict[str, Any]


@pytest.fixture
def stiltune(tmp_path: Path) -> Stiltune:
    (tmp_path / "nodes.yaml").write_text(STUDY)
    return Stiltune(tmp_path)


@pytest.fixture
def nodes(stiltune: Stiltune) -> Iterator[RayNodes]:
    """Three nodes: a head that trains nothing, and two that do. Beside them another cluster."""
    nodes, other = RayNodes(), RayNodes()
    nodes.environment |= patched("traced_steps") | {TRACE: str(stiltune.directory / "trace")}
    stiltune.environment |= nodes.environment
    try:
        nodes.start_head(cpus=0)
        other.start_head(cpus=0)
        yield nodes
    finally:
        nodes.close()
        other.close()


def trace(stiltune: Stiltune) -> list[Line]:
    path = stiltune.directory / "trace"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def held(stiltune: Stiltune) -> Line | None:
    """Return the step at which a phase waits that has kept two states; steps are lost with it."""
    lines = trace(stiltune)
    for last in lines:
        own = [line for line in lines if line["entry"] == last["entry"]]
        if last["step"] == HELD_STEP and [line["what"] for line in own].count("kept") >= 2 \
                and own[-1]["what"] == "step":
            return last
    return None


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_its_trial_goes_on_elsewhere_from_the_last_train_state(
    stiltune: Stiltune, nodes: RayNodes, workers: int
) -> None:
    by_name = {name: nodes.add_node(cpus=workers, name=name) for name in ("a", "b")}
    process = stiltune.popen(
        "start", "nodes.yaml", "--storage", "results", "--address", f"127.0.0.1:{nodes.port}",
        "--set", f"resources.workers={workers}")
    stiltune.wait(process, lambda: held(stiltune) is not None)
    found = held(stiltune)
    assert found is not None
    nodes.kill(by_name[found["node"]])
    let_go(stiltune.directory / "trace")
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + errors

    lines = [line for line in trace(stiltune) if line["entry"] == found["entry"]]
    before = [line for line in lines if line["node"] == found["node"]]
    after = [line for line in lines if line["node"] != found["node"]]
    kept = [line for line in before if line["what"] == "kept"][-1]
    steps = [line for line in after if line["what"] == "step"]
    assert [line["step"] for line in steps] == list(range(kept["step"] + 1, steps[-1]["step"] + 1))
    lost = [line for line in before if line["what"] == "step" and line["step"] > kept["step"]]
    # Of the last step it may not yet have been looked at whether a state is due.
    assert all(line["time"] - kept["time"] <= KEEP_SECONDS for line in lost[:-1])

    ended = {event["trial"]: event["data"]["outcome"] for event in stiltune.events(NAME)
             if event["kind"] == "finished"}
    assert ended == dict.fromkeys(
        ("control-000", "control-001", "search-000", "search-001"), "finished")
    assert len(stiltune.finished(NAME)) == 4
    again = {event["trial"]: event["data"] for event in stiltune.events(NAME)
             if event["kind"] == "started" and event["data"]["attempt"] > 1}
    assert again
    runs = {run.data.tags["mlflow.runName"]: run for run in MlflowClient(
        f"sqlite:///{stiltune.directory / 'mlflow.db'}").search_runs(["1"])}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for trial, data in again.items():
        assert runs[trial].data.tags["stiltune.attempt"] == str(data["attempt"])
        # Of a group the first word may be another worker's, whom nobody answers any more.
        why = "its node was lost" if workers == 1 else "its "
        assert runs[trial].data.tags["stiltune.attempt_after"].startswith(why)
