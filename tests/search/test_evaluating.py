"""What a search confirmed is scored on other targets: the same encoders, seed by seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from search.agenda import Agenda
from search.answer import question_of
from search.cli import run
from search.code_versions import code_now
from search.evaluating import choices_of, encoder_notes, evaluation_study
from search.extension import Base
from search.faults import UserError
from search.headline import headline
from search.journal import Journal
from search.open_search import OpenSearch
from search.projection import Projection
from search.readout import read_out
from search.results import Role, TrialResult, collect
from search.study import Study, StudyError
from spaces.trial_config import TrialConfig
from tests.search.simulated_study import STUDY, simulated_study, sizes_of
from tests.search.test_agenda import Bench
from tests.search.test_extension import SNAPSHOT, opened
from trainables.phase_store import PhaseStore
from trainables.scores import PhaseResult

OTHER = (STUDY.replace("study: simulated", "study: other").replace("[lab-measure, lab-tags]",
                                                                   "[lab-choice]")
         .replace("[el, hi, sw]", "[el, vi]").replace("target_examples: 320", "target_examples: 64")
         .replace("learning_rate: 1.0e-3", "learning_rate: [2.0e-3, 4.0e-3]"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A search that ran to its end."""
    bench = opened(Bench(simulated_study(), tmp_path_factory.mktemp("base")), "simulated-1")
    bench.steps(bench.agenda())
    bench.close()
    return Base("simulated-1", Journal(bench.directory / "journal.jsonl"),
                str(bench.directory.parent))


def evaluated(base: Base, study: Study, directory: Path) -> Bench:
    directory.mkdir()
    return opened(Bench(study, directory), f"{study.study}-1", evaluates=base.name,
                  search_id="x", study_yaml="", versions={},
                  chosen=[each.model_dump(mode="json") for each in choices_of(base, study)])


def confirmed(results: list[TrialResult]) -> dict[tuple[str, int], TrialConfig]:
    return {(each.group, each.config.seed): each.config for each in results
            if each.role is Role.CONFIRMATION}


def encoder(config: TrialConfig) -> tuple[Any, ...]:
    """Return what determines a trial's encoder before the target phase."""
    return (config.model, config.pretraining_seed, config.intermediate, config.seed,
            config.fidelity.intermediate_examples)


def test_confirmed_mixtures_and_controls_are_scored_on_other_targets(
    base: Base, tmp_path: Path
) -> None:
    study = evaluation_study(base, "lab-choice", [])
    assert study.study == "simulated-on-lab-choice"
    bench = evaluated(base, study, tmp_path / "whole")
    agenda = bench.agenda()
    bench.steps(agenda)
    results = list(agenda.results.values())
    before, now = confirmed(collect(base.journal)), confirmed(results)
    assert {key: encoder(config) for key, config in now.items()} == {
        key: encoder(config) for key, config in before.items()}
    assert {config.targets for config in now.values()} == {("lab-choice",)}
    roles = Counter(each.role for each in results)
    assert roles == {Role.CONFIRMATION: len(before), Role.CONTROL: study.confirmation.seeds}
    assert agenda.total == len(results)
    readout = read_out(results, question_of(study, agenda.space), search="simulated-on-x-1")
    assert {entry.group for entry in readout.entries} == {group for group, _ in before}
    assert all(entry.gain is not None and entry.low is not None and entry.blocks == 2
               for entry in readout.entries)
    assert "the best confirmed mixture is" in headline(readout)
    tags = Projection().changes(agenda.journal.events[0])[0].tags
    assert tags["stiltune.evaluates"] == "simulated-1"
    assert "stiltune.extends" not in tags
    resumed = evaluated(base, study, tmp_path / "killed")
    again = resumed.killed_after_every(1)
    assert {trial: each.config for trial, each in again.results.items()} == {
        trial: each.config for trial, each in agenda.results.items()}
    for each in (bench, resumed):
        each.close()


def test_another_studys_targets_are_tuned_and_scored_as_there(base: Base, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(OTHER)
    study = evaluation_study(base, str(tmp_path / "other.yaml"), ["confirmation.seeds=3"])
    assert study.targets.tasks == ("lab-choice",)
    assert study.panels.report == ("el", "vi")
    assert study.fidelity.confirm.target_examples == 64
    assert study.fidelity.confirm.intermediate_examples == 320
    assert study.confirmation.seeds == 3
    assert study.search.trials == 0
    # 1e-3, at which the base's were tuned, is none of theirs.
    assert {each.point.target_learning_rate for each in choices_of(base, study)} == {None}
    assert Study.from_text(study.to_yaml()) == study
    bench = evaluated(base, study, tmp_path / "evaluated")
    agenda: Agenda = bench.agenda()
    bench.steps(agenda, 2)
    bench.close()


@pytest.mark.parametrize(("on", "line"), [
    ("lab-choice,lab-chioce", "got 'lab-chioce'; nearest: 'lab-choice' (--on)"),
    ("nothing", "a study must be one of"),
    ("lab-kind", "a task here must have the role target"),
])
def test_what_cannot_be_evaluated_on_is_one_line(base: Base, on: str, line: str) -> None:
    with pytest.raises(UserError) as refused:
        evaluation_study(base, on, [])
    assert line in str(refused.value)


def test_a_search_that_confirmed_nothing_is_refused_and_winners_come_from_one_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = opened(Bench(simulated_study(), tmp_path), "simulated-1")
    empty = Base("simulated-1", Journal(bench.directory / "journal.jsonl"), str(tmp_path))
    with pytest.raises(UserError, match="must have confirmed winners to be evaluated"):
        evaluation_study(empty, "lab-choice", [])
    with pytest.raises(StudyError, match="`trials` must be 0 where the winners"):
        simulated_study(["confirmation.of=simulated-1"])
    (tmp_path / "own.yaml").write_text(STUDY)
    assert run(["start", str(tmp_path / "own.yaml"), "--storage", str(tmp_path / "results"),
                "--set", "confirmation.of=x-1", "--set", "search.trials=0"]) == 2
    assert "must be started by `stiltune evaluate`" in capsys.readouterr().err


def test_encoders_that_the_store_no_longer_keeps_are_told(base: Base, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened", code=code_now())
    store = PhaseStore(str(tmp_path / "store"))
    for result in collect(base.journal):
        entry = f"{result.config.digest()}"
        if result.role is Role.CONFIRMATION:
            made = tmp_path / entry
            made.mkdir()
            (made / "weights").write_text("x")
            store.put("intermediate", entry, made)
        phases = [] if result.config.is_control else [PhaseResult(
            phase="intermediate", name="intermediate", entry=entry)]
        journal.append("finished", result.trial, **result.model_copy(update={
            "phases": tuple(phases)}).model_dump(mode="json"))
    journal.close()
    kept = Base("simulated-1", Journal(tmp_path / "journal.jsonl"), str(tmp_path))
    assert encoder_notes(kept) == ()
    first = next(each for each in collect(journal) if each.role is Role.CONFIRMATION)
    store.remove("intermediate", first.phases[0].entry)
    note, = encoder_notes(kept)
    assert "no longer keeps 1 of the" in note
    assert note.endswith(f"made again ({first.trial})")


def test_the_command_opens_a_search_that_says_whence_and_it_can_be_extended(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[OpenSearch] = []
    monkeypatch.setattr("search.commands._run", lambda search, preparation: ran.append(search))
    monkeypatch.setattr("search.commands.take_snapshot", lambda study, workspace: (
        SNAPSHOT.model_copy(update={"sizes": sizes_of(study)})))
    places = ["--storage", base.storage, "--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db"]
    assert run(["evaluate", "simulated", "--on", "lab-choice", *places]) == 0
    assert run(["extend", "simulated-on-lab-choice", "--set", "confirmation.seeds=3",
                *places]) == 0
    told = [search.journal.of("opened")[0].data for search in ran]
    assert [(data["search"], data["evaluates"], data.get("extends")) for data in told] == [
        ("simulated-on-lab-choice-1", "simulated-1", None),
        ("simulated-on-lab-choice-2", "simulated-1", "simulated-on-lab-choice-1")]
    groups = {group for group, _ in confirmed(collect(base.journal))}
    assert all({each["group"] for each in data["chosen"]} == groups for data in told)
    for search in ran:
        search.journal.close()
