from __future__ import annotations

from pathlib import Path

from search.code_versions import code_now, code_of_trials, spell_code
from search.journal import Journal


def test_a_trial_is_of_the_code_that_ran_it_to_its_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened", code={"EvaluatePhase": "5"})
    journal.append("finished", "a")
    journal.append("started", "b")
    journal.append("resumed", code={"EvaluatePhase": "6"})
    journal.append("finished", "b")
    journal.append("finished", "c")
    journal.close()
    found = code_of_trials(journal)
    assert [found[trial]["EvaluatePhase"] for trial in "abc"] == ["5", "6", "6"]
    assert spell_code(found) == ("2 trials by EvaluatePhase 6 (b, c)",
                                 "1 trial by EvaluatePhase 5 (a)")


def test_what_all_ran_by_needs_no_word_and_an_old_journal_has_none(tmp_path: Path) -> None:
    assert spell_code({"a": code_now(), "b": code_now()}) == ()
    assert spell_code({}) == ()
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened")
    journal.append("finished", "a")
    journal.close()
    assert code_of_trials(journal) == {}


def test_only_what_differs_is_said() -> None:
    one, other = {"A": "1", "torch": "2.12"}, {"A": "1", "torch": "2.13", "B": "1"}
    assert spell_code({"a": one, "b": other, "c": other, "d": other, "e": other}) == (
        "4 trials by B 1, torch 2.13 (b, c, d, ...)", "1 trial by B none, torch 2.12 (a)")
