"""Cutting a study down to what is at hand: on the lab, and on a mirror where there is one."""

from __future__ import annotations

import os
from typing import Any

import pytest

from search.check import check
from search.snapshot import take_snapshot
from search.study import Study
from spaces.tasks import Task
from tests.bench.cluster_dry_runs import STUDIES
from tests.bench.cut_down import CutDown, cut_down, held_by
from trainables.sources import Sources
from trainables.workspace import Workspace

ARMS = """
study: arms
models: [lab-tiny, lab-small]
intermediate:
  tasks: [lab-tags, lab-names]
  weighting: uniform
  languages: {pool: [de, fr, hi, sw], order: random:0, count: 4, english: false}
  learning_rate: [1.0e-3, 2.0e-3, 3.0e-3]
targets: {tasks: [lab-measure, lab-choice], learning_rate: [1.0e-3, 2.0e-3, 3.0e-3]}
panels: {selection: [el, uk], report: [el, uk, vi]}
fidelity: {search: {intermediate_examples: 3200, target_examples: 3200, evaluation_rows: 100}}
search: {trials: 0}
confirmation: {winners: 0}
arms:
  arms:
    near: {languages: [de, fr]}
    far: {languages: [hi, sw]}
    names: {mixture: {lab-names: 1}, languages: [de, sw]}
  seeds: 6
  pretraining_seeds: 3
  tuning: {seeds: 2}
  primary:
    better: [{arm: near, languages: [uk]}, {arm: far, languages: [vi]}]
    worse: [{arm: near, languages: [vi]}, {arm: far, languages: [uk]}]
"""
CURVE = """
study: curve
models: [lab-tiny]
intermediate:
  tasks: [lab-tags]
  weighting: uniform
  languages: {pool: [de, fr, hi, ru, sw, tr, zh, id], order: random:0, count: 8}
  learning_rate: 2.0e-3
targets: {tasks: [lab-measure], learning_rate: 2.0e-3}
panels: {selection: [el], report: [el, uk]}
fidelity: {search: {intermediate_examples: 3200, target_examples: 3200, evaluation_rows: 100}}
search: {trials: 0}
confirmation: {winners: 0}
curve: {counts: [0, 1, 2, 4, 8], orders: [random:0, random:1, diverse], seeds: 4}
"""


def cut(text: str, *absent: tuple[str, str], tasks: tuple[str, ...] = ()) -> CutDown:
    """Cut a study down where (task, language) pairs are absent, and whole tasks."""
    def held(task: Task, language: str, purpose: str) -> bool:
        return (task.name, language) not in absent and task.name not in tasks

    return cut_down(Study.from_text(text), held)


def dump(found: CutDown) -> dict[str, Any]:
    return found.study.model_dump(mode="json", exclude_none=True)


def test_where_all_is_there_only_the_effort_shrinks() -> None:
    found = cut(ARMS)
    whole, left = Study.from_text(ARMS), found.study
    assert left.intermediate.tasks == whole.intermediate.tasks
    assert left.panels == whole.panels
    assert left.arms is not None
    assert whole.arms is not None
    assert left.arms.arms == whole.arms.arms
    assert left.arms.primary == whole.arms.primary
    assert (left.arms.seeds, left.arms.pretraining_seeds, left.arms.tuning) == (1, 1, None)
    assert left.fidelity.search.target_examples == left.fidelity.confirm.target_examples == 64
    assert [change.partition(":")[0] for change in found.changes] == ["tuning"]


def test_a_language_that_one_task_lacks_is_dropped_wherever_it_is_named() -> None:
    found = cut(ARMS, ("lab-tags", "hi"), ("lab-names", "sw"), ("lab-choice", "vi"))
    left = dump(found)
    assert left["intermediate"]["languages"]["pool"] == ["de", "fr"]
    assert left["panels"]["report"] == ["el", "uk"]
    assert list(left["arms"]["arms"]) == ["near", "names"]  # nothing of `far` is left
    assert left["arms"]["arms"]["names"]["languages"]["order"] == "listed:de"
    assert left["arms"]["primary"]["better"] == [{"arm": "near"}]  # `worse` was left empty
    assert left["arms"]["primary"]["worse"] == [{"arm": "control"}]
    assert any("pool: without hi, sw" in change for change in found.changes)
    assert any("for a side was empty" in change for change in found.changes)


def test_a_task_gives_its_place_to_one_of_its_kind_in_mixtures_too() -> None:
    text = ARMS.replace("lab-names", "lab-kind").replace("[lab-measure, lab-choice]",
                                                         "[lab-choice]")
    found = cut(text, tasks=("lab-kind",))
    assert found.study.intermediate.tasks == ("lab-tags", "lab-measure")
    names = dump(found)["arms"]["arms"]["names"]
    assert names["mixture"] == {"weights": {"lab-measure": 1.0}}
    assert "intermediate task lab-kind: replaced by lab-measure" in found.changes


def test_a_task_without_another_of_its_kind_is_dropped_and_so_is_its_arm() -> None:
    found = cut(ARMS, tasks=("lab-names",))
    assert found.study.intermediate.tasks == ("lab-tags",)
    assert list(dump(found)["arms"]["arms"]) == ["near", "far"]
    assert {"intermediate task lab-names: dropped", "arms: without names"} <= set(found.changes)


def test_counts_beyond_the_pool_are_dropped_and_three_are_kept() -> None:
    pool = ("de", "fr", "hi", "ru", "sw")
    found = cut(CURVE, *(("lab-tags", code) for code in pool[:1])).study.curve
    assert found is not None
    assert (found.counts, len(found.orders), found.seeds) == ((0, 1, 2, 4), 2, 2)
    fewer = cut(CURVE, *(("lab-tags", code) for code in (*pool, "id"))).study.curve
    assert fewer is not None
    assert fewer.counts == (0, 1, 2)


HUB = os.environ.get("STILTUNE_TEST_HUB")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = tmp_path_factory.mktemp("mirror")
    return Workspace(store=str(made / "store"), cache=str(made / "cache"), hub=HUB)


@pytest.mark.slow
@pytest.mark.skipif(HUB is None, reason="STILTUNE_TEST_HUB names no mirror")
@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_for_clusters_pass_check_cut_down_to_a_mirror(
    workspace: Workspace, name: str
) -> None:
    held = held_by(Sources(hub=HUB, cache=workspace.cache))
    # The lab's encoder needs no files; that of a user is a matter of `check` alone.
    found = cut_down(Study.from_file(name, ["models=[lab-tiny]"]), held)
    snapshot = take_snapshot(found.study, workspace)
    report = check(found.study, snapshot.sizes, workspace, snapshot.notes())
    assert found.changes
    assert 0 < report.totals.trials < 100
    assert {batch.name for batch in report.batches} >= (
        {"curve"} if found.study.curve else {"arms", "arm controls"})
