"""Further controls in a search: planned for winners, counted nowhere else, and read out."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from search.agenda import Agenda
from search.answer import question_of
from search.check import check
from search.check_tables import render
from search.confirmation import Choice, winner_set
from search.design import confirmations
from search.entries import Readout
from search.further import FurtherComparison, verdict
from search.headline import summary
from search.intervals import Interval
from search.objective import Objective
from search.projection import Projection
from search.readout import read_out
from search.renderings import as_json, as_markdown, as_tables, as_yaml
from search.results import Outcome, Role, TrialResult
from search.run_content import parameters_of
from search.study import Study, StudyError
from spaces.points import Point
from spaces.trial_config import FURTHER_CONTROLS, FurtherControl
from tests.search.simulated_results import (
    CONFIRM,
    KINDS,
    QUESTION,
    config,
    controls,
    result,
    scores,
)
from tests.search.simulated_study import simulated_study, sizes_of
from tests.search.test_agenda import Bench, configs
from trainables.workspace import Workspace

ASKED = ["controls.further=[mlm, shuffled]", "curve=null"]
NO_CURVE = QUESTION.model_copy(update={"worth": None})
MIXED = {"dates": 0.6, "numbers": 0.4}


# ---- the study ------------------------------------------------------------------------------


@pytest.mark.parametrize(("override", "line"), [
    ("controls.further=[mlm, mlm]",
     "`further` must list each control once, got mlm, mlm (controls.further)"),
    ("controls.further=[mlm, random]",
     "`further` must be 'mlm' or 'shuffled', got 'random' (controls.further.1)"),
    ("controls.further=mlm", "`further` must be a list, got 'mlm' (controls.further)"),
    ("confirmation.winners=0", "`further` must be empty unless winners are confirmed "
     "(`confirmation.winners`), whose controls they are, got mlm (controls.further)"),
])
def test_a_faulty_setting_is_one_line(override: str, line: str) -> None:
    with pytest.raises(StudyError) as found:
        simulated_study(["controls.further=[mlm]", override])
    assert str(found.value) == line


def test_by_default_there_are_none_and_a_study_reads_back() -> None:
    assert simulated_study().controls.further == ()
    asked = simulated_study(ASKED)
    assert Study.from_text(asked.to_yaml()) == asked


def planned(*overrides: str) -> list[tuple[Role, str, int, str]]:
    study = simulated_study([*ASKED, *overrides])
    space = study.space(sizes_of(study))
    mixture = space.references()["uniform"]
    choices = [Choice(group=group, point=Point(mixture=mixture))
               for group in ("winner-1", "winner-2+uniform", "single")]
    return [(each.role, each.group, each.config.seed,
             each.config.intermediate.supervision if each.config.intermediate else "none")
            for each in confirmations(study, space, choices)]


def test_winners_have_them_once_on_the_seeds_of_their_confirmation_after_it() -> None:
    found = planned()
    further = [each for each in found if each[0] is Role.FURTHER]
    seeds = {seed for role, _, seed, _ in found if role is Role.CONFIRMATION}
    assert Counter(further) == {
        (Role.FURTHER, f"{group} {control}", seed, control): 1
        for group in ("winner-1", "winner-2+uniform") for control in FURTHER_CONTROLS
        for seed in seeds}
    assert found[-len(further):] == further
    assert found[: -len(further)] == planned("controls.further=[]")


def test_a_further_control_differs_from_its_winner_in_the_supervision_alone() -> None:
    study = simulated_study(ASKED)
    space = study.space(sizes_of(study))
    choice = Choice(group="winner-1", point=Point(mixture=space.references()["uniform"]))
    found = confirmations(study, space, [choice])
    winners = {each.config.seed: each.config for each in found if each.role is Role.CONFIRMATION}
    for each in found:
        if each.role is Role.FURTHER:
            assert each.config.intermediate is not None
            again = winners[each.config.seed].further_control(
                each.config.intermediate.supervision)  # type: ignore[arg-type]
            assert each.config == again
            assert not each.config.is_control


def test_check_counts_them_as_confirmations_are() -> None:
    study = simulated_study([*ASKED, "confirmation={winners: 2, seeds: 3}"])
    where = Workspace(store="unused", cache="unused")
    report = check(study, sizes_of(study), where)
    by_name = {batch.name: batch for batch in report.batches}
    assert by_name["further controls"].trials == 2 * 2 * 3
    assert by_name["further controls"].seeds == by_name["confirmation"].seeds
    assert by_name["further controls"].each == by_name["confirmation"].each
    plain = check(simulated_study(["curve=null", "confirmation={winners: 2, seeds: 3}"]),
                  sizes_of(study), where)
    assert report.totals.trials - plain.totals.trials == 12
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(report))
    assert "further controls" in console.export_text()


# ---- a search -------------------------------------------------------------------------------


def readout_of(agenda: Agenda) -> Readout:
    return read_out(agenda.results.values(), question_of(agenda.study, agenda.space), search="s-1")


@pytest.mark.parametrize(("worth", "words"), [
    (3.0, "beats both"), (20.0, "beats shuffled labels, not shown to beat MLM on the same inputs"),
])
def test_a_search_finds_what_is_true_of_its_winner(
    worth: float, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.simulated.TEXT_WORTH", worth)
    bench = Bench(simulated_study(
        [*ASKED, "confirmation.seeds=4", "intermediate.learning_rate=1.0e-3"]), tmp_path)
    agenda = bench.agenda()
    least = agenda.total
    bench.steps(agenda)
    bench.close()
    assert len(agenda.results) == agenda.total <= least
    roles = Counter(each.role for each in agenda.results.values())
    assert roles[Role.FURTHER] == 2 * 4
    assert roles[Role.CONTROL] == 2 + 4
    readout = readout_of(agenda)
    (winner,) = readout.winners
    assert winner.verdict == words
    assert [each.control for each in winner.further] == ["mlm", "shuffled"]
    text, labels = winner.further
    assert text.own_gain is not None
    assert labels.own_gain is not None
    assert text.own_gain.mean > 0 > labels.own_gain.mean
    assert any("Do not credit" in each for each in readout.next) == (worth > 10)
    assert {each["role"] for each in map(json.loads, lines_of(agenda))
            if each.get("group", "").endswith((" mlm", " shuffled"))} <= {Role.FURTHER}


def lines_of(agenda: Agenda) -> list[str]:
    return [json.dumps({"role": event.data["role"], "group": event.data["group"]})
            for event in agenda.journal.of("suggested")]


def test_all_but_the_further_controls_is_the_search_without_them(tmp_path: Path) -> None:
    found = []
    for name, overrides in (("plain", ["curve=null"]), ("asked", ASKED)):
        (tmp_path / name).mkdir()
        bench = Bench(simulated_study(overrides), tmp_path / name)
        agenda = bench.agenda()
        bench.steps(agenda)
        bench.close()
        found.append(agenda)
    plain, asked = found
    kept = {trial: digest for trial, digest in configs(asked).items()
            if asked.results[trial].role is not Role.FURTHER}
    assert kept == configs(plain)
    first, second = readout_of(plain), readout_of(asked)
    bare = [entry.model_copy(update={"further": (), "verdict": None}) for entry in second.entries]
    assert list(first.entries) == bare
    assert (first.controls, first.selection) == (second.controls, second.selection)
    assert "supervision" not in plain.journal.path.read_text()


@pytest.mark.parametrize("kill_after", [3, 7])
def test_killed_and_resumed_it_is_the_search_it_would_have_been(
    kill_after: int, tmp_path: Path
) -> None:
    found = []
    for name, most in (("whole", 10_000), ("again", kill_after)):
        (tmp_path / name).mkdir()
        bench = Bench(simulated_study(ASKED), tmp_path / name)
        while True:
            agenda = bench.agenda()
            bench.steps(agenda, most)
            if agenda.is_done:
                break
        bench.close()
        found.append(configs(agenda))
    assert found[0] == found[1]


def test_mlflow_is_told_what_a_further_control_is(tmp_path: Path) -> None:
    bench = Bench(simulated_study(ASKED), tmp_path)
    agenda = bench.agenda()
    bench.steps(agenda)
    study = agenda.study
    opened = agenda.journal.append(
        "opened", search="s-1", search_id="5eed", study=study.model_dump(mode="json"),
        study_yaml="", versions={}, storage="", datasets=[])
    bench.close()
    projection = Projection()
    projection.changes(opened)
    shown = [change for event in agenda.journal.events if event.kind != "opened"
             for change in projection.changes(event)]
    tags = {change.run.trial: change.tags | {"supervision": change.parameters.get(
        "intermediate.supervision", "")} for change in shown if "stiltune.role" in change.tags}
    told = Counter((each["stiltune.role"], each.get("stiltune.group", "").rpartition(" ")[2],
                    each["supervision"]) for each in tags.values()
                   if each["stiltune.role"] == "further control")
    assert told == {("further control", each, each): 2 for each in FURTHER_CONTROLS}
    mixed = config(MIXED)
    assert "intermediate.supervision" not in parameters_of(mixed)
    assert parameters_of(mixed.further_control("mlm"))["intermediate.supervision"] == "mlm"


# ---- the read-out, by hand ------------------------------------------------------------------


def golden(*, mlm: tuple[float | None, ...] = (51.0, 57.0),
           shuffled: tuple[float | None, ...] = (49.0, 54.0)) -> list[TrialResult]:
    """Return two mixtures on two seed blocks, and further controls of the winner there.

    Controls score 50 and 54, the winner 53 and 58, MLM 51 and 57, shuffled labels 49 and 54; a
    score of None is a failure.
    """
    single = {"dates": 1.0}
    found = [result("search-000", Role.SEARCH, config(single), scores(58)),
             result("search-001", Role.SEARCH, config(MIXED), scores(60)), *controls([49.0, 51.0])]
    for seed, (bare, best, other) in enumerate([(50.0, 53.0, 51.0), (54.0, 58.0, 55.0)], 100):
        winner = config(MIXED, seed=seed, fidelity=CONFIRM)
        found += [
            result(f"confirmation-{seed}", Role.CONFIRMATION, winner, scores(best),
                   group="winner-1+proportional"),
            result(f"confirmation-s-{seed}", Role.CONFIRMATION,
                   config(single, seed=seed, fidelity=CONFIRM), scores(other), group="single"),
            result(f"confirmation-c-{seed}", Role.CONTROL, winner.control(), scores(bare))]
        found += [further(f"further-{seed}", winner, control, points[seed - 100])
                  for control, points in (("mlm", mlm), ("shuffled", shuffled)) if points]
    return found


def further(trial: str, winner: object, control: FurtherControl, points: float | None
            ) -> TrialResult:
    made = winner.further_control(control)  # type: ignore[attr-defined]
    return result(f"{trial}-{control}", Role.FURTHER, made,
                  None if points is None else scores(points),
                  group=f"winner-1+proportional {control}",
                  outcome=Outcome.FAILED if points is None else Outcome.FINISHED,
                  error="diverged" if points is None else None)


def shown(readout: Readout, width: int = 100) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(as_tables(readout))
    return captured.get()


def test_the_golden_comparisons_are_as_worked_out_by_hand() -> None:
    readout = read_out(golden(), NO_CURVE, search="lab-1")
    (winner,) = readout.winners
    text, labels = winner.further

    # Over MLM 2 and 1: mean 1.5, sd 0.7071; t of 0.95 with 1 degree of freedom is 6.3138.
    assert text.gain is not None
    reach = 6.3138 * 0.7071 / math.sqrt(2)
    assert (text.gain.mean, text.gain.low, text.gain.high) == pytest.approx(
        (1.5, 1.5 - reach, 1.5 + reach), abs=1e-3)
    # Over shuffled labels 4 and 4; these lose 1 and 0 to the controls, MLM gains 1 and 3.
    assert labels.gain is not None
    assert (labels.gain.mean, labels.gain.low, labels.gain.units) == pytest.approx((4, 4, 2))
    assert text.own_gain is not None
    assert labels.own_gain is not None
    assert (text.own_gain.mean, labels.own_gain.mean) == pytest.approx((2.0, -0.5))
    assert (text.beaten, labels.beaten) == (False, True)
    assert winner.verdict == "beats shuffled labels, not shown to beat MLM on the same inputs"
    assert [entry.group for entry in readout.entries if entry.further] == [
        "winner-1+proportional"]
    assert readout.outcomes["further control"]["finished"] == 4
    assert readout.outcomes["confirmation"]["finished"] == 4


def test_further_controls_are_neither_controls_nor_candidates() -> None:
    without = [each for each in golden() if each.role is not Role.FURTHER]
    objective = Objective(kinds=KINDS)
    assert winner_set(golden(), objective) == winner_set(without, objective)
    first, second = (read_out(each, NO_CURVE, search="lab-1") for each in (golden(), without))
    assert (first.controls, first.selection) == (second.controls, second.selection)
    assert [entry.group for entry in first.entries] == [entry.group for entry in second.entries]
    assert [(entry.gain, entry.in_winner_set) for entry in first.entries] == [
        (entry.gain, entry.in_winner_set) for entry in second.entries]


@pytest.mark.parametrize(("mlm", "words"), [
    ((51.0, None), "beats shuffled labels, undecided against MLM on the same inputs"),
    ((None, None), "beats shuffled labels, undecided against MLM on the same inputs"),
    ((52.0, 57.0), "beats both"),  # 1 and 1: no doubt at all
    ((), "beats shuffled labels"),  # not asked for
])
def test_what_cannot_be_told_is_not_claimed(mlm: tuple[float | None, ...], words: str) -> None:
    readout = read_out(golden(mlm=mlm), NO_CURVE, search="lab-1")
    assert readout.winners[0].verdict == words
    failures = [each.reason for each in readout.excluded if each.role == "further control"]
    assert failures == ["failed: diverged"] * mlm.count(None)
    assert any("Do not credit" in each for each in readout.next) == ("undecided" in words)
    assert words in as_markdown(readout)


def test_with_a_failed_block_of_the_winner_nothing_is_beaten() -> None:
    diverged = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
                if each.trial == "confirmation-100" else each for each in golden(mlm=(52.0, 57.0))]
    (winner,) = read_out(diverged, NO_CURVE, search="lab-1").winners
    assert [each.beaten for each in winner.further] == [None, None]
    assert winner.verdict == ("undecided against both, no gain over the controls is shown")


@pytest.mark.parametrize(("gain", "beaten", "words"), [
    ((1, 2), (True, True), "beats both"),
    ((1, 2), (False, False), "not shown to beat either"),
    ((1, 2), (None, None), "undecided against both"),
    ((1, 2), (True, None), "beats MLM on the same inputs, undecided against shuffled labels"),
    ((-1, 2), (True, True), "beats both, no gain over the controls is shown"),
    (None, (False, True), "beats shuffled labels, not shown to beat MLM on the same inputs, "
                          "no gain over the controls is shown"),
    ((1, 2), (), None),
])
def test_verdicts_in_words(gain: tuple[float, float] | None, beaten: tuple[bool | None, ...],
                           words: str | None) -> None:
    over = None if gain is None else Interval(mean=sum(gain) / 2, low=gain[0], high=gain[1],
                                              units=5)
    comparisons = [FurtherComparison(control=control, trials=("t",), beaten=each)
                   for control, each in zip(FURTHER_CONTROLS, beaten, strict=False)]
    assert verdict(over, comparisons) == words


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_fits_and_every_format_holds_the_same(width: int) -> None:
    readout = read_out(golden(), NO_CURVE, search="lab-1")
    text, markdown = shown(readout, width), as_markdown(readout)
    assert max(map(len, text.splitlines())) <= width
    for interval in ("[+0.34, +6.66]", "[-1.66, +4.66]", "[+4.00, +4.00]"):
        assert interval in text
        assert interval in markdown
    data = json.loads(as_json(readout))
    assert yaml.safe_load(as_yaml(readout)) == data
    assert data["winners"][0]["further"][0]["gain"]["low"] == pytest.approx(-1.6569)
    assert data["winners"][0]["verdict"] in markdown
    assert "Is it the task? winner-1, proportional: beats shuffled" in summary(readout)


def test_a_search_without_further_controls_says_nothing_of_them() -> None:
    readout = read_out([each for each in golden() if each.role is not Role.FURTHER],
                       NO_CURVE, search="lab-1")
    for text in (shown(readout), as_markdown(readout), summary(readout), *readout.next):
        assert "Is it the task" not in text
        assert "credit" not in text
    assert all(entry.further == () and entry.verdict is None for entry in readout.entries)
