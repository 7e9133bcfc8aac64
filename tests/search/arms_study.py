"""A study of arms alone on simulated phases, and arms' trials with known gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.arms_section import Arms
from search.results import Outcome, Role, TrialResult
from search.study import Study
from spaces.mixtures import Mixture
from spaces.models import LAB_MODELS
from tests.search.simulated_results import CONFIRM, config
from tests.search.simulated_study import simulated_study
from tests.search.simulated_table import scored

ALONE = ["search.trials=0", "confirmation.winners=0", "curve=null"]
ARMS = ("arms={arms: {near: {mixture: {lab-tags: 1}, languages: [fr, de]}, far: {mixture: "
        "{lab-names: 1}, languages: [en, zh]}}, seeds: 4, primary: {better: far, worse: near}}")


def arms_study(*overrides: str) -> Study:
    """Return a simulated study of two arms."""
    return simulated_study([*ALONE, ARMS, *overrides])


def section(**fields: Any) -> Arms:
    """Return an `arms` section of the arms `dates` and `entities`."""
    primary = {"better": "dates", "worse": "entities"} | fields.pop("primary", {})
    return Arms.model_validate({"arms": {"dates": {}, "entities": {}}, "seeds": 6,
                                "primary": primary, **fields})


def trials(
    gains: Mapping[str, Sequence[float]], *, model: str = "lab-tiny", encoders: int = 1,
    bare: float = 40.0,
) -> list[TrialResult]:
    """Return a model's trials: each arm's gain by block over controls of unequal level."""
    lab = next(each for each in LAB_MODELS if each.name == model)
    found = []
    for block in range(max(map(len, gains.values()))):
        own = {"control": 0.0} | {arm: by_block[block] for arm, by_block in gains.items()}
        for arm, gain in own.items():
            mixture = Mixture.model_validate({"dates": 1.0})
            point = config(mixture, seed=block, fidelity=CONFIRM)
            point = point if arm != "control" else point.control()
            found.append(TrialResult(
                trial=f"{model}-{len(found):03d}", outcome=Outcome.FINISHED, group=arm,
                role=Role.CONTROL if arm == "control" else Role.ARM,
                config=point.model_copy(update={"model": lab,
                                                "pretraining_seed": block % encoders}),
                scores=scored(dict.fromkeys(("nli", "spans"), bare + block + gain))))
    return found
