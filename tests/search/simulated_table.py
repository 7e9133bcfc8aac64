"""Simulated tables: trials of a transfer table with known gains, as a search would leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from search.results import Outcome, Role, TrialResult
from spaces.mixtures import Mixture
from spaces.models import HubModel, LabModel
from spaces.tasks import Kind
from tests.search.simulated_results import CONFIRM, config
from trainables.scores import Score, Scores

KINDS = {"nli": Kind.PAIR, "spans": Kind.QA, "search": Kind.RETRIEVAL}
PRIMARY = {"nli": "accuracy", "spans": "f1", "search": "accuracy"}
ROWS = {"dates": {"dates": 1.0}, "entities": {"entities": 1.0},
        "both": {"dates": 0.5, "entities": 0.5}}

Points = Mapping[str, float]


def scored(
    points: Points, metrics: Mapping[str, str] | None = None, *, chance: float = 0.0
) -> Scores:
    """Return scores with these means on the report panel; other panels and metrics differ."""
    metrics = metrics or PRIMARY
    found = []
    for task, mean in points.items():
        for language, side in (("sw", -2.0), ("th", 2.0)):
            found.append(_score(task, language, metrics[task], mean + side, chance))
        found.append(_score(task, "sw", "exact_match", 1.0, chance))
        found.append(_score(task, "el", metrics[task], 5.0, chance).model_copy(
            update={"panel": "selection"}))
    return Scores(scores=tuple(found))


def _score(task: str, language: str, metric: str, points: float, chance: float) -> Score:
    return Score(task=task, language=language, panel="report", metric=metric, rows=100,
                 points=float(np.clip(points, 0, 100)), chance=chance)


def trial(
    name: str, row: str | None, scores: Scores | None, *, seed: int,
    rows: Mapping[str, Mapping[str, float]] = ROWS, targets: Sequence[str] = tuple(KINDS),
    model: LabModel | HubModel | None = None,
) -> TrialResult:
    """Return a trial of a row, or a control where `row` is None; without scores it failed."""
    mixture = None if row is None else Mixture.model_validate(dict(rows[row]))
    point = config(None, seed=seed, fidelity=CONFIRM).control() if mixture is None else config(
        mixture, seed=seed, fidelity=CONFIRM)
    changed = {"targets": tuple(targets)} | ({} if model is None else {"model": model})
    return TrialResult(
        trial=name, role=Role.CONTROL if row is None else Role.TABLE, group=row or "bare",
        config=point.model_copy(update=changed), scores=scores,
        outcome=Outcome.FAILED if scores is None else Outcome.FINISHED)


def table_of(
    gains: Mapping[str, Sequence[Points]], controls: Sequence[Points]
) -> list[TrialResult]:
    """Return a block: each row's gains over the controls, by seed block."""
    found = []
    for seed, bare in enumerate(controls):
        found.append(trial(f"table-{len(found):03d}", None, scored(bare), seed=seed))
        for row, by_seed in gains.items():
            own = {task: bare[task] + by_seed[seed][task] for task in bare}
            found.append(trial(f"table-{len(found):03d}", row, scored(own), seed=seed))
    return found


def random_table(draw: int = 0, seeds: int = 3, sd: float = 1.0) -> list[TrialResult]:
    """Return a block whose true gains are 6, 0 and 3 points, with noise `sd`."""
    rng = np.random.default_rng(draw)
    true = {"dates": 6.0, "entities": 0.0, "both": 3.0}
    gains = {row: [{task: mean + rng.normal(0, sd) for task in KINDS} for _ in range(seeds)]
             for row, mean in true.items()}
    return table_of(gains, [{task: 40 + 5 * rng.random() for task in KINDS}
                            for _ in range(seeds)])
