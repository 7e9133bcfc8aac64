from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from search.entries import Readout
from search.figures import draw_figures
from search.headline import headline, summary
from search.readout import read_out
from search.renderings import as_json, as_markdown, as_tables, as_yaml
from search.results import Outcome, Role, TrialResult
from spaces.fidelity import Panel, Panels
from spaces.search_space import Point
from tests.search.simulated_results import (
    CONFIRM,
    PANELS,
    QUESTION,
    config,
    controls,
    curve,
    result,
    scores,
    search,
)

EFFECTS = {"dates": 3.0, "entities": 2.6, "numbers": 0.0}
NO_CURVE = QUESTION.model_copy(update={"worth": None})
WHOLE = search(EFFECTS) + curve(lambda x: 60 - 4 / (x + 1))


def golden() -> list[TrialResult]:
    """Return a search small enough to read out by hand.

    Two mixtures and a single task on two fresh seed blocks. Controls there score 50 and 54;
    `winner-1` scores 53 and 58 (gains 3 and 4), `single` 51 and 55 (gains 1 and 1).
    """
    mixed, single = {"dates": 0.6, "numbers": 0.4}, {"dates": 1.0}
    found = [result("search-000", Role.SEARCH, config(single), scores(58, shift=1.0)),
             result("search-001", Role.SEARCH, config(mixed), scores(60, shift=2.0)),
             result("search-002", Role.SEARCH, config({"numbers": 1.0}), None,
                    outcome=Outcome.FAILED, error="loss is not finite\nat step 12")]
    found += controls([49.0, 51.0])
    for seed, (bare, best, other) in enumerate([(50.0, 53.0, 51.0), (54.0, 58.0, 55.0)], 100):
        found += [
            result(f"confirm-a-{seed}", Role.CONFIRMATION,
                   config(mixed, seed=seed, fidelity=CONFIRM), scores(best), group="winner-1"),
            result(f"confirm-b-{seed}", Role.CONFIRMATION,
                   config(single, seed=seed, fidelity=CONFIRM), scores(other), group="single"),
            result(f"confirm-c-{seed}", Role.CONTROL, config(seed=seed, fidelity=CONFIRM),
                   scores(bare))]
    return found


def numbers_of(data: Any) -> list[float]:
    if isinstance(data, dict):
        return [number for value in data.values() for number in numbers_of(value)]
    if isinstance(data, list):
        return [number for value in data for number in numbers_of(value)]
    return [data] if isinstance(data, float) else []


def shown(readout: Readout, width: int = 100) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(as_tables(readout))
    return captured.get()


# ---- a small search, by hand ----------------------------------------------------------------


def test_the_golden_search_reads_out_as_worked_out_by_hand() -> None:
    readout = read_out(golden(), NO_CURVE, search="lab-1")
    (winner,), (reference,) = readout.winners, readout.references

    assert (winner.group, winner.trial, reference.trial) == (
        "winner-1", "search-001", "search-000")
    assert (winner.score, reference.score) == (55.5, 53.0)
    # Gains 3 and 4: mean 3.5, sd 0.7071; t of 0.95 with 1 degree of freedom is 6.3138.
    assert winner.gain == pytest.approx(3.5)
    assert winner.low == pytest.approx(3.5 - 6.3138 * 0.7071 / math.sqrt(2), abs=1e-3)
    assert winner.high == pytest.approx(3.5 + 6.3138 * 0.7071 / math.sqrt(2), abs=1e-3)
    # Selection scores are 2 points higher for the winner; its control in block 0 scored 49.
    assert winner.selection_gain == pytest.approx(60 + 2 - 49)
    assert (reference.gain, reference.low, reference.high) == pytest.approx((1.0, 1.0, 1.0))
    # They differ by 2 and 3: bound -2.5 + 6.3138 * 0.7071 / sqrt(2) > 0, so neither is out.
    assert (winner.in_winner_set, reference.in_winner_set) == (True, True)
    assert readout.curve is None
    assert headline(readout) == (
        "the best confirmed mixture is dates 60%, numbers 40%, gain +3.50 [+0.34, +6.66] points; "
        "2 mixtures may be the best.")


def test_what_the_golden_answer_rests_on_is_told() -> None:
    readout = read_out(golden(), NO_CURVE, search="lab-1", unfinished=["search-003"])

    assert readout.outcomes["search"] == {"finished": 2, "failed": 1, "stopped": 0,
                                          "chance-level": 0, "collapsed": 0}
    assert [(each.trial, each.reason) for each in readout.excluded] == [
        ("search-002", "failed: loss is not finite"), ("search-003", "did not end")]
    at_confirm, at_search = sorted(readout.controls, key=lambda each: each.fidelity)
    assert (at_confirm.fidelity, at_confirm.n, at_confirm.score.mean) == ("confirm", 2, 52.0)
    assert (at_search.n, at_search.tasks["tags"].sd) == (2, pytest.approx(math.sqrt(2)))
    assert readout.selection.candidates == 2
    assert dict(readout.selection.objective.spreads)["tagging"] == pytest.approx(math.sqrt(2))
    assert any("1 of 11 trials that ran to an end failed" in each for each in readout.next)


def test_a_winner_is_written_so_that_it_can_be_fed_back() -> None:
    data = json.loads(as_json(read_out(golden(), NO_CURVE, search="lab-1")))
    winner = data["winners"][0]
    source = next(each for each in golden() if each.trial == winner["trial"])

    assert Point.model_validate(winner["point"]) == Point.of(source.config)
    assert winner["mixture"] == {"dates": 0.6, "numbers": 0.4}
    assert winner["languages"] == {"order": "random:0", "count": 4, "english": True}
    assert winner["learning_rate"] == 5e-4


# ---- the same results, the same bytes -------------------------------------------------------


def test_the_order_of_results_changes_no_byte() -> None:
    shuffled = list(WHOLE)
    random.Random(0).shuffle(shuffled)

    assert as_json(read_out(shuffled, QUESTION, search="lab-1")) == as_json(
        read_out(WHOLE, QUESTION, search="lab-1"))


def test_time_and_machine_are_seen_under_measured_only() -> None:
    slower = [each.model_copy(update={
        "cost": each.cost.model_copy(update={"device_seconds": 99.0, "device": "cuda"}),
        "predictions": "s3://elsewhere"}) for each in WHOLE]
    first = read_out(WHOLE, QUESTION, search="lab-1", measured={"wall_seconds": 1.0}).as_data()
    second = read_out(slower, QUESTION, search="lab-1", measured={"wall_seconds": 2.0}).as_data()

    assert first.pop("measured") != second.pop("measured")
    assert first == second


def test_the_three_formats_hold_the_same_numbers() -> None:
    readout = read_out(WHOLE, QUESTION, search="lab-1")
    data = json.loads(as_json(readout))

    assert yaml.safe_load(as_yaml(readout)) == data
    assert {"search", "winners", "references", "curve", "controls", "outcomes", "excluded",
            "selection", "next", "measured"} <= set(data)
    assert {"mixture", "gain", "low", "high", "trial", "languages", "learning_rate", "group",
            "in_winner_set", "selection_gain"} <= set(data["winners"][0])
    assert {"axis", "points", "verdict", "x_star", "low", "high", "sentence"} <= set(data["curve"])
    best = readout.entries[0]
    for text in (shown(readout), as_markdown(readout)):
        assert f"{best.gain:+.2f} [{best.low:+.2f}, {best.high:+.2f}]" in text
        assert data["curve"]["verdict"] in text
    assert all(math.isfinite(number) for number in numbers_of(data))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_tables_fit_the_terminal_and_cut_no_gain_off(width: int) -> None:
    readout = read_out(WHOLE, QUESTION, search="lab-1")
    text = shown(readout, width)

    assert max(map(len, text.splitlines())) <= width
    for entry in readout.entries:
        assert f"{entry.gain:+.2f} [{entry.low:+.2f}, {entry.high:+.2f}]" in text


# ---- what it must not claim -----------------------------------------------------------------


def failed(results: list[TrialResult]) -> list[TrialResult]:
    return [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None,
                                    "error": "out of memory"}) for each in results]


def test_nothing_finished() -> None:
    readout = read_out([], QUESTION, search="lab-1")

    assert (readout.winners, readout.references, readout.controls) == ((), (), ())
    assert readout.curve is not None
    assert readout.curve.verdict == "not located"
    assert readout.next == ("No trial has finished: resume the search, or start it.",)
    assert headline(readout) == "no trial of the search finished."
    assert "Mixtures" in shown(readout)


def test_where_only_a_curve_was_run_it_is_the_answer() -> None:
    ran = curve(lambda x: 60 - 4 / (x + 1)) + controls([55.0, 56.0], fidelity=CONFIRM)

    readout = read_out(ran, QUESTION, search="languages-1")

    assert readout.curve is not None
    assert headline(readout) == readout.curve.sentence
    assert summary(readout).count(readout.curve.sentence[1:]) == 1
    assert readout.selection.objective.controls == 2


def test_all_failed() -> None:
    readout = read_out(failed(WHOLE), QUESTION, search="lab-1")

    assert all(entry.gain is None and entry.score is None and entry.selection_gain is None
               for entry in readout.entries)
    assert readout.curve is not None
    assert readout.curve.x_star is None
    assert readout.outcomes["search"]["failed"] == 24
    assert readout.next[0].startswith(f"All {len(WHOLE)} trials failed: put right what ")
    assert "out of memory" in readout.next[0]
    assert headline(readout) == "no trial of the search finished."
    assert not [number for number in numbers_of(readout.as_data()["winners"]) if number < 0]


def test_controls_missing() -> None:
    readout = read_out([each for each in WHOLE if not each.config.is_control], QUESTION,
                       search="lab-1")

    assert all(entry.gain is None and entry.low is None and entry.selection_gain is None
               for entry in readout.entries)
    assert readout.entries[0].score is not None
    assert any("No control finished" in each for each in readout.next)
    assert any("no control finished" in flag for flag in readout.selection.flags)
    assert "its gain is unknown" in headline(readout)


def test_one_fresh_seed_only() -> None:
    readout = read_out([each for each in golden() if each.config.seed != 101], NO_CURVE,
                       search="lab-1")
    winner = readout.winners[0]

    assert (winner.gain, winner.low, winner.high) == (pytest.approx(3.0), None, None)
    assert winner.in_winner_set is None
    assert "one seed block, so no interval" in headline(readout)
    assert "may be the best" not in headline(readout)


def test_not_yet_confirmed() -> None:
    searched = [each for each in WHOLE if each.role is Role.SEARCH or each.config.seed < 100
                and each.role is Role.CONTROL]
    readout = read_out(searched, QUESTION, search="lab-1")

    assert len(readout.winners) == QUESTION.winners
    assert all(entry.gain is None and entry.selection_gain is not None
               for entry in readout.winners)
    assert headline(readout).startswith("no mixture was confirmed")
    assert any(each.startswith("Nothing was confirmed") for each in readout.next)


def test_a_gain_that_may_be_none_is_said_to_be() -> None:
    readout = read_out(search({"dates": 0.1, "entities": 0.0, "numbers": -0.1}, sd=1.0), NO_CURVE,
                       search="lab-1")

    assert "which at 90% may be none" in headline(readout)
    assert any(each.startswith("No mixture is shown to gain") for each in readout.next)


def test_selection_on_english_alone_is_flagged() -> None:
    english = Panels(selection=Panel(languages=("en",)), report=PANELS.report)
    flagged = read_out([result("t", Role.SEARCH, config({"dates": 1.0}, panels=english),
                               scores(60))], NO_CURVE, search="lab-1")

    assert "Keung" in flagged.selection.flags[0]
    assert flagged.selection.panel == ("en",)
    assert not any("Keung" in flag for flag in
                   read_out(golden(), NO_CURVE, search="lab-1").selection.flags)


def test_marked_trials_are_counted_and_stay_in_every_mean() -> None:
    bad = [each.model_copy(update={"scores": scores(25.0, collapsed=True)})
           if each.trial == "confirm-a-101" else each for each in golden()]
    readout = read_out(bad, NO_CURVE, search="lab-1")

    assert readout.outcomes["confirmation"] == {"finished": 4, "failed": 0, "stopped": 0,
                                                "chance-level": 1, "collapsed": 1}
    assert next(entry.score for entry in readout.entries if entry.group == "winner-1") == 39.0


def test_stopped_trials_are_excluded_with_their_rung() -> None:
    stopped = result("search-007", Role.SEARCH, config({"dates": 0.3, "numbers": 0.7}),
                     scores(99), outcome=Outcome.STOPPED).model_copy(update={"rung": 0.25})
    readout = read_out([*golden(), stopped], NO_CURVE, search="lab-1")

    assert ("search-007", "stopped by the scheduler after 0.25 of its examples") in [
        (each.trial, each.reason) for each in readout.excluded]
    assert readout.selection.candidates == 2


@pytest.mark.parametrize(("truth", "words"), [
    (lambda x: 55 + 2 * math.log2(x + 1), "still rises at 8 languages: extend it to 16"),
    (lambda x: 60 if x >= 2 else 50 + 5 * x, "Train on 2 languages"),
])
def test_the_curve_says_what_to_try_next(truth: Any, words: str) -> None:
    readout = read_out(search(EFFECTS) + curve(truth, sd=0.05, orders=6), QUESTION, search="lab-1")

    assert any(words in sentence for sentence in readout.next)


@pytest.mark.parametrize(("base", "warned"), [(26.0, True), (60.0, False)])
def test_a_curve_flat_for_want_of_learning_is_said_to_be(base: float, warned: bool) -> None:
    found = read_out(curve(lambda x: base, sd=0.01), QUESTION, search="lab-1").curve

    assert found is not None
    assert found.verdict == "no gain anywhere"
    assert ("trials are at chance level" in found.sentence) == warned


# ---- figures --------------------------------------------------------------------------------


def test_figures_are_png_files_and_the_same_bytes_again(tmp_path: Path) -> None:
    readout = read_out(WHOLE, QUESTION, search="lab-1")
    first = draw_figures(readout, WHOLE, tmp_path / "a")
    second = draw_figures(readout, WHOLE[::-1], tmp_path / "b")

    assert [path.name for path in first] == ["curve.png", "mixtures.png", "progress.png"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("results", [[], failed(WHOLE), golden()[:2]],
                         ids=["none", "all failed", "two trials"])
def test_only_figures_with_data_are_drawn(results: list[TrialResult], tmp_path: Path) -> None:
    readout = read_out(results, QUESTION, search="lab-1")
    names = {path.name for path in draw_figures(readout, results, tmp_path)}

    assert "curve.png" not in names
    assert ("progress.png" in names) == any(each.scores for each in results)
