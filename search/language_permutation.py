"""The permutation test of a distance: whole languages change places within their families.

Pairs that share a language are not independent, so that a test over pairs finds distances that
are not there. Moved are languages, with all their pairs; and only among relatives, for families
differ in more than their distances.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.language_grid import pair_part

__all__ = ["FEWEST_PERMUTATIONS", "arrangements", "permutation_p"]

FEWEST_PERMUTATIONS: Final = 40
"""The fewest distinct arrangements that a test rests on; its least p is one in so many."""

Array = NDArray[Any]


def arrangements(families: Sequence[str]) -> int:
    """Return in how many ways languages can change places within their families."""
    return math.prod(math.factorial(size) for size in Counter(families).values())


def permutation_p(
    points: Array, distances: Array, covariates: Array, families: tuple[Sequence[str],
    Sequence[str]], *, draws: int, seed: int,
) -> float | None:
    """Return the two-sided p value of a distance's effect on points, given covariates.

    The statistic is the correlation of what is left of both beside the effects of sources,
    targets and covariates. Permuted is what is left of the distance, as in double semi-partialling
    (Dekker, Krackhardt and Snijders 2007, Psychometrika 72).

    Args:
        points: shape [sources, targets].
        distances: shape [sources, targets].
        covariates: shape [covariates, sources, targets].
        families: each source's family and each target's.
        draws: random arrangements, beside the observed one.
        seed: the same seed gives the same arrangements.

    Returns:
        None where fewer than `FEWEST_PERMUTATIONS` arrangements exist, or nothing of the distance
        is left.
    """
    if arrangements(families[0]) * arrangements(families[1]) < FEWEST_PERMUTATIONS:
        return None
    own, left = pair_part(points, covariates), pair_part(distances, covariates)
    if not _is_left(left, distances):
        return None
    random = np.random.default_rng(seed)
    rows, columns = (_drawn(each, draws, random) for each in families)
    moved = pair_part(left[rows[:, :, None], columns[:, None, :]], covariates)
    observed, drawn = _correlations(left[None], own), _correlations(moved, own)
    # Arrangements that change nothing are as extreme, whatever the last bit says.
    return float((1 + np.sum(drawn >= observed[0] - 1e-9)) / (1 + draws))


def _is_left(left: Array, whole: Array) -> bool:
    return float(np.abs(left).max()) > 1e-9 * max(1.0, float(np.abs(whole).max()))


def _drawn(families: Sequence[str], draws: int, random: np.random.Generator) -> Array:
    """Return arrangements within families, int [draws, languages]."""
    found = np.tile(np.arange(len(families)), (draws, 1))
    for family in dict.fromkeys(families):
        places = np.flatnonzero(np.array(families) == family)
        found[:, places] = random.permuted(np.tile(places, (draws, 1)), axis=1)
    return found


def _correlations(tables: Array, points: Array) -> Array:
    """Return the absolute correlation of each table [n, sources, targets] with the points."""
    products = np.abs(np.einsum("nst,st->n", tables, points))
    norms = np.sqrt((tables**2).sum(axis=(1, 2)) * (points**2).sum())
    found: Array = np.divide(products, norms, out=np.zeros_like(products), where=norms > 1e-12)
    return found
