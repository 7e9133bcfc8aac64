"""Between targets: what goes with a target's mean score, beside its control.

A target is one point here, and there are few: what is told are associations, each at equal value
of the others, with no test and no claim of a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.error_terms import ErrorTerm, summed_interval
from search.intervals import Interval
from spaces.value import Value

__all__ = ["CONTROL_NAME", "BetweenTargets", "CovariateEffect", "between_targets"]

CONTROL_NAME = "control"

Array = NDArray[Any]


class CovariateEffect(Value):
    """Points per unit of what varies with the target alone, beside the others: between targets."""

    covariate: str
    points: Interval


class BetweenTargets(Value):
    """The effects of what targets are; there are none for the reason in `refused`."""

    effects: tuple[CovariateEffect, ...] = ()
    refused: str | None = None


def between_targets(
    targets: Sequence[str], means: Array, control: Array,
    given: Mapping[str, Mapping[str, float]],
) -> BetweenTargets:
    """Return the least-squares effects of what targets are on their mean scores, t intervals.

    Args:
        targets: their codes.
        means: shape [targets], in points.
        control: shape [targets], in points; always one of the covariates.
        given: the others by name, target -> value.

    Raises:
        ValueError: if a covariate lacks a target.
    """
    columns = {CONTROL_NAME: control}
    for name, values in given.items():
        lacking = [code for code in targets if code not in values]
        if lacking:
            raise ValueError(f"`target_covariates` must hold every target, got no {name} of "
                             f"{lacking[0]!r}")
        columns[name] = np.array([values[code] for code in targets], float)
    design = np.stack([np.ones(len(targets)), *columns.values()], axis=1)
    scale = np.abs(design).max(axis=0)
    freedom = len(targets) - design.shape[1]
    if freedom < 1:
        return BetweenTargets(refused=f"{len(targets)} targets are too few beside "
                                      f"{', '.join(columns)}")
    if np.linalg.matrix_rank(design / np.where(scale, scale, 1)) < design.shape[1]:
        return BetweenTargets(refused=f"one of {', '.join(columns)} is the same for all targets, "
                                      "or follows from the others")
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ means
    residual = means - design @ fitted
    variance = float(residual @ residual) / freedom * np.diag(inverse)
    return BetweenTargets(effects=tuple(
        CovariateEffect(covariate=name, points=summed_interval(
            float(fitted[place]), [ErrorTerm(float(variance[place]), freedom)],
            units=len(targets)))
        for place, name in enumerate(columns, start=1)))
