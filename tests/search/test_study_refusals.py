"""Refused studies: every malformed one in one clear line that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from search.faults import UserError
from search.study import Study, StudyError
from search.study_file import MAX_BYTES
from tests.search.good_study import GOOD, good, read

TASKS = "lab-kind, lab-tags"
# What is wrong -> the end of its one line.
MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"study": None}, "`study` must be given, got nothing (study)"),
    ({"study": "../evil"}, "`study` must match ^[a-z0-9][a-z0-9._-]{0,63}$, got '../evil' (study)"),
    ({"study": "Lab 1"}, "got 'Lab 1' (study)"),
    ({"study": "a" * 65}, f"got '{'a' * 65}' (study)"),
    ({"study": 7}, "`study` must be text, got 7 (study)"),
    ({"colour": "red"}, "got 'colour' (colour)"),
    ({"pannels": {}, "panels": None}, "`panels` must be given, got nothing (panels); "
                                      "and 1 more fault"),
    ({"models": []}, "`models` must have at least 1 item(s), got () (models)"),
    ({"models": "lab-tiny"}, "`models` must be a list, got 'lab-tiny' (models)"),
    ({"models": [3]}, "a model must be a name, a directory, or a mapping with a `path`, got 3 "
                      "(models.0)"),
    ({"models": [{"layer": 3}]}, "with a `path`, got {'layer': 3} (models.0)"),
    ({"models": [{"path": "here/mine", "max_length": 0}]},
     "`max_length` must be above 0, got 0 (models.0.max_length)"),
    ({"models": [{"path": "here/mine", "layers": 3}]}, "`models.0` must have only the keys origin, "
     "name, path, revision, max_length, layer, pooling, dropout, got 'layers'; nearest: 'layer' "
     "(models.0.layers)"),
    ({"models": [{"path": "here/mine", "layer": [7, -1]}]}, "`layer` must be a whole number of at "
     "least 0 or a list of them, got [7, -1] (models.0.layer)"),
    ({"models": [{"path": "here/mine", "pooling": "max"}]},
     "`pooling` must be mean or cls or a list of them, got 'max' (models.0.pooling)"),
    ({"models": [{"path": "lab-tiny"}]}, "`path` must be a hub name or a directory, got the lab's "
                                         "own 'lab-tiny' (models.0.path)"),
    ({"models": ["a/mine", "b/mine"]}, "`models` must have distinct names, got mine, mine "
                                       "(models)"),
    ({"intermediate__lerning_rate": 1e-3}, "got 'lerning_rate'; nearest: 'learning_rate' "
                                           "(intermediate.lerning_rate)"),
    ({"intermediate__tasks": None}, "`tasks` must be given, got nothing (intermediate.tasks)"),
    ({"intermediate__tasks": "lab-kind"}, "`tasks` must be a list, got 'lab-kind' "
                                          "(intermediate.tasks)"),
    ({"intermediate__tasks": ["lab-kind", "lab-kind"]},
     "`tasks` must be distinct, got lab-kind, lab-kind (intermediate.tasks)"),
    ({"intermediate__tasks": ["lab-kind", "lab-tag"]},
     "got 'lab-tag'; nearest: 'lab-tags' (intermediate.tasks.1)"),
    ({"intermediate__tasks": ["xnli"]}, "a task here must have the role intermediate, got 'xnli', "
                                        "which is target only (intermediate.tasks.0)"),
    ({"intermediate__weighting": "best"}, "`weighting` must be simplex, uniform, proportional, "
     "{temperature: ...} or {cap: ...}, got 'best' (intermediate.weighting)"),
    ({"intermediate__weighting": {"temperature": -2}},
     "`temperature` must be positive and finite, got -2 (intermediate.weighting.temperature)"),
    ({"intermediate__weighting": {"cap": 0}}, "`weighting` must be a cap of at least 1 row or a "
                                              "list of them, got 0 (intermediate.weighting)"),
    ({"intermediate__max_active": 3}, "`max_active` must be at most the 2 tasks, got 3 "
                                      "(intermediate.max_active)"),
    ({"intermediate__max_active": 0}, "`max_active` must be at least 1, got 0 "
                                      "(intermediate.max_active)"),
    ({"intermediate__learning_rate": None}, "`learning_rate` must be given, got nothing "
                                            "(intermediate.learning_rate)"),
    ({"intermediate__learning_rate": float("nan")},
     "`learning_rate` must be positive and finite, got nan (intermediate.learning_rate)"),
    ({"intermediate__learning_rate": {"low": 1e-3, "high": float("inf")}},
     "`learning_rate` must be positive and finite, got inf (intermediate.learning_rate)"),
    ({"intermediate__learning_rate": {"low": 1e-2, "high": 1e-3}},
     "`learning_rate` must have `low` below `high`, got 0.01 and 0.001 "
     "(intermediate.learning_rate)"),
    ({"intermediate__learning_rate": {"low": 1e-2}},
     "got {'low': 0.01} (intermediate.learning_rate)"),
    ({"intermediate__learning_rate": []}, "`learning_rate` must have something to choose, got an "
                                          "empty list (intermediate.learning_rate)"),
    ({"intermediate__learning_rate": "fast"}, "`learning_rate` must be a positive number, a list "
     "of them, or {low: ..., high: ...}, got 'fast' (intermediate.learning_rate)"),
    ({"intermediate__batch_size": 2.5}, "`batch_size` must be a whole number, got 2.5 "
                                        "(intermediate.batch_size)"),
    ({"intermediate__batch_size": True}, "`batch_size` must be a whole number, got True "
                                         "(intermediate.batch_size)"),
    ({"intermediate__warmup": 1.0}, "`warmup` must be below 1, got 1.0 (intermediate.warmup)"),
    ({"intermediate__examples": 0}, "`examples` must be at least 1, got 0 "
                                    "(intermediate.examples)"),
    ({"intermediate__rungs": [0.5]}, "`rungs` must rise and end at 1, got [0.5] "
                                     "(intermediate.rungs)"),
    ({"intermediate__languages__pool": ["de", "xx", "fr", "ar"]},
     "`language` must be a catalogued code, got 'xx' (intermediate.languages.pool.1)"),
    ({"intermediate__languages__pool": ["de", False, "fr", "ar"]},
     "`pool` must be text, got False (intermediate.languages.pool.1)"),
    ({"intermediate__languages__order": ["random:1", "random:1"]},
     "`order` must list each item once, got 'random:1' twice (intermediate.languages.order)"),
    ({"intermediate__languages__count": {"low": 0, "high": 10**17}},
     "`count` must be at most 1000000000, got 100000000000000000 (intermediate.languages.count)"),
    ({"intermediate__languages__count": {"low": 0, "high": 10**9}},
     "`count` must be at most the 4 languages of the pool, got 1000000000 "
     "(intermediate.languages.count)"),
    ({"intermediate__learning_rate": 3}, "`learning_rate` must be at most 1, got 3 "
                                         "(intermediate.learning_rate)"),
    ({"intermediate__weighting": {"temperature": 0.001}}, "`weighting` must have temperatures from "
     "0.1 to 100, got 0.001 (intermediate.weighting)"),
    ({"intermediate__batch_size": 10**17}, "`batch_size` must be at most 100000, got "
                                           "100000000000000000 (intermediate.batch_size)"),
    ({"intermediate__rungs": [each / 200 for each in range(1, 201)]},
     "`rungs` must have at most 100 items, got [0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, "
     "0.04, 0.045, 0.05, 0.055, 0.06... (intermediate.rungs)"),
    ({"intermediate__languages__pool": ["de", "en", "fr", "ar"]},
     "`pool` must not hold English, which has its own switch `english`, got de, en, fr, ar "
     "(intermediate.languages.pool)"),
    ({"intermediate__languages__pool": ["de", "de", "fr", "ar"]},
     "`pool` must hold each language once, got 'de' again (intermediate.languages.pool)"),
    ({"intermediate__languages__pool": ["de", "ht", "fr", "ar"]},
     "got 'ht' (intermediate.languages.pool.1)"),
    ({"intermediate__languages__count": 5}, "`count` must be at most the 4 languages of the pool, "
                                            "got 5 (intermediate.languages.count)"),
    ({"intermediate__languages__count": -1}, "`count` must not be negative, got -1 "
                                             "(intermediate.languages.count)"),
    ({"intermediate__languages__order": "alphabetic"},
     "got 'alphabetic' (intermediate.languages.order)"),
    ({"intermediate__languages__english": [False], "intermediate__languages__count": 0},
     "`count` must be above 0 where `english` is false, got only 0 (intermediate.languages.count)"),
    ({"intermediate__languages__english": "always"},
     "`english` must be true or false, got 'always' (intermediate.languages.english.0)"),
    ({"models": [{"path": ""}]}, "a model must be a name, a directory, or a mapping with a "
                                 "`path`, got {'path': ''} (models.0)"),
    ({"models": [{"origin": "simulated", "name": ""}]}, "`name` must not be empty, got '' "
                                                        "(models.0.name)"),
    ({"models": [{"path": "a/b", "max_length": True}]},
     "`max_length` must be a whole number, got True (models.0.max_length)"),
    ({"models": [{"path": "a/b", "max_length": "64"}]},
     "`max_length` must be a whole number, got '64' (models.0.max_length)"),
    ({"question": "x" * 501}, f"`question` must have at most 500 characters, got '{'x' * 76}... "
                              "(question)"),
    ({"targets__tasks": ["mnli"]}, "a task here must have the role target, got 'mnli', which is "
                                   "intermediate only (targets.tasks.0)"),
    ({"targets__tasks": ["lab-text"]}, "a task here must have the role target, got 'lab-text', "
                                       "which is intermediate only (targets.tasks.0)"),
    ({"targets__tasks": []}, "`tasks` must have at least 1 item(s), got [] (targets.tasks)"),
    ({"targets__tasks": ["tatoeba"]}, "`tasks` must hold a trained task unless `search.retrieval` "
                                      "is true, got tatoeba (targets.tasks)"),
    ({"targets__learning_rate": {"low": 1e-4, "high": 1e-3}},
     "`learning_rate` must be a number or a list, since each value needs controls of its own, got "
     "a range (targets.learning_rate)"),
    ({"panels__selection": []}, "`selection` must have at least 1 item(s), got [] "
                                "(panels.selection)"),
    ({"panels__selection": ["el", "el"]}, "`selection` must list each language once, got el, el "
                                          "(panels.selection)"),
    ({"panels__selection": ["el", "de"]}, "a panel and the training pool must be disjoint unless "
     "`panels.allow_overlap` declares it, got 'de' in both (panels.selection.1)"),
    ({"panels__report": ["ht"]}, "a panel must have a language of every target, got none of "
                                 "'lab-measure' in ht (panels.report)"),
    ({"panels__report": ["el", "ht"]}, "a language of a panel must be one that a target is "
                                       "evaluated in, got 'ht' (panels.report.1)"),
    ({"panels__allow_overlap": ["de"]}, "an overlap must be a language of the pool and of a "
                                        "panel, got 'de' (panels.allow_overlap.0)"),
    ({"fidelity": {}}, "`search` must be given, got nothing (fidelity.search); "
                       "and 1 more fault"),
    ({"fidelity__search__target_examples": 0}, "`target_examples` must be a whole number of at "
                                               "least 1, got 0 (fidelity.search.target_examples)"),
    ({"fidelity__search__evaluation_rows": None},
     "`evaluation_rows` must be given, got nothing (fidelity.search.evaluation_rows); "
     "and 1 more fault"),
    ({"fidelity__search__target_examples": 10**10}, "`target_examples` must be at most 1000000000, "
     "got 10000000000 (fidelity.search.target_examples)"),
    ({"fidelity__search__name": "x"}, "`name` must be 'search' or left out, got 'x' "
                                      "(fidelity.search.name)"),
    ({"search": {"sampler": "grid"}}, "`sampler` must be 'tpe' or 'random', got 'grid' "
                                      "(search.sampler)"),
    ({"search": {"scheduler": "asha"}}, "`rungs` must hold at least 2 for the asha scheduler, got "
                                        "[1.0] (intermediate.rungs)"),
    ({"search": {"trials": 0}, "curve": None}, "`trials` must be at least 1 unless the study has a "
                                               "`table`, a `curve` or `arms`, got 0 "
                                               "(search.trials)"),
    ({"search": {"trials": 2}}, "`winners` must be at most the search's 2 trials, got 3 "
                                "(confirmation.winners)"),
    ({"search": {"seed": -1}}, "`seed` must be at least 0, got -1 (search.seed)"),
    ({"search": {"reproducible": "yes please"}}, "`reproducible` must be true or false, got "
                                                 "'yes please' (search.reproducible)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": 0.7}}]}},
     "`weights` must sum to 1, got 0.7 (search.fixed_points.0.mixture)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-same": 1}}]}},
     f"a mixture must use the tasks {TASKS}, got 'lab-same' (search.fixed_points.0.mixture)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": 1}, "model": "huge"}]}},
     "`model` must be one of lab-tiny, got 'huge' (search.fixed_points.0.model)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": True}}]}},
     "`mixture` must be a number, got True (search.fixed_points.0.mixture)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": "1"}}]}},
     "`mixture` must be a number, got '1' (search.fixed_points.0.mixture)"),
    ({"search": {"fixed_points": [{"mixture": {"weights": [["lab-kind", 1], ["lab-kind", 0]]}}]}},
     "`weights` must name each task once, got [('lab-kind', 1.0), ('lab-kind', 0.0)] "
     "(search.fixed_points.0.mixture)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": 1}, "target_learning_rate": True}]}},
     "`target_learning_rate` must be a number, got True "
     "(search.fixed_points.0.target_learning_rate)"),
    ({"search": {"fixed_points": [{"mixture": {"lab-kind": 1}, "intermediate_examples": "64"}]}},
     "`intermediate_examples` must be a whole number, got '64' "
     "(search.fixed_points.0.intermediate_examples)"),
    ({"search": {"trials": 10**17}}, "`trials` must be at most 100000, got 100000000000000000 "
                                     "(search.trials)"),
    ({"search": {"round_size": 10**17}}, "`round_size` must be at most 10000, got "
                                         "100000000000000000 (search.round_size)"),
    ({"controls": {"seeds": 1}}, "`seeds` must be at least 2, got 1 (controls.seeds)"),
    ({"confirmation": {"seeds": 1}}, "`seeds` must be at least 2, got 1 (confirmation.seeds)"),
    ({"curve__counts": [0, 1]}, "`counts` must have at least 3 item(s), got [0, 1] "
                                "(curve.counts)"),
    ({"curve__counts": [0, 2, 1]}, "`counts` must rise, got [0, 2, 1] (curve.counts)"),
    ({"curve__counts": [0, 1, 5]}, "`counts` must be at most the 4 languages of "
                                   "`intermediate.languages.pool`, got 5 (curve.counts)"),
    ({"curve__orders": ["random:0"]}, "`orders` must have at least 2 item(s), got ['random:0'] "
                                      "(curve.orders)"),
    ({"curve__orders": ["random:0", "best"]}, "got 'best' (curve.orders.1)"),
    ({"curve__mixture": {"lab-kind": 2}}, "`weights` must sum to 1, got 2.0 (curve.mixture)"),
    ({"curve__mixture": {"lab-kind": "x"}}, "`mixture` must be a number, got 'x' (curve.mixture)"),
    ({"curve__mixture": {"squad": 1}}, f"a mixture must use the tasks {TASKS}, got 'squad' "
                                       "(curve.mixture)"),
    ({"curve__mixture": "best"}, "`mixture` must be uniform or a mapping of tasks to weights, got "
                                 "'best' (curve.mixture)"),
    ({"curve__english": False}, "`counts` must start above 0 where `english` is false, got 0 "
                                "(curve.counts)"),
    ({"curve__worth": 0}, "`worth` must be above 0, got 0 (curve.worth)"),
    ({"curve__axis": "time"}, "`axis` must be 'languages', got 'time' (curve.axis)"),
    ({"resources": {"workers": 0}}, "`workers` must be at least 1, got 0 (resources.workers)"),
    ({"resources": {"gpus": 1.5}}, "`gpus` must be whole, or a part of one GPU from 0.0001 on, got "
                                   "1.5 (resources.gpus)"),
    ({"resources": {"precision": "float16"}}, "got 'float16' (resources.precision)"),
    ({"resources": []}, "`resources` must be a mapping of keys to values, got [] (resources)"),
]


@pytest.mark.parametrize(("changes", "line"), MALFORMED, ids=lambda each: str(each)[:60])
def test_a_malformed_study_is_refused_in_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(good(**changes))
    message = str(caught.value)
    assert message.endswith(line)
    assert "must" in message
    assert "\n" not in message


# YAML that is no study -> a part of its one line.
BROKEN: list[tuple[str, str]] = [
    ("", "a study must be a mapping of keys to values, got nothing"),
    ("- a\n- b", "a study must be a mapping of keys to values, got a list"),
    ("just text", "a study must be a mapping of keys to values, got 'just text'"),
    ("study: [", "must be plain YAML, got a fault"),
    ("study: a\n\tb: c", "(line 2, column 1)"),
    ("study: a\nstudy: b", "the key 'study' is given twice (line 2, column 1)"),
    ("controls: {seeds: 5, seeds: 6}", "the key 'seeds' is given twice"),
    ("a: &x [1]\nb: *x", "aliases are not allowed (line 2, column 4)"),
    ("a: &x {b: 1}\nc:\n  <<: *x", "aliases are not allowed"),
    ("a: " + "[" * 5_000, "more than 20 levels of nesting"),
    ("a: !!python/object/apply:os.system [ls]", "tags are not allowed, got 'tag:yaml.org,2002:py"),
    ("a: !!binary aGk=", "tags are not allowed, got 'tag:yaml.org,2002:binary' (line 1, column 4)"),
    ("a: !!int x", "tags are not allowed"),
    ("a: !!map b", "tags are not allowed"),
    ("!mine {a: b}", "tags are not allowed"),
    ('a: "\\U00110000"', "must be plain YAML, got a fault: chr() arg not in range(0x110000)"),
    ('a: "\\UFFFFFFFF"', "must be plain YAML, got a fault"),
    ("1: a", "a key must be text, got 1"),
    ("? [a, b]\n: c", "a key must be text, got ['a', 'b']"),
    ("a: " + "9" * 5_000, "a whole number must have at most 18 digits, got 5000"),
    ("a: 1\n---\nb: 2", "must be plain YAML, got a fault"),
    ("a: \x00", "must be plain YAML, got a fault"),
]


@pytest.mark.parametrize(("text", "part"), BROKEN, ids=lambda each: repr(each)[:40])
def test_text_that_is_no_study_is_refused_in_one_line(text: str, part: str) -> None:
    with pytest.raises(UserError) as caught:
        Study.from_text(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_study_are_refused(tmp_path: Path) -> None:
    big, latin, fine = tmp_path / "big.yaml", tmp_path / "latin.yaml", tmp_path / "fine.yaml"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    latin.write_bytes("study: \u00e9".encode("latin-1"))
    fine.write_text(yaml.safe_dump(GOOD))
    for path, part in [
        (big, f"must have at most {MAX_BYTES} bytes, got {MAX_BYTES + 1}"),
        (latin, "must be UTF-8, got the byte 0xe9 at 7"),
        (tmp_path / "none.yaml", "must be a YAML file, got no file"),
        (Path("/dev/zero"), "must be a YAML file, got no file"),
        (tmp_path / ".", "must be a YAML file, got a directory"),
    ]:
        with pytest.raises(UserError, match="must") as caught:
            Study.from_file(f"{path}/" if path.is_dir() else str(path))
        assert part in str(caught.value)
        assert str(path) in str(caught.value)
    assert Study.from_file(str(fine)) == read(GOOD)


def test_a_fault_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(good(controls={"seeds": 1})))
    with pytest.raises(StudyError) as caught:
        Study.from_file(str(path))
    assert str(caught.value) == f"{path}: `seeds` must be at least 2, got 1 (controls.seeds)"


def test_an_unknown_study_is_offered_the_nearest() -> None:
    with pytest.raises(UserError, match="got 'labb'; nearest: 'lab'"):
        Study.from_file("labb")
    with pytest.raises(UserError, match="a study must be a YAML file, got no file"):
        Study.from_file("../studies/lab")
    with pytest.raises(UserError, match="a study must be one of lab, .* or a YAML file"):
        Study.from_file("a" * 5_000)
    with pytest.raises(UserError, match="a study must be a YAML file, got '~no-such-user/x.yaml'"):
        Study.from_file("~no-such-user/x.yaml")


def test_all_faults_are_kept_and_the_first_is_shown() -> None:
    with pytest.raises(StudyError) as caught:
        read(good(controls={"seeds": 1}, study="NO", colour=1))
    assert len(caught.value.faults) == 3
    assert str(caught.value).endswith("; and 2 more faults")


@pytest.mark.parametrize(("override", "line"), [
    ("search.trials", "`--set` must be key=value with a dotted key, got 'search.trials'"),
    ("=5", "`--set` must be key=value with a dotted key, got '=5'"),
    ("search..trials=5", "`--set` must be key=value with a dotted key, got 'search..trials=5'"),
    ("models.1=x", "`models` must be set by an item from 0 to 0, got '1' (--set models.1)"),
    (f"models.{'9' * 5_000}=x", "`models` must be set by an item from 0 to 0, got '999"),
    ("models.first=x", "`models` must be set by an item from 0 to 0, got 'first' "
                       "(--set models.first)"),
    ("study.name=x", "`study` must be a mapping or a list to set 'name' in, got 'good' "
                     "(--set study.name)"),
    ("search.trails=5", "a study must have only"),
    ("search.trials=[", "the value of `--set search.trials` must be plain YAML, got a fault"),
    ("search.trials=many", "`trials` must be a whole number, got 'many' (search.trials)"),
])
def test_a_wrong_override_is_refused_in_one_line(override: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        read(GOOD, override)
    if override == "search.trails=5":
        line = "got 'trails'; nearest: 'trials' (search.trails)"
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
