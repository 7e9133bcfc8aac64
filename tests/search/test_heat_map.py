"""The heat map: the same bytes again, white at 0, a frame around what survives."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from search.entries import Question
from search.figures import draw_figures
from search.heat_map import draw_transfer_table
from search.palette import colour_limit
from search.readout import read_out
from search.table_entries import TransferTable
from search.transfer_table import transfer_table
from tests.search.simulated_table import KINDS, random_table, table_of, trial


def made(draw: int = 2, seeds: int = 5) -> TransferTable:
    found = transfer_table(random_table(draw, seeds=seeds), KINDS)
    assert found is not None
    return found


def test_what_survives_and_nothing_else_is_framed_and_bold() -> None:
    table = made()
    axes = draw_transfer_table(table).axes[0]
    frames = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    at = {(round(frame.get_x() + 0.45), round(frame.get_y() + 0.43)) for frame in frames}
    rows = sorted(table.rows, key=lambda row: not row.is_single)
    assert at == {(x, y) for y, row in enumerate(rows) for x, cell in enumerate(row.cells)
                  if cell.survives}
    assert 0 < len(at) < sum(len(row.cells) for row in rows)
    bold = [text for text in axes.texts if text.get_fontweight() == "bold"
            and text.get_text()[0] in "+-"]
    assert len(bold) == len(at)


def test_colours_diverge_from_zero_and_retrieval_does_not_pale_the_rest() -> None:
    gains = {"dates": [{"nli": 1.0, "spans": -4.0, "search": 40.0}] * 2}
    table = transfer_table(table_of(gains, [dict.fromkeys(KINDS, 50.0)] * 2), KINDS)
    assert table is not None
    assert colour_limit(table) == pytest.approx(4.0)
    image = draw_transfer_table(table).axes[0].images[0]
    assert image.get_clim() == pytest.approx((-4.0, 4.0))
    red, green, blue, _ = image.cmap(image.norm(0.0))
    assert min(red, green, blue) > 0.9
    above, below = image.cmap(image.norm(4.0)), image.cmap(image.norm(-4.0))
    assert above[2] > above[0]
    assert below[0] > below[2]
    assert to_hex(above) != to_hex(below)


def test_the_same_table_is_the_same_file(tmp_path: Path) -> None:
    results = random_table(0)
    readout = read_out(results, Question(kinds=KINDS, winners=0), search="t-1")
    first = draw_figures(readout, results, tmp_path / "a")
    second = draw_figures(readout, results[::-1], tmp_path / "b")
    assert [path.name for path in first] == ["table.png"]
    assert first[0].read_bytes() == second[0].read_bytes()


def test_a_table_without_a_gain_is_not_drawn_and_one_block_is(tmp_path: Path) -> None:
    results = [trial("t-0", "dates", None, seed=0)]
    readout = read_out(results, Question(kinds=KINDS, winners=0), search="t-1")
    assert draw_figures(readout, results, tmp_path) == []
    axes = draw_transfer_table(made(seeds=1)).axes[0]
    assert not axes.patches
    assert not any("±" in text.get_text() for text in axes.texts)
