"""The transfer table for people: it fits, its marks are right, and its notes say what it is."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rich.console import Console

from search.entries import Question, Readout
from search.faults import UserError
from search.headline import headline, summary
from search.readout import read_out
from search.renderings import as_latex, as_markdown, as_tables
from search.results import TrialResult
from search.transfer_table import transfer_table
from search.transfer_table_text import WIDTH, notes_of
from spaces.models import HubModel
from spaces.tasks import Kind
from tests.search.simulated_results import QUESTION, search
from tests.search.simulated_table import KINDS, random_table, scored, trial

NINE = {"xnli": Kind.PAIR, "pawsx": Kind.PAIR, "udpos": Kind.TAGGING, "panx": Kind.TAGGING,
        "xquad": Kind.QA, "mlqa": Kind.QA, "tydiqa": Kind.QA, "bucc-gold": Kind.RETRIEVAL,
        "tatoeba": Kind.RETRIEVAL}
METRICS = {task: {Kind.PAIR: "accuracy", Kind.RETRIEVAL: "accuracy"}.get(kind, "f1")
           for task, kind in NINE.items()} | {"mlqa": "mlqa_f1"}
TASKS = ("anli-plus", "mnli", "qqp", "squad", "squad2", "hellaswag", "ccg", "cosmosqa",
         "commonsenseqa")
ROWS = (*TASKS, "all [$ * | _]")
XLMR = HubModel(name="xlm-roberta-large", path="xlm-roberta-large")


def paper(seeds: int = 3) -> list[TrialResult]:
    """Return a table of the paper's size, with retrieval gains of tens of points."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(seeds):
        bare = {task: 20 + 20 * rng.random() for task in NINE}
        found.append(_trial(None, bare, seed))
        for row in ROWS:
            found.append(_trial(row, {task: bare[task] + rng.normal(
                40 if kind is Kind.RETRIEVAL else 2, 3) for task, kind in NINE.items()}, seed))
    return [each.model_copy(update={"trial": f"table-{index:03d}"})
            for index, each in enumerate(found)]


def _trial(row: str | None, points: dict[str, float], seed: int) -> TrialResult:
    # The simulated languages offer three tasks; what a row is called is all that matters here.
    made = trial("t", None if row is None else "dates", scored(points, METRICS), seed=seed,
                 targets=tuple(NINE), model=XLMR)
    return made if row is None else made.model_copy(update={"group": row})


def read(results: list[TrialResult], kinds: dict[str, Kind] | None = None) -> Readout:
    return read_out(results, Question(kinds=kinds or NINE, winners=0), search="paper-1")


def shown(readout: Readout, width: int = WIDTH) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(as_tables(readout))
    return captured.get()


@pytest.mark.parametrize("seeds", [1, 3])
def test_nine_tasks_fit_a_hundred_columns_and_no_gain_is_folded(seeds: int) -> None:
    readout = read(paper(seeds))
    table = readout.transfer_table
    assert table is not None
    lines = shown(readout).splitlines()
    assert max(map(len, lines)) <= WIDTH
    start = next(index for index, line in enumerate(lines) if "exploratory)" in line)
    for row in table.rows:
        if len(row.name) > 13:
            continue
        line = next(line for line in lines[start:] if line.startswith(f"{row.name} "))
        found = re.findall(r"[+-]\d+\.\d", line)
        assert found == [f"{cell.gain.mean:+.1f}" for cell in row.cells if cell.gain]
    header = " ".join(lines[start + 1: start + 4])
    assert all(task in header for task in ("xnli", "tatoeba", "tydiqa", "avg"))


def test_marks_say_what_survives_and_what_is_best() -> None:
    readout = read(random_table(2, seeds=5), KINDS)
    table = readout.transfer_table
    assert table is not None
    text, markdown = shown(readout), as_markdown(readout)
    columns = {column.name: column for column in table.columns}
    for row in table.rows:
        line = next(line for line in text.splitlines() if line.startswith(f"{row.name} "))
        written = re.findall(r"[+-]\d+\.\d(\*?)(<?)", line)
        assert written == [("*" if cell.survives else "", "<" if
                            columns[cell.column].best == row.name else "") for cell in row.cells]
        for cell in row.cells:
            if columns[cell.column].best == row.name:
                assert f"**{cell.gain.mean:+.1f}**" in markdown if cell.gain else False
    assert "An asterisk: survives the correction of 9 tests" in markdown


def test_the_answer_of_a_table_alone_is_the_table() -> None:
    readout = read(random_table(0), KINDS)
    assert readout.table_is_answer
    assert re.match(r"\d of 9 gains of an exploratory table survive the correction at a "
                    r"false-discovery rate of 10%; the best row on average is dates, \+",
                    headline(readout))
    text = shown(readout)
    assert "Mixtures" not in text
    assert "no control finished" not in text
    assert text.index("Transfer table (exploratory)") < text.index("Controls")
    assert readout.selection.flags == ()
    assert any(each.startswith("The table is exploratory: search over ") for each in readout.next)
    one = read([each for each in random_table(0) if each.config.seed == 0], KINDS)
    assert "one seed block tells nothing of spread" in headline(one)
    assert any("`table.seeds`" in each for each in one.next)


def test_beside_a_search_the_table_stands_after_its_answer() -> None:
    searched = search({"dates": 1.0, "entities": 2.0, "numbers": 0.0})
    beside = [each.model_copy(update={"scores": searched[0].scores, "config":
                                      each.config.model_copy(update={"targets": ("topics",
                                                                                 "tags")})})
              for each in random_table(0)]
    readout = read_out([*searched, *beside], QUESTION, search="lab-1")
    assert not readout.table_is_answer
    text = shown(readout)
    assert text.index("Mixtures") < text.index("Transfer table (exploratory)")
    assert "the best confirmed mixture is" in headline(readout)
    assert "Transfer table: " in summary(readout)


def test_published_rows_and_their_sources_are_told() -> None:
    text = as_markdown(read(paper()))
    assert "| published control | 79.2 | 86.4 | 73.8 | 65.4 | 76.6 | 71.6 | 65.1 | - | - | - |" in (
        text)
    assert "| published gain | +0.8 | +1.5 | +1.1 | -1.4 | +2.1 | +0.8 | +10.9 | - | - | - |" in (
        text)
    assert "Table 16" in text
    assert "multilingual-t5" in text


def test_latex_is_refused_where_there_is_no_table() -> None:
    readout = read_out(search({"dates": 1.0, "entities": 2.0, "numbers": 0.0}), QUESTION,
                       search="lab-1")
    with pytest.raises(UserError, match=r"must have a search of a study with a `table`.*got lab-1"):
        as_latex(readout)


@pytest.mark.parametrize(("kinds", "note"), [
    (dict.fromkeys(KINDS, Kind.PAIR), None),
    (dict.fromkeys(KINDS, Kind.RETRIEVAL), None),
    (KINDS, "The second average leaves out search."),
])
def test_what_an_average_leaves_out_is_said_where_there_are_two(
    kinds: dict[str, Kind], note: str | None
) -> None:
    table = transfer_table(random_table(0), kinds)
    assert table is not None
    found = [each for each in notes_of(table) if each.startswith("The second average")]
    assert found == ([note] if note else [])
