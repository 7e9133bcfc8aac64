"""Published test scores on XTREME, as data: what a search of the same encoder may be held against.

Only figures read in a source that can be named. Points are means over each task's languages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from spaces.models import HubModel, LabModel, SimulatedModel
from spaces.value import Value

__all__ = ["PUBLISHED_SCORES", "PublishedScores", "published_for"]


class PublishedScores(Value):
    """One row of a published table: an encoder's scores by task of the catalogue and metric.

    `training` is `control` for target tasks alone, `best per target` for the best intermediate
    task of each target, chosen per target by its authors.
    """

    model: str
    training: Literal["control", "best per target"]
    source: str
    points: dict[str, dict[str, float]]


_REMBERT: Final = "Rethinking embedding coupling in pre-trained language models, Table 16"
_MT5: Final = "README of google-research/multilingual-t5, X-STILTs"
_XLMR: Final = "xlm-roberta-large"


def _answers(exact_match: float, f1: float, prefix: str = "") -> dict[str, float]:
    return {f"{prefix}f1": f1, f"{prefix}exact_match": exact_match}


PUBLISHED_SCORES: Final[tuple[PublishedScores, ...]] = (
    PublishedScores(model=_XLMR, training="control", source=_REMBERT, points={
        "xnli": {"accuracy": 79.2}, "udpos": {"f1": 73.8}, "panx": {"f1": 65.4},
        "pawsx": {"accuracy": 86.4}, "xquad": _answers(60.8, 76.6),
        "mlqa": _answers(53.2, 71.6, "mlqa_"), "tydiqa": _answers(45.0, 65.1)}),
    PublishedScores(model=_XLMR, training="best per target", source=_REMBERT, points={
        "xnli": {"accuracy": 80.0}, "udpos": {"f1": 74.9}, "panx": {"f1": 64.0},
        "pawsx": {"accuracy": 87.9}, "xquad": _answers(63.3, 78.7),
        "mlqa": _answers(53.7, 72.4, "mlqa_"), "tydiqa": _answers(59.5, 76.0)}),
    # Of another version of the paper, and without UD-POS and exact match.
    PublishedScores(model=_XLMR, training="best per target", source=_MT5, points={
        "xnli": {"accuracy": 80.4}, "panx": {"f1": 64.7}, "pawsx": {"accuracy": 87.7},
        "xquad": {"f1": 77.2}, "mlqa": {"mlqa_f1": 72.3}, "tydiqa": {"f1": 76.0}}),
)
"""Target tasks alone and STILTs (Phang et al. 2020) with XLM-R large, each as its source has it."""


def published_for(
    model: LabModel | HubModel | SimulatedModel, tasks: Iterable[str]
) -> tuple[PublishedScores, ...]:
    """Return what was published of an encoder on any of the target tasks; mostly nothing."""
    names = {model.name, model.path.rstrip("/").rsplit("/", 1)[-1]} if isinstance(
        model, HubModel) else set()
    wanted = set(tasks)
    return tuple(each for each in PUBLISHED_SCORES
                 if each.model in names and wanted & each.points.keys())
