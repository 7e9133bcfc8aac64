"""What a curve's trials train on: what is held over x, and the tokens that were read."""

from __future__ import annotations

from typing import Any

import pytest

from search.curve_work import curve_tokens, curve_work, work_note
from search.readout import read_out
from search.renderings import as_markdown
from search.results import TrialResult
from tests.search.simulated_results import QUESTION, curve
from trainables.scores import Cost, PhaseResult


def trials(*, rising: bool = False, distinct: int | None = None) -> list[TrialResult]:
    """Return a curve whose trials read 1,000 tokens and 10 more for each language."""
    return [_trial(each, rising=rising, distinct=distinct)
            for each in curve(lambda x: 50 + x, counts=(0, 1, 2, 4))]


def _trial(given: TrialResult, *, rising: bool, distinct: int | None) -> TrialResult:
    phase, fidelity = given.config.intermediate, given.config.fidelity
    assert phase is not None
    count = phase.languages.count
    changed: dict[str, Any] = {"intermediate": phase.model_copy(
        update={"distinct_examples": distinct})}
    if rising:
        changed["fidelity"] = fidelity.model_copy(
            update={"intermediate_examples": 320 * (1 + count)})
    read = PhaseResult(phase="intermediate", name="intermediate", entry=given.trial,
                       cost=Cost(tokens=1_000 + 10 * count))
    return given.model_copy(update={"config": given.config.model_copy(update=changed),
                                    "phases": (read,)})


@pytest.mark.parametrize(("fields", "said"), [
    ({}, "so that each language has fewer of them the more there are"),
    ({"distinct": 80}, "so are the 80 different examples of each language, seen more often"),
    ({"rising": True}, "is not told from what more training brings"),
])
def test_the_table_says_what_is_held(fields: dict[str, Any], said: str) -> None:
    found = trials(**fields)
    work = curve_work(found)
    assert [each.x for each in work] == [0, 1, 2, 4]
    assert (len({each.updates for each in work}) > 1) == ("rising" in fields)
    assert said in work_note(work)
    text = as_markdown(read_out(found, QUESTION, search="lab-1"))
    assert "## Training at each point of the languages curve" in text
    assert said in text
    last = next(line for line in text.splitlines() if line.endswith("| 1,040 |"))
    assert last.startswith("| 4 |")


def test_tokens_are_measured_now_or_when_what_is_stored_was_made() -> None:
    found = trials()
    assert curve_tokens(found) == {"curve_tokens": {"0": 1000, "1": 1010, "2": 1020, "4": 1040}}
    stored = [each.model_copy(update={"phases": tuple(
        phase.model_copy(update={"stored": True, "cost": Cost()}) for phase in each.phases)})
        for each in found]
    assert curve_tokens(stored) == {}
    assert curve_tokens([found[0], *stored[1:]]) == {"curve_tokens": {"0": 1000}}
    saved = [each.model_copy(update={"phases": tuple(
        phase.model_copy(update={"stored": True, "cost": Cost(saved_tokens=phase.cost.tokens)})
        for phase in each.phases)}) for each in found]
    assert curve_tokens(saved) == curve_tokens(found)
    bare, known = (read_out(each, QUESTION, search="lab-1") for each in (stored, found))
    assert bare.curve_work == known.curve_work
    assert "different in each language | tokens read" in as_markdown(bare)


def test_without_a_curve_there_is_nothing_to_say() -> None:
    assert curve_work([]) == ()
    assert "curve_work" not in read_out([], QUESTION, search="lab-1").as_data()
