"""The report: the same bytes, nothing from a network, no text run, no number without its right."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from search.entries import Question
from search.headline import headline
from search.palette import TASK_COLOURS
from search.readout import read_out
from search.readout_tables import readout_tables
from search.report.markup import as_csv, escaped
from search.report.page import figures_of, page, render
from search.report.pieces import Figure, Material, Numbers, Section
from search.report.plots import figure_json, library
from search.report.sections import sections_of
from search.report.writing import write_report
from search.results import Outcome, Role, TrialResult
from tests.search.simulated_results import QUESTION, config, curve, result, scores, search
from tests.search.simulated_table import KINDS, random_table

EFFECTS = {"dates": 3.0, "entities": 2.6, "numbers": 0.0}
SEARCHED = search(EFFECTS)
NO_CURVE = QUESTION.model_copy(update={"worth": None})
EVIL = "</script><script>alert('x')</script>"
OPENED = {"study": {"question": f"Which? {EVIL}"}, "versions": {"python": "3.11"},
          "datasets": [{"name": "dates en train", "rows": 9, "fingerprint": "0123"}]}


def material(results: Sequence[TrialResult], question: Question = QUESTION) -> Material:
    return Material(read_out(results, question, search="lab-1"),
                    sorted(results, key=lambda each: each.trial), OPENED)


def names(given: Material) -> list[str]:
    return [figure.name for figure in figures_of(sections_of(given))]


def words(given: Material, section: str) -> str:
    found = next(each for each in sections_of(given) if each.name == section)
    return " ".join(str(part) for part in found.parts if not isinstance(part, Figure))


def failed(count: int, error: str = "loss is not finite") -> list[TrialResult]:
    return [result(f"search-{n}", Role.SEARCH, config({"dates": 1.0}), None, error=error,
                   outcome=Outcome.FAILED) for n in range(count)]


@pytest.fixture(scope="module")
def whole() -> str:
    return render(material(SEARCHED + curve(lambda x: 60 - 4 / (x + 1))))


def test_the_same_results_give_the_same_bytes_in_whatever_order(whole: str) -> None:
    results = SEARCHED + curve(lambda x: 60 - 4 / (x + 1))
    assert render(material(results[::-1])) == whole


def test_the_page_begins_with_the_answer_and_holds_every_figure_once(whole: str) -> None:
    given = material(SEARCHED + curve(lambda x: 60 - 4 / (x + 1)))
    answer = headline(given.readout)
    assert re.search(r'class="answer">([^<]*)', whole)[1] == escaped(  # type: ignore[index]
        answer[:1].upper() + answer[1:])
    assert names(given) == ["mixtures", "gains", "effects", "curve", "levels", "convergence",
                            "costs"]
    for name in names(given):
        assert whole.count(f'id="figure-{name}"') == whole.count(f'download="{name}.csv"') == 1


def test_nothing_but_the_page_is_asked_for(whole: str) -> None:
    own = whole.replace(library(), "")
    assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!#|data:text/csv)\w""", own)
    assert "http" not in re.sub('http-equiv="Content-Security-Policy"', "", own)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', whole)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "'unsafe-inline'" not in policy[1].split("script-src")[1].split(";")[0]


def test_a_planted_script_is_shown_as_text_everywhere() -> None:
    results = [each.model_copy(update={"trial": each.trial + EVIL}) for each in SEARCHED]
    own = render(material(results + failed(1, EVIL))).replace(library(), "")
    assert escaped(EVIL) in own
    assert "<script>alert" not in own
    assert own.count("</script") == own.count("<script")
    for data in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', own):
        assert "<script" not in json.dumps(json.loads(data))  # nor in what plotly reads as HTML


@pytest.mark.parametrize(("truth", "marks"), [
    (lambda x: 60 - 4 / (x + 1), ["x* ="]), (lambda x: 55.0, []),
    (lambda x: 50 + 3 * math.log2(x + 1), ["x* &gt;"]), (lambda x: 60 - x, ["falls after"])],
    ids=["saturating", "flat", "rising", "falling"])
def test_a_curve_marks_x_star_or_its_bound_and_nothing_that_is_not_shown(
    truth: Callable[[float], float], marks: list[str]
) -> None:
    given = material(curve(truth))
    assert given.readout.curve is not None
    (figure,) = (each for each in figures_of(sections_of(given)) if each.name == "curve")
    told = [note["text"] for note in figure.layout["annotations"]]
    assert len(told) == len(marks)
    assert all(mark in text for mark, text in zip(marks, told, strict=True))
    assert given.readout.curve.sentence in words(given, "curve")


def test_one_seed_of_one_order_has_no_band_and_no_interval() -> None:
    given = material(curve(lambda x: 50 + x, orders=1, seeds=1))
    (figure,) = (each for each in figures_of(sections_of(given)) if each.name == "curve")
    assert [trace["name"] for trace in figure.traces] == ["trial", "mean", "largest mean (argmax)"]
    assert "no interval" in figure.caption
    assert all(row[3] is row[4] is None for row in figure.numbers.rows)


def test_a_search_that_failed_has_no_figure_and_says_so() -> None:
    given = material(failed(6))
    assert names(given) == ["costs"]
    for section, said in (("mixtures", "no mixture to show"), ("effects", "no trial"),
                          ("levels", "No control finished"), ("convergence", "none has a score"),
                          ("selection", "loss is not finite"), ("curve", "no figure")):
        assert said in words(given, section)


def test_without_controls_no_gain_is_drawn() -> None:
    results = [each for each in SEARCHED if not each.config.is_control]
    given = material(results, NO_CURVE)
    assert "gains" not in names(given)
    assert "No gain is known" in words(given, "mixtures")
    assert "No control finished" in words(given, "levels")


def test_unconfirmed_mixtures_are_called_so_and_few_trials_have_no_effects() -> None:
    few = [each for each in SEARCHED if each.role is not Role.CONFIRMATION][:5]
    given = material([*few, result("c", Role.CONTROL, config(), scores(50))], NO_CURVE)
    assert "Nothing was confirmed" in words(given, "mixtures")
    assert "need at least" in words(given, "effects")
    assert "effects" not in names(given)


def test_a_table_alone_is_the_answer_and_frames_what_survives() -> None:
    given = material(random_table(2, seeds=5), Question(kinds=KINDS))
    table = given.readout.transfer_table
    assert table is not None
    assert names(given)[0] == "transfer"
    heat = figures_of(sections_of(given))[0]
    surviving = sum(cell.survives is True for row in table.rows for cell in row.cells)
    assert len(heat.layout["shapes"]) == surviving > 0
    assert len(heat.numbers.rows) == len(table.rows) * len(table.columns)


def test_a_csv_runs_nothing_and_leaves_out_what_is_unknown() -> None:
    numbers = Numbers(("a", "b", "c"), [("=cmd()", -0.00001, None), ("x,y", -1.23456, 7)])
    assert as_csv(numbers) == "a,b,c\n'=cmd(),0.0,\n\"x,y\",-1.2346,7\n"


def test_an_attribute_that_plotly_does_not_know_is_refused() -> None:
    bare: dict[str, Any] = {"type": "bar", "x": [1], "colour": TASK_COLOURS[0]}
    with pytest.raises(ValueError, match="colour"):
        figure_json(Figure("a", "", [bare], {}, Numbers((), [])))


def test_a_page_without_a_figure_runs_no_script() -> None:
    text = page("lab-1", [Section("answer", "Answer", ["none"])])
    assert "<script" not in text
    assert "script-src 'none'" in text


def test_a_report_is_the_page_and_the_numbers_of_its_figures(tmp_path: Path) -> None:
    (tmp_path / "stale.csv").write_text("of an earlier report")
    given = material(SEARCHED, NO_CURVE)
    written = write_report(given, tmp_path)
    assert [path.name for path in written] == [
        "report.html", *(f"{name}.csv" for name in names(given))]
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_a_curve_alone_has_no_sections_of_a_search() -> None:
    alone = material(curve(lambda x: 60 - 4 / (x + 1)))
    found = {section.name for section in sections_of(alone)}
    assert "curve" in found
    assert not found & {"mixtures", "effects", "convergence"}
    assert "Nothing was selected" in words(alone, "selection")
    assert all(table.title != "Mixtures" for table in readout_tables(alone.readout))
    both = material(SEARCHED + curve(lambda x: 60 - 4 / (x + 1)))
    assert {"mixtures", "effects", "convergence"} <= {each.name for each in sections_of(both)}
