"""A table's trials: run by the agenda beside a search or alone, each once, killed or not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from search.agenda import Agenda
from search.answer import question_of
from search.readout import read_out
from search.renderings import as_json
from search.results import Role, collect
from tests.search.simulated_study import simulated_study
from tests.search.test_agenda import Bench, configs

TABLE = ["table={mixtures: {all: proportional}, seeds: 2}"]
ALONE = [*TABLE, "search.trials=0", "confirmation.winners=0", "curve=null"]


@pytest.mark.parametrize("overrides", [TABLE, ALONE], ids=["beside a search", "alone"])
def test_a_table_runs_with_its_controls_whatever_runs_beside_it(
    overrides: list[str], tmp_path: Path
) -> None:
    study = simulated_study(overrides)
    bench = Bench(study, tmp_path)
    agenda = bench.agenda()
    run_to_the_end(bench, agenda)
    bench.close()
    ended = agenda.results.values()
    table = [result for result in ended if result.trial.startswith("table-")]
    assert Counter(result.role for result in table) == {Role.TABLE: 2 * 4, Role.CONTROL: 2}
    if overrides is ALONE:
        assert len(table) == len(ended)
    assert agenda.is_done
    assert len(ended) == agenda.total
    assert Counter(event.trial for event in agenda.journal.of("finished")) == dict.fromkeys(
        agenda.results, 1)
    readout = read_out(ended, question_of(study, agenda.space), search="simulated-1")
    found = readout.transfer_table
    assert found is not None
    gains = {row.name: row.cells[-1].gain for row in found.rows}
    assert set(gains) == {*study.intermediate.tasks, "all"}
    assert all(gain is not None and gain.units == 2 for gain in gains.values())
    assert readout.table_is_answer == (overrides is ALONE)


@pytest.mark.parametrize("kill_after", [1, 3, 7])
def test_a_killed_table_resumes_to_the_table_it_would_have_been(
    tmp_path: Path, kill_after: int
) -> None:
    study = simulated_study(ALONE)
    found = []
    for name, most in (("whole", 10_000), ("killed", kill_after)):
        (tmp_path / name).mkdir()
        bench = Bench(study, tmp_path / name)
        agenda = bench.agenda()
        while run_to_the_end(bench, agenda, most) == most:
            agenda = bench.agenda()
        bench.close()
        found.append((configs(agenda), as_json(read_out(
            collect(agenda.journal), question_of(study, agenda.space), search="simulated-1"))))
    assert found[0] == found[1]


def run_to_the_end(bench: Bench, agenda: Agenda, most: int = 10_000) -> int:
    """Run at most `most` trials, asking as Tune does until nothing can start."""
    for count in range(most):
        planned = agenda.next()
        if planned is None:
            return count
        agenda.launched(planned.trial)
        agenda.started(planned.trial, "tune")
        agenda.finished(bench.run(planned))
    return most
