"""Joining Ray and leaving it again, alive."""

import subprocess
import sys

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
