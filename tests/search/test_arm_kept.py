from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from search.arm_design import arms_block, tuning_block
from search.arm_entries import ArmsReadout
from search.arm_kept import LEAST_ABOVE_CHANCE, block_kept
from search.arm_readout import read_arms
from search.results import Outcome, Role, TrialResult
from search.robustness import robustness_sections
from search.study import StudyError
from spaces.robustness import Perturbations, Robustness, Severity
from tests.search.arms_study import arms_study, section
from tests.search.simulated_results import CONFIRM, config
from tests.search.simulated_study import sizes_of
from tests.search.simulated_table import KINDS, scored
from trainables.scores import PerturbedScore

ASKED = Robustness(perturbations=Perturbations(typos=Severity(fertility=1.3),
                                               diacritics=Severity(fertility=1.2)))
CHANCE = 20.0


def changed(clean: float, kept: Mapping[str, float], unmatched: str = "") -> tuple[
        PerturbedScore, ...]:
    return tuple(PerturbedScore(
        task="nli", language=code, metric="accuracy", condition=condition, clean=clean + side,
        points=CHANCE + share * (clean + side - CHANCE), chance=CHANCE, rows=100, changed=0.9,
        fertility=1.3, matched=code != unmatched)
        for condition, share in kept.items() for code, side in (("sw", -5.0), ("th", 5.0)))


def trials(kept: Mapping[str, Sequence[float]], *, clean: float = 60.0,
           unmatched: str = "") -> list[TrialResult]:
    """Return trials of arms whose typos keep a share by block; diacritics keep half of all."""
    found = []
    for arm, shares in kept.items():
        for block, share in enumerate(shares):
            point = config({"dates": 1} if arm != "entities" else {"entities": 1}, seed=block,
                           fidelity=CONFIRM)
            point = point.control() if arm == "control" else point
            # A better clean score is no robustness: what is kept is a share.
            own = clean + (8.0 if arm == "dates" else 0.0)
            scores = scored(dict.fromkeys(("nli", "spans"), own)).model_copy(update={
                "perturbed": changed(own, {"typos": share, "diacritics": 0.5}, unmatched)})
            found.append(TrialResult(
                trial=f"{arm}-{block}", outcome=Outcome.FINISHED, group=arm, scores=scores,
                role=Role.CONTROL if arm == "control" else Role.ARM,
                config=point.model_copy(update={"robustness": ASKED})))
    return found


SHARES = {"control": [0.5, 0.6, 0.55, 0.65, 0.6, 0.5],
          "dates": [0.7, 0.8, 0.76, 0.85, 0.8, 0.69],
          "entities": [0.5, 0.61, 0.54, 0.66, 0.59, 0.5]}


def read(results: list[TrialResult], **primary: Any) -> ArmsReadout:
    arms = section(primary={"worse": "control", "tasks": ["nli"], "under": ["typos", "diacritics"],
                            **primary})
    found = read_arms(results, arms, KINDS)
    assert found is not None
    return found


def test_it_is_the_share_above_chance_that_is_left_on_average_over_conditions() -> None:
    found = block_kept(trials(SHARES), tasks=["nli"], conditions=["typos", "diacritics"])
    for arm, shares in SHARES.items():
        kept = found["" if arm == "control" else arm, "lab-tiny"]
        assert kept == pytest.approx({block: 50 * (share + 0.5)
                                      for block, share in enumerate(shares)})


def test_a_contrast_under_changes_is_of_what_is_kept_and_gains_stay_gains() -> None:
    found = read(trials(SHARES))
    assert found.primary.estimate is not None
    assert found.primary.estimate.mean == pytest.approx(10.0)
    assert found.primary.verdict == "better"
    assert found.primary.sentence.startswith("dates keeps 10.00 [")
    assert "of 100 points above chance more than the control on nli in 2 languages" in (
        found.primary.sentence)
    assert "under typos, diacritics" in found.primary.sentence
    gains = {each.arm: each.gain for each in found.gains}
    assert gains["dates"] is not None
    assert gains["dates"].mean == pytest.approx(8.0)
    worse = read(trials(SHARES), better="entities").primary
    assert worse.verdict == "no difference that matters"


def test_languages_that_could_not_be_changed_alike_do_not_count() -> None:
    assert "in 1 language," in read(trials(SHARES, unmatched="th")).primary.sentence


def test_trials_that_chose_the_rates_count_nowhere() -> None:
    tried = [result.model_copy(update={
        "trial": f"tuning-{number}", "role": Role.TUNING,
        "config": result.config.model_copy(update={"seed": 2000})})
        for number, result in enumerate(trials({"control": [0.1], "dates": [0.9]}))]
    assert read(trials(SHARES) + tried) == read(trials(SHARES))
    assert robustness_sections(trials(SHARES) + tried) == robustness_sections(trials(SHARES))


def test_rates_are_chosen_without_changed_rows() -> None:
    study = arms_study("robustness={perturbations: {typos: {fertility: 1.2}}}",
                       "arms.tuning={seeds: 1}", "intermediate.learning_rate=[1e-3, 2e-3]")
    space = study.space(sizes_of(study))
    assert {each.config.robustness for each in tuning_block(study, space)} == {None}
    assert {each.config.robustness for each in arms_block(study, space)} == {study.robustness}


def test_nothing_is_told_of_a_clean_score_at_chance_or_a_condition_nobody_was_asked() -> None:
    near = trials(SHARES, clean=CHANCE + LEAST_ABOVE_CHANCE - 0.1)
    assert ("", "lab-tiny") not in block_kept(near, tasks=["nli"], conditions=["typos"])
    assert read(near).primary.sentence.startswith("No answer")
    assert not block_kept(trials(SHARES), tasks=["nli"], conditions=["typos", "attack"])
    assert not block_kept(trials(SHARES), tasks=["nli", "spans"], conditions=["typos"])


@pytest.mark.parametrize(("overrides", "law"), [
    (["arms.primary.under=[typos]"], "`robustness` .none., got 'typos' .arms.primary.under.0."),
    (["arms.primary.under=[attack]", "robustness={perturbations: {typos: {fertility: 1.2}}}"],
     "`robustness` .typos., got 'attack'"),
    (["arms.primary.under=[typos]", "arms.primary.rows=non-copy",
      "robustness={perturbations: {typos: {fertility: 1.2}}}"], "`rows` must be all"),
])
def test_what_is_not_asked_cannot_be_contrasted(overrides: list[str], law: str) -> None:
    with pytest.raises(StudyError, match=law):
        arms_study(*overrides)


def test_other_contrasts_keep_their_digests() -> None:
    assert "under" not in section().primary.model_dump()
