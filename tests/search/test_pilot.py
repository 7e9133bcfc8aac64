from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.console import Console

from search.agenda import Agenda
from search.journal import Event
from search.pilot import Projection, project, render_projection
from search.results import Outcome, Role, TrialResult
from search.study import Study
from search.work import batches_of
from spaces.search_space import SearchSpace
from tests.search.simulated_study import simulated_study
from tests.search.test_agenda import Bench
from trainables.encoder_ref import ParameterCounts, count_parameters


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Agenda:
    """A search of which eight trials ran."""
    bench = Bench(simulated_study(), tmp_path_factory.mktemp("pilot"))
    agenda = bench.agenda()
    bench.steps(agenda, 8)
    bench.close()
    return agenda


def events_of(seconds: Mapping[str, float]) -> list[Event]:
    """Return the events of trials that took so long, one after another."""
    found: list[Event] = []
    now = 0.0
    for trial, took in seconds.items():
        for kind, after in (("started", 0.0), ("finished", took)):
            now += after
            found.append(Event(sequence=len(found), time=now, kind=kind, trial=trial))  # type: ignore[arg-type]
    return found


def projected(agenda: Agenda, seconds: Mapping[str, float], *, concurrent: int = 2) -> Projection:
    none = ParameterCounts(body=0, total=0)
    found = project(agenda.study, agenda.space, agenda.results.values(), events_of(seconds),
                    parameters={model.name: none for model in agenda.study.models},
                    stored_bytes=0, concurrent=concurrent)
    assert found is not None
    return found


def test_simulated_trials_take_what_those_took_that_ran(measured: Agenda) -> None:
    found = projected(measured, dict.fromkeys(measured.results, 36.0))
    assert sum(block.trials for block in found.blocks) == measured.total
    assert found.device_hours == pytest.approx(measured.total * 0.01)
    assert found.wall_hours == pytest.approx(found.device_hours / 2)
    assert sum(block.measured for block in found.blocks) == 8
    assert found.store_gib is None
    assert found.control_sd is not None
    assert found.seeds_needed is not None


LAB = """
study: sizes
question: How long?
models: [lab-25k, lab-170k]
intermediate:
  tasks: [lab-tags]
  weighting: uniform
  languages: {pool: [de], order: "random:0", count: 1}
  learning_rate: 1.0e-3
targets: {tasks: [lab-measure], learning_rate: 1.0e-3}
panels: {selection: [el], report: [el]}
fidelity:
  search: {intermediate_examples: 320, target_examples: 320, evaluation_rows: 50}
search: {trials: 0}
confirmation: {winners: 0}
arms: {arms: {tags: {}}, seeds: 2, primary: {better: tags}}
"""


def lab_results(study: Study, space: SearchSpace, models: set[str]) -> list[TrialResult]:
    from search.arm_design import arms_block
    return [TrialResult(trial=f"{each.role}-{number}", role=each.role, group=each.group,
                        config=each.config, outcome=Outcome.FINISHED)
            for number, each in enumerate(arms_block(study, space))
            if each.config.model.name in models]


@pytest.mark.parametrize("models", [{"lab-25k", "lab-170k"}, {"lab-25k"}])
def test_time_goes_with_flops_by_model_or_by_those_that_were_measured(models: set[str]) -> None:
    study = Study.from_text(LAB)
    space = study.space({"lab-tags": {"en": 1000, "de": 1000}})
    counts = {model.name: count_parameters(model, None) for model in study.models}
    results = lab_results(study, space, models)
    seconds = {each.trial: 36.0 if each.config.model.name == "lab-25k" else 72.0
               for each in results}
    found = project(study, space, results, events_of(seconds), parameters=counts,
                    stored_bytes=2**30, concurrent=1)
    assert found is not None
    blocks = {block.name: block for block in found.blocks}
    assert blocks["arms"].trials == blocks["arm controls"].trials == 4
    assert blocks["arms"].measured == len(models) * 2
    if len(models) == 2:  # all that there is was measured
        assert found.device_hours == pytest.approx((36 + 72) * 4 / 3600)
        assert found.store_gib == pytest.approx(1.0)
    else:
        larger = counts["lab-170k"].body / counts["lab-25k"].body
        assert found.device_hours == pytest.approx(36 * 4 * (1 + larger) / 3600, rel=0.01)
    assert {batch.name for batch in batches_of(study, space, counts)} == set(blocks)


def test_of_nothing_nothing_is_projected(measured: Agenda) -> None:
    assert project(measured.study, measured.space, [], [], parameters={}, stored_bytes=0,
                   concurrent=1) is None


def test_it_says_what_the_rest_takes_and_how_to_go_on(
    measured: Agenda, capsys: pytest.CaptureFixture[str]
) -> None:
    found = projected(measured, dict.fromkeys(measured.results, 36.0))
    Console(width=120).print(render_projection(found, "simulated-1"))
    text = capsys.readouterr().out
    assert "stiltune resume simulated-1 [--max-device-hours" in text
    assert "seed blocks tell 0.5 points from nothing" in text
    assert str(Role.CONFIRMATION) in text


