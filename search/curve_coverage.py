"""Of a languages curve: do more languages pay, or nearer ones? What its trials say."""

from __future__ import annotations

import math
from collections.abc import Iterable

from search.coverage import FEWEST_OCTAVES, Coverage, CoverageRow, coverage, panel_distance
from search.objective import Objective
from search.placed_curve import observation_of
from search.results import Role, TrialResult
from spaces.trial_config import TrialConfig
from spaces.typology import distance
from spaces.value import Value

__all__ = ["CurveCoverage", "read_coverage"]


class CurveCoverage(Value):
    """What nearness and number do to a curve; `found` is None for the reason in `refused`.

    Nearness is the syntactic distance of the report panel's languages to the nearest one trained
    on, on average.
    """

    found: Coverage | None = None
    refused: str | None = None
    sentence: str


def read_coverage(results: Iterable[TrialResult], objective: Objective) -> CurveCoverage | None:
    """Return coverage told from count, on the report panel.

    None where the curve's trials were never meant to tell: of a single order, or over fewer than
    `FEWEST_OCTAVES` octaves of languages.
    """
    ran = [result for result in results if result.role is Role.CURVE]
    if not _is_asked([result.config for result in ran]):
        return None
    try:
        found = coverage([row for result in ran
                          if (row := _row(result, objective)) is not None])
    except ValueError as error:  # too many of them failed, or a language has no distances
        return CurveCoverage(refused=str(error),
                             sentence=f"Number is not told from nearness: {error}.")
    return CurveCoverage(found=found, sentence=f"{found.sentence[:1].upper()}{found.sentence[1:]}.")


def _is_asked(configs: Iterable[TrialConfig]) -> bool:
    sets = [config.intermediate.languages for config in configs
            if config.intermediate is not None and config.intermediate.languages.count]
    counts = {each.count for each in sets}
    return len({each.order for each in sets}) > 1 and (
        math.log2(max(counts) / min(counts)) >= FEWEST_OCTAVES)


def _row(result: TrialResult, objective: Objective) -> CoverageRow | None:
    seen = observation_of(result, objective)
    if seen is None or result.config.intermediate is None:
        return None
    trained = list(dict.fromkeys(cell.language for cell in result.config.intermediate.cells))
    return CoverageRow(
        count=int(seen.x), order=seen.order, seed=seen.block, score=seen.score,
        distance=panel_distance(result.config.panels.report.languages, trained, distance))
