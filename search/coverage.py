"""More languages, or nearer ones? Coverage told from count on a curve of nested orders.

The more languages are trained on, the nearer the nearest one lies to each language of the panel.
Orders differ in how near at the same count: that tells coverage. What more languages bring is
then read with coverage's part taken off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from search.error_terms import jackknifed
from search.intervals import LEVEL, Interval, spell
from spaces.value import Value

__all__ = ["FEWEST_OCTAVES", "FEWEST_ORDERS", "STEP", "Coverage", "CoverageRow", "coverage",
           "panel_distance"]

FEWEST_OCTAVES: Final = 4
"""The fewest doublings of languages that a curve over their count spans."""

FEWEST_ORDERS: Final = 3
"""The fewest orders: what coverage does at one count is seen between them."""

STEP: Final = 0.1
"""The distance that coverage's effect is given for; distances lie in [0, 1]."""

Answer = Literal["coverage and count", "coverage", "count", "neither", "not told apart"]
Array = NDArray[Any]


class CoverageRow(Value):
    """A trial of the curve: `count` languages beside English, and how far the panel then lies.

    `distance` is `panel_distance` of its set; `score` in points.
    """

    count: int
    order: str
    seed: int | str
    distance: float
    score: float


class Coverage(Value):
    """What coverage does at equal count, and count at equal coverage; intervals over orders, seeds.

    `nearer` are points for a panel that lies `STEP` nearer, `doubling` points per doubling of
    languages with coverage's part taken off, `doubling_alone` with it left in. `between_orders`
    is the standard deviation of distance between orders at equal count: what tells coverage.
    `errors` are root mean squared errors in points when one order after the other is left out and
    predicted: by the count's steps alone (each count its own), and by coverage beside them.
    """

    orders: int
    seeds: int
    octaves: float
    nearer: Interval | None
    doubling: Interval | None
    doubling_alone: Interval
    between_orders: float
    errors: tuple[float, float] | None
    answer: Answer
    sentence: str


def panel_distance(
    panel: Sequence[str], trained: Sequence[str], distance: Callable[[str, str], float]
) -> float:
    """Return the distance of a panel's language to the nearest one trained on, on average.

    Args:
        panel: the languages that score.
        trained: the languages of the set, English among them where it is in.
        distance: of two languages, as `spaces.typology.distance`.

    Raises:
        ValueError: if either is empty.
    """
    if not panel or not trained:
        raise ValueError(f"`panel` and `trained` must hold a language, got {len(panel)} and "
                         f"{len(trained)}")
    return math.fsum(min(distance(code, each) for each in trained) for code in panel) / len(panel)


def coverage(rows: Sequence[CoverageRow]) -> Coverage:
    """Return what coverage and count do to the score.

    Rows at count 0 are left out: the step from none to one language is another question. Seeds
    are blocks: each has a level of its own.

    Raises:
        ValueError: if the counts span fewer than `FEWEST_OCTAVES` doublings, there are fewer than
            `FEWEST_ORDERS` orders, or a number is not finite.
    """
    kept = [row for row in rows if row.count > 0]
    counts = sorted({row.count for row in kept})
    octaves = math.log2(counts[-1] / counts[0]) if kept else 0.0
    if octaves < FEWEST_OCTAVES:
        raise ValueError(f"`count` must span at least {FEWEST_OCTAVES} octaves of languages, "
                         f"got {octaves:.1f} ({', '.join(map(str, counts)) or 'none above 0'})")
    orders = list(dict.fromkeys(row.order for row in kept))
    if len(orders) < FEWEST_ORDERS:
        raise ValueError(f"`order` must name at least {FEWEST_ORDERS} orders, got {len(orders)}")
    fit = _Fit(kept)
    found = jackknifed(fit.estimates, [[row.order for row in kept], [row.seed for row in kept]],
                       units=len(orders))
    nearer, doubling, alone = found
    is_told = fit.tells_coverage
    answer = _answer(nearer, doubling) if is_told else "not told apart"
    seeds = len({row.seed for row in kept})
    return Coverage(
        orders=len(orders), seeds=seeds, octaves=octaves, nearer=nearer if is_told else None,
        doubling=doubling if is_told else None, doubling_alone=alone,
        between_orders=fit.between_orders, errors=fit.errors(orders) if is_told else None,
        answer=answer, sentence=_sentence(answer, nearer, doubling, alone, len(orders), seeds))


class _Fit:
    """Least squares on rows, in which counts and seeds are levels or count is a line."""

    def __init__(self, rows: Sequence[CoverageRow]) -> None:
        self._score = np.array([row.score for row in rows], float)
        self._near = -np.array([row.distance for row in rows], float) / STEP
        if not (np.isfinite(self._score).all() and np.isfinite(self._near).all()):
            raise ValueError("`score` and `distance` must be finite")
        self._octave = np.log2([row.count for row in rows])
        self._orders = np.array([row.order for row in rows])
        self._counts = _levels([row.count for row in rows])
        self._seeds = _levels([str(row.seed) for row in rows])
        within = _without(self._near, self._steps)
        self.between_orders = float(within.std()) * STEP
        self.tells_coverage = float(np.abs(within).max()) > 1e-6

    @property
    def _steps(self) -> Array:
        return np.hstack([self._counts, self._seeds])

    def estimates(self, kept: NDArray[np.bool_]) -> Array:
        """Return points for nearer by `STEP`, per doubling beside that, per doubling alone."""
        score, near, octave = (each[kept] for each in (self._score, self._near, self._octave))
        steps, seeds = self._steps[kept], self._seeds[kept]
        own = _without(near, steps)
        squares = float(own @ own)
        nearer = float(own @ score) / squares if squares > 1e-12 else 0.0
        line = _without(octave, seeds)
        per_doubling = (line @ np.stack([score - nearer * near, score], axis=1)) / (line @ line)
        return np.array([nearer, *per_doubling])

    def errors(self, orders: Sequence[str]) -> tuple[float, float]:
        """Return the errors in predicting each order from the others, without coverage and with."""
        found = []
        for design in (self._steps, np.hstack([self._steps, self._near[:, None]])):
            missed = []
            for order in orders:
                out = self._orders == order
                fitted = np.linalg.lstsq(design[~out], self._score[~out], rcond=None)[0]
                missed.append(self._score[out] - design[out] @ fitted)
            found.append(float(np.sqrt(np.mean(np.concatenate(missed) ** 2))))
        return found[0], found[1]


def _levels(names: Sequence[Any]) -> Array:
    """Return one column a level, 1 where a row has it."""
    known = list(dict.fromkeys(names))
    return np.array([[float(name == each) for each in known] for name in names])


def _without(values: Array, design: Array) -> Array:
    """Return what is left of values beside the columns of a design."""
    left: Array = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return left


def _answer(nearer: Interval, doubling: Interval) -> Answer:
    if nearer.low is None or doubling.low is None:
        return "not told apart"
    covers, counts = nearer.low > 0, doubling.low > 0
    if covers and counts:
        return "coverage and count"
    return "coverage" if covers else "count" if counts else "neither"


def _sentence(
    answer: Answer, nearer: Interval, doubling: Interval, alone: Interval, orders: int, seeds: int
) -> str:
    basis = (f"({LEVEL:.0%} intervals over {orders} orders and {seeds} "
             f"seed{'' if seeds == 1 else 's'})")
    if answer == "not told apart":
        return (f"each doubling of languages brings {spell(alone, signed=True)} points {basis}, "
                "but at equal count all orders lie equally near the panel: whether nearness or "
                "number does it is not told apart")
    says = {"coverage and count": "both nearness and number help",
            "coverage": "nearness helps, beside it number is not shown to",
            "count": "number helps, nearness beside it is not shown to",
            "neither": "neither nearness nor number is shown to help"}[answer]
    return (f"at equal count a panel that lies {STEP:g} nearer scores "
            f"{spell(nearer, signed=True)} points more; at equal nearness each doubling of "
            f"languages brings {spell(doubling, signed=True)} points, with nearness in it "
            f"{spell(alone, signed=True)} {basis}: {says}")
