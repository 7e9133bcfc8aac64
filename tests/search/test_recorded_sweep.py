"""The lab's recorded table: whole, of the default study's space, and of known provenance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from search.snapshot import take_snapshot
from search.study import Study
from spaces.search_space import SearchSpace
from tests.bench.lab_sweep import TABLE, grid
from tests.bench.searchers import LOOKS, Recorded, picks
from trainables.workspace import Workspace

SEEDS = 4
STUDY = Study.from_file("lab")


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> SearchSpace:
    place = tmp_path_factory.mktemp("sizes")
    workspace = Workspace(store=str(place / "store"), cache=str(place / "cache"))
    return STUDY.space(take_snapshot(STUDY, workspace).sizes)


def test_every_cell_of_the_grid_has_every_seed_and_every_seed_a_control(
    space: SearchSpace
) -> None:
    rows = pq.read_table(TABLE).to_pylist()
    cells = Counter((*(round(row[task], 6) for task in STUDY.intermediate.tasks), row["order"],
                     row["count"], row["learning_rate"]) for row in rows if row["order"])
    wanted = {(*(round(point.mixture[task], 6) for task in STUDY.intermediate.tasks),
               point.languages.order, point.languages.count, point.intermediate_learning_rate)
              for point in grid(STUDY, space)}
    assert cells == dict.fromkeys(wanted, SEEDS)
    assert sorted(row["seed"] for row in rows if not row["order"]) == list(range(SEEDS))


def test_scores_are_points_of_the_studys_targets() -> None:
    table = pq.read_table(TABLE)
    for target in STUDY.targets.tasks:
        for column in (f"selection {target}", f"report {target}", f"report non-copy {target}"):
            assert 0 < min(table[column].to_pylist()) < max(table[column].to_pylist()) < 100


def test_it_says_what_made_it() -> None:
    said = pq.read_schema(TABLE).metadata
    assert {b"command", b"date", b"lab", b"model", b"fidelity", b"panels", b"libraries",
            b"units"} <= said.keys()


def test_a_sampler_picks_from_it_alike_again_and_better_with_more_trials(
    space: SearchSpace
) -> None:
    recorded = Recorded(Path(TABLE), STUDY, space)
    picked = [picks("tpe", seed, STUDY, space, recorded) for seed in range(6)]
    assert picked[0] == picks("tpe", 0, STUDY, space, recorded)
    assert all(len(found) == len(LOOKS) for found in picked)
    assert sum(found[-1] for found in picked) > sum(found[0] for found in picked)
