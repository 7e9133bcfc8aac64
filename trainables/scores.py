"""Scores: what a trial measured, by task, language and panel; and what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from spaces.representations import Representation
from spaces.value import Value

__all__ = ["Baseline", "BaselineName", "Considered", "Cost", "PanelName", "PerturbedScore",
           "PhaseResult", "RepresentationChoice", "Score", "Scores", "Subset"]

PanelName = Literal["selection", "report"]
Subset = Literal["all", "non-copy"]
"""Which rows of a panel a score is of: all, or those that are no near-copies of English."""
BaselineName = Literal["character n-grams", "nearest neighbour"]


class Score(Value):
    """One metric of one target task in one language on one panel, in points (0 to 100).

    `chance` is the score of the best constant prediction on the same rows (for retrieval and
    ranking, that of guessing among the whole pool); `collapsed` says that the trial predicted one
    and the same label for every row. A score of a `subset` of the rows stands beside that of all of
    them; no search is decided by it.
    """

    task: str
    language: str
    panel: PanelName
    metric: str
    points: Annotated[float, Field(ge=0, le=100)]
    rows: Annotated[int, Field(gt=0)]
    chance: Annotated[float, Field(ge=0, le=100)] = 0.0
    collapsed: bool = False
    official: bool = True
    subset: Subset = "all"


class PerturbedScore(Value):
    """A target's primary metric in a language of the report panel on rows that were changed.

    `condition` is the kind of perturbation, `attack`, or `code-mix` and a language. `clean` and
    `chance` are of the very same rows unchanged, all three in points. `changed` is the share of
    the rows that read otherwise, `fertility` how many times their tokens they have (None where
    that was not asked for), `matched` whether it is what was asked for; `queries` how many
    perturbations each row's worst was taken of.
    """

    task: str
    language: str
    metric: str
    condition: str
    points: Annotated[float, Field(ge=0, le=100)]
    clean: Annotated[float, Field(ge=0, le=100)]
    chance: Annotated[float, Field(ge=0, le=100)]
    rows: Annotated[int, Field(gt=0)]
    changed: Annotated[float, Field(ge=0, le=1)]
    fertility: Annotated[float, Field(gt=0)] | None = None
    matched: bool = True
    queries: Annotated[int, Field(gt=0)] = 1


class Considered(Value):
    """A representation and its mean score over the selection panel's languages, in points."""

    representation: Representation
    points: Annotated[float, Field(ge=0, le=100)]


class RepresentationChoice(Value):
    """What a trial read a retrieval or ranking task by, where several representations were given.

    `chosen` is the best of those `considered`, and of equals the first: no score of the report
    panel has a part in it.
    """

    task: str
    chosen: Representation
    considered: Annotated[tuple[Considered, ...], Field(min_length=1)]

    @classmethod
    def of(cls, task: str, considered: Iterable[Considered]) -> RepresentationChoice:
        """Return the choice of the best; points that agree to nine decimals are equal."""
        listed = tuple(considered)
        best = max(listed, key=lambda each: round(each.points, 9))  # the first of equals
        return cls(task=task, chosen=best.representation, considered=listed)


class Scores(Value):
    """All scores of a trial. The first metric of a task on a subset is its primary one there."""

    scores: tuple[Score, ...]
    # Left out where nothing was chosen, so that these scores read as they always did.
    representations: tuple[RepresentationChoice, ...] = Field(
        default=(), exclude_if=lambda given: not given)
    # No clean score is among them, and they are left out where nothing was perturbed.
    perturbed: tuple[PerturbedScore, ...] = Field(
        default=(), exclude_if=lambda given: not given)

    def primary_metrics(self, subset: Subset = "all") -> dict[str, str]:
        """Return task -> its primary metric, of the tasks that were scored on the subset."""
        found: dict[str, str] = {}
        for score in self.scores:
            if score.subset == subset:
                found.setdefault(score.task, score.metric)
        return found

    def points(self, task: str, panel: PanelName, metric: str,
               subset: Subset = "all") -> dict[str, float]:
        """Return language -> points of one metric of a task on a panel."""
        return {score.language: score.points for score in self.scores
                if (score.task, score.panel, score.metric, score.subset)
                == (task, panel, metric, subset)}

    def mean(self, task: str, panel: PanelName, metric: str, subset: Subset = "all") -> float:
        """Return the mean over the panel's languages, in points.

        Raises:
            KeyError: if the task was not scored on that panel and subset by that metric.
        """
        found = self.points(task, panel, metric, subset)
        if not found:
            raise KeyError(f"no {metric} of {task} on the {panel} panel ({subset} rows)")
        return math.fsum(found.values()) / len(found)

    def of_subset(self, subset: Subset) -> Scores:
        """Return the scores of one subset as if its rows were all; there may be none."""
        return Scores(scores=tuple(score.model_copy(update={"subset": "all"})
                                   for score in self.scores if score.subset == subset))


class Baseline(Value):
    """What a method that sees characters alone scores on the same rows as the trials."""

    name: BaselineName
    scores: Scores


class Cost(Value):
    """What a phase or a trial cost, and what the store saved.

    Examples and real (non-padding) tokens trained on; training FLOPs as 6 x parameters x
    tokens (2 x for evaluation, forward only); seconds of device time. `saved_seconds` and
    `saved_tokens` are what stored phases took when they were made.
    """

    examples: int = 0
    tokens: int = 0
    flops: float = 0.0
    device_seconds: float = 0.0
    saved_seconds: float = 0.0
    saved_tokens: int = 0
    device: str = "cpu"
    precision: str = "float32"

    @property
    def all_tokens(self) -> int:
        """Tokens trained on, now or when what is stored was made."""
        return self.tokens + self.saved_tokens

    @classmethod
    def total(cls, costs: Iterable[Cost]) -> Cost:
        """Return the sum; device and precision are those of the first."""
        listed = list(costs) or [cls()]
        return cls(
            examples=sum(cost.examples for cost in listed),
            tokens=sum(cost.tokens for cost in listed),
            flops=math.fsum(cost.flops for cost in listed),
            device_seconds=math.fsum(cost.device_seconds for cost in listed),
            saved_seconds=math.fsum(cost.saved_seconds for cost in listed),
            saved_tokens=sum(cost.saved_tokens for cost in listed),
            device=listed[0].device,
            precision=listed[0].precision,
        )


class PhaseResult(Value):
    """What one phase did: where its result is kept, what it cost, and its learning curve.

    `learning_curve` holds (step, mean training loss since the previous point).
    """

    phase: Literal["pretrain", "intermediate", "target", "evaluate", "baselines"]
    name: str
    entry: str  # the digest of all that determines the result; its name in the store
    stored: bool = False  # found in the store, not made now
    cost: Cost = Cost()
    learning_curve: tuple[tuple[int, float], ...] = ()
    seen_cells: tuple[str, ...] = ()
