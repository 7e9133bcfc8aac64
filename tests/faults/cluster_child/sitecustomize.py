"""What every Python of a test imports first, where this directory leads PYTHONPATH."""

from tests.faults.cluster_patching import install

install()
