"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes is measured in benchmarks; a busy machine fails no test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
