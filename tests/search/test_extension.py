"""A wider study takes over what ran, and runs the rest; nothing of other code is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from search.code_versions import code_now
from search.extension import Base, taken_over
from search.faults import UserError
from search.journal import Journal
from search.results import Outcome, collect
from search.snapshot import DataSet, Snapshot
from search.study import Study
from tests.search.simulated_study import simulated_study, sizes_of
from tests.search.test_agenda import Bench

SNAPSHOT = Snapshot(sizes={}, datasets=(
    DataSet(name="lab-tags en train", fingerprint="a", rows=10),
    DataSet(name="lab-tags report panel", fingerprint="b", rows=10)))


def opened(bench: Bench, name: str, **more: Any) -> Bench:
    """Begin a search's journal as `start` does."""
    study = bench.study
    bench.directory = bench.directory / name
    bench.directory.mkdir()
    journal = Journal(bench.directory / "journal.jsonl")
    journal.append("opened", search=name, study=study.model_dump(mode="json"), code=code_now(),
                   storage=str(bench.directory.parent), hub=None,
                   **{**SNAPSHOT.model_dump(mode="json"), "sizes": sizes_of(study)}, **more)
    journal.close()
    return bench


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A search that ran to its end."""
    bench = opened(Bench(simulated_study(), tmp_path_factory.mktemp("base")), "simulated-1")
    bench.steps(bench.agenda())
    yield bench
    bench.close()


def extended(base: Bench, name: str, *overrides: str) -> Bench:
    study = Base("simulated-1", base.journals[-1], "").study(overrides)
    bench = Bench(study, base.directory.parent)
    return opened(bench, name, extends="simulated-1")


def run(bench: Bench) -> int:
    """Run an extension to its end; return how many of its trials ran."""
    agenda = bench.agenda()
    agenda._taken = taken_over(agenda.journal)
    ran = 0
    while not agenda.is_done:
        planned = agenda.next()
        if planned is None:
            continue
        agenda.launched(planned.trial)
        agenda.finished(bench.run(planned))
        ran += 1
    bench.close()
    return ran


@pytest.mark.parametrize(("name", "overrides", "more"), [
    ("seeds", ["confirmation.seeds=3"], 5),  # four mixtures and a control on one seed more
    ("curve", ["curve.counts=[0, 1, 2, 3, 4]"], 4),  # one count more: orders x seeds
])
def test_what_is_new_runs_and_the_rest_is_taken_over(
    base: Bench, name: str, overrides: Sequence[str], more: int
) -> None:
    bench = extended(base, name, *overrides)
    assert 0 < run(bench) <= more
    before = {result.config.digest(): result for result in collect(base.journals[-1])}
    results = collect(Journal(bench.directory / "journal.jsonl"))
    taken = [each for each in results if each.taken_from]
    assert {each.config.digest() for each in taken} == set(before)
    for each in taken:
        assert each.scores == before[each.config.digest()].scores
        assert each.cost.device_seconds == 0
        assert str(each.taken_from).startswith("simulated-1/")
    assert len({each.trial for each in results}) == len(results)


def test_trials_of_other_code_and_failed_ones_run_again(base: Bench, tmp_path: Path) -> None:
    bench = opened(Bench(simulated_study(), tmp_path), "simulated-1")
    journal = Journal(bench.directory / "journal.jsonl")
    results = collect(base.journals[-1])
    for number, result in enumerate(results):
        if number == 3:
            result = result.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
        if number == len(results) - 2:
            journal.append("resumed", code=code_now() | {"EvaluatePhase": "999"})
        journal.append("finished", result.trial, **result.model_dump(mode="json"))
    (tmp_path / "simulated-2").mkdir()
    extension = Journal(tmp_path / "simulated-2" / "journal.jsonl")
    # It was opened where the storage directory is no longer.
    extension.append("opened", extends="simulated-1", storage="/before")
    for each in (journal, extension):
        each.close()
    kept = [result for number, result in enumerate(results[:-2]) if number != 3]
    assert set(taken_over(extension)) == {result.config.digest() for result in kept}


def test_a_base_that_is_gone_takes_nothing_from_the_extension(tmp_path: Path) -> None:
    (tmp_path / "simulated-2").mkdir()
    journal = Journal(tmp_path / "simulated-2" / "journal.jsonl")
    journal.append("opened", extends="simulated-1", storage=str(tmp_path))
    journal.close()
    assert taken_over(journal) == {}


def test_the_same_study_is_no_extension_and_other_data_are_refused(base: Bench) -> None:
    found = Base("simulated-1", base.journals[-1], "")
    with pytest.raises(UserError, match="must change its study, got simulated-1 as it is"):
        found.study([])
    wider = found.study(["controls.seeds=3"])
    found.check(wider, SNAPSHOT)
    other = SNAPSHOT.model_copy(update={"datasets": (
        SNAPSHOT.datasets[0].model_copy(update={"fingerprint": "c"}), SNAPSHOT.datasets[1])})
    with pytest.raises(UserError, match="got another lab-tags en train"):
        found.check(wider, other)


def test_another_panel_and_more_tasks_are_no_other_data(base: Bench) -> None:
    found = Base("simulated-1", base.journals[-1], "")
    wider: Study = found.study(["panels.report=[el, hi]"])
    found.check(wider, SNAPSHOT.model_copy(update={"datasets": (
        *SNAPSHOT.datasets[:1], DataSet(name="lab-tags report panel", fingerprint="x", rows=6),
        DataSet(name="lab-kind en train", fingerprint="y", rows=9))}))
