"""The values of a read-out's arms: the primary contrast's answer, gains by model, slopes."""

from __future__ import annotations

from pydantic import Field

from search.arms_section import Primary
from search.contrasts import POWER, Verdict
from search.intervals import LEVEL, Interval
from search.octave_slopes import HeldAgainst
from search.source_effects import SourceEffects
from search.split_half import SplitHalf
from spaces.value import Value

__all__ = ["ArmControl", "ArmGain", "ArmsReadout", "FamilySlope", "PrimaryAnswer"]


class PrimaryAnswer(Value):
    """What the primary contrast came to, in points, over `units`.

    `declared_digest` is that of the declaration as it was before the start, which MLflow's parent
    run has as the tag `stiltune.primary`. `minimal_detectable_effect` is reckoned from the
    measured spread at `power`. `values` are the units' own differences (slopes, where it is per
    octave), by unit.
    """

    declared: Primary
    declared_digest: str
    estimate: Interval | None
    p_value: float | None
    verdict: Verdict
    minimal_detectable_effect: float | None
    power: float = POWER
    split_half: SplitHalf | None
    values: dict[int, float]
    sentence: str


class ArmGain(Value):
    """An arm's gain with one model over its controls of the same blocks, in points.

    `p_value` is adjusted over all arms and models, None where that cannot be; `simultaneous` is the
    interval that holds for all of them at once (Bonferroni). `tokens` are those that intermediate
    training read, on average over the trials in which it was made; `failed` of the arm's trials
    gave no score.
    """

    arm: str
    model: str
    family: str
    parameters: int | None
    learning_rate: float
    gain: Interval | None
    simultaneous: Interval | None = None
    p_value: float | None = None
    tokens: float | None = None
    examples: int
    failed: int = 0


class ArmControl(Value):
    """The controls of one model, in points; `chance` is the best constant prediction's score."""

    model: str
    parameters: int | None
    learning_rate: float
    score: Interval | None
    chance: float


class FamilySlope(Value):
    """An arm's gain per doubling of body parameters within a family, in points.

    `p_value` is adjusted by Holm over all the slopes. `held` sets the largest size against the
    line of the smaller ones, where these are enough for one.
    """

    arm: str
    family: str
    sizes: int
    slope: Interval | None
    p_value: float | None = None
    held: HeldAgainst | None = Field(default=None, exclude_if=lambda given: given is None)


class ArmsReadout(Value):
    """The arms of a study: the primary contrast first, then what was not the question.

    `unit` says what intervals are over. Gains, controls and slopes are of the primary contrast's
    tasks, languages and rows; `sources`, of arms that are one source language each, are of its
    tasks and rows in every target language.
    """

    level: float = LEVEL
    unit: str
    units: int
    primary: PrimaryAnswer
    gains: tuple[ArmGain, ...]
    controls: tuple[ArmControl, ...]
    slopes: tuple[FamilySlope, ...] = ()
    correction: str | None = None
    # Left out where there is none, so that other arms read out as they always did.
    sources: tuple[SourceEffects, ...] = Field(default=(), exclude_if=lambda given: not given)
