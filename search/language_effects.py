"""Does a source help more the nearer it is to its target? Sources crossed with all targets.

Within a target the control is one number for all sources, so that the score given its control and
the score are one comparison, whatever the control's slope; the raw gain would fix that slope at 1.
What varies with the target alone (control, pretraining data, tokens a word) changes none of that;
it is told between targets (see `between_targets`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.between_targets import CovariateEffect, between_targets
from search.contrasts import holm
from search.error_terms import jackknifed
from search.intervals import LEVEL, Interval, spell
from search.language_grid import (
    LanguageGrid,
    Measurement,
    Pair,
    PairFunction,
    language_grid,
    pair_part,
)
from search.language_permutation import (
    FEWEST_PERMUTATIONS,
    arrangements,
    permutation_p,
)
from spaces.languages import language
from spaces.value import Value

__all__ = ["STEP", "DistanceEffect", "Effect", "LanguageEffects", "language_effects",
           "script_match"]

STEP: Final = 0.1
"""The distance that effects are given for; distances lie in [0, 1]."""

Array = NDArray[Any]


class Effect(Value):
    """Points per `STEP` of distance, with its interval over languages and the test of it.

    `adjusted_p_value` is Holm's, over the distances. Interval and test are two ways to the same
    question: the test decides.
    """

    points: Interval
    p_value: float | None = None
    adjusted_p_value: float | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the effect is told from none, corrected for the number of distances."""
        return self.adjusted_p_value is not None and self.adjusted_p_value <= 1 - LEVEL


class DistanceEffect(Value):
    """What a distance does within targets: at the mean size, and more of it per octave of size.

    `effect` is None where sources, targets and covariates leave nothing of the distance;
    `per_octave` as well where there is one size. `by_size` are the effects at each size, in points
    per `STEP`, not tested.
    """

    distance: str
    effect: Effect | None
    per_octave: Effect | None
    by_size: tuple[Interval, ...] = ()
    sentence: str


class LanguageEffects(Value):
    """The effects of distances, and of what targets are; `blocks` are sizes and seeds.

    `arrangements` is the number of ways in which languages can change places. `pairs` are what
    the effects are read from, by source and then by target.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    sizes: tuple[float, ...]
    blocks: int
    left_out: tuple[str, ...]
    arrangements: int
    distances: tuple[DistanceEffect, ...]
    between: tuple[CovariateEffect, ...]
    between_refused: str | None = None
    pairs: tuple[Pair, ...] = ()


def script_match(source: str, target: str) -> float:
    """Return 1 where two catalogued languages are written in one script, else 0."""
    return float(language(source).script == language(target).script)


def language_effects(
    rows: Sequence[Measurement], distances: Mapping[str, PairFunction], *,
    pair_covariates: Mapping[str, PairFunction] | None = None,
    target_covariates: Mapping[str, Mapping[str, float]] | None = None,
    families: Mapping[str, str] | None = None, draws: int = 4_999, seed: int = 0,
) -> LanguageEffects:
    """Return what each distance does within targets.

    Args:
        rows: scores by source, target, size and seed.
        distances: by name; each is tested by itself, Holm's correction is over them.
        pair_covariates: held equal beside every distance; script match where it is None.
        target_covariates: by name, target -> value, such as doublings of pretraining data.
        families: language -> family; the catalogue's where it is None.
        draws: random arrangements of each test.
        seed: the same seed gives the same arrangements.

    Raises:
        ValueError: if `distances` is empty, a covariate lacks a target, or the rows are not
            sources crossed with targets (see `language_grid`).
    """
    if not distances:
        raise ValueError("`distances` must name at least one, got none")
    grid = language_grid(rows)
    functions = {"script match": script_match} if pair_covariates is None else pair_covariates
    held = np.array([grid.table(each) for each in functions.values()])
    covariates = held.reshape(len(functions), *grid.mean.shape)
    groups = _families(grid, families)
    tables = {name: grid.table(each) / STEP for name, each in distances.items()}
    means = [_effect(grid.mean, table, covariates, groups, (draws, seed))
             for table in tables.values()]
    growths = [None if grid.per_octave is None else
               _effect(grid.per_octave, table, covariates, groups, (draws, seed))
               for table in tables.values()]
    between = between_targets(grid.targets, grid.mean.mean(axis=0), grid.control,
                              target_covariates or {})
    return LanguageEffects(
        sources=grid.sources, targets=grid.targets, sizes=grid.sizes, blocks=grid.blocks,
        left_out=grid.left_out, arrangements=arrangements(groups[0]) * arrangements(groups[1]),
        distances=tuple(
            DistanceEffect(distance=name, effect=effect, per_octave=growth,
                           by_size=_by_size(grid, tables[name], covariates),
                           sentence=_sentence(name, effect, growth, grid))
            for name, effect, growth in zip(tables, _corrected(means), _corrected(growths),
                                            strict=True)),
        between=between.effects, between_refused=between.refused,
        pairs=grid.pairs(distances, functions))


def _by_size(grid: LanguageGrid, table: Array, covariates: Array) -> tuple[Interval, ...]:
    found = [_slope(points, table, covariates) for points in grid.by_size[:, 0]]
    return tuple(each for each in found if each is not None)


def _families(
    grid: LanguageGrid, families: Mapping[str, str] | None
) -> tuple[list[str], list[str]]:
    known = families or {code: language(code).family for code in (*grid.sources, *grid.targets)}
    lacking = [code for code in (*grid.sources, *grid.targets) if code not in known]
    if lacking:
        raise ValueError(f"`families` must hold every language, got none of {lacking[0]!r}")
    return [known[code] for code in grid.sources], [known[code] for code in grid.targets]


def _effect(
    points: Array, table: Array, covariates: Array, families: tuple[list[str], list[str]],
    drawing: tuple[int, int],
) -> Effect | None:
    interval = _slope(points, table, covariates)
    if interval is None:
        return None
    draws, seed = drawing
    return Effect(points=interval, p_value=permutation_p(
        points, table, covariates, families, draws=draws, seed=seed))


def _slope(points: Array, table: Array, covariates: Array) -> Interval | None:
    """Return the slope on a distance within targets, its interval over languages."""
    rows, columns = np.indices(points.shape)
    scale = 1e-9 * max(1.0, float(np.abs(table).max()))

    def slope(kept: NDArray[np.bool_]) -> Array:
        # Whole languages are left out, so that what is kept is a grid as well.
        few = np.ix_(np.unique(rows.ravel()[kept]), np.unique(columns.ravel()[kept]))
        left = pair_part(table[few], covariates[:, few[0], few[1]])
        squares = float((left**2).sum())
        # A grid that lost what told the distance says nothing of it.
        return np.array([float((left * points[few]).sum()) / squares
                         if np.abs(left).max() > scale else np.nan])

    if np.isnan(slope(np.ones(points.size, bool)))[0]:
        return None
    interval, = jackknifed(slope, [rows.ravel().tolist(), columns.ravel().tolist()],
                           units=min(points.shape))
    return interval


def _corrected(effects: Sequence[Effect | None]) -> list[Effect | None]:
    adjusted = holm([None if each is None else each.p_value for each in effects])
    return [None if each is None else each.model_copy(update={"adjusted_p_value": value})
            for each, value in zip(effects, adjusted, strict=True)]


def _sentence(
    name: str, effect: Effect | None, growth: Effect | None, grid: LanguageGrid
) -> str:
    if effect is None:
        return (f"{name} distance is not told apart: beside sources, targets and covariates "
                "nothing of it is left")
    found = effect.points.mean
    if effect.adjusted_p_value is None:
        says = (f"not tested, for fewer than {FEWEST_PERMUTATIONS} arrangements keep languages "
                "within their families")
    elif effect.is_shown:
        says = "nearer sources help more" if found < 0 else "farther sources help more"
    else:
        says = "no effect of distance is shown"
    tested = ("" if effect.adjusted_p_value is None else
              f", p {_p(effect.p_value)}, by Holm {_p(effect.adjusted_p_value)}")
    grows = ""
    if growth is not None and growth.is_shown:
        weaker = growth.points.mean * found < 0
        grows = f", and the {'weaker' if weaker else 'stronger'} the larger the encoder"
    return (f"{STEP:g} more of {name} distance between source and target comes with "
            f"{spell(effect.points, signed=True)} points ({LEVEL:.0%} interval over "
            f"{len(grid.sources)} sources and {len(grid.targets)} targets{tested}): {says}{grows}")


def _p(value: float | None) -> str:
    assert value is not None  # what was not tested is not spelt
    return "< 0.001" if value < 0.0005 else f"= {value:.3f}"
