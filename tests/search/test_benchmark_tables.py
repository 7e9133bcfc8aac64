from __future__ import annotations

import json

import yaml
from rich.console import Console

from search.readout import read_out
from search.renderings import as_json, as_markdown, as_tables, as_yaml
from search.results import Role
from tests.search import simulated_results
from tests.search.simulated_results import QUESTION, result
from tests.search.test_benchmark_scores import ASKED, BETTER, config, told


def test_all_forms_hold_the_section() -> None:
    readout = read_out(told(), ASKED, search="s-1")
    text = as_markdown(readout)
    assert "## XTREME (3 of 9 tasks, 3 of 40 languages, not official)" in text
    assert "| points | control | winner-1 | single |" in text
    assert "| XNLI, 3/15 | 71.00 ± 1.00 | 74.00 ± 0.00; +3.00 [-3.31, +9.31] |" in text
    assert ("| zero-shot languages | 55.33 ± 0.33; 3/9 tasks, 5/155 | "
            "59.00 ± 0.00; 2/9 tasks, 2/147; "
            "+18.50 [+15.34, +21.66] |") in text
    assert "| retrieval, 1/2 tasks, 2/40 | 30.00 ± 0.00 |" in text
    assert "Missing: XNLI in 12 of 15 languages; PAWS-X; UD-POS in 31 of 33 languages;" in text
    data = json.loads(as_json(readout))
    assert data == yaml.safe_load(as_yaml(readout))
    assert data["benchmarks"][0]["lines"][0]["scores"][0] == {
        "kind": "task", "name": "XNLI", "points": 71.0, "seed_error": 1.0, "item_error": None,
        "gain": None, "tasks": 1, "of_tasks": 1, "pairs": 3, "of_pairs": 15}
    console = Console(width=100, record=True)
    with console.capture() as captured:
        console.print(as_tables(readout))
    assert "XTREME (3 of 9 tasks" in captured.get()
    shuffled = read_out(reversed(told()), ASKED, search="s-1")
    assert as_json(shuffled) == as_json(readout)


def test_the_same_data_in_both_phases_is_told_with_its_comparison() -> None:
    text = as_markdown(read_out(told(), ASKED, search="s-1"))
    assert "## The same data in both phases" in text
    assert "| single | mnli (en) gives the very rows that xnli is tuned on |" in text
    assert "equal-update control, `controls.further`, which this study does not have." in text
    further = [result(f"further-{seed}", Role.FURTHER, config({"mnli": 1.0}, seed), BETTER,
                      group="single shuffled") for seed in (100, 101)]
    assert "equal-update control, above." in as_markdown(
        read_out([*told(), *further], ASKED, search="s-1"))


def test_a_study_of_no_benchmark_is_read_out_as_before() -> None:
    readout = read_out(simulated_results.search({"dates": 3, "entities": 2.6, "numbers": 0}),
                       QUESTION, search="lab-1")
    data = readout.as_data()
    assert "benchmarks" not in data
    assert all("same_data" not in entry for entry in data["winners"] + data["references"])
    assert "both phases" not in as_markdown(readout)
