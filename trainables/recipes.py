"""Recipes in steps: how examples, rungs and seeds become what a loop counts in."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

from spaces.trial_config import Recipe

__all__ = ["derived_seed", "segment_stops", "steps_of"]


def steps_of(examples: int, recipe: Recipe) -> int:
    """Return the optimiser steps that a number of examples makes, the last batch filled up."""
    return math.ceil(examples / recipe.batch_size)


def segment_stops(rungs: Sequence[float], steps: int) -> Iterator[tuple[float, int]]:
    """Yield each rung's fraction and the steps done at it, rising and ending at `steps`.

    Where steps are too few for two rungs to differ, the later one stands for both.
    """
    stops = {max(1, round(fraction * steps)): fraction for fraction in rungs}
    for stop, fraction in sorted(stops.items()):
        yield fraction, stop


def derived_seed(seed: int, purpose: str) -> int:
    """Return a seed below 2**31 of its own for one purpose."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:4]) // 2
