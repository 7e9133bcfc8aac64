"""Metrics of labels: pure functions from gold and predicted labels, one a row, to points.

And what every metric has in common: a score of nothing is refused, and so is one that is infinite.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence, Sized
from typing import Any, Final

__all__ = ["CONSTANTS_TRIED", "accuracy", "balanced_accuracy", "check_paired", "check_some",
           "points_of"]

CONSTANTS_TRIED: Final = 20
"""Most frequent values tried where the best constant prediction has no closed form."""


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the share of rows predicted right, in points.

    For retrieval the values are positions in the pool: the share of queries whose nearest
    neighbour is their own translation, as XTREME scores Tatoeba.

    Raises:
        ValueError: if there are no rows, or not as many predictions as rows.
    """
    check_paired(gold, predicted)
    return points_of(sum(right == given for right, given in zip(gold, predicted, strict=True)),
                     len(gold))


def balanced_accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the mean over labels of the share of a label's rows predicted right, in points.

    The labels are those of `gold`, so any constant prediction of one of them scores 100 / labels,
    however often each occurs. Source: Brodersen et al. (2010), "The balanced accuracy and its
    posterior distribution".

    Raises:
        ValueError: as `accuracy`.
    """
    check_paired(gold, predicted)
    rows = Counter(gold)
    right = Counter(label for label, given in zip(gold, predicted, strict=True) if label == given)
    return points_of(math.fsum(right[label] / count for label, count in rows.items()), len(rows))


def points_of(part: float, whole: float) -> float:
    """Return a share in points, 0 to 100.

    Raises:
        ValueError: if it is not finite.
    """
    points = 100.0 * part / whole
    if not math.isfinite(points):
        raise ValueError(f"a score must be finite, got {part} of {whole}")
    return points


def check_some(values: Sized) -> None:
    """Refuse a score of no rows.

    Raises:
        ValueError: if there are none.
    """
    if not len(values):
        raise ValueError("a score must be formed over at least one row, got none")


def check_paired(gold: Sequence[Any], predicted: Sequence[Any]) -> None:
    """Refuse predictions that are not one a row.

    Raises:
        ValueError: if they are not, or there are no rows.
    """
    check_some(gold)
    if len(gold) != len(predicted):
        raise ValueError(f"there must be one prediction per row, got {len(predicted)} "
                         f"for {len(gold)} rows")
