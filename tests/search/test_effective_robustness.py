from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from search.effective_robustness import (
    Observations,
    drop,
    effective_robustness,
    excess_drop,
)

CHANCE = 20.0


def observed(
    *, blocks: int = 5, lost: float = 0.3, lost_more: float = 0.0, gain: float = 8.0,
    noise: float = 0.0, seed: int = 0, clean: float = 60.0,
) -> Observations:
    """Return a control and an arm whose drops are known, with noise that each block shares."""
    draw = np.random.default_rng(seed)
    rows = []
    for block in range(blocks):
        shared = draw.normal(0, noise)
        for arm, level, share in (("control", clean, lost),
                                  ("arm", clean + gain, lost + lost_more)):
            own = level + shared + draw.normal(0, noise / 4)
            after = own - share * (own - CHANCE) + draw.normal(0, noise / 4)
            rows.append((arm, "m", block, own, after, CHANCE))
    return Observations(*map(list, zip(*rows, strict=True)))  # type: ignore[arg-type]


def on_a_line(
    shift: float, *, blocks: int = 5, noise: float = 0.0, seed: int = 0, slope: float = 0.8,
    levels: tuple[float, ...] = (45.0, 55.0, 65.0, 75.0), own: float = 62.0,
) -> Observations:
    """Return controls on a line of logits and an arm `shift` points above it."""
    draw = np.random.default_rng(seed)

    def after(clean: float) -> float:
        return float(special.expit(-0.5 + slope * special.logit(clean / 100)) * 100)

    rows = []
    for block in range(blocks):
        shared = draw.normal(0, noise)
        rows += [("control", f"m{size}", block, level,
                  after(level) + shared + draw.normal(0, noise), CHANCE)
                 for size, level in enumerate(levels)]
        rows.append(("arm", "m1", block, own, after(own) + shift + shared
                     + draw.normal(0, noise), CHANCE))
    return Observations(*map(list, zip(*rows, strict=True)))  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(lost=st.floats(0, 1), gain=st.floats(-20, 30), clean=st.floats(45, 65))
def test_a_drop_is_the_share_lost_whatever_the_clean_score(
    lost: float, gain: float, clean: float
) -> None:
    seen = observed(lost=lost, gain=gain, clean=clean)
    for arm in ("control", "arm"):
        found = drop(seen, arm, "m").value
        assert found is not None
        assert found.mean == pytest.approx(lost, abs=1e-9)
    excess = excess_drop(seen, "arm", "m").value
    assert excess is not None
    assert excess.mean == pytest.approx(0, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-15, 15), slope=st.floats(0.3, 1.5), own=st.floats(45, 75))
def test_a_shift_above_the_controls_line_is_found_exactly(
    shift: float, slope: float, own: float
) -> None:
    found = effective_robustness(on_a_line(shift, slope=slope, own=own), "arm").value
    assert found is not None
    assert found.mean == pytest.approx(shift, abs=1e-6)


@pytest.mark.parametrize("gain", [-44.0, -40.0])
def test_a_clean_score_at_chance_has_no_drop(gain: float) -> None:
    seen = observed(gain=gain, noise=0.5)
    found = drop(seen, "arm", "m")
    assert found.value is None
    assert "not above chance" in str(found.undefined)
    assert excess_drop(seen, "arm", "m").undefined == found.undefined
    assert effective_robustness(seen, "arm").undefined == found.undefined
    assert drop(seen, "control", "m").undefined is None


@pytest.mark.parametrize(("seen", "reason"), [
    (on_a_line(3, own=85.0), "beyond those of control"),
    (on_a_line(3, own=30.0), "beyond those of control"),
    (on_a_line(3, levels=(62.0, 62.1, 62.3)), "too close"),
    (on_a_line(3, levels=(60.0, 66.0), blocks=1), "too few"),
])
def test_without_controls_around_it_an_arm_has_no_effective_robustness(
    seen: Observations, reason: str
) -> None:
    found = effective_robustness(seen, "arm")
    assert found.value is None
    assert reason in str(found.undefined)


def test_what_was_not_seen_is_undefined() -> None:
    seen = observed()
    for found in (drop(seen, "other", "m"), excess_drop(seen, "arm", "other"),
                  effective_robustness(seen, "other")):
        assert found.value is None
        assert "no scores" in str(found.undefined)


def test_one_block_gives_a_number_and_no_interval() -> None:
    for found in (drop(observed(blocks=1), "arm", "m"),
                  effective_robustness(on_a_line(2, blocks=1), "arm")):
        assert found.value is not None
        assert found.value.low is None


def test_a_better_clean_score_alone_is_no_robustness() -> None:
    seen = on_a_line(0, own=70.0)
    bare = effective_robustness(seen, "arm").value
    assert bare is not None
    assert bare.mean == pytest.approx(0, abs=1e-6)


def test_intervals_cover_the_truth() -> None:
    """At 0.90 nominal, 200 repeats: 0.84 or more by a binomial bound."""
    hits = {"drop": 0, "excess": 0, "effective": 0}
    for seed in range(200):
        seen = observed(noise=2.0, lost_more=0.1, seed=seed)
        line = on_a_line(2.0, noise=1.5, seed=seed)
        for name, found, truth in (("drop", drop(seen, "arm", "m"), 0.4),
                                   ("excess", excess_drop(seen, "arm", "m"), 0.1),
                                   ("effective", effective_robustness(line, "arm", "m1"), 2.0)):
            assert found.value is not None
            assert found.value.low is not None
            assert found.value.high is not None
            hits[name] += found.value.low <= truth <= found.value.high
    assert min(hits.values()) >= 168, hits


def test_columns_must_fit_and_be_points() -> None:
    with pytest.raises(ValueError, match="equal length"):
        Observations(["a"], ["m"], [0, 1], [1.0], [1.0], [0.0])
    with pytest.raises(ValueError, match="from 0 to 100, got nan"):
        Observations(["a"], ["m"], [0], [float("nan")], [1.0], [0.0])
