"""What every Python of a test imports first, where this directory leads PYTHONPATH."""

from tests.faults.patching import install

install()
