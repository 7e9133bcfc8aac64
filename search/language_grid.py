"""Scores of sources crossed with targets, and what is left of them beside each language's own.

A score's difference from what its source and its target lead one to expect belongs to the pair.
Only that can speak of distance: some targets are easy and some sources good, near or far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spaces.value import Value

__all__ = ["LEAST_CROSSED", "LanguageGrid", "Measurement", "Pair", "PairFunction",
           "language_grid", "pair_part", "partial_points"]

LEAST_CROSSED: Final = 3
"""The fewest sources, and the fewest targets, that are crossed."""

Array = NDArray[Any]
PairFunction = Callable[[str, str], float]
"""What a source and a target are to each other: a distance, or whether they share a script."""


class Measurement(Value):
    """One target's score after intermediate training in one source language, in points.

    `control` is the target's score without intermediate training, on the same seed and size.
    """

    source: str
    target: str
    parameters: float
    seed: int | str
    score: float
    control: float


class Pair(Value):
    """A source and a target: what they are to each other, and what was scored at each size.

    `distances` and `covariates` by name; `scores` and `controls` in points, a value a size.
    """

    source: str
    target: str
    distances: dict[str, float]
    covariates: dict[str, float]
    scores: tuple[float, ...]
    controls: tuple[float, ...]


class LanguageGrid(NamedTuple):
    """Points by pair: `mean` [sources, targets] over sizes and seeds, `per_octave` its growth.

    `control` [targets] is the targets' mean control. `per_octave` is None of one size. `by_size`
    [sizes, 2, sources, targets] has scores and controls, means over seeds. `left_out` are the
    blocks (size and seed) in which some pair is lacking.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    sizes: tuple[float, ...]
    blocks: int
    mean: Array
    per_octave: Array | None
    control: Array
    by_size: Array
    left_out: tuple[str, ...]

    def table(self, function: PairFunction) -> Array:
        """Return what the pairs are by a function, shape [sources, targets]."""
        return np.array([[function(source, target) for target in self.targets]
                         for source in self.sources], float)

    def pairs(
        self, distances: Mapping[str, PairFunction], covariates: Mapping[str, PairFunction]
    ) -> tuple[Pair, ...]:
        """Return each pair with what it is by these functions, by source and then by target."""
        return tuple(
            Pair(source=source, target=target,
                 distances={name: each(source, target) for name, each in distances.items()},
                 covariates={name: each(source, target) for name, each in covariates.items()},
                 scores=tuple(self.by_size[:, 0, row, column].tolist()),
                 controls=tuple(self.by_size[:, 1, row, column].tolist()))
            for row, source in enumerate(self.sources)
            for column, target in enumerate(self.targets))


def language_grid(rows: Sequence[Measurement]) -> LanguageGrid:
    """Return the pairs' points over the blocks that have every pair.

    Sizes weigh alike, and within a size its seeds. Growth is the slope over log2 of the body's
    parameters, in points per doubling.

    Raises:
        ValueError: if a language is a source and a target, there are fewer than three of either,
            no block has every pair, or a size is not positive.
    """
    sources = tuple(sorted({row.source for row in rows}))
    targets = tuple(sorted({row.target for row in rows}))
    both = sorted(set(sources) & set(targets))
    if both:
        raise ValueError(f"`targets` must be none of the sources, got {', '.join(both)} as both")
    if min(len(sources), len(targets)) < LEAST_CROSSED:
        raise ValueError(f"`rows` must cross at least {LEAST_CROSSED} sources with at least "
                         f"{LEAST_CROSSED} targets, got {len(sources)} and {len(targets)}")
    if any(row.parameters <= 0 for row in rows):
        raise ValueError(f"`parameters` must be positive, got {min(r.parameters for r in rows):g}")
    whole, left_out = _blocks(rows, sources, targets)
    if not whole:
        raise ValueError("`rows` must have every pair of a source and a target in at least one "
                         f"size and seed, got none of {len(left_out)}")
    by_size: dict[float, list[Array]] = {}
    for (size, _), block in whole.items():
        by_size.setdefault(size, []).append(block)
    sizes = tuple(sorted(by_size))
    means = np.array([np.mean(by_size[size], axis=0) for size in sizes])  # [sizes, 2, S, T]
    octaves = np.log2(np.array(sizes)) - float(np.log2(np.array(sizes)).mean())
    growth = (np.tensordot(octaves, means[:, 0], 1) / float(octaves @ octaves)
              if len(sizes) > 1 else None)
    return LanguageGrid(sources, targets, sizes, len(whole), means[:, 0].mean(axis=0), growth,
                        means[:, 1].mean(axis=(0, 1)), means, left_out)


def _blocks(
    rows: Sequence[Measurement], sources: Sequence[str], targets: Sequence[str]
) -> tuple[Mapping[tuple[float, int | str], Array], tuple[str, ...]]:
    """Return scores and controls [2, sources, targets] of each whole block, and the others."""
    found: dict[tuple[float, int | str], dict[tuple[str, str], list[tuple[float, float]]]] = {}
    for row in rows:
        block = found.setdefault((row.parameters, row.seed), {})
        block.setdefault((row.source, row.target), []).append((row.score, row.control))
    pairs = len(sources) * len(targets)
    whole = {key: np.array([[np.mean(block[source, target], axis=0) for target in targets]
                            for source in sources]).transpose(2, 0, 1)
             for key, block in found.items() if len(block) == pairs}
    return whole, tuple(f"{size:g} parameters, seed {seed}" for (size, seed), block
                        in found.items() if len(block) < pairs)


def pair_part(values: Array, covariates: Array) -> Array:
    """Return what is left of values beside effects of sources, of targets and of covariates.

    Args:
        values: shape [..., sources, targets].
        covariates: shape [covariates, sources, targets]; those that vary only with the source or
            only with the target change nothing.
    """
    left: Array = _centred(values)
    basis = _basis(_centred(covariates))
    flat = left.reshape(*left.shape[:-2], -1)
    rest: Array = flat - (flat @ basis) @ basis.T
    return rest.reshape(left.shape)


def partial_points(points: Array, table: Array, covariates: Array) -> tuple[Array, float]:
    """Return points as a distance is read from them, and the slope: to be drawn over the distance.

    Effects of sources, of targets and of covariates are taken off; the distance's own part is put
    back, so that least squares through the result has the slope (partial residuals: Larsen and
    McCleary 1972). It is in points per unit of `table`, 0 where nothing is left of the distance.

    Args:
        points: shape [sources, targets].
        table: the distance, same shape.
        covariates: shape [covariates, sources, targets].
    """
    rest, left = pair_part(points, covariates), pair_part(table, covariates)
    if np.abs(left).max() <= 1e-9 * max(1.0, float(np.abs(table).max())):
        return rest, 0.0
    slope = float((left * rest).sum() / (left**2).sum())
    return rest + slope * (table - table.mean() - left), slope


def _centred(values: Array) -> Array:
    centred: Array = (values - values.mean(axis=-1, keepdims=True)
                      - values.mean(axis=-2, keepdims=True)
                      + values.mean(axis=(-2, -1), keepdims=True))
    return centred


def _basis(covariates: Array) -> Array:
    """Return an orthonormal basis of the covariates, shape [pairs, rank]."""
    flat = covariates.reshape(len(covariates), math.prod(covariates.shape[1:])).T
    if not flat.size:
        return flat
    left, singular, _ = np.linalg.svd(flat, full_matrices=False)
    return left[:, singular > 1e-9 * max(1.0, float(singular.max()))]
