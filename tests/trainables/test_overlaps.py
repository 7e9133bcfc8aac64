from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task, find_task
from tests.trainables.mirrors import (
    choice_rows,
    nli_rows,
    shard,
    udpos_rows,
    write,
    write_mirror,
)
from trainables.overlaps import overlap_faults
from trainables.sources import Sources

UDPOS, XNLI, MNLI = (find_task(name, BENCHMARK_TASKS) for name in ("udpos", "xnli", "mnli"))


def faults(mirror: Path) -> list[str]:
    return overlap_faults([(UDPOS, "en"), (MNLI, "en")],
                          [(UDPOS, "de"), (UDPOS, "th"), (XNLI, "en"), (XNLI, "de")],
                          Sources(hub=str(mirror), cache=str(mirror)))


def tagged(name: str, rows: dict[str, list[Any]]) -> Callable[[Path], Path]:
    return lambda mirror: write(shard(mirror, "google/xtreme", f"udpos.{name}", "test"), rows)


def paired(split: str, rows: dict[str, list[Any]]) -> Callable[[Path], Path]:
    return lambda mirror: write(shard(mirror, "facebook/xnli", "de", split), rows)


def mixed(known: int) -> dict[str, list[Any]]:
    english, german = udpos_rows("English-train-", known), udpos_rows("German-test-", 40 - known)
    return {name: english[name] + german[name] for name in english}


@pytest.mark.parametrize(("alter", "line"), [
    (tagged("German", mixed(30)),
     "got 30 of 40 texts of the udpos de test split (report panel) also in the udpos en train"),
    (paired("test", nli_rows("mnli", 30)), "xnli de test split (report panel) also in the mnli en"),
    (tagged("German", udpos_rows("German-validation-", 40)),
     "also in the udpos de validation split (selection panel)"),
    (tagged("Thai", udpos_rows("German-test-", 40)), "also in the udpos de test split"),
], ids=["training rows", "another task's training rows", "the other panel's rows",
        "another language's rows"])
def test_rows_that_are_known_already_are_one_line(
    tmp_path: Path, alter: Callable[[Path], Path], line: str
) -> None:
    mirror = write_mirror(tmp_path)
    for language in ("en", "de"):  # the tests' mirror repeats itself
        write(shard(mirror, "facebook/xnli", language, "validation"),
              nli_rows(f"{language} dev", 30))
    assert faults(mirror) == []
    alter(mirror)
    found = faults(mirror)
    assert found
    assert line in found[0]


def test_some_rows_may_recur(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path)
    tagged("German", mixed(15))(mirror)
    assert not [line for line in faults(mirror) if "udpos" in line]


def test_the_same_prompt_with_other_options_is_another_row(tmp_path: Path) -> None:
    task = Task(name="endings", kind=Kind.MULTIPLE_CHOICE, roles=("target",), train=("en",),
                evaluation=("de",), labels=("1", "2", "3"), metric="accuracy",
                source=HubSource(repository="made/endings", config="{code}",
                                 splits={"train": "train", "test": "test"},
                                 columns={"prompt": "ctx", "options": "endings",
                                          "label": "label"}))
    known = choice_rows("any", 60)
    write(shard(tmp_path, "made/endings", "en", "train"), known)
    sources = Sources(hub=str(tmp_path), cache=str(tmp_path))
    for rows, faulty in ((known | {"label": known["label"][::-1]}, True),
                         (known | {"endings": known["endings"][::-1]}, False)):
        write(shard(tmp_path, "made/endings", "de", "test"), rows)
        found = overlap_faults([(task, "en")], [(task, "de")], sources)
        assert any("also in the endings en train" in line for line in found) is faulty
