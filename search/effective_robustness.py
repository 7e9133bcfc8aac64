"""Effective robustness: what corruption costs, at equal clean score; pure functions on arrays.

Bare retention, perturbed over clean, is not offered: it rewards a score near chance, which has
nothing to lose, and a better clean score by itself changes it.

- The chance-corrected drop is (clean - perturbed) / (clean - chance): the share lost of what the
  clean score has above guessing. Where clean is not above chance there is nothing to lose, and no
  number.
- Effective robustness (Taori et al. 2020, arXiv 2007.00644; Miller et al. 2021, arXiv 2107.04649)
  is the perturbed score less the one that controls of the same clean score have: a line is fitted
  through the controls on the logit scale. Outside the controls' clean scores there is no line to be
  held against, and no number.

Intervals are t intervals over the jackknife's pseudo-values of seed blocks (Tukey 1958): a whole
block is left out at a time, with its controls, so that noise shared in a block, the fit's own
uncertainty and that of a ratio's denominator are all in them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from search.intervals import LEVEL, Interval, t_interval
from spaces.value import Value

__all__ = ["CONTROL", "EDGE", "Measured", "Observations", "drop", "effective_robustness",
           "excess_drop"]

CONTROL = "control"
"""The arm without intermediate training."""

EDGE = 0.5
"""Points from 0 and from 100 at which scores are cut off before their logit is taken."""

# How far, in points, an arm's mean clean score may lie beyond the controls' and be held to them.
_BEYOND = 1.0
_FEWEST_CONTROLS = 3

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Measured(Value):
    """A quantity with its interval, or the reason why there is none; exactly one of the two."""

    value: Interval | None = None
    undefined: str | None = None


@dataclass(frozen=True)
class Observations:
    """Scores of trials, one row each, all of shape [n] and in points.

    A row is one trial in one language and task, or a trial's mean over them. `arms` and `models`
    name what was trained, `blocks` the seed block; rows of different arms in a block share its
    noise.
    """

    arms: Sequence[str]
    models: Sequence[str]
    blocks: Sequence[Hashable]
    clean: ArrayLike
    perturbed: ArrayLike
    chance: ArrayLike

    def __post_init__(self) -> None:
        columns = (self.models, self.blocks, *self._points)
        if any(len(column) != len(self.arms) for column in columns):
            raise ValueError(f"columns must be of equal length, got {len(self.arms)} and "
                             f"{', '.join(str(len(column)) for column in columns)}")
        for column in self._points:
            if not np.all((column >= 0) & (column <= 100)):  # False for NaN
                raise ValueError("scores must be points from 0 to 100, got "
                                 f"{column[~((column >= 0) & (column <= 100))][0]}")

    @property
    def clean_points(self) -> Floats:
        """Scores on unchanged rows, shape [n]."""
        return np.asarray(self.clean, float)

    @property
    def perturbed_points(self) -> Floats:
        """Scores on changed rows, shape [n]."""
        return np.asarray(self.perturbed, float)

    @property
    def _points(self) -> tuple[Floats, Floats, Floats]:
        return self.clean_points, self.perturbed_points, np.asarray(self.chance, float)

    def where(self, arm: str, model: str | None = None) -> Flags:
        """Return the rows of an arm, of one model or of all of them, shape [n]."""
        own = np.asarray([each == arm for each in self.arms], bool)
        return own if model is None else own & np.asarray(
            [each == model for each in self.models], bool)

    def block_numbers(self) -> NDArray[np.int64]:
        """Return each row's seed block as a number, shape [n]."""
        numbers = {block: number for number, block in enumerate(dict.fromkeys(self.blocks))}
        return np.asarray([numbers[block] for block in self.blocks], np.int64)


def drop(seen: Observations, arm: str, model: str, *, level: float = LEVEL) -> Measured:
    """Return the chance-corrected drop of an arm: 0 lost nothing, 1 fell to chance.

    It is a ratio of means over the arm's rows; undefined where the clean score is not above chance,
    by its interval over seed blocks where there are two blocks or more.
    """
    rows = seen.where(arm, model)
    if reason := _at_chance(seen, rows, arm, level):
        return Measured(undefined=reason)
    return _jackknifed(seen, rows, lambda kept: _drop(seen, rows & kept), level)


def excess_drop(seen: Observations, arm: str, model: str, *, control: str = CONTROL,
                level: float = LEVEL) -> Measured:
    """Return an arm's drop less its control's of the same model, paired over seed blocks.

    Only blocks that hold both count. Undefined where either clean score is not above chance.
    """
    own, other = seen.where(arm, model), seen.where(control, model)
    numbers = seen.block_numbers()
    shared = np.intersect1d(numbers[own], numbers[other])
    both = np.isin(numbers, shared)
    own, other = own & both, other & both
    for name, rows in ((arm, own), (control, other)):
        if reason := _at_chance(seen, rows, name, level):
            return Measured(undefined=reason)
    return _jackknifed(seen, own, lambda kept: _drop(seen, own & kept)
                       - _drop(seen, other & kept), level)


def effective_robustness(seen: Observations, arm: str, model: str | None = None, *,
                         control: str = CONTROL, level: float = LEVEL) -> Measured:
    """Return an arm's perturbed score less what controls of its clean score have, in points.

    The line goes through all rows of the controls, of every model: sizes spread their clean
    scores. From an arm's residuals those of the controls in the same seed blocks are taken, of the
    same model where the arm's is given, so that noise and model effects that both share are left
    out. Undefined where the arm's clean score is not above chance, with fewer than three control
    rows, without spread among their clean scores, or where the arm's mean clean score lies beyond
    them.
    """
    rows, bare = seen.where(arm, model), seen.where(control)
    clean, perturbed, _ = seen._points
    numbers = seen.block_numbers()
    if reason := _at_chance(seen, rows, arm, level):
        return Measured(undefined=reason)
    if reason := _no_line(clean[bare], float(np.mean(clean[rows])), control):
        return Measured(undefined=reason)
    beside = seen.where(control, model) & np.isin(numbers, numbers[rows])

    def residual(kept: Flags) -> float:
        line = _fit(_logit(clean[bare & kept]), _logit(perturbed[bare & kept]))
        if line is None:
            return float("nan")

        def mean(chosen: Flags) -> float:
            if not chosen.any():
                return 0.0  # no control in the arm's blocks: held against the line alone
            expected = special.expit(line[0] + line[1] * _logit(clean[chosen])) * 100
            return float(np.mean(perturbed[chosen] - expected))

        return mean(rows & kept) - mean(beside & kept)

    return _jackknifed(seen, rows, residual, level)


def _no_line(controls: Floats, own: float, name: str) -> str | None:
    """Return why there is no line to hold an arm's mean clean score against."""
    if len(controls) < _FEWEST_CONTROLS:
        return f"{name} has {len(controls)} scores, too few for a line"
    low, high = float(np.min(controls)), float(np.max(controls))
    if high - low < _BEYOND:
        return (f"{name}'s clean scores lie within {high - low:.1f} points, too close "
                "for a line")
    if not low - _BEYOND <= own <= high + _BEYOND:
        return (f"its clean score of {own:.1f} lies beyond those of {name}, "
                f"{low:.1f} to {high:.1f}")
    return None


def _at_chance(seen: Observations, rows: Flags, name: str, level: float) -> str | None:
    """Return why a drop is undefined: no rows, or clean that is not above chance."""
    if not rows.any():
        return f"{name} has no scores"
    clean, _, chance = seen._points
    numbers = seen.block_numbers()
    above = t_interval([float(np.mean((clean - chance)[rows & (numbers == block)]))
                        for block in np.unique(numbers[rows])], level=level)
    assert above is not None  # there are rows
    bound = above.mean if above.low is None else above.low
    if bound > 0:
        return None
    shown = "" if above.low is None else f" [{above.low:.1f}, {above.high:.1f}]"
    return f"the clean score of {name} is not above chance: {above.mean:+.1f}{shown} points"


def _drop(seen: Observations, rows: Flags) -> float:
    clean, perturbed, chance = (column[rows] for column in seen._points)
    above = float(np.sum(clean - chance))
    return float(np.sum(clean - perturbed)) / above if above > 0 else float("nan")


def _jackknifed(seen: Observations, rows: Flags, statistic: Callable[[Flags], float],
                level: float) -> Measured:
    """Return a statistic with the t interval of its pseudo-values over the rows' seed blocks.

    Args:
        seen: all rows.
        rows: those of the arm; its blocks are left out in turn.
        statistic: of the rows that are kept, shape [n]; NaN where it has no value.
        level: the two-sided coverage.
    """
    numbers = seen.block_numbers()
    blocks = np.unique(numbers[rows])
    whole = statistic(np.ones(len(numbers), bool))
    without = [statistic(numbers != block) for block in blocks] if len(blocks) > 1 else []
    if not np.all(np.isfinite([whole, *without])):
        return Measured(undefined="it has no value once a seed block is left out")
    if not without:
        return Measured(value=Interval(mean=whole, units=1))
    found = t_interval([len(blocks) * whole - (len(blocks) - 1) * each for each in without],
                       level=level)
    assert found is not None  # two blocks or more
    # Centred on the estimate itself: the jackknife's own correction of its bias adds noise.
    reach = found.half_width or 0.0
    return Measured(value=Interval(mean=whole, sd=found.sd, low=whole - reach,
                                   high=whole + reach, units=found.units))


def _fit(x: Floats, y: Floats) -> tuple[float, float] | None:
    """Return intercept and slope of the least-squares line, None where x does not vary."""
    centred = x - np.mean(x) if len(x) else x
    spread = float(centred @ centred)
    if spread <= 1e-12:
        return None
    slope = float(centred @ y) / spread
    return float(np.mean(y) - slope * np.mean(x)), slope


def _logit(points: Floats) -> Floats:
    found: Floats = special.logit(np.clip(points, EDGE, 100 - EDGE) / 100)
    return found
