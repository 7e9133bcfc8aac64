"""Number told from nearness on a curve: where it was asked, and only there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from search.coverage import panel_distance
from search.curve_coverage import CurveCoverage
from search.entries import Readout
from search.headline import summary
from search.readout import read_out
from search.renderings import as_json, as_markdown
from search.results import Outcome, Role, TrialResult
from spaces.language_orders import LanguageSet
from spaces.trial_config import TrialConfig
from spaces.typology import distance
from tests.search.simulated_results import CONFIRM, PANELS, QUESTION, config, curve, result, scores

POOL = ("ar", "az", "bg", "bn", "cs", "de", "es", "fa", "fr", "fi", "hu", "id", "ko", "pl", "ru",
        "sv", "ta", "tr", "vi", "zh")


def of_set(order: str, count: int, seed: int) -> TrialConfig:
    point = config({"dates": 1.0}, seed=seed, fidelity=CONFIRM)
    assert point.intermediate is not None
    languages = LanguageSet(order=order, count=count, english=True)
    cells = point.intermediate.mixture.cells(languages.resolve(POOL), {"dates": ("en", *POOL)})
    return point.model_copy(update={"intermediate": point.intermediate.model_copy(
        update={"languages": languages, "cells": cells})})


def block(
    truth: Callable[[int, float], float], *, counts: Sequence[int] = (1, 2, 4, 8, 16),
    orders: int = 6,
) -> list[TrialResult]:
    """Return a block whose scores follow `truth` of the count and the panel's distance."""
    rng, found = np.random.default_rng(0), []
    for count in counts:
        for order in (f"random:{each}" for each in range(orders)):
            trained = LanguageSet(order=order, count=count, english=True).resolve(POOL)
            apart = panel_distance(PANELS.report.languages, trained, distance)
            for seed in range(2):
                found.append(result(
                    f"curve-{len(found):03d}", Role.CURVE, of_set(order, count, seed),
                    scores(truth(count, apart) + rng.normal(0, 0.2))))
    return found


def read(results: list[TrialResult]) -> Readout:
    return read_out(results, QUESTION, search="lab-1")


def told(results: list[TrialResult]) -> CurveCoverage:
    found = read(results).coverage
    assert found is not None
    return found


@pytest.mark.parametrize(("truth", "answer", "nearer", "doubling"), [
    (lambda n, d: 80 - 60 * d, "coverage", 6.0, 0.0),
    (lambda n, d: 50 + 2 * math.log2(n), "count", 0.0, 2.0),
])
def test_nearness_and_number_are_told_apart(
    truth: Callable[[int, float], float], answer: str, nearer: float, doubling: float
) -> None:
    found = told(block(truth)).found

    assert found is not None
    assert (found.orders, found.seeds, found.answer) == (6, 2, answer)
    assert found.nearer is not None
    assert found.doubling is not None
    assert found.nearer.mean == pytest.approx(nearer, abs=0.6)
    assert found.doubling.mean == pytest.approx(doubling, abs=0.2)


def test_it_stands_in_the_summary_the_curves_table_and_the_data() -> None:
    readout = read(block(lambda n, d: 80 - 60 * d))

    assert readout.coverage is not None
    assert readout.coverage.sentence.startswith("At equal count a panel that lies 0.1 nearer")
    assert f"Number or nearness? {readout.coverage.sentence}" in summary(readout)
    text = as_markdown(readout)
    assert text.count(readout.coverage.sentence) == 1
    assert "an order left out is predicted to" in text
    data = json.loads(as_json(readout))["coverage"]
    assert data["found"]["answer"] == "coverage"
    assert data["refused"] is None


def test_what_the_trials_cannot_tell_is_refused_with_its_reason() -> None:
    lost = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
            if each.config.intermediate and each.config.intermediate.languages.count == 16 else each
            for each in block(lambda n, d: 80 - 60 * d)]
    few = told(lost)

    assert few.found is None
    assert few.sentence == f"Number is not told from nearness: {few.refused}."
    assert "at least 4 octaves of languages, got 3.0 (1, 2, 4, 8)" in few.sentence
    assert few.sentence in as_markdown(read(lost))
    two = told(block(lambda n, d: 80 - 60 * d, orders=2))
    assert "at least 3 orders, got 2" in two.sentence


@pytest.mark.parametrize("results", [
    curve(lambda x: 60 - 4 / (x + 1)),
    block(lambda n, d: 80 - 60 * d, orders=1),
    block(lambda n, d: 80 - 60 * d, counts=(1, 2, 4, 8)),
    [],
], ids=["three octaves and English", "one order", "three octaves", "nothing"])
def test_a_curve_that_was_not_meant_to_tell_reads_out_as_it_always_did(
    results: list[TrialResult],
) -> None:
    readout = read(results)

    assert readout.coverage is None
    assert "coverage" not in json.loads(as_json(readout))
    assert "nearness" not in as_markdown(readout)
    assert "nearness" not in summary(readout)
