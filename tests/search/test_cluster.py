"""Joining Ray and leaving it again, alive; what fits on a cluster whose nodes come and go."""

import subprocess
import sys

import pytest

from search.cluster import RECOUNT_SECONDS, Slots, trial_resources
from search.sections import Resources

# Ray's references are freed at any moment after a search: by the garbage collector, or by chance.
LEAVE = """
import time
import ray
from search.cluster import joined

with joined("local", dashboard=False):
    references = [ray.put(number) for number in range(1_000)]
while references:
    references.pop()
    time.sleep(0.001)
print("alive")
"""


def test_a_process_outlives_the_cluster_whatever_is_freed_meanwhile() -> None:
    left = subprocess.run([sys.executable, "-c", LEAVE], capture_output=True, text=True)
    assert (left.returncode, left.stdout) == (0, "alive\n"), left.stderr


@pytest.mark.parametrize(("workers", "offered", "expected"), [
    (1, {"GPU": 0.0, "CPU": 4.0}, 1),  # never none: what comes back is waited for
    (1, {"GPU": 3.0, "CPU": 9.0}, 3),
    (2, {"GPU": 9.0, "CPU": 8.0}, 4),
])
def test_trials_at_once_follow_the_nodes(
    workers: int, offered: dict[str, float], expected: int
) -> None:
    now, asked = [0.0], []
    slots = Slots(Resources(workers=workers, gpus=1), 2, clock=lambda: now[0],
                  offered=lambda: asked.append(now[0]) or offered)
    assert slots() == 2
    assert not asked
    now[0] = RECOUNT_SECONDS
    assert [slots(), slots()] == [expected, expected]
    assert len(asked) == 1


@pytest.mark.parametrize(("workers", "has_driver_nodes", "wanted"), [
    (1, True, {"cpu": 1, "gpu": 1}),  # its driver is its worker
    (2, False, {"cpu": 0.01}),
    (2, True, {"cpu": 0.01, "stiltune_driver": 0.01}),
])
def test_drivers_go_where_a_cluster_has_nodes_for_them(
    workers: int, has_driver_nodes: bool, wanted: dict[str, float]
) -> None:
    offered = {"CPU": 9.0, "GPU": 9.0} | ({"stiltune_driver": 4.0} if has_driver_nodes else {})
    assert trial_resources(Resources(workers=workers, gpus=1), lambda: offered) == wanted
