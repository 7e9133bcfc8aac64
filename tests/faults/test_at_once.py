"""Processes that do the same at the same moment, as those of two searches may."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.patching import patched
from tests.ray_nodes import RayNodes
from tests.stiltune_process import PATIENCE, Stiltune

pytestmark = pytest.mark.slow

READY_SECONDS = 20.0  # to import what they need, on a machine with other things to do
# Each makes databases of its own turn after turn, all of them at the same moments.
DATABASES = """
import sys, time
from search.tracking_client import connect
began, directory = float(sys.argv[1]), sys.argv[2]
for turn in range(3):
    time.sleep(max(0.0, began + 12 * turn - time.time()))
    connect(f"sqlite:///{directory}/{turn}.db").search_experiments()
"""
HOLDERS = """
import sys, time
import ray
from trainables.lease import leases_of
from trainables.workspace import Workspace
began, address = float(sys.argv[1]), sys.argv[2]
ray.init(address=address, log_to_driver=False, logging_level="ERROR")
leases = leases_of(Workspace(store="store", cache="cache"))
time.sleep(max(0.0, began - time.time()))
with leases.hold("entry") as is_mine:
    print(is_mine, flush=True)
    time.sleep(5)
"""


@pytest.fixture
def stiltune(tmp_path: Path) -> Stiltune:
    stiltune = Stiltune(tmp_path)
    stiltune.environment |= patched()
    return stiltune


@pytest.fixture
def nodes(stiltune: Stiltune) -> Iterator[RayNodes]:
    nodes = RayNodes()
    stiltune.environment |= nodes.environment
    try:
        nodes.start_head(cpus=1)
        yield nodes
    finally:
        nodes.close()


def run_at_once(stiltune: Stiltune, code: str, argument: str, count: int) -> list[str]:
    """Run as many processes; return what each printed."""
    began = str(time.time() + READY_SECONDS)
    running = [subprocess.Popen(
        [sys.executable, "-c", code, began, argument], cwd=stiltune.directory, text=True,
        env=stiltune.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(count)]
    said = [each.communicate(timeout=PATIENCE) for each in running]
    assert [each.returncode for each in running] == [0] * count, [errors for _, errors in said]
    return [printed.strip() for printed, _ in said]


def test_a_new_database_of_mlflow_is_made_by_one_and_whole_for_all(stiltune: Stiltune) -> None:
    run_at_once(stiltune, DATABASES, str(stiltune.directory), 3)


def test_of_two_drivers_of_a_cluster_one_makes_an_entry(
    stiltune: Stiltune, nodes: RayNodes
) -> None:
    said = run_at_once(stiltune, HOLDERS, f"127.0.0.1:{nodes.port}", 2)
    assert sorted(said) == ["False", "True"]
