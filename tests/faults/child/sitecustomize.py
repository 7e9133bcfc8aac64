"""Python imports this first in every process that has this directory on its PYTHONPATH.

So a fault's test reaches the processes that a search starts, Ray's and MLflow's writer among them.
"""

import os

if "STILTUNE_TEST_PATCHES" in os.environ:
    from tests.faults.patching import install

    install(os.environ["STILTUNE_TEST_PATCHES"].split())
