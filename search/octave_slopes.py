"""What size does: points per doubling of an encoder's body parameters, held against the next size.

Encoders of one family, each size pretrained on some seeds. A straight line over octaves of
parameters; an exponent only of enough sizes, for over few octaves many laws look straight.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.error_terms import squared_error, summed_interval
from search.intervals import LEVEL, Interval, critical, spell, t_interval
from search.octave_line import OctaveLine
from spaces.value import Value

__all__ = ["MIN_EXPONENT_SIZES", "MIN_SIZES", "HeldAgainst", "OctaveSlope", "Prediction",
           "SizePoint", "held_against", "octave_slope"]

MIN_SIZES: Final = 3
"""The fewest sizes of a slope: what sizes stray from the line is seen from the third on."""

MIN_EXPONENT_SIZES: Final = 5
"""The fewest sizes of one family of which an exponent is given."""

Array = NDArray[Any]


class SizePoint(Value):
    """One size: body parameters (embeddings apart), and points over its pretraining seeds."""

    parameters: float
    points: Interval


class Prediction(Value):
    """What the line says of a size beyond it: the mean of `seeds` fresh pretraining seeds.

    `low` and `high` are None where the spread is not known.
    """

    parameters: float
    mean: float
    low: float | None = None
    high: float | None = None
    seeds: int


class HeldAgainst(Value):
    """A size measured later beside what was predicted; `lies_within` is None without bounds."""

    prediction: Prediction
    measured: Interval
    lies_within: bool | None
    sentence: str


class OctaveSlope(Value):
    """Points per octave (doubling of body parameters) within one family of encoders.

    `slope` is over sizes and, where at least two seeds were pretrained at every size
    (`seeds`), over these as well; with one, the encoders' own, `seeds` is 1 and the interval
    holds for their seed alone. `left_out` are seeds that some size lacks, where others have all.
    `exponent` is a of (ceiling - points) ~ parameters ** -a, None with the reason in
    `no_exponent`. `prediction` is the next size's.
    """

    family: str
    sizes: tuple[SizePoint, ...]
    octaves: float
    slope: Interval
    seeds: int
    left_out: tuple[str, ...] = ()
    exponent: Interval | None = None
    no_exponent: str | None = None
    prediction: Prediction | None = None
    sentence: str


def octave_slope(
    parameters: Sequence[float], points: Sequence[float], seeds: Sequence[Hashable],
    families: Sequence[str], *, ceiling: float | None = None, next_parameters: float | None = None,
    level: float = LEVEL,
) -> OctaveSlope:
    """Return points per doubling of body parameters.

    Rows of one size and seed are one encoder and count as their mean.

    Args:
        parameters: of the encoder's body, embeddings apart, shape [n].
        points: score or gain, in points, shape [n].
        seeds: the pretraining seed, shape [n]; at all sizes the same names for the same seeds.
        families: the family of models of each row, shape [n]: XLM-R, mT5, the lab's.
        ceiling: the highest score there is (100); given, an exponent is fitted too. Not of gains.
        next_parameters: the size that is to be predicted; twice the largest where it is None.
        level: the two-sided coverage.

    Raises:
        ValueError: if shapes differ, a number is not finite, the rows mix families, there are
            fewer than `MIN_SIZES` sizes, or `next_parameters` is not above the largest.
    """
    family = _check(parameters, points, seeds, families)
    cells = _cells(parameters, points, seeds)
    sizes = sorted(cells)
    table, left_out = _crossed(cells, sizes)
    octaves = np.log2(np.array(sizes))
    line = OctaveLine(octaves, table)
    ahead = 2 * sizes[-1] if next_parameters is None else next_parameters
    if not (math.isfinite(ahead) and ahead > sizes[-1]):
        raise ValueError(f"`next_parameters` must be above the largest size, {sizes[-1]:g}, "
                         f"got {ahead:g}")
    slope = summed_interval(line.slope, line.slope_terms, units=line.sizes, level=level)
    exponent, reason = _exponent(octaves, table, ceiling, level)
    measured = tuple(SizePoint(parameters=size, points=_over(list(cells[size].values()), level))
                     for size in sizes)
    return OctaveSlope(
        family=family, sizes=measured, octaves=float(octaves[-1] - octaves[0]), slope=slope,
        seeds=line.seeds, left_out=left_out, exponent=exponent, no_exponent=reason,
        prediction=_predicted(line, ahead, level),
        sentence=_sentence(family, slope, line, float(octaves[-1] - octaves[0]), level))


def held_against(law: OctaveSlope, points: Sequence[float]) -> HeldAgainst:
    """Return whether the next size, measured, lies where the law said.

    Args:
        law: fitted without that size, with its parameters as `next_parameters`.
        points: the next size's, one a pretraining seed, as many as the law's.

    Raises:
        ValueError: if the law predicts nothing, or `points` are not as many as it predicted.
    """
    said = law.prediction
    if said is None or len(points) != said.seeds:
        raise ValueError("`points` must be one for each of the "
                         f"{said.seeds if said else 0} seeds predicted, got {len(points)}")
    measured = _over(points, LEVEL)
    if said.low is None or said.high is None:
        return HeldAgainst(prediction=said, measured=measured, lies_within=None,
                           sentence="the law gives no bounds to be held against")
    within = said.low <= measured.mean <= said.high
    return HeldAgainst(
        prediction=said, measured=measured, lies_within=within,
        sentence=f"at {said.parameters:,.0f} parameters the law says {said.mean:.2f} "
                 f"[{said.low:.2f}, {said.high:.2f}], measured is {measured.mean:.2f}: it "
                 f"{'holds' if within else 'does not hold'} there")


def _check(
    parameters: Sequence[float], points: Sequence[float], seeds: Sequence[Hashable],
    families: Sequence[str],
) -> str:
    """Return the one family of valid rows."""
    if not len(parameters) == len(points) == len(seeds) == len(families):
        raise ValueError("`parameters`, `points`, `seeds` and `families` must be equally long, "
                         f"got {len(parameters)}, {len(points)}, {len(seeds)} and {len(families)}")
    for name, numbers in (("parameters", parameters), ("points", points)):
        wrong = [number for number in numbers if not math.isfinite(number)]
        if wrong:
            raise ValueError(f"`{name}` must be finite, got {wrong[0]}")
    if any(size <= 0 for size in parameters):
        raise ValueError(f"`parameters` must be positive, got {min(parameters):g}")
    if len(set(families)) > 1:
        raise ValueError("`families` must be one, for sizes of several say nothing of size alone, "
                         f"got {', '.join(sorted(set(families)))}")
    found = len(set(parameters))
    if found < MIN_SIZES:
        raise ValueError(f"`parameters` must hold at least {MIN_SIZES} sizes, got {found}")
    return families[0]


def _cells(
    parameters: Sequence[float], points: Sequence[float], seeds: Sequence[Hashable]
) -> dict[float, dict[Hashable, float]]:
    """Return size -> seed -> the mean points of its encoder."""
    found: dict[float, dict[Hashable, list[float]]] = {}
    for size, point, seed in zip(parameters, points, seeds, strict=True):
        found.setdefault(float(size), {}).setdefault(seed, []).append(float(point))
    return {size: {seed: math.fsum(rows) / len(rows) for seed, rows in of_seed.items()}
            for size, of_seed in found.items()}


def _crossed(
    cells: dict[float, dict[Hashable, float]], sizes: Sequence[float]
) -> tuple[Array, tuple[str, ...]]:
    """Return points [sizes, seeds] of the seeds that every size has, and the other seeds.

    Where not even two seeds are at every size, each size counts as its mean, as one seed.
    """
    every = dict.fromkeys(seed for size in sizes for seed in cells[size])
    complete = [seed for seed in every if all(seed in cells[size] for size in sizes)]
    if len(complete) < 2:
        means = [math.fsum(cells[size].values()) / len(cells[size]) for size in sizes]
        return np.array(means)[:, None], ()
    table = np.array([[cells[size][seed] for seed in complete] for size in sizes])
    return table, tuple(str(seed) for seed in every if seed not in complete)


def _exponent(
    octaves: Array, table: Array, ceiling: float | None, level: float
) -> tuple[Interval | None, str | None]:
    if ceiling is None:
        return None, "no exponent was asked for"
    if len(octaves) < MIN_EXPONENT_SIZES:
        return None, (f"{len(octaves)} sizes are too few for an exponent, which takes "
                      f"{MIN_EXPONENT_SIZES}")
    if table.max() >= ceiling:
        return None, f"a score of {table.max():g} leaves nothing below the ceiling {ceiling:g}"
    line = OctaveLine(octaves, -np.log2(ceiling - table))
    return summed_interval(line.slope, line.slope_terms, units=line.sizes, level=level), None


def _predicted(line: OctaveLine, parameters: float, level: float) -> Prediction:
    octave = math.log2(parameters)
    mean = line.at(octave)
    error = squared_error(line.prediction_terms(octave, line.seeds))
    assert error is not None  # there are three sizes
    reach = critical(error.freedom, level=level) * math.sqrt(error.variance)
    return Prediction(parameters=parameters, mean=mean, low=mean - reach, high=mean + reach,
                      seeds=line.seeds)


def _over(values: Sequence[float], level: float) -> Interval:
    found = t_interval(values, level=level)
    assert found is not None  # of at least one value
    return found


def _sentence(
    family: str, slope: Interval, line: OctaveLine, octaves: float, level: float
) -> str:
    assert slope.low is not None  # there are three sizes
    assert slope.high is not None
    says = ("more parameters help" if slope.low > 0 else "more parameters harm" if slope.high < 0
            else "a trend with size is not shown")
    units = f"{line.sizes} sizes" + (f" and {line.seeds} pretraining seeds" if line.seeds > 1
                                     else ", of one pretraining seed each")
    return (f"within {family}, each doubling of body parameters brings "
            f"{spell(slope, signed=True)} points over {octaves:.1f} octaves ({level:.0%} interval "
            f"over {units}): {says}")
