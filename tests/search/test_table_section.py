"""The table of a study: what may be written, what is refused, and what is the same as before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from search.study import Study, StudyError
from search.table_section import Table
from spaces.mixtures import Mixture
from tests.search.simulated_study import simulated_study

TASKS = "lab-kind, lab-names, lab-tags"
FORMS = ("uniform, proportional, {cap: ...}, {temperature: ...}, {tasks: ..., weighting: ...} or a "
         "mapping of tasks to weights")


def test_rows_are_the_single_tasks_then_the_mixtures() -> None:
    table = Table.model_validate({"mixtures": {
        "all": "proportional", "even": "uniform", "capped": {"cap": 100},
        "hot": {"temperature": 2}, "two": {"a": 0.25, "b": 0.75},
        "some": {"tasks": ["b"], "weighting": {"cap": 100}}}})
    rows = table.rows({"a": 100, "b": 900})
    assert {name: dict(mixture.weights) for name, mixture in rows.items()} == {
        "a": {"a": 1}, "b": {"b": 1}, "some": {"b": 1}, "all": {"a": 0.1, "b": 0.9},
        "even": {"a": 0.5, "b": 0.5},
        "capped": {"a": 0.5, "b": 0.5}, "hot": {"a": 0.25, "b": 0.75}, "two": {"a": 0.25,
                                                                             "b": 0.75}}
    assert list(rows)[:2] == ["a", "b"]
    named = table.named_tasks(("a", "b"))
    assert {name: set(mixture.tasks) for name, mixture in rows.items()} == {
        name: set(tasks) for name, tasks in named.items()}


def test_singles_may_be_left_out() -> None:
    table = Table.model_validate({"singles": False, "mixtures": {"two": {"a": 0.5, "b": 0.5}}})
    assert list(table.rows({"a": 1, "b": 1})) == ["two"]


@pytest.mark.parametrize(("given", "line"), [
    ("yes", "`table` must be a mapping of keys to values, got 'yes' (table)"),
    ({"seeds": 0}, "`seeds` must be at least 1, got 0 (table.seeds)"),
    ({"rows": 3}, "got 'rows' (table.rows)"),
    ({"singles": False}, "`mixtures` must name a mixture where `singles` is false, got none "
                         "(table.mixtures)"),
    ({"mixtures": ["all"]}, "`mixtures` must be a mapping of names to mixtures, got ['all'] "
                            "(table.mixtures)"),
    ({"mixtures": {"x" * 41: "uniform"}}, f"`mixtures` must have names of 1 to 40 characters, got "
                                          f"'{'x' * 41}' (table.mixtures)"),
    ({"mixtures": {"all": "best"}}, f"a mixture must be {FORMS}, got 'best' (table.mixtures.all)"),
    ({"mixtures": {"all": "simplex"}}, f"a mixture must be {FORMS}, fixed by one number, got "
                                       "'simplex' (table.mixtures.all)"),
    ({"mixtures": {"all": {"cap": [10, 20]}}}, f"a mixture must be {FORMS}, fixed by one number, "
                                               "got {'cap': [10, 20]} (table.mixtures.all)"),
    ({"mixtures": {"all": {"cap": 0}}}, f"a mixture must be {FORMS}, got {{'cap': 0}} "
                                        "(table.mixtures.all)"),
    ({"mixtures": {"all": 3}}, f"a mixture must be {FORMS}, got 3 (table.mixtures.all)"),
    ({"mixtures": {"all": {"lab-kind": 0.7, "lab-tags": 0.5}}},
     "`weights` must sum to 1, got 1.2 (table.mixtures.all)"),
    ({"mixtures": {"some": {"tasks": ["lab-kind", "lab-kind"], "weighting": "uniform"}}},
     "`tasks` must list tasks, each once, got ['lab-kind', 'lab-kind'] "
     "(table.mixtures.some.tasks)"),
    ({"mixtures": {"some": {"tasks": ["lab-kind"], "weighting": "simplex"}}},
     f"a mixture must be {FORMS}, fixed by one number, got 'simplex' "
     "(table.mixtures.some.weighting)"),
    ({"mixtures": {"some": {"tasks": ["lab-same"], "weighting": "uniform"}}},
     f"a mixture must use the tasks {TASKS}, got 'lab-same' (table.mixtures.some)"),
    ({"mixtures": {"all": {"lab-kind": "x"}}},
     "a weight must be a number, got 'x' (table.mixtures.all)"),
    ({"mixtures": {"all": {"lab-same": 1}}},
     f"a mixture must use the tasks {TASKS}, got 'lab-same' (table.mixtures.all)"),
    ({"mixtures": {"lab-tags": "uniform"}}, "a mixture must not have an intermediate task's name, "
                                            "got 'lab-tags' (table.mixtures.lab-tags)"),
    ({"languages": {"order": "diverse", "count": 5, "english": True}},
     "`count` must be at most the 4 languages of `intermediate.languages.pool`, got 5 "
     "(table.languages.count)"),
    ({"languages": {"order": "diverse", "count": 0, "english": False}},
     "`languages` must hold a language, got count 0 without English (table.languages)"),
    ({"languages": {"order": "diverse", "count": 2}},
     "`english` must be given, got nothing (table.languages.english)"),
])
def test_a_malformed_table_is_refused_in_one_line(given: Any, line: str) -> None:
    with pytest.raises(StudyError) as caught:
        simulated_study([f"table={json.dumps(given)}"])
    assert str(caught.value).endswith(line)
    assert "\n" not in str(caught.value)


def test_a_task_without_the_tables_languages_is_refused() -> None:
    with pytest.raises(StudyError, match=r"got 'squad' with zh, ru, fr, de \(table.languages\)$"):
        simulated_study(["intermediate.tasks=[lab-kind, squad]", "curve=null",
                         "intermediate.max_active=2", "table={languages: {order: diverse, "
                         "count: 4, english: false}}"])


def test_what_is_written_reads_back() -> None:
    study = simulated_study(["table={mixtures: {all: proportional, c: {cap: 9}, t: {temperature: "
                             "2.5}, w: {lab-kind: 0.5, lab-tags: 0.5}}, seeds: 1}"])
    assert Study.from_text(study.to_yaml()) == study
    assert Study.model_validate(study.model_dump(mode="json")) == study
    assert study.table is not None
    assert isinstance(study.table.mixtures["w"], Mixture)
    assert any("one seed block" in warning for warning in study.warnings())


def test_a_study_may_be_its_table_alone_and_then_warns_of_no_search() -> None:
    alone = ["table={}", "search.trials=0", "confirmation.winners=0", "curve=null"]
    # What is left is not about the search that it does without.
    assert all("lab-tags" in line for line in simulated_study(alone).warnings())
    with pytest.raises(StudyError, match=r"`winners` must be at most the search's 0 trials"):
        simulated_study([*alone[:2], "curve=null"])


def test_a_study_without_a_table_is_told_as_it_always_was() -> None:
    study = simulated_study()
    assert "table" not in study.model_dump(mode="json")
    assert "table" not in study.to_yaml()


def test_english_of_the_table_is_read_where_the_sets_have_none() -> None:
    overrides = ["intermediate.languages.english=false", "intermediate.languages.count=[1, 2]",
                 "curve=null"]
    assert "en" not in simulated_study(overrides).training_languages
    with_english = simulated_study([*overrides, "table={languages: {order: diverse, count: 0, "
                                                "english: true}}"])
    assert with_english.training_languages[0] == "en"
