"""Metrics of rankings: mean average precision at 20, and what a random ranking reaches.

Source: `average_precision_at_k` in `third_party/utils_lareqa.py` of github.com/google-research/
xtreme, by which LAReQA is scored: the precisions at the ranks of the relevant candidates among
the first 20, summed, over the number of relevant candidates or 20, whichever is less. So a query
with more than 20 relevant candidates can still reach 1. For Mewsli-X, where one is relevant, it
is the reciprocal rank at 20, as `third_party/utils_mewslix.py` has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from trainables.label_metrics import check_paired, check_some, points_of

__all__ = ["DEPTH", "mean_average_precision", "random_average_precision"]

DEPTH: Final = 20
"""How many candidates of a ranking count."""


def mean_average_precision(
    gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]
) -> float:
    """Return the mean over queries of the average precision at 20, in points.

    Args:
        gold: the places in the pool of each query's relevant candidates.
        predicted: the places of the candidates found for each query, best first, each once;
            those beyond the 20th do not count.

    Raises:
        ValueError: if there are no rows, not as many predictions as rows, a query without a
            relevant candidate, or a candidate found twice.
    """
    check_paired(gold, predicted)
    return points_of(math.fsum(map(_average_precision, gold, predicted)), len(gold))


def random_average_precision(relevant: Sequence[int], pool: int) -> float:
    """Return the mean over queries of what a random ranking is expected to score, in points.

    The candidate at a rank is relevant with probability R/N; given that, each one before it is
    with probability (R - 1)/(N - 1). So the expected precision at a relevant candidate's rank i
    is (1 + (i - 1)(R - 1)/(N - 1))/i.

    Args:
        relevant: how many candidates are relevant to each query (R).
        pool: how many candidates there are (N).

    Raises:
        ValueError: if there are no rows.
    """
    check_some(relevant)
    by_count = {count: _expected(count, pool) for count in set(relevant)}
    return points_of(math.fsum(by_count[count] for count in relevant), len(relevant))


def _average_precision(gold: Sequence[int], found: Sequence[int]) -> float:
    wanted, counted = set(gold), found[:DEPTH]
    if not wanted:
        raise ValueError("a query must have a relevant candidate, got none")
    if len(set(counted)) < len(counted):
        raise ValueError(f"a ranking must hold a candidate once, got {list(counted)}")
    ranks = [rank for rank, place in enumerate(counted, 1) if place in wanted]
    return math.fsum(hits / rank for hits, rank in enumerate(ranks, 1)) / min(len(wanted), DEPTH)


def _expected(relevant: int, pool: int) -> float:
    others = (relevant - 1) / (pool - 1) if pool > 1 else 0.0
    ranks = range(1, min(DEPTH, pool) + 1)
    return relevant / pool * math.fsum((1 + (rank - 1) * others) / rank for rank in ranks) / min(
        relevant, DEPTH)
