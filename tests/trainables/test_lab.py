from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from spaces.lab_tasks import (
    ENTITY_KINDS,
    LAB_ROWS,
    LAB_TASKS,
    UNSEEN_IN_PRETRAINING,
    has_times,
    lab_rows,
    lab_shares,
)
from spaces.languages import ResourceClass, language, languages
from spaces.tasks import UNCOUNTED, Kind, find_task
from tests.bench.lab_checks import cases_of
from trainables.lab import Lab
from trainables.lab.cldr import kind_of, locality, raw_names
from trainables.lab.measures import hashed_split, measures, own_units
from trainables.lab.pretraining import train_tokenizer
from trainables.lab.shares import share_of
from trainables.lab.splits import _DESCRIPTIONS, group_of, split_of, stems
from trainables.lab.times import relative_times
from trainables.rows import DataError, Rows

# A Latin, a spaceless, a native-digit, a right-to-left language, and the two with fewest names.
SAMPLE = ("en", "zh", "mr", "fa", "km", "vi")
TASKS = {task.name: task for task in LAB_TASKS}
# What has labels and a train split: all but text, and retrieval, which is never trained.
TRAINED = [task.name for task in LAB_TASKS if task.trained and task.kind is not Kind.MLM]
SPLITS = tuple(LAB_ROWS)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def tokenizer(lab: Lab) -> Path:
    return lab.tokenizer(2_000)


def bytes_of(lab: Lab) -> str:
    lines = [task.name + code + str(lab.rows(task, code, split).table.to_pydict())
             for task in LAB_TASKS for code in ("en", "fa") for split in SPLITS
             if code in (task.train if split == "train" else task.evaluation)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_two_labs_make_the_same_rows(lab: Lab, tmp_path: Path) -> None:
    assert bytes_of(lab) == bytes_of(Lab(tmp_path))


def test_two_labs_make_the_same_tokenizer(lab: Lab, tokenizer: Path, tmp_path: Path) -> None:
    train_tokenizer(lab.text(), 2_000, tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == (
        tokenizer / "tokenizer.json").read_bytes()


def labels_of(rows: Rows) -> list[object]:
    """What a row asks for: its label, its counted tags by position, its answer's position."""
    if rows.task.kind is Kind.TAGGING:
        return [(place, tag) for tags in rows.table["tags"].to_pylist()
                for place, tag in enumerate(tag for tag in tags if tag != UNCOUNTED)]
    if rows.task.kind is Kind.QA:
        return [case.label for case in cases_of(rows.task, rows.language, rows.table.to_pylist())]
    return list(rows.table["label"].to_pylist())


@pytest.mark.parametrize("name", TRAINED)
def test_labels_are_equally_frequent_in_every_language_and_split(lab: Lab, name: str) -> None:
    task = TASKS[name]
    for code in SAMPLE:
        for split in SPLITS:
            rows = lab.rows(task, code, split)
            assert len(rows) == LAB_ROWS[split]
            counts = Counter(labels_of(rows))
            assert len(set(counts.values())) == 1, (code, split)
            assert len(counts) == {Kind.QA: 3, Kind.TAGGING: 3 * len(task.labels)}.get(
                task.kind, len(task.labels))


# The parts of a row of which none says anything of the label.
PARTS = [("lab-same", "text"), ("lab-same", "text_pair"), ("lab-qa", "question"),
         ("lab-qa", "context"), ("lab-choice", "prompt"), ("lab-choice", "options")]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_each_part_of_a_row_goes_with_every_label_equally_often(
    lab: Lab, name: str, part: str
) -> None:
    for code in SAMPLE:
        for split in SPLITS:
            rows = lab.rows(TASKS[name], code, split)
            seen: defaultdict[str, Counter[object]] = defaultdict(Counter)
            for text, label in zip(rows.table[part].to_pylist(), labels_of(rows), strict=True):
                seen[str(text)][label] += 1
            kinds = len(set(labels_of(rows)))
            assert all(len(counts) == kinds and len(set(counts.values())) == 1
                       for counts in seen.values()), (code, split)


# Where a row asks which item is of the same quantity, none may be of the same unit.
RELATIONS = ("lab-same", "lab-qa", "lab-choice")


@pytest.mark.parametrize("name", TASKS)
def test_no_row_holds_an_item_twice_or_asks_with_the_thing_that_answers(
    lab: Lab, name: str
) -> None:
    for code in set(SAMPLE) & set(TASKS[name].evaluation):
        for document in lab.rows(TASKS[name], code, "test").table["document"].to_pylist():
            items = document.split("+")
            assert len(set(items)) == len(items), (code, document)
            if name in RELATIONS:
                things = {item.partition(":")[2] for item in items}
                assert len(things) == len(items), (code, document)


def test_an_answer_stands_where_it_is_said_to(lab: Lab) -> None:
    for code in SAMPLE:
        for row in lab.rows(TASKS["lab-qa"], code, "test").table.to_pylist():
            (answer,), (start,) = row["answers"], row["answer_starts"]
            assert row["context"][start:start + len(answer)] == answer


@pytest.mark.parametrize("name", TRAINED)
def test_no_item_of_a_held_out_split_occurs_in_training(lab: Lab, name: str) -> None:
    for code in SAMPLE:
        items = {split: {part for document in lab.rows(TASKS[name], code, split)
                         .table["document"].to_pylist() for part in document.split("+")}
                 for split in SPLITS}
        assert not items["train"] & (items["validation"] | items["test"])
        assert not items["validation"] & items["test"]


def test_a_group_holds_a_territory_its_currencies_and_its_language() -> None:
    groups = group_of()
    assert groups["territory:DE"] == groups["currency:DEM"] == groups["language:de"]
    assert groups["territory:NL"] == groups["language:nl"] == groups["currency:NLG"]
    assert groups["territory:DE"] != groups["territory:JP"]


def test_groups_are_split_whole_and_every_kind_near_its_share() -> None:
    splits, groups = split_of(), group_of()
    by_group = {(groups[entity], split) for entity, split in splits.items()}
    assert len(by_group) == len(set(groups.values()))
    counts = Counter((kind_of(entity), split) for entity, split in splits.items())
    for kind in ENTITY_KINDS:
        total = sum(counts[kind, split] for split in SPLITS)
        assert counts[kind, "train"] / total == pytest.approx(0.6, abs=0.03)
        assert counts[kind, "test"] / total == pytest.approx(0.2, abs=0.03)


def test_no_proper_stem_of_an_english_test_name_occurs_in_a_training_name() -> None:
    names, splits = raw_names("en"), split_of()
    training = Counter(stem for entity, name in names.items() if splits[entity] == "train"
                       for stem in stems(name))
    shared = {stem for entity, name in names.items() if splits[entity] == "test"
              for stem in stems(name)} & set(training)
    # What is left are words that describe ("south", "dollar"), listed in splits.py, and a kind's
    # own words, which are in more than three of its names.
    within = Counter((kind_of(entity), stem) for entity, name in names.items()
                     for stem in stems(name))
    common = {stem for (_, stem), count in within.items() if count > 3}
    assert shared <= common | _DESCRIPTIONS


@pytest.mark.parametrize("code", SAMPLE)
def test_names_are_a_languages_own(code: str) -> None:
    english, here = raw_names("en"), locality(code)
    assert all(not any(char.isdigit() for char in name) for name in here.names.values())
    assert all(name != entity.partition(":")[2].lower() for entity, name in here.names.items())
    if code != "en":
        assert all(name != english.get(entity) for entity, name in here.names.items())


def test_the_catalogue_of_shares_is_what_the_cldr_gives() -> None:
    shares = {share.code: share for share in lab_shares()}
    assert set(shares) == {entry.code for entry in languages("lab")}
    for code in (*SAMPLE, "zu", "sd"):
        assert share_of(code) == shares[code]
    assert shares["en"].units == shares["en"].times == 1.0
    assert "zu" not in TASKS["lab-measure"].evaluation  # most of its units are English symbols
    assert not has_times("ku")  # "+3 m" for in three months


def test_a_unit_is_in_a_languages_own_words() -> None:
    assert own_units("zh")["length", "meter"] == {"other": "{0}米"}  # the CLDR's short form
    assert ("energy", "joule") in own_units("en")
    assert ("length", "yard") not in own_units("de")  # "33 Yards" is English, in lower case
    assert all("-" not in form for code in ("zu", "sw", "ig") for forms in own_units(code).values()
               for form in forms.values())


def test_every_offered_language_has_enough_of_its_own() -> None:
    splits = split_of()
    for code in TASKS["lab-kind"].evaluation:
        held = Counter((kind_of(entity), splits[entity]) for entity in locality(code).names
                       if entity in splits)
        assert min(held[kind, split] for kind in ENTITY_KINDS for split in SPLITS) >= 6, code


def test_digits_are_those_that_the_language_writes(lab: Lab) -> None:
    marathi = "".join(lab.rows(TASKS["lab-measure"], "mr", "test").table["text"].to_pylist())
    english = "".join(lab.rows(TASKS["lab-measure"], "en", "test").table["text"].to_pylist())
    assert not set("0123456789") & set(marathi)
    assert set("१२३४५६७८९") <= set(marathi)  # a 0 never occurs: NUMBERS are odd
    assert set("123456789") <= set(english)


def test_no_fallback_id_stands_in_a_measure_or_a_time(lab: Lab) -> None:
    for name in ("lab-measure", "lab-same"):
        task = TASKS[name]
        for code in task.evaluation[::12]:
            table = lab.rows(task, code, "test").table
            text = " ".join(table["text"].to_pylist())
            assert "duration-" not in text
            assert "+" not in text


def test_the_pretraining_text_has_train_items_only_and_no_unseen_language(lab: Lab) -> None:
    text = lab.text()
    assert not set(text["language"].to_pylist()) & set(UNSEEN_IN_PRETRAINING)
    assert len({language(code).script for code in UNSEEN_IN_PRETRAINING}) >= 2
    english = " | ".join(
        f"{row['text']} | {row['text_pair'] or ''}" for row in text.to_pylist()
        if row["language"] == "en")
    held_out = [name for entity, name in locality("en").names.items()
                if split_of()[entity] != "train"]
    held_out += [measure.text for measure in measures("en", "test")]
    held_out += [time.text(locality("en")) for time in relative_times()["test"]]
    words = f" {english} ".replace(",", " ").replace("|", " ")
    assert [name for name in held_out if f" {name} " in words] == []


def test_text_rows_are_the_pretraining_text_of_a_language(lab: Lab) -> None:
    text, whole = TASKS["lab-text"], lab.text().to_pylist()
    for code in ("en", "zh", "km", "ku"):
        table = lab.rows(text, code, "train").table
        assert sorted(table["text"].to_pylist()) == sorted(
            " ".join(filter(None, (row["text"], row["text_pair"]))) for row in whole
            if row["language"] == code)
        assert len(set(table["id"].to_pylist())) == len(table) == lab_rows(text, code, "train")
    assert {row["language"] for row in whole} == set(text.train)


@pytest.mark.parametrize("code", UNSEEN_IN_PRETRAINING)
def test_no_text_of_an_unread_language_is_offered(lab: Lab, code: str) -> None:
    with pytest.raises(DataError, match=f"lab-text must be asked for .* got '{code}'"):
        lab.rows(TASKS["lab-text"], code, "train")


@pytest.mark.parametrize("code", ["en", "de", "fi", "ru", "tr"])
def test_no_item_of_a_held_out_split_stands_in_text(lab: Lab, code: str) -> None:
    text = " | ".join(lab.rows(TASKS["lab-text"], code, "train").table["text"].to_pylist())
    here, splits = locality(code), split_of()
    names = {split: {name for entity, name in here.names.items() if splits.get(entity) == split}
             for split in SPLITS}
    items = {split: names[split] | {measure.text for measure in measures(code, split)}
             | {time.text(here) for time in relative_times()[split]} for split in SPLITS}
    # One text may stand for two things ("15 j", joules and years in German), of two splits.
    held_out = (items["validation"] | items["test"]) - items["train"]
    words = f" {text} ".replace(",", " ").replace("|", " ")
    found = {item for item in held_out if f" {item} " in words}
    # A longer name of the train split may hold a shorter one that is held out.
    assert {item for item in found if not any(item in name for name in names["train"])} == set()
    assert len(held_out) > 300


def test_text_is_no_part_of_the_labs_fingerprint(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.lab.lab.LAB_TASKS",
                        tuple(task for task in LAB_TASKS if task.name != "lab-text"))
    assert Lab(tmp_path).fingerprint == lab.fingerprint


def test_the_parallel_text_is_of_rich_languages_and_train_items_without_numbers(lab: Lab) -> None:
    rows = lab.parallel_text().to_pylist()
    codes = {row["language"] for row in rows}
    assert all(language(code).resource_class is ResourceClass.HIGH for code in codes)
    assert not codes & {"en", *UNSEEN_IN_PRETRAINING}
    assert len(codes) >= 30
    text = "".join(row["text"] + row["translation"] for row in rows)
    assert not any(char.isdigit() for char in text if char not in "²³")
    held_out = {name for entity, name in locality("en").names.items()
                if split_of()[entity] != "train"}
    parts = {part for row in rows
             for part in re.split(r" and |, ", row["translation"])} | {
                 row["translation"] for row in rows}
    assert not held_out & parts
    pairs = {(row["language"], row["text"]): row["translation"] for row in rows}
    assert pairs["de", "meilen"] == "miles"


def test_the_tokenizer_loads_with_transformers_in_xlmrs_form(tokenizer: Path) -> None:
    loaded = AutoTokenizer.from_pretrained(tokenizer)
    assert loaded.vocab_size == 2_000
    pair = loaded("37 km", "15 in")["input_ids"]
    assert pair[0] == loaded.cls_token_id == 0
    middle = pair.index(loaded.sep_token_id)
    assert pair[middle:middle + 2] == [loaded.sep_token_id] * 2
    assert pair[-1] == loaded.sep_token_id
    assert loaded.pad_token_id == 1
    assert loaded.mask_token == "<mask>"


def test_two_processes_may_make_the_lab_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, hashlib; from pathlib import Path; from trainables.lab import Lab; "
        "from spaces.lab_tasks import LAB_TASKS; lab = Lab(Path(sys.argv[1])); "
        "tables = [lab.rows(task, 'de', 'test').table for task in LAB_TASKS if task.evaluation]; "
        "print(hashlib.sha256(str([t.to_pydict() for t in tables]).encode()).hexdigest())"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], text=True,
                                stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
               for _ in range(2)]
    printed = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert printed[0] == printed[1]
    assert [path for path in tmp_path.rglob(".*") if path.is_dir()] == []  # no drafts left


def test_a_language_without_the_task_is_named(lab: Lab) -> None:
    with pytest.raises(DataError, match="lab-kind must be asked for .* got 'ht'"):
        lab.rows(find_task("lab-kind", LAB_TASKS), "ht", "train")


def test_expressions_are_split_60_20_20() -> None:
    splits = Counter(hashed_split(f"{number}:x") for number in range(5_000))
    assert splits["train"] / 5_000 == pytest.approx(0.6, abs=0.02)
    assert splits["test"] / 5_000 == pytest.approx(0.2, abs=0.02)
