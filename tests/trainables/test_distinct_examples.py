"""Distinct examples: a mixture trained on some of each language's rows, as often as on all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.trial_config import TrialConfig
from tests.trainables.tiny import TASKS, config, context, write_encoder
from trainables.encoded import Encoded
from trainables.intermediate import IntermediatePhase
from trainables.sampling import of_some_rows
from trainables.trial import RungOutcome, run_trial, rungs_of


@given(items=st.lists(st.integers(1, 3), min_size=1, max_size=12), count=st.integers(1, 15),
       seed=st.integers(0, 99))
@settings(max_examples=40)
def test_rows_are_kept_whole_and_fewer_are_of_the_more(
    items: list[int], count: int, seed: int
) -> None:
    rows = np.repeat(np.arange(len(items)), items).astype(np.int32)
    encoded = Encoded(np.arange(len(rows)), np.arange(len(rows) + 1),
                      {"row": rows, "second": np.ones(len(rows), np.int32)})
    found = of_some_rows(encoded, count, seed)
    kept = set(found.items["row"].tolist())
    assert len(kept) == min(count, len(items))
    assert found.items["row"].tolist() == [row for row in rows.tolist() if row in kept]
    assert kept <= set(of_some_rows(encoded, count + 1, seed).items["row"].tolist())


def limited(of: TrialConfig, distinct: int | None) -> TrialConfig:
    assert of.intermediate is not None
    return of.model_copy(update={"intermediate": of.intermediate.model_copy(
        update={"distinct_examples": distinct})})


def test_a_limit_beyond_the_rows_changes_nothing_and_a_lower_one_the_training(
    tmp_path: Path
) -> None:
    whole = config(write_encoder(tmp_path / "encoder"))
    found: list[RungOutcome] = []
    for place, distinct in enumerate((None, 10_000, 4)):
        each, = run_trial(limited(whole, distinct), context(tmp_path / str(place)))
        found.append(each)
    curves, costs = ([[getattr(phase, name) for phase in each.phases
                       if phase.phase == "intermediate"] for each in found]
                     for name in ("learning_curve", "cost"))
    assert found[0].scores == found[1].scores
    assert curves[0] == curves[1] != curves[2]
    assert len({cost.examples for cost, in costs}) == 1


def test_each_cell_has_its_tasks_share_and_other_trials_the_digests_they_had(
    tmp_path: Path
) -> None:
    whole = config(write_encoder(tmp_path / "encoder"))
    plain, few = (_phase(limited(whole, distinct), tmp_path) for distinct in (None, 8))
    assert plain.limits == ()
    assert "limits" not in plain.inputs
    assert "distinct_examples" not in whole.model_dump_json()
    assert {(cell.task, limit) for cell, limit in zip(few.cells, few.limits, strict=True)} == {
        ("tiny-tagging", 6), ("tiny-pair", 2)}
    assert few.entry != plain.entry
    assert {cell.task for cell in few.cells} <= {task.name for task in TASKS}


def _phase(of: TrialConfig, place: Path) -> IntermediatePhase:
    rung, = rungs_of(of, context(place))
    phase = rung.evaluate
    while not isinstance(phase, IntermediatePhase):
        phase = phase.parents[-1] if phase.kind == "evaluate" else phase.parents[0]
    return phase
