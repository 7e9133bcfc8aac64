"""The values of a read-out: one for each thing it says, and the whole."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from pydantic import Field

from search.arm_entries import ArmsReadout
from search.arms_section import Arms
from search.benchmark_scores import BenchmarkSection
from search.comparison import Comparison
from search.confirmation import is_winner
from search.curve_coverage import CurveCoverage
from search.curve_work import CurveWork
from search.further import FurtherComparison
from search.intervals import LEVEL
from search.objective import Objective
from search.representation_use import RepresentationUse
from search.robustness import RobustnessSection
from search.saturation import Saturation
from search.survey import Survey
from search.table_entries import TransferTable
from search.worth import Worth
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture
from spaces.search_space import Point
from spaces.shared_data import SharedData
from spaces.tasks import Kind
from spaces.value import Shares, Value

__all__ = ["Controls", "Entry", "Excluded", "NamedCurve", "Question", "Readout", "Selection",
           "Spread"]

# Under these keys numbers must come back exactly, to be fed in again or because they may be tiny;
# elsewhere they are points.
_EXACT = ("point", "mixture", "learning_rate", "measured", "p_value", "adjusted_p_value",
          "values", "minimal", "hours")
_DECIMALS = 4


class Entry(Value):
    """A mixture that was confirmed, or chosen to be; scores and gains in points.

    `score` is the mean on the report panel over `blocks` seed blocks; `gain`, `low` and `high`
    are against the controls there; None where nothing was confirmed or there is no interval.
    `selection_gain` is the search's own number: the gain of search trial `trial` on the selection
    panel, which is the largest of many and so flatters. `point` feeds the mixture back into a
    study; `mixture`, `languages` and `learning_rate` repeat it for readers. `further` holds a
    winner against each of its further controls, `verdict` in words what it is shown to beat.
    `same_data` is what of the mixture is the targets' own data, left out where there is none.
    """

    group: str
    mixture: Shares
    languages: LanguageSet | None
    learning_rate: float | None
    trial: str | None
    score: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    blocks: int = 0
    in_winner_set: bool | None = None
    selection_gain: float | None = None
    further: tuple[FurtherComparison, ...] = ()
    verdict: str | None = None
    point: Point
    same_data: tuple[SharedData, ...] = Field(default=(), exclude_if=lambda given: not given)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the mixture stands for: `winner-1`, `uniform`, ..."""
        return tuple(self.group.split("+"))

    @property
    def is_winner(self) -> bool:
        """Whether the search chose it."""
        return is_winner(self.group)

    @property
    def is_reference(self) -> bool:
        """Whether it is among what every search is held against."""
        return any(not label.startswith("winner-") for label in self.labels)


class Spread(Value):
    """A mean over seeds and its standard deviation (None for one seed), in points."""

    mean: float
    sd: float | None


class Controls(Value):
    """The finished controls of one model, recipe and fidelity, on the report panel."""

    model: str
    fidelity: str
    n: int
    score: Spread
    tasks: dict[str, Spread]


class Selection(Value):
    """How winners were chosen.

    `candidates` counts the different mixtures of finished search trials; `objective` ranked them.
    `of` names the search that chose them, where it was another one.
    """

    panel: tuple[str, ...]
    report: tuple[str, ...]
    winners: int
    candidates: int
    objective: Objective
    flags: tuple[str, ...]
    of: str | None = Field(default=None, exclude_if=lambda given: given is None)


class Excluded(Value):
    """A trial, or a confirmed group, that has no part in the answer, and why."""

    trial: str
    role: str
    reason: str


class Question(Value):
    """What a read-out must know of the study beside its results.

    `kinds` gives the target tasks' categories; `worth` the gain of a doubling up to which more
    does not pay, None where no curve was asked for; `winners` how many are confirmed;
    `references` the mixtures every search is held against, by name; `shared` what of the
    intermediate data is the targets' own; `absent` the tasks left out, each with why; `arms` the
    section of the study, `parameters` those of each model's body; `survey` what the targets'
    languages are to the encoders, where it was taken; `of` the search whose winners they are, where
    that is another one.
    """

    kinds: dict[str, Kind]
    worth: Worth | None = None
    axis: Literal["languages"] = "languages"
    winners: int = 3
    references: dict[str, Mixture] | None = None
    retrieval: bool = False
    shared: tuple[SharedData, ...] = ()
    absent: tuple[str, ...] = ()
    arms: Arms | None = None
    parameters: dict[str, int] = {}
    survey: Survey | None = None
    of: str | None = None


class NamedCurve(NamedTuple):
    """A curve of all targets, or of one category's, and nearness told from number on it."""

    category: str
    curve: Saturation
    coverage: CurveCoverage | None

    @property
    def name(self) -> str:
        """Its name among figures: `curve`, or `curve-tagging`."""
        return f"curve-{self.category}" if self.category else "curve"

    @property
    def heading(self) -> str:
        """What a paragraph about it begins with, where there are several curves."""
        return f"{self.category[:1].upper()}{self.category[1:]}. " if self.category else ""


class Readout(Value):
    """What a search found. All that time, machine or store change lies under `measured`.

    `non_copy` holds the confirmed entries again, the best score first, with the scores and gains
    of the rows that are no near-copies of English; empty where a target does not tell them
    apart. `non_copy_metrics` names what these scores are of, as the targets' own metrics are for
    whole panels. `comparisons` holds each target against chance and what characters alone reach.
    `transfer_table` is there where the study has a `table` of which a trial ended, `arms`
    likewise.
    `benchmarks` reads out the benchmarks of which two targets or more are part, left out where
    there is none. `representations` says what retrieval was read by, where trials chose.
    `robustness` holds what arms lose on changed rows, where they were asked any. `coverage` tells
    nearness from number on a curve that was meant to, `curve_work` what its trials train on. Where
    `worth` is by category, `curves` and `coverages` hold each category's in place of `curve` and
    `coverage`. `code` says which trials were run by which code, where it was not one.
    """

    search: str
    level: float = LEVEL
    winners: tuple[Entry, ...]
    references: tuple[Entry, ...]
    curve: Saturation | None
    controls: tuple[Controls, ...]
    outcomes: dict[str, dict[str, int]]
    excluded: tuple[Excluded, ...]
    selection: Selection
    next: tuple[str, ...]
    measured: dict[str, Any]
    non_copy: tuple[Entry, ...] = ()
    non_copy_metrics: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    # These are left out where there is none, so that other studies read out as they always did.
    transfer_table: TransferTable | None = Field(default=None,
                                                 exclude_if=lambda given: given is None)
    arms: ArmsReadout | None = Field(default=None, exclude_if=lambda given: given is None)
    benchmarks: tuple[BenchmarkSection, ...] = Field(
        default=(), exclude_if=lambda given: not given)
    representations: tuple[RepresentationUse, ...] = Field(
        default=(), exclude_if=lambda given: not given)
    robustness: tuple[RobustnessSection, ...] = Field(
        default=(), exclude_if=lambda given: not given)
    coverage: CurveCoverage | None = Field(default=None, exclude_if=lambda given: given is None)
    curves: dict[str, Saturation] = Field(default={}, exclude_if=lambda given: not given)
    coverages: dict[str, CurveCoverage] = Field(default={}, exclude_if=lambda given: not given)
    code: tuple[str, ...] = Field(default=(), exclude_if=lambda given: not given)
    curve_work: tuple[CurveWork, ...] = Field(default=(), exclude_if=lambda given: not given)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Winners and references, each mixture once, the best confirmed score first."""
        listed = dict.fromkeys((*self.winners, *self.references))
        return tuple(sorted(listed, key=lambda each: (each.score is None, -(each.score or 0.0))))

    @property
    def all_curves(self) -> tuple[NamedCurve, ...]:
        """The curve, or each category's."""
        return tuple(NamedCurve(category, curve, self.coverages.get(category, self.coverage))
                     for category, curve in {"": self.curve, **self.curves}.items() if curve)

    @property
    def table_is_answer(self) -> bool:
        """Whether nothing was searched for, so that the table is what there is to say first."""
        return self.transfer_table is not None and self._nothing_was_searched

    @property
    def arms_are_answer(self) -> bool:
        """Whether nothing was searched for, so that the arms are what there is to say first."""
        return self.arms is not None and self._nothing_was_searched

    @property
    def is_designed(self) -> bool:
        """Whether nothing was searched for: a table, arms or a curve is all that there is."""
        has_curve = self.curve is not None and bool(self.curve.observations)
        return self.table_is_answer or self.arms_are_answer or (
            has_curve and self._nothing_was_searched)

    @property
    def _nothing_was_searched(self) -> bool:
        return not any(any(self.outcomes[role].values()) for role in ("search", "confirmation"))

    def as_data(self) -> dict[str, Any]:
        """Return plain data; points are rounded to 4 decimals, what is fed back is exact."""
        data: dict[str, Any] = _rounded(self.model_dump(mode="json"))
        return data

    def as_json(self) -> str:
        """Return the JSON text."""
        return json.dumps(self.as_data(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: value if key in _EXACT else _rounded(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_rounded(value) for value in data]
    return round(data, _DECIMALS) if isinstance(data, float) else data
