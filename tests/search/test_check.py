"""Check: its numbers are those of the trials it speaks of."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import pytest
from rich.console import Console

from search.arm_design import arms_block, tuning_block
from search.check import CheckReport, body_parameters, check
from search.check_tables import render
from search.confirmation import Choice
from search.design import confirmations, controls, curve_block, table_block
from search.faults import UserError
from search.results import Role
from search.study import CATALOGUE, Study, list_studies
from spaces.points import Point
from spaces.tasks import Kind, find_task
from tests.search.arms_study import arms_study
from tests.trainables.masked_encoders import write_masked
from tests.trainables.tiny import write_encoder
from trainables.workspace import Workspace

NOWHERE = Workspace(store="unused", cache="unused")


def sizes_of(study: Study) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}
    for index, (task, code) in enumerate(study.cells()):
        sizes.setdefault(task, {})[code] = 100 + index
    return sizes


def checked(*overrides: str, name: str = "lab") -> CheckReport:
    study = Study.from_file(name, overrides)
    return check(study, sizes_of(study), NOWHERE)


@pytest.mark.parametrize("name", [name for name, _ in list_studies()])
def test_batches_are_the_trials_that_the_design_plans(name: str) -> None:
    study = Study.from_file(name, ["models=[lab-tiny]"])  # whatever it asks of the hub
    space = study.space(sizes_of(study))
    by_name = {batch.name: batch for batch in check(study, space.sizes, NOWHERE).batches}
    searched = bool(study.search.trials)
    assert ("search" in by_name) is searched
    assert ("controls" in by_name) is (searched or study.curve is not None)
    if searched:
        assert by_name["search"].trials == study.search.trials
    if "controls" in by_name:
        assert by_name["controls"].trials == len(controls(study, space))
    assert {"table", "table controls"}.isdisjoint(by_name) or study.table
    if study.arms:
        arms = arms_block(study, space)
        assert by_name["arms"].trials + by_name["arm controls"].trials == len(arms)
        assert ("tuning" in by_name) is (study.arms.tuning is not None)
        assert sum(by_name[name].trials for name in by_name if name == "tuning") == len(
            tuning_block(study, space))
        assert set(by_name["arms"].seeds) == {each.config.seed for each in arms}
    if "curve" in by_name:
        assert by_name["curve"].trials == len(curve_block(study, space))
    tasks = space.intermediate.tasks
    choices = [Choice(group=str(index), point=Point.model_validate({"mixture": {
        tasks[0]: index / 10, tasks[1]: 1 - index / 10}}))
        for index in range(1, study.confirmation.chosen + 1)]
    planned = confirmations(study, space, choices)
    for role, batch in ((Role.CONFIRMATION, "confirmation"), (Role.CONTROL, "fresh controls")):
        if batch not in by_name:
            assert not study.confirmation.winners
            continue
        found = [each.config.seed for each in planned if each.role is role]
        assert by_name[batch].trials == len(found)
        assert set(by_name[batch].seeds) == set(found)


def test_work_is_reckoned_from_examples_batches_and_panels() -> None:
    report = checked(
        "models=[lab-tiny]", "intermediate.batch_size=10", "targets.batch_size=30",
        "targets.tasks=[lab-measure, lab-tags]", "panels.selection=[el, sk]",
        "panels.report=[ja]",
        "fidelity.search={intermediate_examples: 101, target_examples: 60, evaluation_rows: 7}",
        "fidelity.confirm=null")
    each = report.batches[0].each
    assert (each.intermediate_steps, each.intermediate_examples) == (11, 110)
    assert (each.target_phases, each.target_steps, each.target_examples) == (2, 4, 120)
    assert each.rows == 2 * 3 * 7
    counts = report.parameters["lab-tiny"]
    assert each.flops == counts.body * 64 * (6 * (110 + 120) + 2 * each.rows)
    assert each.bytes == 3 * counts.total * 4
    bare = report.batches[1].each
    assert (bare.intermediate_steps, bare.intermediate_examples, bare.target_steps) == (0, 0, 4)


@pytest.mark.parametrize("alone", [True, False])
def test_a_table_is_priced_with_its_controls(alone: bool) -> None:
    rest = ["search.trials=0", "confirmation.winners=0", "curve=null"] if alone else []
    overrides = ["table={mixtures: {all: proportional}, seeds: 2}",
                 "fidelity.confirm.target_examples=999", *rest]
    report = checked(*overrides)
    study = Study.from_file("lab", overrides)
    by_name = {batch.name: batch for batch in report.batches}
    assert by_name["table"].trials == 2 * (len(study.intermediate.tasks) + 1)
    assert by_name["table controls"].trials == 2
    assert by_name["table"].seeds == by_name["table controls"].seeds == (0, 1)
    assert by_name["table"].each.target_examples == by_name["table controls"].each.target_examples
    assert ("search" in by_name, "controls" in by_name) == (not alone, not alone)
    if alone:
        block = table_block(study, study.space(sizes_of(study)))
        assert report.totals.trials == len(block)
        assert report.warnings == ()
        assert report.rung_steps == 0
        console = Console(width=100, record=True, file=io.StringIO())
        console.print(render(report))
        assert "nothing: what is designed is all of the study" in console.export_text()


def test_arms_are_priced_with_what_their_contrast_can_show() -> None:
    study = arms_study("models=[lab-tiny]", "arms.pilot_sd=2.0")
    report = check(study, sizes_of(study), NOWHERE)
    assert {batch.name: batch.trials for batch in report.batches} == {
        "arms": 8, "arm controls": 4}
    assert study.arms is not None
    assert report.primary is not None
    assert report.primary.declared_digest == study.arms.primary.digest()
    assert body_parameters(study, NOWHERE) == {
        "lab-tiny": report.parameters["lab-tiny"].body}
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(report))
    text = console.export_text()
    for part in ("nothing: what is designed is all of the study", "far less near",
                 "minimal detectable effect", report.primary.declared_digest):
        assert part in text


def test_each_option_of_a_choice_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = find_task("lab-kind", CATALOGUE)
    choice = lab.model_copy(update={
        "name": "choice", "kind": Kind.MULTIPLE_CHOICE, "labels": ("1", "2", "3", "4"),
        "roles": ("intermediate", "target"), "evaluation": lab.train})
    monkeypatch.setattr("search.declaration.CATALOGUE", (*CATALOGUE, choice))
    report = checked(
        "models=[lab-tiny]", "intermediate.batch_size=10", "targets.batch_size=10",
        "intermediate.tasks=[lab-kind, choice]", "targets.tasks=[lab-measure, choice]",
        "panels.selection=[el, sk]", "panels.report=[ja]", "curve=null",
        "intermediate.max_active=2",
        "fidelity.search={intermediate_examples: 100, target_examples: 60, evaluation_rows: 7}",
        "fidelity.confirm=null")
    body = report.parameters["lab-tiny"].body * 64
    controls = body * (6 * 60 * (1 + 4) + 2 * 7 * 3 * (1 + 4))
    search, bare = report.batches[0].each, report.batches[1].each
    assert (search.rows, bare.rows) == (2 * 3 * 7,) * 2
    assert bare.flops == controls
    assert search.flops == controls + body * 6 * 100 * 4  # all of it the task that reads most


def test_a_published_pool_is_read_whole_beside_its_rows() -> None:
    report = checked(
        "models=[lab-tiny]", "targets.batch_size=10", "targets.tasks=[lab-measure, lareqa]",
        "panels.selection=[el, sk]", "panels.report=[vi]", "curve=null",
        "fidelity.search={intermediate_examples: 100, target_examples: 60, evaluation_rows: 7}",
        "fidelity.confirm=null")
    bare = report.batches[1].each
    assert bare.rows == 7 * (3 + 2)
    assert bare.flops == report.parameters["lab-tiny"].body * 64 * (
        6 * 60 + 2 * (bare.rows + 13_014))


def test_rungs_cost_targets_rows_and_states() -> None:
    plain = checked("models=[lab-tiny]")
    branched = checked("models=[lab-tiny]", "intermediate.rungs=[0.25, 0.5, 1]")
    one, three = plain.batches[0].each, branched.batches[0].each
    assert three.target_steps == 3 * one.target_steps
    assert three.rows == 3 * one.rows
    assert three.intermediate_steps == one.intermediate_steps
    assert three.bytes - 3 * one.bytes == 2 * 3 * 4 * plain.parameters["lab-tiny"].total
    assert (plain.rung_steps, branched.rung_steps) == (0, 2 * one.target_steps)
    # Nothing stops a designed trial early, so that it is scored at its end only.
    assert [batch.each for batch in branched.batches[1:]] == [
        batch.each for batch in plain.batches[1:]]


def test_totals_are_sums_over_the_batches() -> None:
    report = checked()
    assert report.totals.trials == sum(batch.trials for batch in report.batches)
    assert report.totals.rows == sum(batch.trials * batch.each.rows for batch in report.batches)
    assert report.totals.steps == sum(
        batch.trials * (batch.each.intermediate_steps + batch.each.target_steps)
        for batch in report.batches)


def test_zero_shot_is_computed_from_what_is_trained_on() -> None:
    report = checked("panels.selection=[el, de, en]", "panels.report=[ja]",
                     "panels.allow_overlap=[de]")
    assert {(each.panel, each.zero_shot, each.trained_on) for each in report.panels} == {
        ("selection", ("el",), ("de", "en")), ("report", ("ja",), ())}


def test_the_number_of_parameters_is_read_from_a_checkpoint(tmp_path: Path) -> None:
    header = {"embeddings.word_embeddings.weight": [10, 4], "encoder.layer.0.weight": [4, 4],
              "pooler.dense.weight": [4, 4]}
    _write_safetensors(tmp_path / "model.safetensors", header)
    (tmp_path / "config.json").write_text("{}")
    report = checked(f"models=[{tmp_path}]")
    counts = report.parameters[tmp_path.name]
    assert (counts.body, counts.total) == (16, 56)
    assert report.pretraining_steps == {}


def _write_safetensors(path: Path, shapes: dict[str, list[int]]) -> None:
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4 * shape[0] * shape[1]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(offset))


def test_an_encoder_that_is_not_there_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"must hold config\.json, got none .*\(models\)$"):
        checked(f"models=[{tmp_path / 'empty'}]")


def test_a_fixed_point_outside_the_space_is_a_clear_line() -> None:
    point = "{mixture: {lab-kind: 0.4, lab-tags: 0.6}, languages: {order: farthest, count: 3, " \
            "english: true}}"
    with pytest.raises(UserError, match=r"must lie in the search space.*\(search.fixed_points\)$"):
        checked(f"search.fixed_points=[{point}]")


@pytest.mark.parametrize(("overrides", "part"), [
    (["search.trials=3"], "fixed points come first, got 3 (search.trials)"),
    (["panels.selection=[en]"], "Keung et al. 2020"),
    (["curve.pilot_sd=2", "curve.worth=1"], "at the pilot's spread 46 orders tell 1 point"),
])
def test_warnings_are_one_line_each(overrides: list[str], part: str) -> None:
    found = checked(*overrides).warnings
    assert any(part in warning for warning in found)
    assert all("\n" not in warning for warning in found)


@pytest.mark.parametrize(("asked", "named"), [
    (["controls.further=[mlm]"], "the further control mlm"),
    (["controls.further=[mlm]", "intermediate.tasks=[lab-tags, lab-text]",
      "intermediate.max_active=2"], "lab-text and the further control mlm"),
    (["controls.further=[shuffled]"], ""),
])
def test_a_head_that_must_first_be_learnt_is_told(
    asked: list[str], named: str, tmp_path: Path
) -> None:
    write_encoder(tmp_path / "bare")
    write_masked(tmp_path / "whole")
    models = f"models=[lab-tiny, {tmp_path / 'whole'}, {tmp_path / 'bare'}]"
    told = [line for line in checked(models, "curve=null", *asked).warnings if "head" in line]
    assert told == ([
        f"{named} must first learn to restore masked tokens: the checkpoint of bare has no such "
        "head that is known here, so a fresh one is trained (models.2)"] if named else [])


def test_the_trials_that_a_worth_needs_follow_from_a_pilot() -> None:
    report = checked("curve.pilot_sd=2", "curve.worth=1", "curve.counts=[0, 1, 2, 4]",
                     "curve.seeds=3")
    assert (report.curve_orders_needed, report.curve_trials_needed) == (46, 3 * (46 * 3 + 1))
    assert checked().curve_trials_needed is None


def test_a_report_is_printed_and_reads_back() -> None:
    report = checked("intermediate.rungs=[0.5, 1]", "curve.pilot_sd=0.2")
    assert CheckReport.model_validate_json(report.model_dump_json()) == report
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(report))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    for expected in (report.study, f"{report.totals.trials} trials", "fresh controls",
                     "dimension active", "from 1 to", "rungs", "orders needed by the pilot",
                     "pretraining lab-small", f"{report.cells} of task and language"):
        assert expected in text
