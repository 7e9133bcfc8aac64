from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.bench.calibration import (
    DESIGNS,
    LEVELS,
    RANGE,
    TRUTHS,
    bounds,
    judged,
    placed,
    read_truths,
    simulated,
    table,
    true_log_x_star,
)


def test_truths_come_from_a_file_and_have_their_own_x_star(tmp_path: Path) -> None:
    lines = ["name,x,score", *(f"bend,{x},{3 * min(math.log2(x), 2)}" for x in (1, 4, 16, 64)),
             "flat,1,50", "flat,64,50", "rising,1,0", "rising,64,6"]
    (tmp_path / "truths.csv").write_text("\n".join(lines))
    truths = read_truths(tmp_path / "truths.csv")

    found = {name: true_log_x_star(truth, 1, 64, 0.5) for name, truth in truths.items()}
    assert found == {"bend": pytest.approx(2 - 0.5 / 3, abs=0.01), "flat": -math.inf,
                     "rising": math.inf}


def test_designs_use_the_x_that_lie_in_a_truths_range() -> None:
    truth = ((2.0, 16.0), (50.0, 50.0))
    rows = simulated(truth, DESIGNS["dense"], 0.1, seed=0)

    assert sorted({x for x, *_ in rows}) == [2, 3, 4, 6, 8, 12, 16]
    assert len(rows) == 7 * DESIGNS["dense"].orders * DESIGNS["dense"].blocks


def test_of_a_placed_design_only_what_was_placed_is_seen() -> None:
    truth = (RANGE, tuple(TRUTHS["kink"](math.log2(x)) for x in RANGE))
    whole = simulated(truth, DESIGNS["placed"], 0.075, seed=1)
    seen = placed(whole, 0.5, seed=1)

    assert set(seen) < set(whole)
    assert len(seen) < len(whole) / 3
    assert judged(("kink", truth, "placed", 0.15, 0.5, 1))["right"]


def test_the_table_has_a_row_for_each_cell_and_the_pooled_ones() -> None:
    found = {}
    for name in ("kink", "flat"):
        truth = (RANGE, tuple(TRUTHS[name](math.log2(x)) for x in RANGE))
        for level in LEVELS[:2]:
            found[name, "sparse", level] = [
                judged((name, truth, "sparse", level, 0.5, repeat)) for repeat in range(3)]
    lines = list(table(found))

    assert len(lines) == 2 + 4 + 2 + 2
    assert lines[2].startswith("| kink | 5.16 | sparse | 0.15 | 1.00 | 1.00 [0.29, 1.00] | 0.000 |")
    assert "| flat | none | sparse | 0.15 | 0.00 | - | 0.000 | no gain anywhere 1.00 |" in lines


def test_bounds_of_a_share_are_clopper_and_pearsons() -> None:
    assert bounds(0, 10) == (0, pytest.approx(0.3085, abs=1e-4))
    assert bounds(9, 10) == pytest.approx((0.5550, 0.9975), abs=1e-4)
