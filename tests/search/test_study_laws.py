"""The laws that keep a score from being called zero-shot where it is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from search.answer import question_of
from search.study import Study, StudyError
from spaces.shared_data import SharedData
from tests.search.simulated_study import simulated_study, sizes_of

BASE = ("targets.tasks=[udpos, xnli]", "intermediate.tasks=[udpos, mnli]",
        "intermediate.languages.pool=[de, fi, hi, ru]", "curve=null",
        "intermediate.max_active=2")


def study(*overrides: str, base: Sequence[str] = BASE) -> Study:
    return simulated_study([*base, "panels={selection: [el, sw], report: [el, sw]}", *overrides])


def test_a_score_in_a_language_that_the_target_is_trained_on_is_refused_with_the_reason() -> None:
    with pytest.raises(StudyError) as caught:
        study("panels={selection: [el], report: [el, de]}")
    assert str(caught.value) == (
        "a panel and the training pool must be disjoint unless `panels.allow_overlap` declares it, "
        "got 'de' in both, and the target udpos is trained on there (panels.report.1)")


def test_where_another_task_alone_is_trained_on_the_overlap_is_the_reason() -> None:
    with pytest.raises(StudyError, match=r"got 'de' in both \(panels.selection.0\)"):
        study("intermediate.tasks=[pawsx, mnli]", "intermediate.languages.count=1",
              "intermediate.languages.pool=[de, fr]", "panels={selection: [de], report: [el]}")


def test_a_declared_overlap_is_told_to_be_no_zero_shot_score() -> None:
    found = study("panels={selection: [el], report: [el, de], allow_overlap: [de]}").warnings()
    assert any(line.startswith("scores in de are not zero-shot") for line in found)
    assert ("de is a language that udpos is trained on itself, and scored in "
            "(panels.allow_overlap)") in found


def test_the_same_data_in_both_phases_is_warned_of() -> None:
    found = [line for line in study().warnings() if line.endswith("(intermediate.tasks)")]
    ends = (": a gain there may be more updates on it, which `controls.further` tells apart "
            "(intermediate.tasks)")
    assert found == [f"{start}{ends}" for start in (
        "udpos (en) gives the very rows that udpos is tuned on",
        "udpos (de, fi, hi, ru) trains udpos itself, in other languages or words",
        "mnli (en) gives the very rows that xnli is tuned on")]
    assert all("\n" not in line for line in found)
    assert not [line for line in study("targets.tasks=[panx]", "intermediate.tasks=[udpos]",
                                       "intermediate.max_active=1").warnings()
                if "(intermediate.tasks)" in line]


def test_the_question_carries_it_to_the_read_out() -> None:
    asked = study()
    found = question_of(asked, asked.space(sizes_of(asked))).shared
    assert found == asked.shared_data
    assert SharedData(intermediate="mnli", languages=("en",), target="xnli", how="rows") in found


def test_several_layers_without_a_target_that_is_read_by_them_are_told_of() -> None:
    several = "models=[{path: a/b, layer: [7, 8], pooling: [mean, cls]}]"
    line = ("no target is of retrieval or ranking, for which alone a layer and pooling are chosen "
            "(models.0)")
    assert line in study(several).warnings()
    for settings in ((several, "targets.tasks=[udpos, xnli, tatoeba]"),
                     ("models=[{path: a/b, layer: 7}]",)):
        given = study(*settings)
        assert line not in given.warnings()
        assert Study.from_text(given.to_yaml()) == given
