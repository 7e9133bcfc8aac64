"""Side by side: how far a curve's trials stand from their x, so that none hides another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from search.doublings import Observation

__all__ = ["side_by_side"]

_STEP: Final = 0.05  # octaves between neighbouring orders, where there is room
_ROOM: Final = 0.5  # of the least distance between two x, for all the orders together


def side_by_side(observations: Sequence[Observation]) -> list[float]:
    """Return each trial's place beside its x, in octaves: orders left to right by name.

    Trials of equal x stay nearer to it than to any other x, however many orders there are.
    """
    orders = {order: rank for rank, order in enumerate(
        sorted({each.order for each in observations if each.order}))}
    xs = sorted({each.x for each in observations if each.x > 0})
    gap = min((math.log2(high / low) for low, high in pairwise(xs)), default=1.0)
    step = min(_STEP, _ROOM * gap / max(1, len(orders) - 1))
    middle = (len(orders) - 1) / 2
    return [step * (orders[each.order] - middle) if each.order else 0.0 for each in observations]
