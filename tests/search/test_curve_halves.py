from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from search.cli import run
from search.curve_halves import with_halves
from search.curve_table import curve_table
from search.saturation import Saturation, locate

XS = (1, 2, 4, 8, 16)


def curve(slopes: list[float], *, blocks: int = 2, noise: float = 0.3, seed: int = 0) -> Saturation:
    """Return a curve whose orders gain so many points a doubling, and 0 languages are scored."""
    rng = np.random.default_rng(seed)
    rows = [(x, 50 + slope * np.log2(x) + rng.normal(0, noise), f"order {number}", f"{block}")
            for number, slope in enumerate(slopes) for block in range(blocks) for x in XS]
    rows += [(0, 49.0, "", f"{block}") for block in range(blocks)]
    return with_halves(locate(*map(list, zip(*rows, strict=True)), worth=1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "no gain anywhere"), (4.0, "still rising")])
def test_halves_of_alike_orders_agree(slope: float, verdict: str) -> None:
    found = curve([slope] * 8, noise=0.1)
    assert found.verdict == verdict
    assert found.split_half is not None
    assert (found.split_half.seeds, found.split_half.halves) == (8, 20)
    assert found.split_half.agreed == 1.0
    assert found.split_half.rejected is not None
    assert found.split_half.rejected <= 0.2
    said = " ".join(curve_table(found).notes)
    assert "Over 20 random halves of the 8 orders the two have one verdict in 100%" in said


def test_noise_is_told_apart_as_often_as_the_test_errs() -> None:
    rejected = [found.split_half.rejected for seed in range(15)
                if (found := curve([0.0] * 8, noise=1.0, seed=seed)).split_half is not None]
    assert len(rejected) == 15
    assert np.mean([each or 0 for each in rejected]) < 0.15


def test_halves_of_too_few_orders_do_not_agree() -> None:
    found = curve([1.6] * 12, noise=0.6)
    assert found.verdict == "still rising"
    assert found.split_half is not None
    assert found.split_half.agreed is not None
    assert found.split_half.agreed < 0.8


def test_blocks_are_halved_where_there_is_one_order() -> None:
    found = curve([2.0], blocks=6)
    assert found.split_half is not None
    assert found.split_half.seeds == 6
    assert "of the 6 blocks" in " ".join(curve_table(found).notes)


@pytest.mark.parametrize("slopes", [[1.0] * 3, [1.0]])
def test_too_few_to_be_halved_are_not(slopes: list[float]) -> None:
    found = curve(slopes)
    assert found.split_half is None
    assert "halves" not in " ".join(curve_table(found).notes)
    assert "split_half" not in found.model_dump()


def test_a_table_of_the_users_is_halved_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["x,score,order", *(f"{x},{50 + number / 10 + x / 100},{number}"
                                for number in range(6) for x in XS)]
    (tmp_path / "results.csv").write_text("\n".join(lines))
    assert run(["locate", str(tmp_path / "results.csv"), "--worth", "0.5", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["split_half"]["agreed"] == 1.0
