"""The live view: all that runs is seen, and what is said of it is true."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from search.agenda import Agenda
from search.journal import Journal
from search.live import LiveView
from tests.search.simulated_study import simulated_study, sizes_of
from trainables.messages import Message


@pytest.fixture
def agenda(tmp_path: Path) -> Iterator[Agenda]:
    study = simulated_study()
    journal = Journal(tmp_path / "journal.jsonl")
    yield Agenda(study, study.space(sizes_of(study)), journal)
    journal.close()


def start_one(agenda: Agenda) -> str:
    planned = agenda.next()
    assert planned is not None
    agenda.launched(planned.trial)
    agenda.started(planned.trial, "tune")
    return planned.trial


def seen(view: LiveView, width: int) -> list[str]:
    """Return the lines of a terminal: what does not fit into one is cut off."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True,
                      color_system="standard")
    lines = console.render_lines(view.render(), console.options)
    return ["".join(segment.text for segment in line) for line in lines]


@pytest.mark.parametrize("width", [60, 130])
def test_every_running_trial_has_a_row_with_what_it_does(agenda: Agenda, width: int) -> None:
    first, second = start_one(agenda), start_one(agenda)
    view = LiveView("simulated-1", agenda, Console(file=io.StringIO()))
    view.changed(second, Message(kind="doing", doing="target xnli, step 3 of 9"))
    lines = seen(view, width)
    assert any(line.startswith(first) and "waits for a worker" in line for line in lines)
    assert any(line.startswith(second) and "step 3 of 9" in line for line in lines)
    assert f"0 of {agenda.total} trials done, 2 running" in " ".join(lines)


def test_without_a_terminal_lines_are_printed_instead(agenda: Agenda) -> None:
    file = io.StringIO()
    trial = start_one(agenda)
    with LiveView("simulated-1", agenda, Console(file=file, width=200)) as view:
        for _ in range(5):
            view.changed(trial, Message(kind="doing", doing="evaluation"))
    assert file.getvalue().count("trials done") == 1  # not one a message
